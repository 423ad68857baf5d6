/** From classic and native histograms to requests slower than bounds, and what is wrong with histograms. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listBounds } from '../../../../analysis/domain/gates/latency-counters.ts'
import { readLatencyHistory, readLatencyTicks } from '../../../../analysis/domain/gates/read-latency-ticks.ts'
import type { Arm, GateSeries, LatencyTick, NativeHistogram } from '../../../../analysis/domain/gates/samples.ts'
import { atScrape, buildSeries, growing, START } from './series.ts'

const options = { from: START, now: atScrape(100), warmupMs: 0 }
const INF = Number.POSITIVE_INFINITY

/** A counter for each bound: so many requests a scrape are not slower than it. */
const classic = (arm: Arm, byBound: readonly (readonly [number, number])[], given: Partial<GateSeries> = {}) =>
  byBound.map(([le, step]) => ({ ...buildSeries(growing(6, step, 1000), { arm, role: 'bucket', le }), ...given }))

const canary = classic('canary', [
  [0.1, 5],
  [0.25, 8],
  [0.5, 9],
  [INF, 10],
])
const stable = classic('stable', [
  [0.1, 50],
  [0.25, 90],
  [0.5, 99],
  [INF, 100],
])

const slowerOf = (ticks: readonly LatencyTick[], arm: Arm) =>
  ticks.map((tick) => tick[arm].flatMap(({ total, slower }) => [total, ...slower]))

describe('classic histograms', () => {
  test('requests slower than each bound, exactly', () => {
    const { ticks, problems } = readLatencyTicks([...canary, ...stable], [0.1, 0.25, 0.5], options)
    assert.deepEqual(problems, [])
    assert.deepEqual(slowerOf(ticks, 'canary'), Array(5).fill([10, 5, 2, 1]))
    assert.deepEqual(slowerOf(ticks, 'stable'), Array(5).fill([100, 50, 10, 1]))
  })

  test('a choice of bounds', () => {
    const { ticks } = readLatencyTicks([...canary, ...stable], [0.25], options)
    assert.deepEqual(slowerOf(ticks, 'canary')[0], [10, 2])
  })

  test('the bounds that all have in common', () => {
    const other = classic('stable', [
      [0.25, 1],
      [0.5, 2],
      [2, 3],
      [INF, 3],
    ])
    assert.deepEqual(listBounds([...canary, ...stable]), [0.1, 0.25, 0.5])
    assert.deepEqual(listBounds([...canary, ...other]), [0.25, 0.5])
  })

  test('routes of one pod are added up', () => {
    const routes = ['/a', '/b'].flatMap((detail) => canary.map((one) => ({ ...one, detail })))
    const { ticks } = readLatencyTicks([...routes, ...stable], [0.25], options)
    assert.deepEqual(slowerOf(ticks, 'canary')[0], [20, 4])
  })

  test('a restart: all buckets start anew, also those that passed their old value', () => {
    const restarted = [
      buildSeries([100, 110, 90], { role: 'bucket', le: 0.25 }),
      buildSeries([1000, 1100, 95], { role: 'bucket', le: INF }),
    ]
    const passed = [
      buildSeries([10, 20, 30], { role: 'bucket', le: 0.25 }),
      buildSeries([1000, 1100, 35], { role: 'bucket', le: INF }),
    ]
    const read = (series: readonly GateSeries[]) =>
      slowerOf(readLatencyTicks([...series, ...stable], [0.25], options).ticks, 'canary')[1]
    assert.deepEqual(read(restarted), [95, 5])
    assert.deepEqual(read(passed), [35, 5])
  })

  test('_count stands in for +Inf', () => {
    const counted = [...canary.slice(0, 3), buildSeries(growing(6, 10, 1000))]
    const { ticks } = readLatencyTicks([...counted, ...stable], [0.25], options)
    assert.deepEqual(slowerOf(ticks, 'canary')[0], [10, 2])
  })

  test('_count beside +Inf does not count twice', () => {
    const both = [...canary, buildSeries(growing(6, 10, 1000))]
    const { ticks } = readLatencyTicks([...both, ...stable], [0.25], options)
    assert.deepEqual(slowerOf(ticks, 'canary')[0], [10, 2])
  })

  test('neither +Inf nor _count: an error, no ticks', () => {
    const { ticks, problems } = readLatencyTicks([...canary.slice(0, 3), ...stable], [0.25], options)
    assert.deepEqual(ticks, [])
    assert.deepEqual(
      problems.map(({ severity, reason }) => `${severity} ${reason}`),
      ['error CountMissing'],
    )
  })

  test('a bucket that one arm lacks would make all its requests slow: an error, no ticks', () => {
    const { ticks, problems } = readLatencyTicks([...canary.slice(1), ...stable], [0.1, 0.25], options)
    assert.deepEqual(ticks, [])
    assert.deepEqual(
      problems.map(({ severity, reason }) => `${severity} ${reason}`),
      ['error BucketsDiffer'],
    )
  })

  test('a bucket twice', () => {
    const { problems } = readLatencyTicks([...canary, ...canary.slice(0, 1), ...stable], [0.1], options)
    assert.deepEqual(
      problems.map(({ severity, reason }) => `${severity} ${reason}`),
      ['error DuplicateSeries'],
    )
  })

  test('history is stable alone', () => {
    const { ticks } = readLatencyHistory([...canary, ...stable], [0.25], options)
    assert.deepEqual(ticks[0], {
      at: atScrape(1),
      canary: [],
      stable: [{ pod: 'stable', total: 100, slower: [10] }],
    })
  })
})

const histogram = (buckets: readonly (readonly [number, number, number])[]): NativeHistogram => ({
  count: buckets.reduce((sum, [, , count]) => sum + count, 0),
  buckets: buckets.map(([lower, upper, count]) => ({ lower, upper, count })),
})
const native = (arm: Arm, histograms: readonly NativeHistogram[]): GateSeries => ({
  arm,
  pod: arm,
  role: 'native',
  times: histograms.map((_, index) => atScrape(index)),
  values: [],
  histograms,
})

/** Buckets of factor 2 from 1/16 s on. */
const fine = (scrape: number): NativeHistogram =>
  histogram([
    [0.0625, 0.125, 50 * scrape],
    [0.125, 0.25, 40 * scrape],
    [0.25, 0.5, 8 * scrape],
    [0.5, 1, 2 * scrape],
  ])
const coarse = (scrape: number): NativeHistogram =>
  histogram([
    [0.0625, 0.25, 90 * scrape],
    [0.25, 1, 10 * scrape],
  ])
const scrapes = [1, 2, 3, 4, 5]

describe('native histograms', () => {
  test('requests slower than bounds, exactly', () => {
    const series = [native('canary', scrapes.map(fine)), native('stable', scrapes.map(fine))]
    assert.deepEqual(listBounds(series), [0.0625, 0.125, 0.25, 0.5, 1])
    const { ticks, problems } = readLatencyTicks(series, [0.125, 0.25, 0.5, 1], options)
    assert.deepEqual(problems, [])
    assert.deepEqual(slowerOf(ticks, 'canary'), Array(4).fill([100, 50, 10, 2, 0]))
  })

  test('an arm of lower resolution: the bounds that both have', () => {
    const series = [native('canary', scrapes.map(coarse)), native('stable', scrapes.map(fine))]
    assert.deepEqual(listBounds(series), [0.0625, 0.25, 1])
  })

  test('resolution that is lost meanwhile makes no jump', () => {
    const changing = scrapes.map((scrape) => (scrape < 3 ? fine(scrape) : coarse(scrape)))
    const { ticks } = readLatencyTicks(
      [native('canary', changing), native('stable', scrapes.map(fine))],
      [0.5],
      options,
    )
    // Half of 0.25..1 on a logarithmic scale, before and after the change: nothing looks like a reset.
    assert.deepEqual(slowerOf(ticks, 'canary'), Array(4).fill([100, 5]))
  })

  test('a restart', () => {
    const restarted = [fine(5), fine(6), fine(1), fine(2)]
    const { ticks } = readLatencyTicks(
      [native('canary', restarted), native('stable', scrapes.map(fine))],
      [0.5],
      options,
    )
    assert.deepEqual(slowerOf(ticks, 'canary'), Array(3).fill([100, 2]))
  })

  test('classic buckets beside them are left out', () => {
    const series = [native('canary', scrapes.map(fine)), native('stable', scrapes.map(fine)), ...canary, ...stable]
    const { ticks, problems } = readLatencyTicks(series, [0.5], options)
    assert.deepEqual(problems, [])
    assert.deepEqual(slowerOf(ticks, 'canary')[0], [100, 2])
  })

  test('only one arm has them: classic buckets of both', () => {
    const series = [native('canary', scrapes.map(fine)), ...canary, ...stable]
    const { ticks } = readLatencyTicks(series, [0.5], options)
    assert.deepEqual(slowerOf(ticks, 'canary')[0], [10, 1])
  })
})
