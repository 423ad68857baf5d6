/**
 * The three shipped gates against a real Prometheus: built as a rollout builds them, measured by the real controller through the real transport. A
 * scenario is a service whose canary and stable behave in a given way.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { type AnalysisRun, type AnalysisTemplate, isCompleted } from '../../../controller/api/analysis.ts'
import { buildAnalysisRun } from '../../../controller/domain/analysis/analysis-runs.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { createHttpTransport } from '../../../controller/runtime/http-transport.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../../controller/runtime/outbound-policy.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { type AnalysisCluster, createAnalysisCluster } from '../../unit/analysis/analysis-cluster.ts'
import { type Exporter, startExporter, type Traffic } from './exporter.ts'
import { type PrometheusProcess, startPrometheus } from './prometheus-process.ts'

const healthy: Traffic = { requestsPerSecond: 100, errorRatio: 0.004, slowestMs: 100, eventsPerRequest: 0.3 }
const scenario = (canary: Partial<Traffic>, stable: Partial<Traffic> = {}) => ({
  canary: { ...healthy, requestsPerSecond: 40, ...canary },
  stable: { ...healthy, ...stable },
})

const scenarios = {
  healthy: scenario({}),
  'no-errors': scenario({ errorRatio: 0 }, { errorRatio: 0 }),
  spike: scenario({ errorRatio: 0.08 }),
  'shared-incident': scenario({ errorRatio: 0.3 }, { errorRatio: 0.3 }),
  'slower-by-40': scenario({ slowestMs: 140 }),
  'slower-by-10': scenario({ slowestMs: 110 }),
  'orders-gone': scenario({ eventsPerRequest: undefined }),
  'orders-frozen': scenario({ eventsPerRequest: 0 }),
  'fewer-orders': scenario({ eventsPerRequest: 0.27 }),
  idle: scenario({ requestsPerSecond: 0 }),
  trickle: scenario({ requestsPerSecond: 1, errorRatio: 0.5 }),
  'idle-stable': scenario({}, { requestsPerSecond: 0 }),
}
type Scenario = keyof typeof scenarios | 'unknown'
type Gate = 'error-rate-spike' | 'p99-latency' | 'business-events'

/** scenario, gate, phase, what the message begins with */
const rows: readonly (readonly [Scenario, Gate, string, string?])[] = [
  ['healthy', 'error-rate-spike', 'Successful'],
  ['healthy', 'p99-latency', 'Successful'],
  ['healthy', 'business-events', 'Successful'],
  ['no-errors', 'error-rate-spike', 'Successful'],
  ['spike', 'error-rate-spike', 'Failed'],
  ['shared-incident', 'error-rate-spike', 'Successful'],
  ['slower-by-40', 'p99-latency', 'Failed'],
  ['slower-by-10', 'p99-latency', 'Successful'],
  ['orders-gone', 'business-events', 'Failed'],
  ['orders-frozen', 'business-events', 'Failed'],
  ['fewer-orders', 'business-events', 'Successful'],
  ['idle', 'error-rate-spike', 'Inconclusive', 'NoData'],
  ['idle', 'p99-latency', 'Inconclusive', 'NoData'],
  ['idle', 'business-events', 'Inconclusive', 'NoData'],
  ['trickle', 'error-rate-spike', 'Inconclusive', 'NoData'],
  ['idle-stable', 'error-rate-spike', 'Inconclusive', 'NoData'],
  ['idle-stable', 'p99-latency', 'Inconclusive', 'NoData'],
  ['idle-stable', 'business-events', 'Inconclusive', 'NoData'],
  ['unknown', 'error-rate-spike', 'Inconclusive', 'NoData'],
  ['unknown', 'p99-latency', 'Inconclusive', 'NoData'],
  ['unknown', 'business-events', 'Inconclusive', 'NoData'],
]

const readGate = (name: Gate): AnalysisTemplate =>
  parse(readFileSync(new URL(`../../../charts/penstock/files/gates/${name}.yaml`, import.meta.url), 'utf8'))

function buildRun(
  service: string,
  gate: Gate,
  prometheus: string,
  extra: Readonly<Record<string, string>> = {},
): AnalysisRun {
  const values = {
    namespace: 'shop',
    service,
    prometheus,
    'event-metric': 'orders_total',
    window: '10s',
    'initial-delay': '0s',
    interval: '1s',
    count: '1',
    'failure-limit': '0',
    'inconclusive-limit': '0',
    ...extra,
  }
  const outcome = buildAnalysisRun({
    rollout: { metadata: { name: service, namespace: 'default', uid: 'u' }, spec: {} },
    podHash: { stable: 'stable', latest: 'canary' },
    revision: 2,
    kind: 'Step',
    stepIndex: 1,
    analysis: {
      templates: [{ templateName: gate, clusterScope: true }],
      args: [
        ...Object.entries(values).map(([name, value]) => ({ name, value })),
        { name: 'canary-hash', valueFrom: { podTemplateHashValue: 'Latest' } },
        { name: 'stable-hash', valueFrom: { podTemplateHashValue: 'Stable' } },
      ],
    },
    templates: { [`cluster/${gate}`]: readGate(gate) },
    nameSuffix: '',
  })
  assert.ok('run' in outcome, 'problem' in outcome ? outcome.problem : '')
  return outcome.run
}

describe('gates on a real Prometheus', () => {
  let exporter: Exporter
  let prometheus: PrometheusProcess
  let cluster: AnalysisCluster
  const random = seededRandom(1)
  const http = createHttpTransport({
    clock: systemClock,
    random,
    policy: createOutboundPolicy({ allow: ['127.0.0.1'] }),
    redactor: createRedactor(),
    metrics: createMetricRegistry(),
  })

  before(async () => {
    exporter = await startExporter(scenarios)
    prometheus = await startPrometheus(exporter.target)
    cluster = await createAnalysisCluster({ clock: systemClock, http })
    cluster.startController()
    await waitForWindow(prometheus)
  })
  after(async () => {
    await cluster?.close()
    await prometheus?.close()
    await exporter?.close()
    http.close()
  })

  async function conclude(run: AnalysisRun, name: string, withinMs = 20_000): Promise<AnalysisRun['status']> {
    await cluster.createRun(name, run.spec)
    const deadline = performance.now() + withinMs
    while (performance.now() < deadline) {
      const status = (await cluster.getRun(name))?.status
      if (isCompleted(status?.phase)) return status
      await delay(50)
    }
    throw new Error(`${name} did not complete within ${withinMs} ms`)
  }

  for (const [service, gate, phase, begins] of rows) {
    test(`${service}: ${gate} is ${begins ?? phase}`, async () => {
      const status = await conclude(buildRun(service, gate, prometheus.url), `${service}.${gate}`)
      const value = status?.metricResults?.[0]?.measurements?.at(-1)?.value
      assert.equal(status?.phase, phase, `${status?.message ?? ''} (value ${value})`)
      if (begins) assert.ok(status?.message?.startsWith(`${begins}: `), status?.message)
    })
  }

  test('the values say how far off the canary is', async () => {
    const read = async (name: string): Promise<number> => {
      const result = (await cluster.getRun(name))?.status?.metricResults?.[0]
      return Number(JSON.parse(result?.measurements?.[0]?.value ?? '[]')[0])
    }
    const near = (actual: number, expected: number): void =>
      assert.ok(Math.abs(actual - expected) < 0.1 * expected, `${actual} is not near ${expected}`)
    near(await read('spike.error-rate-spike'), 0.08 / 0.024)
    near(await read('slower-by-40.p99-latency'), 1.4)
    near(await read('slower-by-10.p99-latency'), 1.1)
    near(await read('fewer-orders.business-events'), 0.9)
    assert.equal(await read('orders-gone.business-events'), 0)
  })

  test('a Prometheus that is down is neither a pass nor an abort', async () => {
    const run = buildRun('healthy', 'error-rate-spike', 'http://127.0.0.1:1')
    const [metric] = run.spec.metrics
    assert.ok(metric)
    const impatient = { ...run, spec: { ...run.spec, metrics: [{ ...metric, consecutiveErrorLimit: 0 }] } }
    const status = await conclude(impatient, 'prometheus-down')
    assert.equal(status?.phase, 'Inconclusive')
    assert.match(
      status?.message ?? '',
      /^ProviderError: Metric "error-rate-spike" assessed Error due to consecutiveErrors/,
    )
  })

  test('a bad service is caught by several looks as well, and a healthy one passes them', async () => {
    const looks = { count: '3', 'failure-limit': '1' }
    const [bad, good] = await Promise.all([
      conclude(buildRun('spike', 'error-rate-spike', prometheus.url, looks), 'looks-bad'),
      conclude(buildRun('healthy', 'error-rate-spike', prometheus.url, looks), 'looks-good'),
    ])
    assert.equal(bad?.phase, 'Failed')
    assert.equal(bad?.metricResults?.[0]?.failed, 2)
    assert.equal(good?.phase, 'Successful')
    assert.equal(good?.metricResults?.[0]?.successful, 3)
  })
})

/** Until a whole window has been scraped, so that the slowest canary has its minimum of requests. */
async function waitForWindow(prometheus: PrometheusProcess): Promise<void> {
  const deadline = performance.now() + 40_000
  const promql = 'min_over_time((count_over_time(up[11s]) >= 10)[1s:1s])'
  while ((await prometheus.query(promql)) === undefined) {
    if (performance.now() > deadline) throw new Error('Prometheus did not scrape for ten seconds')
    await delay(250)
  }
}
