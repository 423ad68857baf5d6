/**
 * The statistical gates against a real Prometheus that serves hours of made-up samples: what they decide about good and bad releases and about data
 * that cannot be judged, and that neither restarts nor errors change a number.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AnalysisRun, Measurement, Metric } from '../../../../controller/api/analysis.ts'
import { STAGE } from '../../../../controller/api/labels.ts'
import { type ReleaseStage, renderReleaseStage } from '../../../../controller/api/release-stage.ts'
import { type GateVerdict, readGateVerdict } from '../../../../controller/api/verdict.ts'
import { analysisRuns } from '../../../../controller/kube/kinds.ts'
import { TransportError } from '../../../../controller/runtime/http.ts'
import { type PrometheusProcess, startPrometheus } from '../prometheus-process.ts'
import { backfill, healthy, type PodTraffic } from './backfill.ts'
import { createRelease, type Release } from './release.ts'

const canary = (change: Partial<PodTraffic> = {}): PodTraffic => ({
  ...healthy,
  pods: 1,
  requestsPerSecond: 10,
  ...change,
})

const scenarios = {
  healthy: { stable: healthy, canary: canary() },
  'ten-times-errors': { stable: healthy, canary: canary({ errorShare: 0.05 }) },
  broken: { stable: healthy, canary: canary({ errorShare: 0.9 }) },
  'twice-as-slow': { stable: healthy, canary: canary({ slowestMs: 400 }) },
  'orders-gone': { stable: healthy, canary: canary({ eventsPerRequest: 0 }) },
  'no-traffic': { stable: healthy, canary: canary({ requestsPerSecond: 0 }) },
  'scrapes-end': { stable: healthy, canary: canary({ errorShare: 0.012, scrapedForSeconds: 200 }) },
  'all-shifted': { stable: { ...healthy, scrapedForSeconds: 45 }, canary: { ...healthy, pods: 3 } },
  'all-shifted-orders-gone': {
    stable: { ...healthy, scrapedForSeconds: 45 },
    canary: { ...healthy, pods: 3, eventsPerRequest: 0 },
  },
  'one-label': { stable: healthy, canary: canary(), sameVersion: 'same' },
}
type Service = keyof typeof scenarios | 'nowhere'

const metricOf = (config: object, rest: Partial<Metric> = {}): Metric => ({
  name: 'gate',
  interval: '15s',
  count: 1,
  ...rest,
  provider: { plugin: { 'penstock/gate': { canary: 'canary', stable: 'stable', ...config } } },
})

const measurementsOf = (run: AnalysisRun): readonly Measurement[] => run.status?.metricResults?.[0]?.measurements ?? []

function verdictOf(run: AnalysisRun): GateVerdict {
  const verdict = readGateVerdict(measurementsOf(run).at(-1))
  assert.ok(verdict, JSON.stringify(run.status))
  return verdict
}

describe('penstock/gate on a real Prometheus', () => {
  let prometheus: PrometheusProcess
  let data: Awaited<ReturnType<typeof backfill>>

  before(async () => {
    data = await backfill(scenarios)
    prometheus = await startPrometheus(undefined, data.directory)
  })
  after(async () => {
    await prometheus?.close()
    await data?.close()
  })

  const gate = (service: Service, config: object, rest: Partial<Metric> = {}): Metric =>
    metricOf({ gate: 'errorRate', service, address: prometheus.url, duration: '5m', ...config }, rest)

  async function withRelease<T>(
    work: (release: Release) => Promise<T>,
    ...transport: Parameters<typeof createRelease>
  ): Promise<T> {
    const release = await createRelease(...transport)
    try {
      return await work(release)
    } finally {
      await release.close()
    }
  }

  const judge = (metric: Metric, seconds = 800): Promise<AnalysisRun> =>
    withRelease(async (release) => {
      await release.judge('run', [metric])
      return await release.pass('run', seconds)
    })

  /** service, gate, phase, reasons that the verdict may have, seconds by which it is known */
  const rows = [
    ['ten-times-errors', { gate: 'errorRate' }, 'Failed', /^Regression$/, 200],
    ['broken', { gate: 'errorRate' }, 'Failed', /^HardFloor$/, 140],
    ['healthy', { gate: 'errorRate' }, 'Successful', /^WouldHaveBeenCaught$/, 600],
    ['twice-as-slow', { gate: 'latency' }, 'Failed', /^Regression$/, 200],
    ['healthy', { gate: 'latency' }, 'Successful', /^(Proven|WouldHaveBeenCaught)$/, 600],
    ['orders-gone', { gate: 'events', event: 'orders_total' }, 'Failed', /^Regression$/, 200],
    ['healthy', { gate: 'events', event: 'orders_total' }, 'Successful', /^WouldHaveBeenCaught$/, 600],
  ] as const
  for (const [service, config, phase, reason, seconds] of rows) {
    test(`${config.gate}: ${service} is ${phase}`, async () => {
      const run = await judge(gate(service, config), seconds)
      assert.equal(run.status?.phase, phase, JSON.stringify(run.status?.message))
      assert.match(verdictOf(run).reason, reason)
    })
  }

  /** What cannot be judged, and what is said about it. Never a pass, never an abort. */
  const unjudged = [
    ['nowhere', {}, /series are absent in both arms: .*http_requests_total\{service="nowhere"/],
    ['no-traffic', {}, /the canary counted no request yet/],
    ['scrapes-end', {}, /the newest sample of the canary is \d+ s old/],
    ['one-label', {}, /stable has no series|the canary has no series|series are absent/],
    ['healthy', { match: { pod: 'healthy-stable-0' } }, /the canary has no series/],
  ] as const
  for (const [service, config, words] of unjudged) {
    test(`${service} ${JSON.stringify(config)}: neither a pass nor an abort`, async () => {
      const run = await judge(gate(service, config))
      assert.equal(run.status?.phase, 'Inconclusive', run.status?.message)
      assert.match(JSON.stringify(run.status).replaceAll('\\\\', '').replaceAll('\\"', '"'), words)
    })
  }

  const ORDERS = { gate: 'events', event: 'orders_total' }
  const LAST = { number: 2, weights: [50, 100] }
  const judgeAt = (metric: Metric, stage: ReleaseStage | undefined): Promise<AnalysisRun> =>
    withRelease(async (release) => {
      await release.judge('run', [metric], stage)
      return await release.pass('run', 800)
    })

  /** With all traffic on the canary and stable gone: service, stage that was told, phase, reason, comparison */
  const shifted = [
    ['all-shifted-orders-gone', LAST, 'Failed', 'Regression', 'beforeAfter'],
    ['all-shifted', LAST, 'Successful', 'Proven', 'beforeAfter'],
    ['all-shifted-orders-gone', { number: 1, weights: [50, 100] }, 'Inconclusive', 'StableStale', undefined],
    ['all-shifted-orders-gone', undefined, 'Inconclusive', 'StableStale', undefined],
  ] as const
  for (const [service, stage, phase, reason, comparison] of shifted)
    test(`${service} at ${stage === undefined ? 'no weight' : `${stage.weights[stage.number - 1]} %`}: ${phase}`, async () => {
      const run = await judgeAt(gate(service, ORDERS), stage)
      assert.equal(run.status?.phase, phase, JSON.stringify(run.status?.message))
      const verdict = verdictOf(run)
      assert.deepEqual([verdict.reason, verdict.comparison], [reason, comparison], verdict.text)
      if (comparison !== undefined)
        assert.match(verdict.text, /^\w+ +orders {2}stage 2\/2 \(100.%\) {2}before\/after, weaker/)
    })

  test('without history nothing stands in for stable', async () => {
    const run = await judgeAt(gate('all-shifted-orders-gone', { ...ORDERS, history: '0s' }), LAST)
    assert.equal(run.status?.phase, 'Inconclusive', run.status?.message)
    assert.match(verdictOf(run).text, /all traffic is on the canary, and stable has no history that could stand in/)
  })

  test('each look has the stage that the run is told by then', () =>
    withRelease(async (release) => {
      const weights = [5, 10, 25, 100]
      await release.judge('run', [gate('healthy', {})], { number: 1, weights })
      const told = async (number: number): Promise<GateVerdict['stage']> => {
        const ref = { kind: analysisRuns, namespace: 'default', name: 'run' }
        const annotations = { [STAGE]: renderReleaseStage({ number, weights }) }
        await release.cluster.client.patch(ref, 'merge', { metadata: { annotations } })
        const { secondsLeft: _, ...stage } = verdictOf(await release.pass('run', 20)).stage ?? {}
        return stage
      }
      await release.pass('run', 100)
      assert.deepEqual(await told(1), { number: 1, count: 4, weightPercent: 5, nextWeightPercent: 10 })
      await release.restart()
      assert.deepEqual(await told(2), { number: 2, count: 4, weightPercent: 10, nextWeightPercent: 25 })
      assert.match(verdictOf(await release.read('run')).text, /^HOLD {3}error-rate {2}stage 2\/4 \(10.%\) {2}/)
    }))

  test('a pod that is in both arms is named as a label that does not tell versions apart', async () => {
    const run = await judge(
      gate('healthy', {
        versionLabel: 'le',
        canary: '0.05',
        stable: '0.1',
        requests: 'http_request_duration_seconds_bucket',
      }),
    )
    assert.equal(run.status?.phase, 'Inconclusive', run.status?.message)
    assert.match(measurementsOf(run).at(-1)?.message ?? '', /the selectors of canary and stable match the same pods/)
  })

  test('a controller that is restarted in the middle says the same, to the last digit', async () => {
    for (const config of [{ gate: 'errorRate' }, { gate: 'latency' }, { gate: 'events', event: 'orders_total' }]) {
      const metric = gate('healthy', config)
      const at = (restarts: readonly number[]) =>
        withRelease(async (release) => {
          await release.judge('run', [metric])
          for (const [index, seconds] of [...restarts, 280].entries()) {
            await release.pass('run', seconds - (restarts[index - 1] ?? 0))
            if (seconds !== 280) await release.restart()
          }
          return verdictOf(await release.read('run'))
        })
      assert.deepEqual(await at([100, 170, 222]), await at([]))
    }
  })

  test('another run of the same release goes on with its evidence', async () => {
    // So far apart, looks are all written: the two that are compared are of the same moment.
    const everyMinute = gate('healthy', {}, { interval: '1m' })
    const late = await withRelease(async (release) => {
      await release.clock.advance(180_000)
      await release.judge('run', [everyMinute])
      return verdictOf(await release.pass('run', 61))
    })
    const early = await withRelease(async (release) => {
      await release.judge('run', [everyMinute])
      return verdictOf(await release.pass('run', 241))
    })
    assert.equal(late.lookedAt, early.lookedAt)
    const { stage: _late, ...lateRest } = late
    const { stage: _early, ...earlyRest } = early
    assert.deepEqual(lateRest, earlyRest)
  })

  test('a Prometheus that is down is an Error, then Inconclusive, and evidence outlives it', async () => {
    const states = { isDown: false }
    const through = (real: Parameters<NonNullable<Parameters<typeof createRelease>[0]>>[0]) => ({
      send: (...request: Parameters<typeof real.send>) =>
        states.isDown ? Promise.reject(new TransportError('refused', 'nobody listens')) : real.send(...request),
    })
    await withRelease(async (release) => {
      await release.judge('run', [gate('healthy', {})])
      await release.pass('run', 200)
      states.isDown = true
      const down = await release.pass('run', 35)
      assert.equal(measurementsOf(down).at(-1)?.phase, 'Error')
      assert.equal(down.status?.phase, 'Running')
      states.isDown = false
      const up = await release.pass('run', 800)
      assert.equal(up.status?.phase, 'Successful', up.status?.message)
      assert.ok(verdictOf(up).canary.total > 1900)
    }, through)
    await withRelease(async (release) => {
      await release.judge('run', [gate('healthy', {})])
      states.isDown = true
      const run = await release.pass('run', 120)
      assert.equal(run.status?.phase, 'Inconclusive')
      assert.match(run.status?.message ?? '', /^ProviderError: .*consecutiveErrors \(5\)/)
    }, through)
  })

  test('three gates ask three times a look, whatever they share', async () => {
    await withRelease(async (release) => {
      await release.judge('run', [
        gate('healthy', {}, { name: 'errors' }),
        gate('healthy', { gate: 'latency' }, { name: 'p99' }),
        gate('healthy', { gate: 'events', event: 'orders_total' }, { name: 'orders' }),
      ])
      await release.pass('run', 241)
      release.queries.length = 0
      await release.pass('run', 15)
      assert.equal(release.queries.length, 3, release.queries.join('\n'))
      assert.match(release.queries.join('\n'), /le=~"\|0\\\\\.15\|/)
      for (const query of release.queries) assert.match(query, /\[60s\]$/)
      const { writes } = release.cluster
      writes.length = 0
      await release.pass('run', 15)
      assert.deepEqual(writes, ['patch analysisruns'])
    })
  })

  test('a gate on events without an event was not asked for', async () => {
    const run = await judge(gate('healthy', { gate: 'events', event: '' }))
    assert.equal(run.status?.phase, 'Successful')
    assert.match(measurementsOf(run).at(-1)?.message ?? '', /^not asked for/)
  })

  test('conditions of users take the place of the gate’s own rules', async () => {
    const own = (conditions: Partial<Metric>) => judge(gate('ten-times-errors', {}, conditions), 700)
    const cautious = await own({ failureCondition: 'result.ratio > 1000' })
    assert.notEqual(cautious.status?.phase, 'Failed')
    const eager = await own({ failureCondition: 'result.evidence > 1 && result.canaryTotal > 100' })
    assert.equal(eager.status?.phase, 'Failed')
    const quick = await own({ failureCondition: 'false', successCondition: 'result.ticks >= 2' })
    assert.equal(quick.status?.phase, 'Successful')
  })

  test('a run that is ended says what its gate has come to', async () => {
    const end = (seconds: number) =>
      withRelease(async (release) => {
        await release.judge('run', [gate('healthy', { duration: '' })])
        await release.pass('run', seconds)
        await release.terminate('run')
        return await release.pass('run', 5)
      })
    const early = await end(100)
    assert.equal(early.status?.phase, 'Inconclusive')
    const late = await end(800)
    assert.equal(late.status?.phase, 'Successful', late.status?.message)
  })
})
