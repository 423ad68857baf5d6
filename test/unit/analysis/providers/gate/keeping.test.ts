/** What gates leave in the status of a run, in events and in memory: bounded however long and unsteady a release is, and without any secret. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createGate } from '../../../../../analysis/providers/gate/gate.ts'
import { createGateMemory } from '../../../../../analysis/providers/gate/memory.ts'
import type { LookOrder } from '../../../../../analysis/providers/long-provider.ts'
import { type AnalysisRun, isCompleted, type Metric } from '../../../../../controller/api/analysis.ts'
import { EXPOSED_SINCE, STAGE } from '../../../../../controller/api/labels.ts'
import { renderReleaseStage } from '../../../../../controller/api/release-stage.ts'
import { GATE_VERDICT, readGateVerdict } from '../../../../../controller/api/verdict.ts'
import { analysisRuns, secrets } from '../../../../../controller/kube/kinds.ts'
import type { HttpRequest } from '../../../../../controller/runtime/http.ts'
import { createFakeClock } from '../../../../fakes/fake-clock.ts'
import { httpResponse } from '../../../../fakes/fake-transport.ts'
import { type AnalysisCluster, createAnalysisCluster } from '../../analysis-cluster.ts'
import { playPrometheus } from './played-prometheus.ts'

const START = Date.UTC(2026, 0, 1, 12)
const LOOK_MS = 15_000
/** Requests, buckets and events, shared by three gates. */
const QUERIES_A_LOOK = 3
/** Looks: history is read, and by now all would have been caught that has to be. */
const SETTLED_AFTER = 20
const since = { [EXPOSED_SINCE]: new Date(START).toISOString() }
const NOTHING = JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [] } })

const gate = (name: string, config: object): Metric => ({
  name,
  provider: { plugin: { 'penstock/gate': { canary: 'canary', stable: 'stable', history: '30m', ...config } } },
})
const threeGates = [
  gate('error-rate', { gate: 'errorRate' }),
  gate('p99-latency', { gate: 'latency' }),
  gate('events', { gate: 'events', event: 'orders_total' }),
]
const verdictsOf = (run: AnalysisRun | undefined): readonly number[] =>
  (run?.status?.metricResults ?? []).map(
    ({ measurements = [] }) => measurements.filter(({ metadata }) => metadata?.[GATE_VERDICT] !== undefined).length,
  )

/** When the verdicts that are stored were given, epoch milliseconds. */
const listLooks = async (cluster: AnalysisCluster): Promise<readonly number[]> =>
  ((await cluster.getRun('run'))?.status?.metricResults ?? []).map(({ measurements }) =>
    Date.parse(readGateVerdict(measurements?.at(-1))?.lookedAt ?? ''),
  )

/** So that the looks that follow have nothing to write. */
async function lookUntilWritten(cluster: AnalysisCluster, look: () => Promise<void>): Promise<void> {
  const before = cluster.writes.length
  for (let looks = 0; cluster.writes.length === before; looks += 1) {
    assert.ok(looks < 6, 'nothing was written')
    await look()
  }
}

async function createBench() {
  const clock = createFakeClock(START)
  const http = playPrometheus(START)
  const cluster = await createAnalysisCluster({ clock, http })
  const controller = cluster.startController()
  await clock.advance(10)
  return {
    clock,
    http,
    cluster,
    controller,
    async look(): Promise<void> {
      await clock.advance(LOOK_MS)
      await clock.settle()
    },
  }
}

describe('what gates keep', () => {
  test('three gates of half an hour, with a Prometheus that fails now and then: a small run, which goes on', async () => {
    const { http, cluster, look } = await createBench()
    await cluster.createRun('run', { metrics: threeGates }, since)
    for (let index = 0; index < 120; index += 1) {
      const isUnsteady = index > 12 && index % 4 === 0
      http.instead = isUnsteady ? () => (index % 8 === 0 ? httpResponse(503) : httpResponse(200, NOTHING)) : undefined
      await look()
    }
    const run = await cluster.getRun('run')
    await cluster.close()
    const failures = run?.status?.metricResults?.map(({ error = 0 }) => error) ?? []
    assert.ok(
      failures.every((count) => count > 10),
      failures.join(),
    )
    assert.equal(run?.status?.phase, 'Running', run?.status?.message)
    assert.deepEqual(verdictsOf(run), [1, 1, 1])
    const bytes = JSON.stringify(run).length
    assert.ok(bytes < 40_000, `${bytes} bytes`)
  })

  test('failures in a row are still too many', async () => {
    const { http, cluster, look } = await createBench()
    await cluster.createRun('run', { metrics: threeGates }, since)
    for (let index = 0; index < 12; index += 1) await look()
    http.instead = () => httpResponse(503)
    for (let index = 0; index < 8; index += 1) await look()
    const run = await cluster.getRun('run')
    await cluster.close()
    assert.equal(run?.status?.phase, 'Inconclusive')
    assert.match(run.status.message ?? '', /consecutiveErrors \(5\)/)
  })

  test('while nothing changes, one write a minute serves three gates that look every 15 s', async () => {
    const { clock, http, cluster, look } = await createBench()
    await cluster.createRun('run', { metrics: threeGates }, since)
    for (let index = 0; index < SETTLED_AFTER; index += 1) await look()
    await lookUntilWritten(cluster, look)
    cluster.writes.length = 0
    for (let index = 0; index < 8; index += 1) {
      const asked = http.requests.length
      await look()
      assert.equal(http.requests.length - asked, QUERIES_A_LOOK, `look ${index}`)
      const ages = (await listLooks(cluster)).map((lookedAt) => clock.now() - lookedAt)
      assert.ok(Math.max(...ages) <= 60_000, ages.join())
    }
    assert.deepEqual(cluster.writes, ['patch analysisruns', 'patch analysisruns'])
    await cluster.close()
  })

  test('another stage is written at the next look', async () => {
    const { cluster, look } = await createBench()
    await cluster.createRun('run', { metrics: threeGates }, since)
    for (let index = 0; index < SETTLED_AFTER; index += 1) await look()
    await lookUntilWritten(cluster, look)
    const stage = renderReleaseStage({ number: 1, weights: [5, 50] })
    const ref = { kind: analysisRuns, namespace: 'default', name: 'run' }
    await cluster.client.patch(ref, 'merge', { metadata: { annotations: { [STAGE]: stage } } })
    cluster.writes.length = 0
    await look()
    const run = await cluster.getRun('run')
    await cluster.close()
    assert.equal(cluster.writes.length, 1)
    assert.equal(readGateVerdict(run?.status?.metricResults?.[0]?.measurements?.at(-1))?.stage?.weightPercent, 5)
  })

  test('every measurement of a plain metric beside them is written, and asks for no look of theirs', async () => {
    const { clock, http, cluster, look } = await createBench()
    const plain: Metric = {
      name: 'up',
      interval: '10s',
      successCondition: 'result[0] == 1',
      provider: { prometheus: { query: 'up' } },
    }
    await cluster.createRun('run', { metrics: [...threeGates, plain] }, since)
    for (let index = 0; index < SETTLED_AFTER; index += 1) await look()
    const isPlain = ({ body }: HttpRequest): boolean => new URLSearchParams(body ?? '').get('query') === 'up'
    const before = { plain: http.requests.filter(isPlain).length, all: http.requests.length }
    cluster.writes.length = 0
    for (let second = 0; second < 120; second += 5) {
      await clock.advance(5000)
      await clock.settle()
    }
    await cluster.close()
    const measured = http.requests.filter(isPlain).length - before.plain
    assert.ok(measured >= 11, `${measured} measurements`)
    assert.ok(cluster.writes.length >= measured && cluster.writes.length <= measured + 4, `${cluster.writes.length}`)
    assert.equal(http.requests.length - before.all - measured, 8 * QUERIES_A_LOOK)
  })

  test('another controller looks at once, comes to the same, and goes on', async () => {
    const { cluster, controller, look, clock, http } = await createBench()
    await cluster.createRun('run', { metrics: threeGates }, since)
    for (let index = 0; index < SETTLED_AFTER; index += 1) await look()
    await lookUntilWritten(cluster, look)
    await look()
    await controller.stop()
    cluster.writes.length = 0
    const asked = http.requests.length
    cluster.startController()
    await clock.advance(10)
    await clock.settle()
    assert.ok(http.requests.length > asked)
    assert.equal(cluster.writes.length, 0)
    for (let index = 0; index < 8; index += 1) await look()
    const run = await cluster.getRun('run')
    await cluster.close()
    assert.ok(cluster.writes.length <= 3, cluster.writes.join())
    assert.deepEqual(verdictsOf(run), [1, 1, 1])
    assert.equal(run?.status?.phase, 'Running')
  })

  test('a run that is ended keeps the word of the last look that was written', async () => {
    const { cluster, look, clock } = await createBench()
    await cluster.createRun('run', { metrics: threeGates }, since)
    for (let index = 0; index < SETTLED_AFTER; index += 1) await look()
    await lookUntilWritten(cluster, look)
    await look()
    const before = await listLooks(cluster)
    const ref = { kind: analysisRuns, namespace: 'default', name: 'run' }
    await cluster.client.patch(ref, 'merge', { spec: { terminate: true } })
    await clock.advance(100)
    await clock.settle()
    const run = await cluster.getRun('run')
    assert.deepEqual(await listLooks(cluster), before)
    await cluster.close()
    assert.ok(isCompleted(run?.status?.phase), run?.status?.phase)
  })

  test('runs that are over leave nothing in memory', async () => {
    const memory = createGateMemory()
    const provider = createGate(memory)
    const http = playPrometheus(START)
    const ports = {
      send: (request: Parameters<typeof http.send>[0]) => http.send(request),
      readSecret: async () => undefined,
      readObject: async () => undefined,
      listResources: async () => [],
    }
    for (let run = 0; run < 200; run += 1) {
      const createdAt = START
      for (const metric of threeGates) {
        const order: LookOrder = {
          config: { ...(metric.provider.plugin?.['penstock/gate'] as object), history: '0s' },
          metric,
          run: {
            name: 'run',
            namespace: 'a',
            uid: `uid-${run}`,
            labels: {},
            annotations: {},
            createdAt,
            startedAt: START,
          },
          open: undefined,
          mode: 'strict',
          now: START + 180_000,
          prometheusAddress: 'http://prometheus:9090',
          readableNamespaces: [],
        }
        await provider.look(order, ports, new AbortController().signal)
      }
      if (run === 0) assert.ok(memory.size.entries > 0)
      provider.forget?.(`uid-${run}`)
    }
    assert.deepEqual(memory.size, { entries: 0, bytes: 0 })
    assert.equal(memory.recall('uid-0\nerror-rate'), undefined)
  })
})

describe('secrets of gates', () => {
  const PASSWORD = 'pa"ss\\word-of-prometheus'

  test('a password is sent, and is in no status, no verdict, no event, whatever Prometheus says', async () => {
    const { http, cluster, look } = await createBench()
    await cluster.client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'prometheus', namespace: 'default' },
      data: { password: Buffer.from(PASSWORD).toString('base64') },
    })
    const authentication = { basicAuth: { username: 'penstock', password: '{{args.password}}' } }
    await cluster.createRun(
      'run',
      {
        args: [{ name: 'password', valueFrom: { secretKeyRef: { name: 'prometheus', key: 'password' } } }],
        metrics: [gate('error-rate', { gate: 'errorRate', authentication })],
      },
      since,
    )
    for (let index = 0; index < 10; index += 1) await look()
    const sent = http.requests[0]?.headers?.Authorization ?? ''
    assert.equal(Buffer.from(sent.replace('Basic ', ''), 'base64').toString('utf8'), `penstock:${PASSWORD}`)
    assert.equal((await cluster.getRun('run'))?.status?.phase, 'Running')
    const error = `no such user penstock:${PASSWORD} (${sent})`
    http.instead = () => httpResponse(401, JSON.stringify({ status: 'error', errorType: 'unauthorized', error }))
    for (let index = 0; index < 8; index += 1) await look()
    const run = await cluster.getRun('run')
    assert.equal(run?.status?.phase, 'Inconclusive')
    const told = [run.status?.message ?? '', JSON.stringify(run.status), ...(await cluster.eventLines())]
    await cluster.close()
    assert.match(told.join('\n'), /unauthorized: no such user penstock:/)
    for (const text of told)
      for (const secret of [PASSWORD, JSON.stringify(PASSWORD).slice(1, -1), sent.replace('Basic ', '')])
        assert.ok(!text.includes(secret), text)
  })
})
