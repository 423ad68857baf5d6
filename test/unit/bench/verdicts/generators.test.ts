import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readTicks } from '../../../../analysis/domain/gates/read-ticks.ts'
import { START_MS, simulateCounts, simulateHistory, type Traffic } from '../../../bench/verdicts/counts.ts'
import { edgesOf, normalSurvival, simulateLatencies, survivalOf } from '../../../bench/verdicts/latencies.ts'
import { type NoiseId, noiseOf } from '../../../bench/verdicts/noise.ts'
import { abortByLimit } from '../../../bench/verdicts/peers.ts'
import { plans, SCRAPE_SECONDS } from '../../../bench/verdicts/plan.ts'
import { promqlQuantile } from '../../../bench/verdicts/promql-quantile.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'
import { scrapeCounts, tickAt } from '../../../bench/verdicts/scrapes.ts'

const traffic = (noise: NoiseId, changes: Partial<Traffic['signal']> = {}, rps = 100): Traffic => ({
  rps,
  noise: noiseOf('own', noise),
  signal: { kind: 'errors', base: 0.005, effect: 1, ...changes },
})

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0)
const within = (actual: number, expected: number, share: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= share * expected, `${what}: ${actual}, expected ${expected}`)

/** Of many rollouts together. */
function rates(noise: NoiseId, changes: Partial<Traffic['signal']> = {}, rollouts = 12) {
  const totals = { canary: [0, 0], stable: [0, 0], baseline: [0, 0] }
  for (let seed = 0; seed < rollouts; seed++) {
    const run = simulateCounts(traffic(noise, changes), plans.steps, createRandom(seed))
    for (const arm of ['canary', 'stable', 'baseline'] as const) {
      totals[arm][0] = (totals[arm][0] ?? 0) + sum(run[arm].bad)
      totals[arm][1] = (totals[arm][1] ?? 0) + sum(run[arm].total)
    }
  }
  const rateOf = ([bad = 0, total = 1]: readonly number[]): number => bad / total
  return {
    canary: rateOf(totals.canary),
    stable: rateOf(totals.stable),
    baseline: rateOf(totals.baseline),
    share: (totals.canary[1] ?? 0) / ((totals.canary[1] ?? 0) + (totals.stable[1] ?? 0)),
  }
}

describe('simulated counts', () => {
  for (const noise of ['iid', 'bursty', 'pareto', 'hpa', 'mild'] as const)
    test(`${noise}: every arm fails as often as said, and has its share`, () => {
      const { canary, stable, baseline, share } = rates(noise)
      // Clumps of up to 200 weigh heavily on a mean.
      const tolerance = noise === 'iid' ? 0.1 : noise === 'pareto' ? 0.4 : 0.25
      within(canary, 0.005, tolerance, 'canary')
      within(baseline, 0.005, tolerance, 'baseline')
      within(stable, 0.005, tolerance, 'stable')
      within(share, (0.05 + 0.1 + 0.25 + 0.5) / 4, 0.02, 'share')
    })

  test('a bad release fails that many times as often, and nobody else', () => {
    const { canary, stable, baseline } = rates('iid', { effect: 4 })
    within(canary, 0.02, 0.1, 'canary')
    within(stable, 0.005, 0.1, 'stable')
    within(baseline, 0.005, 0.1, 'baseline')
  })

  test('from its onset on', () => {
    const run = simulateCounts(traffic('iid', { base: 0.02, effect: 10 }, 1000), plans.late, createRandom(3))
    const rate = (from: number, to: number): number =>
      sum(run.canary.bad.slice(from, to)) / sum(run.canary.total.slice(from, to))
    within(rate(0, plans.late.onset), 0.02, 0.2, 'before')
    within(rate(plans.late.onset, 80), 0.2, 0.1, 'after')
  })

  test('clumps and moods spread the counts of a pod; without them they are Poisson', () => {
    const dispersion = (noise: NoiseId): number => {
      const history = simulateHistory(traffic(noise, {}, 1000), 4 * 3600, createRandom(11))
      const counts = history.map(({ stable }) => stable[0]?.bad ?? 0)
      const mean = sum(counts) / counts.length
      return sum(counts.map((count) => (count - mean) ** 2)) / counts.length / mean
    }
    within(dispersion('iid'), 1, 0.15, 'iid')
    assert.ok(dispersion('bursty') > 4, 'geometric clumps of three alone make five')
    assert.ok(dispersion('pareto') > dispersion('iid') * 4)
  })

  test('an incident hits both arms at once; with skew the canary one scrape later', () => {
    for (const [noise, lag] of [
      ['incident', 0],
      ['skew', 1],
    ] as const) {
      const run = simulateCounts(traffic(noise, {}, 1000), plans.fixed50, createRandom(5))
      const peak = (bad: Float64Array): number => bad.findIndex((count) => count > 500)
      assert.ok(peak(run.stable.bad) > 0)
      assert.equal(peak(run.canary.bad) - peak(run.stable.bad), lag, noise)
    }
  })

  test('the same seed gives the same rollout', () => {
    const run = () => simulateCounts(traffic('skew'), plans.steps, createRandom(9)).ticks
    assert.deepEqual(run(), run())
  })
})

describe('scraped counters', () => {
  const options = { from: START_MS, now: START_MS + 90 * SCRAPE_SECONDS * 1000, warmupMs: 0 }
  const readyAt = (born: ReadonlyMap<string, number>) =>
    new Map([...born].map(([pod, tick]) => [pod, START_MS + tick * SCRAPE_SECONDS * 1000]))

  test('without restarts and gaps the data contract gives back what was put in', () => {
    const run = simulateCounts(traffic('bursty'), plans.steps, createRandom(2))
    const series = scrapeCounts(run, noiseOf('own', 'bursty'), 'errors', createRandom(3))
    const { ticks } = readTicks(series, { ...options, readyAt: readyAt(run.born), scrapeIntervalMs: 15_000 })
    const read = (arm: 'canary' | 'stable', key: 'bad' | 'total') =>
      sum(ticks.flatMap((tick) => tick[arm].map((pod) => pod[key])))
    assert.equal(read('canary', 'bad'), sum(run.canary.bad))
    assert.equal(read('canary', 'total'), sum(run.canary.total))
    assert.equal(read('stable', 'bad'), sum(run.stable.bad))
  })

  test('restarts lose a little and add nothing; counters do fall', () => {
    const run = simulateCounts(traffic('resets'), plans.steps, createRandom(2))
    const series = scrapeCounts(run, noiseOf('own', 'resets'), 'errors', createRandom(3))
    assert.ok(series.some(({ values }) => values.some((value, index) => value < (values[index - 1] ?? 0))))
    const { ticks } = readTicks(series, { ...options, readyAt: readyAt(run.born), scrapeIntervalMs: 15_000 })
    const total = sum(ticks.flatMap(({ stable }) => stable.map((pod) => pod.total)))
    assert.ok(total < sum(run.stable.total) && total > 0.95 * sum(run.stable.total))
  })

  test('a gap has no sample, and nothing is lost over it', () => {
    const run = simulateCounts(traffic('gap'), plans.steps, createRandom(2))
    const series = scrapeCounts(run, noiseOf('own', 'gap'), 'errors', createRandom(3))
    const steps = series.flatMap(({ times }) => times.slice(1).map((time, index) => time - (times[index] ?? 0)))
    assert.deepEqual(
      [...new Set(steps)].sort((a, b) => a - b),
      [15_000, 45_000],
    )
  })

  test('cold pods fail more often, and the warm-up leaves that out', () => {
    const run = simulateCounts(traffic('warm-up', { base: 0.02 }, 1000), plans.fixed50, createRandom(4))
    const rate = (from: number, to: number): number =>
      sum(run.canary.bad.slice(from, to)) / sum(run.canary.total.slice(from, to))
    within(rate(0, 3), 0.2, 0.1, 'cold')
    within(rate(3, 40), 0.02, 0.1, 'warm')
    const series = scrapeCounts(run, noiseOf('own', 'warm-up'), 'errors', createRandom(3))
    const { ticks } = readTicks(series, {
      ...options,
      now: START_MS + 130 * SCRAPE_SECONDS * 1000,
      warmupMs: 60_000,
      readyAt: readyAt(run.born),
      scrapeIntervalMs: 15_000,
    })
    assert.ok(tickAt(ticks[0]?.at ?? 0) >= 4)
    const canary = ticks.flatMap((tick) => tick.canary)
    within(sum(canary.map(({ bad }) => bad)) / sum(canary.map(({ total }) => total)), 0.02, 0.1, 'judged')
  })
})

describe('simulated latencies', () => {
  const healthy = { scale: 1, tail: 1 }

  test('the normal tail', () => {
    within(normalSurvival(0), 0.5, 1e-4, '0')
    within(normalSurvival(1.959964), 0.025, 1e-4, '1.96')
    within(normalSurvival(4), 3.167e-5, 1e-3, '4')
  })

  test('P99 of the lognormal is 202 ms; scaled ×1.3, and a tail twice as slow, move it as said', () => {
    within(survivalOf(0.2019, healthy), 0.01, 0.01, 'P99')
    within(survivalOf(0.2019 * 1.3, { scale: 1.3, tail: 1 }), 0.01, 0.01, '+30 %')
    within(survivalOf(0.4038, { scale: 1, tail: 2 }), 0.01, 0.01, 'tail ×2')
    assert.equal(survivalOf(0.1, { scale: 1, tail: 2 }), survivalOf(0.1, healthy), 'below the tail nothing changes')
  })

  for (const buckets of ['classic', 'native'] as const)
    test(`${buckets}: requests beyond each edge are as many as the distribution says`, () => {
      const edges = edgesOf(buckets)
      const run = simulateLatencies(
        { rps: 1000, noise: noiseOf('own', 'iid'), buckets, effect: healthy },
        plans.fixed50,
        createRandom(6),
      )
      const total = sum(run.canary.total)
      edges.forEach((edge, index) => {
        const slower = sum(run.canary.slower.filter((_, place) => place % edges.length === index))
        const expected = total * survivalOf(edge, healthy)
        assert.ok(
          Math.abs(slower - expected) <= 6 * Math.sqrt(expected + 1),
          `${edge}: ${slower}, expected ${expected}`,
        )
      })
    })
})

describe('the peers', () => {
  test('five measurements in a stage, one a minute, each stage anew', () => {
    const windows: (readonly [number, number])[] = []
    abortByLimit(plans.steps, 3, (first, last) => {
      windows.push([first, last])
      return false
    })
    assert.equal(windows.length, 20)
    assert.deepEqual(windows.slice(0, 6), [
      [0, 3],
      [4, 7],
      [8, 11],
      [12, 15],
      [16, 19],
      [20, 23],
    ])
  })

  test('a failure limit is exceeded by one failure more', () => {
    assert.equal(
      abortByLimit(plans.steps, 0, () => true),
      3,
    )
    assert.equal(
      abortByLimit(plans.steps, 3, () => true),
      15,
    )
    assert.equal(
      abortByLimit(plans.steps, 5, () => true),
      undefined,
    )
  })

  test('a quantile as PromQL has it', () => {
    assert.equal(promqlQuantile(0.5, [1, 2], [10, 20], 20), 1)
    assert.equal(promqlQuantile(0.75, [1, 2], [10, 20], 20), 1.5)
    assert.equal(promqlQuantile(0.99, [1, 2], [10, 20], 40), 2, 'beyond the last edge')
    assert.ok(Number.isNaN(promqlQuantile(0.99, [1, 2], [0, 0], 0)))
  })
})
