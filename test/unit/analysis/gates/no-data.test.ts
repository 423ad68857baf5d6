/** Goal G8: every row of the no-data table, and that none of them is evidence. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DataFacts } from '../../../../analysis/domain/gates/data-facts.ts'
import { readData } from '../../../../analysis/domain/gates/no-data.ts'
import { readTicks } from '../../../../analysis/domain/gates/read-ticks.ts'
import type { GateSeries } from '../../../../analysis/domain/gates/samples.ts'
import type { GateId } from '../../../../controller/api/verdict.ts'
import { atScrape, buildSeries, growing, START } from './series.ts'

const stable = buildSeries(growing(21, 100, 5000), { arm: 'stable' })
const canary = buildSeries(growing(21, 10, 3))
const stableEvents = buildSeries(growing(21, 5, 70), { arm: 'stable', role: 'events' })
const canaryEvents = buildSeries(growing(21, 1, 0), { role: 'events' })
const silent = (series: GateSeries): GateSeries => ({ ...series, values: series.values.map(() => 7) })
const first = (count: number, series: GateSeries): GateSeries => ({
  ...series,
  times: series.times.slice(0, count),
  values: series.values.slice(0, count),
})

const NOW = atScrape(20.2)

function look(gate: GateId, series: readonly GateSeries[], given: Partial<DataFacts> = {}) {
  const { now = NOW, warmupMs = 0 } = given
  const reading = readTicks(series, { from: START, now, warmupMs })
  const facts: DataFacts = { gate, series, ...reading, from: START, now, warmupMs, queries: ['sum(x)'], ...given }
  const data = readData(facts)
  return { data, outcome: data.kind === 'evidence' ? 'evidence' : `${data.kind} ${data.reason}` }
}

interface Row {
  readonly name: string
  readonly gate?: GateId
  readonly series: readonly GateSeries[]
  readonly given?: Partial<DataFacts>
  readonly expected: string
}

const rows: readonly Row[] = [
  // The table of analysis.md 2.5.
  {
    name: 'requests, events of stable only: no event, which is evidence',
    gate: 'events',
    series: [canary, stable, stableEvents],
    expected: 'evidence',
  },
  {
    name: 'no requests to the canary, events of both',
    gate: 'events',
    series: [silent(canary), stable, stableEvents, canaryEvents],
    expected: 'hold NoTraffic',
  },
  {
    name: 'no requests to the canary, events of stable',
    gate: 'events',
    series: [silent(canary), stable, stableEvents],
    expected: 'hold NoTraffic',
  },
  {
    name: 'no requests to the canary, whatever else is there',
    series: [silent(canary), stable],
    expected: 'hold NoTraffic',
  },
  {
    name: 'the canary is down, events of stable',
    gate: 'events',
    series: [canary, stable, stableEvents],
    given: { canaryUp: false },
    expected: 'error CanaryStale',
  },
  {
    name: 'the canary is stale',
    gate: 'events',
    series: [first(15, canary), stable, stableEvents],
    expected: 'error CanaryStale',
  },
  { name: 'stable is stale', series: [canary, first(15, stable)], expected: 'error StableStale' },
  { name: 'both are stale', series: [first(15, canary), first(15, stable)], expected: 'error CanaryStale' },
  {
    name: 'one missed scrape is none',
    series: [canary, stable],
    given: { now: atScrape(21.4) },
    expected: 'evidence',
  },
  {
    name: 'events absent in both arms',
    gate: 'events',
    series: [canary, stable],
    expected: 'error SeriesAbsent',
  },
  {
    name: 'events absent in both arms, without any tick',
    gate: 'events',
    series: [silent(canary), stable],
    expected: 'error SeriesAbsent',
  },
  {
    name: 'events of the canary only',
    gate: 'events',
    series: [canary, stable, canaryEvents],
    expected: 'hold NoControl',
  },
  {
    name: 'events of stable stand still',
    gate: 'events',
    series: [canary, stable, canaryEvents, silent(stableEvents)],
    expected: 'hold NoControl',
  },
  { name: 'nothing at all', series: [], expected: 'error SeriesAbsent' },
  { name: 'series without a sample', series: [first(0, canary), first(0, stable)], expected: 'error SeriesAbsent' },
  {
    name: 'samples that are NaN only',
    series: [
      { ...canary, values: canary.values.map(() => Number.NaN) },
      { ...stable, values: stable.values.map(() => Number.NaN) },
    ],
    expected: 'error SeriesAbsent',
  },
  {
    name: 'several series where one is expected',
    series: [canary, canary, stable],
    expected: 'error DuplicateSeries',
  },
  // Bad input of other kinds.
  { name: 'the selector of stable matches nothing', series: [canary], expected: 'error StableAbsent' },
  {
    name: 'the selector of the canary matches nothing',
    series: [stable],
    expected: 'error CanaryAbsent',
  },
  {
    name: 'the canary has just begun',
    series: [first(3, stable)],
    given: { now: atScrape(2.5) },
    expected: 'hold CanaryNotSeen',
  },
  {
    name: 'the canary is up and has no series: not asked yet',
    series: [stable],
    given: { canaryUp: true },
    expected: 'hold NoTraffic',
  },
  {
    name: 'the label does not tell versions apart',
    series: [{ ...canary, pod: 'stable' }, stable],
    expected: 'error PodInBothArms',
  },
  {
    name: 'a clock is ahead',
    series: [{ ...canary, times: canary.times.map((time) => time + 600_000) }, stable],
    expected: 'error ClockSkew',
  },
  {
    name: 'a clock is behind',
    series: [{ ...canary, times: canary.times.map((time) => time - 60_000) }, stable],
    expected: 'error CanaryStale',
  },
  {
    name: 'a gauge instead of a counter',
    series: [buildSeries([5, 3, 8, 2, 9, 1, 4, 3, 6, 2, 8, 1, 5, 2, 9, 3, 7, 2, 8, 4, 9]), stable],
    expected: 'error NotACounter',
  },
  {
    name: 'Prometheus warns',
    series: [canary, stable],
    given: { warnings: ['store 10.0.0.7 did not answer'] },
    expected: 'error PartialData',
  },
  {
    name: 'pods are still warming up',
    series: [canary, stable],
    given: { warmupMs: 600_000 },
    expected: 'hold WarmingUp',
  },
  {
    name: 'stable lost its traffic from the start',
    series: [canary, silent(stable)],
    expected: 'hold NoControl',
  },
  {
    name: 'the canary lost its traffic two minutes ago',
    series: [buildSeries([...growing(12, 10), ...Array.from({ length: 9 }, () => 110)]), stable],
    expected: 'hold NoTraffic',
  },
  {
    name: 'the canary had no traffic for a minute',
    series: [buildSeries([...growing(17, 10), ...Array.from({ length: 4 }, () => 160)]), stable],
    expected: 'evidence',
  },
  {
    name: 'the canary has so little traffic that two minutes without are to be expected',
    series: [buildSeries([...growing(12, 1), ...Array.from({ length: 9 }, () => 11)]), stable],
    expected: 'evidence',
  },
  {
    name: 'buckets end below the P99',
    gate: 'latency',
    series: [canary, stable],
    given: { buckets: 'endBelowP99' },
    expected: 'hold BucketsEndBelowP99',
  },
  {
    name: 'no bucket near the P99',
    gate: 'latency',
    series: [canary, stable],
    given: { buckets: 'tooCoarse' },
    expected: 'hold BucketsTooCoarse',
  },
  {
    name: 'less history than needed',
    series: [canary, stable],
    given: { history: { foundMs: 300_000, askedMs: 14_400_000, neededMs: 900_000 } },
    expected: 'hold HistoryShort',
  },
  {
    name: 'less history than asked for',
    series: [canary, stable],
    given: { history: { foundMs: 1_800_000, askedMs: 14_400_000, neededMs: 900_000 } },
    expected: 'evidence',
  },
  { name: 'everything is there, nothing failed', series: [canary, stable], expected: 'evidence' },
]

describe('the no-data table', () => {
  for (const { name, gate = 'errorRate', series, given, expected } of rows) {
    test(name, () => {
      const { data, outcome } = look(gate, series, given)
      assert.equal(outcome, expected)
      if (data.kind === 'evidence') return
      assert.ok(data.what.length > 0 && !data.what.endsWith('.'), data.what)
      assert.ok(data.fix.length > 0 && !data.fix.endsWith('.'), data.fix)
    })
  }

  test('what cannot be judged leaves no ticks', () => {
    for (const { gate = 'errorRate', series, given } of rows) {
      const { data } = look(gate, series, given)
      const { ticks } = readTicks(series, { from: START, now: given?.now ?? NOW, warmupMs: 0 })
      const byPrometheus = given?.warnings !== undefined
      if (data.kind === 'error' && !data.usable && !byPrometheus && data.reason !== 'SeriesAbsent') {
        assert.deepEqual(ticks, [], data.reason)
      }
    }
  })

  test('an error names the query', () => {
    const { data } = look('errorRate', [])
    assert.equal(data.kind === 'error' && data.what, 'series are absent in both arms: sum(x)')
  })

  test('a warm-up is spoken of where there is one', () => {
    const whatOf = (warmupMs: number): unknown => {
      const { data } = look('errorRate', [canary, stable], { ticks: [], warmupMs })
      return data.kind === 'hold' && data.what
    }
    assert.equal(whatOf(0), 'there is no scrape of both arms yet')
    assert.match(String(whatOf(600_000)), /^pods that are younger than 600 s do not count, and there is no scrape/)
  })

  test('notes say what changes nothing', () => {
    const gap = buildSeries([0, 10, 20, undefined, ...growing(17, 10, 50)])
    const { data } = look('errorRate', [gap, stable], {
      history: { foundMs: 1_800_000, askedMs: 14_400_000, neededMs: 0 },
    })
    assert.deepEqual(
      data.notes.map(({ reason }) => reason),
      ['ScrapeGaps', 'FailuresNeverSeen', 'HistoryShort'],
    )
  })
})
