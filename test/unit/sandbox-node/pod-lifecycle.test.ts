/** The status a pod gets, moment by moment, and when it may go. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideBehaviour, type PodDelays, simulateProcesses } from '../../../sandbox/node/behaviour.ts'
import { covers } from '../../../sandbox/node/covers.ts'
import { type Condition, conditionOf, type Pod, type PodStatus } from '../../../sandbox/node/objects.ts'
import { decidePod, type PodPlan } from '../../../sandbox/node/pod-lifecycle.ts'
import { simulateContainer } from '../../../sandbox/node/simulated-container.ts'
import { buildPod } from './pods.ts'

const START_MS = Date.UTC(2026, 0, 1)
const delays: PodDelays = { startMs: 500, readyMs: 1000, terminateMs: 1000 }

interface Moment {
  readonly afterMs: number
  readonly terminatingAfterMs?: number
}

function planAt(pod: Pod, { afterMs, terminatingAfterMs }: Moment): PodPlan {
  const nowMs = START_MS + afterMs
  const behaviour = simulateProcesses(decideBehaviour(pod, delays), delays)
  const containers = behaviour.containers.map((entry) =>
    simulateContainer({ ...entry, restartPolicy: pod.spec.restartPolicy, boundAtMs: START_MS, nowMs }),
  )
  const termination = terminatingAfterMs === undefined ? {} : { terminatingAtMs: START_MS + terminatingAfterMs }
  const addresses = { podIP: '10.244.0.1', hostIP: '127.0.0.1' }
  return decidePod({
    pod,
    behaviour,
    containers,
    ...addresses,
    boundAtMs: START_MS,
    ...termination,
    liveProcesses: 0,
    nowMs,
  })
}

const statusAt = (pod: Pod, afterMs: number): PodStatus => (planAt(pod, { afterMs }).status ?? {}) as PodStatus
const readyAt = (pod: Pod, afterMs: number): string | undefined =>
  conditionOf(statusAt(pod, afterMs).conditions, 'Ready')?.status

describe('life of a pod', () => {
  test('pending, running, ready, and asleep in between', () => {
    const pod = buildPod()
    assert.equal(statusAt(pod, 0).phase, 'Pending')
    assert.equal(planAt(pod, { afterMs: 0 }).wakeAtMs, START_MS + 500)
    assert.equal(statusAt(pod, 500).phase, 'Running')
    assert.equal(readyAt(pod, 500), 'False')
    assert.equal(planAt(pod, { afterMs: 500 }).wakeAtMs, START_MS + 1500)
    assert.equal(readyAt(pod, 1500), 'True')
    assert.equal(planAt(pod, { afterMs: 1500 }).wakeAtMs, undefined)
  })

  test('a readiness gate holds Ready back until it is True', () => {
    const spec = { readinessGates: [{ conditionType: 'lb/ready' }] }
    assert.equal(readyAt(buildPod({ spec }), 2000), 'False')
    const conditions: Condition[] = [{ type: 'lb/ready', status: 'True' }]
    assert.equal(readyAt(buildPod({ spec, status: { conditions } }), 2000), 'True')
  })

  test('only conditions of the node are written', () => {
    const pod = buildPod({ status: { conditions: [{ type: 'foreign', status: 'True' }] } })
    const types = statusAt(pod, 2000).conditions?.map((condition) => condition.type)
    assert.deepEqual(types, ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'])
  })

  test('the transition time stays while the status stays', () => {
    const first = statusAt(buildPod(), 2000)
    const later = statusAt(buildPod({ status: first }), 60_000)
    assert.ok(covers(first, later))
  })

  const phases: readonly [script: string, policy: string, afterMs: number, phase: string, restarts: number][] = [
    ['exit 0', 'Never', 500, 'Succeeded', 0],
    ['exit 1', 'Never', 500, 'Failed', 0],
    ['sleep 1 && exit 0', 'OnFailure', 1000, 'Running', 0],
    ['sleep 1 && exit 0', 'OnFailure', 1500, 'Succeeded', 0],
    ['sleep 1; exit 1', 'OnFailure', 1500, 'Running', 1],
    ['sleep 1; exit 1', 'Always', 2500, 'Running', 1],
    ['sleep 1; exit 1', 'Always', 12_500, 'Running', 2],
  ]
  for (const [script, restartPolicy, afterMs, phase, restarts] of phases) {
    test(`${script} with ${restartPolicy} after ${afterMs} ms is ${phase}`, () => {
      const pod = buildPod({ container: { command: ['sh', '-c', script] }, spec: { restartPolicy } })
      const status = statusAt(pod, afterMs)
      assert.equal(status.phase, phase)
      assert.equal(status.containerStatuses?.[0]?.restartCount, restarts)
    })
  }

  test('the second failure waits in CrashLoopBackOff and shows the run before', () => {
    const pod = buildPod({ container: { command: ['sh', '-c', 'sleep 1; exit 1'] } })
    const container = statusAt(pod, 2500).containerStatuses?.[0]
    assert.equal(container?.state?.waiting?.reason, 'CrashLoopBackOff')
    assert.equal(container?.lastState?.terminated?.exitCode, 1)
    assert.equal(planAt(pod, { afterMs: 2500 }).wakeAtMs, START_MS + 12_500)
  })

  test('finished pods are left alone', () => {
    assert.deepEqual(planAt(buildPod({ status: { phase: 'Failed' } }), { afterMs: 5000 }), { remove: false })
  })
})

describe('end of a pod', () => {
  const ends: readonly [title: string, pod: Pod, goneAfterMs: number][] = [
    ['about a second', buildPod(), 1000],
    ['terminate-delay-ms', buildPod({ annotations: { 'terminate-delay-ms': '4000' } }), 4000],
    ['preStop comes on top', buildPod({ container: { lifecycle: { preStop: { sleep: { seconds: 5 } } } } }), 6000],
    [
      'grace bounds it all',
      buildPod({
        container: { lifecycle: { preStop: { sleep: { seconds: 50 } } } },
        meta: { deletionGracePeriodSeconds: 2 },
      }),
      2000,
    ],
    ['grace 0', buildPod({ meta: { deletionGracePeriodSeconds: 0 } }), 0],
    ['never started', buildPod({ container: { image: 'x:error' } }), 0],
  ]
  for (const [title, pod, goneAfterMs] of ends) {
    test(title, () => {
      const terminatingAfterMs = 10_000
      if (goneAfterMs > 0) {
        const before = planAt(pod, { afterMs: terminatingAfterMs + goneAfterMs - 1, terminatingAfterMs })
        assert.equal(before.remove, false)
        assert.equal(before.wakeAtMs, START_MS + terminatingAfterMs + goneAfterMs)
      }
      assert.equal(planAt(pod, { afterMs: terminatingAfterMs + goneAfterMs, terminatingAfterMs }).remove, true)
    })
  }
})

describe('covers', () => {
  const rows: readonly [actual: unknown, wanted: unknown, expected: boolean][] = [
    [{ a: 1, b: 2 }, { a: 1 }, true],
    [{ a: 1 }, { a: 2 }, false],
    [{}, { a: 0, b: '', c: [], d: null, e: { f: false } }, true],
    [{ a: 1 }, { a: 0 }, false],
    [
      {
        conditions: [
          { type: 'B', status: 'True' },
          { type: 'A', status: 'True' },
        ],
      },
      { conditions: [{ type: 'A', status: 'True' }] },
      true,
    ],
    [
      { conditions: [{ type: 'A', status: 'True', reason: 'old' }] },
      { conditions: [{ type: 'A', status: 'True', reason: null }] },
      false,
    ],
    [{ list: [1, 2] }, { list: [1] }, false],
  ]
  for (const [actual, wanted, expected] of rows) {
    test(`${JSON.stringify(actual)} covers ${JSON.stringify(wanted)}: ${expected}`, () =>
      assert.equal(covers(actual, wanted), expected))
  }
})
