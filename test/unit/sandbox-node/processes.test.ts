/** The pure parts around processes: environment, addresses, output, restarts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createAddressPool, loopbackPrefix } from '../../../sandbox/node/addresses.ts'
import type { Container } from '../../../sandbox/node/objects.ts'
import { expandReferences, renderEnv } from '../../../sandbox/node/processes/container-env.ts'
import { createOutputRing } from '../../../sandbox/node/processes/output-ring.ts'
import { findProbeProblem } from '../../../sandbox/node/processes/readiness-probe.ts'
import { isRestarted, restartDelayMs } from '../../../sandbox/node/restart-backoff.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { buildPod } from './pods.ts'

const answer = (container: Partial<Container>): ReturnType<typeof renderEnv> => {
  const pod = buildPod({ annotations: { x: 'note' }, meta: {} })
  const request = { pod, podIP: '127.1.2.3', hostIP: '127.0.0.1', base: { PATH: '/bin' } }
  return renderEnv({ ...request, container: { name: 'app', ...container } })
}

describe('environment', () => {
  test('base, address, port and name are there, and the pod may override them', () => {
    const plain = { PATH: '/bin', HOST: '127.1.2.3', PORT: '8080', HOSTNAME: 'web-1' }
    assert.deepEqual(answer({}), { env: plain })
    const ports = [{ containerPort: 9000 }]
    assert.deepEqual(answer({ ports, env: [{ name: 'HOST', value: '::' }] }), {
      env: { ...plain, PORT: '9000', HOST: '::' },
    })
  })

  test('the downward API', () => {
    const paths: readonly [path: string, value: string][] = [
      ['metadata.name', 'web-1'],
      ['metadata.namespace', 'shop'],
      ["metadata.annotations['sandbox.penstock.dev/x']", 'note'],
      ["metadata.labels['absent']", ''],
      ['status.podIP', '127.1.2.3'],
      ['spec.nodeName', 'node'],
    ]
    for (const [fieldPath, value] of paths) {
      const given = answer({ env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath } } }] })
      assert.equal('env' in given ? given.env.X : given.problem, value)
    }
  })

  test('what is not served is named', () => {
    const problems: readonly [Partial<Container>, RegExp][] = [
      [{ env: [{ name: 'X', valueFrom: { configMapKeyRef: {} } }] }, /^env X: valueFrom.configMapKeyRef/],
      [
        { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } }] },
        /^env X: unknown fieldPath "status.phase"/,
      ],
      [{ envFrom: [{}] }, /^envFrom/],
    ]
    for (const [container, message] of problems) {
      const given = answer(container)
      assert.match('problem' in given ? given.problem : '', message)
    }
  })

  test('references expand in order, unknown ones stay, doubled dollars escape', () => {
    assert.equal(expandReferences('$(A)-$(B)-$$(A)-$C-$', { A: '1' }), '1-$(B)-$(A)-$C-$')
  })
})

describe('addresses', () => {
  test('are unique, stable per owner, and not reused soon', () => {
    const pool = createAddressPool('127.20', seededRandom(1))
    const first = pool.acquire('a')
    assert.equal(pool.acquire('a'), first)
    pool.release('a')
    const others = new Set(Array.from({ length: 1000 }, (_, index) => pool.acquire(`pod-${index}`)))
    assert.equal(others.size, 1000)
    assert.ok(!others.has(first))
    for (const address of others) assert.match(address, /^127\.20\.\d{1,3}\.([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-4])$/)
  })

  test('an address from an earlier run is kept only if it is free and of this network', () => {
    const pool = createAddressPool('127.20', seededRandom(1))
    assert.equal(pool.acquire('a', '127.20.9.9'), '127.20.9.9')
    assert.notEqual(pool.acquire('b', '127.20.9.9'), '127.20.9.9')
    assert.notEqual(pool.acquire('c', '10.0.0.1'), '10.0.0.1')
  })

  test('the loopback network never is 127.0', () => {
    for (let seed = 0; seed < 50; seed += 1)
      assert.match(loopbackPrefix(seededRandom(seed)), /^127\.(1[6-9]|[2-9]\d|1\d\d|2[0-3]\d)$/)
  })
})

describe('output ring', () => {
  test('keeps the newest whole lines within its bound', () => {
    const ring = createOutputRing(100)
    for (let line = 0; line < 1000; line += 1) ring.append(Buffer.from(`line ${line}\n`))
    const text = ring.read()
    assert.ok(text.length <= 200)
    assert.match(text, /^line \d+\n/)
    assert.ok(text.endsWith('line 999\n'))
  })
})

describe('restarts', () => {
  test('at once, then doubling up to five minutes', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 6, 7, 99].map((failures) => restartDelayMs(failures)),
      [0, 10_000, 20_000, 40_000, 300_000, 300_000, 300_000],
    )
  })

  test('follow the restart policy', () => {
    const rows: readonly [string | undefined, number, boolean][] = [
      [undefined, 0, true],
      ['Always', 1, true],
      ['OnFailure', 0, false],
      ['OnFailure', 1, true],
      ['Never', 1, false],
    ]
    for (const [policy, code, expected] of rows) assert.equal(isRestarted(policy, code), expected)
  })
})

describe('probes', () => {
  const rows: readonly [Partial<Container>, string | undefined][] = [
    [{}, undefined],
    [{ readinessProbe: { tcpSocket: { port: 80 } } }, undefined],
    [{ readinessProbe: { httpGet: { port: 'http' } }, ports: [{ name: 'http', containerPort: 80 }] }, undefined],
    [
      { readinessProbe: { httpGet: { port: 'http' } } },
      'container app: readinessProbe port "http" is neither a number nor the name of a container port',
    ],
    [
      { readinessProbe: { httpGet: { port: 70_000 } } },
      'container app: readinessProbe port "70000" is neither a number nor the name of a container port',
    ],
    [{ readinessProbe: { grpc: {} } }, 'container app: readinessProbe needs httpGet or tcpSocket in the sandbox'],
  ]
  for (const [container, problem] of rows) {
    test(JSON.stringify(container), () => assert.equal(findProbeProblem({ name: 'app', ...container }), problem))
  }
})
