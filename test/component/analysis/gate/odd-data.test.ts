/**
 * Data that cannot carry a verdict, as a real Prometheus serves it or as what stands before it answers: each is an Error or a Hold that says what is
 * missing, names the query, and says what to do. Never a pass, and never an abort for lack of data, though the canary of most rows fails ten times as often.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readGateVerdict } from '../../../../controller/api/verdict.ts'
import { type HttpResponse, type HttpTransport, TransportError } from '../../../../controller/runtime/http.ts'
import { type PrometheusProcess, startPrometheus } from '../prometheus-process.ts'
import { type Arms, buildArms, importSeries, type OddSeries } from './odd-samples.ts'
import { createRelease } from './release.ts'

const FAILING: Arms = { canaryErrorShare: 0.05 }

type Spoil = (series: readonly OddSeries[]) => readonly OddSeries[]
const untouched: Spoil = (series) => series
const isCanary = ({ labels }: OddSeries): boolean => labels.rollouts_pod_template_hash === 'canary'

interface Sample {
  readonly value: number
  readonly seconds: number
  readonly index: number
  readonly before: number
  readonly of: OddSeries
}
/** Undefined: the sample is lost. */
const eachSample =
  (spoil: (sample: Sample) => number | undefined): Spoil =>
  (series) =>
    series.map((of) => ({
      ...of,
      samples: of.samples.flatMap(([seconds, value], index) => {
        const spoilt = spoil({ value, seconds, index, before: of.samples[index - 1]?.[1] ?? 0, of })
        return spoilt === undefined ? [] : [[seconds, spoilt] as const]
      }),
    }))
const twice =
  (label: string): Spoil =>
  (series) =>
    series.flatMap((one) => [
      { ...one, labels: { ...one.labels, [label]: 'a' } },
      {
        ...one,
        labels: { ...one.labels, [label]: 'b' },
        samples: one.samples.map(([seconds, value]) => [seconds + 2, value] as const),
      },
    ])
const buckets =
  (keep: (le: number, series: OddSeries) => boolean): Spoil =>
  (series) =>
    series.filter((one) => one.labels.le === undefined || keep(Number(one.labels.le.replace('+Inf', 'Infinity')), one))
const rename =
  (from: string, to: string, only: (series: OddSeries) => boolean = () => true): Spoil =>
  (series) =>
    series.map((one) => {
      const { [from]: value, ...labels } = one.labels
      return value === undefined || !only(one) ? one : { ...one, labels: { ...labels, [to]: value } }
    })

interface Row {
  readonly arms?: Arms
  readonly spoil?: Spoil
  readonly gate?: 'latency' | 'events'
  readonly reason: string
}

const rows: Readonly<Record<string, Row>> = {
  'two-jobs': { spoil: twice('job'), reason: 'DuplicateSeries' },
  'two-replicas': { spoil: twice('thanos_replica'), reason: 'DuplicateSeries' },
  'no-inf': { spoil: buckets((le) => le !== Number.POSITIVE_INFINITY), gate: 'latency', reason: 'CountMissing' },
  'no-inf-on-canary': {
    spoil: buckets((le, one) => le !== Number.POSITIVE_INFINITY || !isCanary(one)),
    gate: 'latency',
    reason: 'CountMissing',
  },
  'buckets-end': {
    spoil: buckets((le) => le === Number.POSITIVE_INFINITY || le <= 0.19),
    gate: 'latency',
    reason: 'BucketsEndBelowP99',
  },
  'one-bucket': {
    spoil: buckets((le) => le === Number.POSITIVE_INFINITY || le <= 0.1),
    gate: 'latency',
    reason: 'BucketsTooCoarse',
  },
  'other-buckets': {
    spoil: buckets((le, one) => le === Number.POSITIVE_INFINITY || isCanary(one) === le > 0.19),
    gate: 'latency',
    reason: 'BucketsDiffer',
  },
  'no-code': { arms: FAILING, spoil: rename('code', 'status'), reason: 'CodesAbsent' },
  'no-code-on-canary': { arms: FAILING, spoil: rename('code', 'status', isCanary), reason: 'CodesAbsent' },
  'scrapes-end': {
    arms: FAILING,
    spoil: eachSample(({ value, seconds, of }) => (isCanary(of) && seconds > 90 ? undefined : value)),
    reason: 'CanaryStale',
  },
  'stable-gone': {
    arms: FAILING,
    spoil: eachSample(({ value, seconds, of }) => (!isCanary(of) && seconds > 60 ? undefined : value)),
    reason: 'StableStale',
  },
  'successes-lost': {
    spoil: eachSample(({ value, seconds, of }) =>
      isCanary(of) && of.labels.code === '200' && seconds > 100 ? undefined : value,
    ),
    reason: 'ScrapesIncomplete',
  },
  'orders-lost': {
    gate: 'events',
    spoil: eachSample(({ value, seconds, of }) =>
      isCanary(of) && of.metric === 'orders_total' && seconds > 200 ? undefined : value,
    ),
    reason: 'ScrapesIncomplete',
  },
  'no-numbers': { arms: FAILING, spoil: eachSample(() => Number.NaN), reason: 'SeriesAbsent' },
  'successes-no-numbers': {
    spoil: eachSample(({ value, of }) => (isCanary(of) && of.labels.code === '200' ? Number.NaN : value)),
    reason: 'SamplesInvalid',
  },
  'requests-no-numbers': {
    gate: 'events',
    spoil: eachSample(({ value, of }) => (isCanary(of) && of.labels.code === '200' ? Number.NaN : value)),
    reason: 'SamplesInvalid',
  },
  infinite: {
    arms: FAILING,
    spoil: eachSample(({ value, seconds, of }) => (isCanary(of) && seconds > 60 ? Number.POSITIVE_INFINITY : value)),
    reason: 'SamplesInvalid',
  },
  negative: { spoil: eachSample(({ value, of }) => (isCanary(of) ? -1 - value : value)), reason: 'CanaryAbsent' },
  'beyond-counting': {
    spoil: eachSample(({ value, of }) => (isCanary(of) ? value * 1e300 + 1e20 : value)),
    reason: 'SamplesInvalid',
  },
  'resets-each-scrape': {
    spoil: eachSample(({ value, before }) => Math.max(0, value - before)),
    reason: 'NotACounter',
  },
  'canary-idle': { arms: { canaryRps: 0 }, reason: 'NoTraffic' },
  'stable-idle': { arms: { ...FAILING, stableRps: 0 }, reason: 'NoControl' },
  'stable-never': { arms: FAILING, spoil: (series) => series.filter(isCanary), reason: 'StableAbsent' },
  'canary-never': { spoil: (series) => series.filter((one) => !isCanary(one)), reason: 'CanaryAbsent' },
}

/** What stands between the controller and Prometheus; undefined: the real answer. */
type Answer = (real: HttpResponse) => HttpResponse
const change =
  (body: (text: string) => string): Answer =>
  (real) => ({ ...real, body: body(real.body) })
const add = (fields: object): Answer => change((body) => JSON.stringify({ ...JSON.parse(body), ...fields }))
const never = (kind: 'timeout' | 'tooLarge', message: string): Answer => {
  return () => {
    throw new TransportError(kind, message)
  }
}

const answers: Readonly<Record<string, readonly [Answer, RegExp]>> = {
  'a page to sign in': [change(() => '<html>Sign in</html>'), /the answer is not that of a Prometheus API/],
  'a redirect': [(real) => ({ ...real, status: 302, body: '' }), /HTTP 302/],
  'an overloaded proxy': [(real) => ({ ...real, status: 503, body: 'overloaded' }), /HTTP 503/],
  'half an answer': [change((body) => body.slice(0, body.length / 2)), /not that of a Prometheus API/],
  'a vector': [change((body) => body.replace('"matrix"', '"vector"')), /is not a matrix/],
  'times that are none': [change((body) => body.replaceAll(/\[\d+(?:\.\d+)?,"/g, '[null,"')), /cannot be read/],
  'a warning': [add({ warnings: ['store 2 is down'] }), /the answer is partial: store 2 is down/],
  'no answer in time': [never('timeout', 'no answer within 30 s'), /no answer within 30 s/],
  'more than is taken': [never('tooLarge', 'the answer is too large'), /too large/],
}

describe('penstock/gate on data that cannot be judged', () => {
  let prometheus: PrometheusProcess
  let data: Awaited<ReturnType<typeof importSeries>>

  before(async () => {
    const series = Object.entries(rows).flatMap(([service, { arms, spoil = untouched }]) =>
      spoil(buildArms(service, arms)),
    )
    data = await importSeries([...series, ...buildArms('failing', FAILING)])
    prometheus = await startPrometheus(undefined, data.directory)
  })
  after(async () => {
    await prometheus?.close()
    await data?.close()
  })

  async function judge(service: string, config: object, between?: (real: HttpTransport) => HttpTransport) {
    const release = await createRelease(between)
    try {
      const gate = {
        gate: 'errorRate',
        service,
        canary: 'canary',
        stable: 'stable',
        address: prometheus.url,
        history: '30m',
        duration: '5m',
        maxHold: '1m',
        event: 'orders_total',
        ...config,
      }
      await release.judge('run', [
        { name: 'gate', interval: '15s', count: 1, provider: { plugin: { 'penstock/gate': gate } } },
      ])
      const run = await release.pass('run', 600)
      const [result] = run.status?.metricResults ?? []
      return { phase: run.status?.phase, message: run.status?.message, measurements: result?.measurements ?? [] }
    } finally {
      await release.close()
    }
  }

  for (const [service, { gate, reason }] of Object.entries(rows))
    test(`${service}${gate ? ` (${gate})` : ''}: ${reason}`, async () => {
      const { phase, message, measurements } = await judge(service, gate ? { gate } : {})
      const verdict = readGateVerdict(measurements.at(-1))
      assert.equal(phase, 'Inconclusive', verdict?.text ?? message)
      assert.equal(verdict?.reason, reason, verdict?.text)
      assert.match(verdict.queries.join(), new RegExp(`service="${service}"`))
      assert.ok((verdict.problems[0]?.fix ?? '').length > 3, verdict.text)
    })

  for (const [title, [answer, words]] of Object.entries(answers))
    test(`${title} is an Error that names the query`, async () => {
      const { phase, measurements } = await judge('failing', {}, (real) => ({
        send: async (...request) => answer(await real.send(...request)),
      }))
      assert.equal(phase, 'Inconclusive')
      const message = measurements.at(-1)?.message ?? ''
      assert.match(message, words)
      assert.match(message, /query: http_requests_total\{service="failing"/)
      assert.equal(measurements.at(-1)?.phase, 'Error')
    })

  test('a selector that Prometheus refuses is told in its words, with the query', async () => {
    const { phase, measurements } = await judge('failing', { requests: 'http_requests_total{a=~"(("}' })
    assert.equal(phase, 'Inconclusive')
    assert.match(
      measurements.at(-1)?.message ?? '',
      /bad_data: .*error parsing regexp.*query: http_requests_total\{a=~/,
    )
  })
})
