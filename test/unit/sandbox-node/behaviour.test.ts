/** Which rule of the manifest makes a container behave how. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ContainerBehaviour,
  decideBehaviour,
  noPodDelays,
  simulateProcesses,
} from '../../../sandbox/node/behaviour.ts'
import { readScript } from '../../../sandbox/node/shell-script.ts'
import { buildPod, type PodShape } from './pods.ts'

const behaviourOf = (shape: PodShape): ContainerBehaviour | undefined =>
  decideBehaviour(buildPod(shape), noPodDelays).containers[0]?.behaviour

const serve = { kind: 'serve', startMs: 0, readyMs: 0 } as const

describe('behaviour of a container', () => {
  const rows: readonly [title: string, shape: PodShape, expected: Partial<ContainerBehaviour>][] = [
    ['plain image serves', {}, serve],
    [
      'initialDelaySeconds delays readiness',
      { container: { readinessProbe: { initialDelaySeconds: 3 } } },
      { ...serve, readyMs: 3000 },
    ],
    [
      'postStart sleep delays the start',
      { container: { lifecycle: { postStart: { exec: { command: ['sleep', '2'] } } } } },
      { ...serve, startMs: 2000 },
    ],
    [
      'postStart in a shell',
      { container: { lifecycle: { postStart: { exec: { command: ['sh', '-c', 'sleep 1.5'] } } } } },
      { ...serve, startMs: 1500 },
    ],
    ['ready: false never gets ready', { annotations: { ready: 'false' } }, { ...serve, readyMs: 'never' }],
    ['ready-delay-ms', { annotations: { 'ready-delay-ms': '250' } }, { ...serve, readyMs: 250 }],
    ['waiting', { annotations: { waiting: 'ErrImagePull' } }, { kind: 'wait', reason: 'ErrImagePull' }],
    ['fail-after-ms', { annotations: { 'fail-after-ms': '70' } }, { kind: 'exit', afterMs: 70, exitCode: 1 }],
    ['succeed-after-ms', { annotations: { 'succeed-after-ms': '70' } }, { kind: 'exit', afterMs: 70, exitCode: 0 }],
    [
      'image suffix -argo-error',
      { container: { image: 'web:v1-argo-error' } },
      { kind: 'wait', reason: 'ImagePullBackOff' },
    ],
    [
      'image does-not-exist',
      { container: { image: 'argoproj/does-not-exist:v1' } },
      { kind: 'wait', reason: 'ImagePullBackOff' },
    ],
    ['tag error', { container: { image: 'registry:5000/web:error' } }, { kind: 'wait', reason: 'ImagePullBackOff' }],
    ['a port is no tag', { container: { image: 'error:5000/web' } }, serve],
    [
      'bad command',
      { container: { command: ['/bad-command'] } },
      { kind: 'wait', reason: 'CrashLoopBackOff', startFailed: true },
    ],
    [
      'bad image wins over script',
      { container: { image: 'x:error', command: ['exit', '0'] } },
      { kind: 'wait', reason: 'ImagePullBackOff' },
    ],
    [
      'annotation wins over bad image',
      { annotations: { 'succeed-after-ms': '0' }, container: { image: 'x:error' } },
      { kind: 'exit', exitCode: 0 },
    ],
    [
      'process image',
      { container: { image: 'process.penstock.dev/web:v1', command: ['node'], args: ['app.js'] } },
      { kind: 'process', argv: ['node', 'app.js'] },
    ],
    [
      'process annotation',
      { annotations: { command: '["node","x.js"]' }, container: { command: ['/app'] } },
      { kind: 'process', argv: ['node', 'x.js'] },
    ],
    [
      'process annotation, own command',
      { annotations: { command: '[]' }, container: { command: ['/app'] } },
      { kind: 'process', argv: ['/app'] },
    ],
    [
      'script',
      { container: { command: ['sh', '-c'], args: ['sleep 2 && exit 3'] } },
      { kind: 'exit', afterMs: 2000, exitCode: 3 },
    ],
    [
      'script that mentions its environment',
      {
        container: {
          command: ['sh', '-c', 'echo "$(A)"; exit $(B)'],
          env: [
            { name: 'A', value: 'x' },
            { name: 'B', value: '3' },
          ],
        },
      },
      { kind: 'exit', exitCode: 3 },
    ],
    ['script with a value that is not known here', { container: { command: ['sh', '-c', 'exit $(B)'] } }, serve],
  ]
  for (const [title, shape, expected] of rows) {
    test(title, () => assert.deepEqual({ ...behaviourOf(shape), ...expected }, behaviourOf(shape)))
  }

  test('an unreadable annotation holds the pod and is named', () => {
    for (const [name, value] of [
      ['fail-after-ms', 'soon'],
      ['ready', 'yes'],
      ['command', 'node app.js'],
      ['ready-delay-ms', '-1'],
    ]) {
      const behaviour = behaviourOf({ annotations: { [name ?? '']: value ?? '' } })
      assert.equal(behaviour?.kind, 'wait')
      assert.match(
        behaviour?.kind === 'wait' ? behaviour.message : '',
        new RegExp(`sandbox.penstock.dev/${name}: expected`),
      )
    }
  })

  test('grace comes from the deletion, then from the spec, then is 30 s', () => {
    const graceOf = (shape: PodShape): number => decideBehaviour(buildPod(shape), noPodDelays).graceMs
    assert.equal(graceOf({}), 30_000)
    assert.equal(graceOf({ spec: { terminationGracePeriodSeconds: 5 } }), 5000)
    assert.equal(graceOf({ spec: { terminationGracePeriodSeconds: 5 }, meta: { deletionGracePeriodSeconds: 1 } }), 1000)
  })

  test('without a runtime a process is simulated as a server', () => {
    const pod = decideBehaviour(buildPod({ container: { image: 'process.penstock.dev/web' } }), noPodDelays)
    assert.deepEqual(simulateProcesses(pod, noPodDelays).containers, [{ name: 'app', behaviour: serve }])
  })
})

describe('scripts', () => {
  const rows: readonly [argv: string[], outcome: readonly [afterMs: number, exitCode: number] | undefined][] = [
    [
      ['sleep', '2'],
      [2000, 0],
    ],
    [
      ['/bin/sleep', '1m'],
      [60_000, 0],
    ],
    [
      ['sh', '-c', 'exit 1'],
      [0, 1],
    ],
    [
      ['/bin/bash', '-ec', 'sleep 1; echo done; exit 7'],
      [1000, 7],
    ],
    [
      ['sh', '-c', 'sleep 1 && false && sleep 9'],
      [1000, 1],
    ],
    [
      ['sh', '-c', 'false; true'],
      [0, 0],
    ],
    [
      ['sh', '-c', 'exit 2; sleep 9'],
      [0, 2],
    ],
    [
      ['echo', 'hello'],
      [0, 0],
    ],
    [
      ['sh', '-c', '-x', 'sleep 3 && exit 4'],
      [3000, 4],
    ],
    [['sh', '-c'], undefined],
    [['sh', '-c', 'curl http://web'], undefined],
    [['sh', '-c', 'exit $CODE'], undefined],
    [['sh', '-c', 'false || true'], undefined],
    [['nginx'], undefined],
    [[], undefined],
  ]
  for (const [argv, outcome] of rows) {
    test(JSON.stringify(argv), () => {
      const expected = outcome === undefined ? undefined : { afterMs: outcome[0], exitCode: outcome[1] }
      assert.deepEqual(readScript(argv), expected)
    })
  }
})
