/** Survival between bucket bounds, the tolerance at an edge, and which edges are chosen. The service is lognormal: median 50 ms, sigma 0.6. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { planEdges } from '../../../../analysis/domain/gates/latency-edges.ts'
import { logQuantile, type Survival, scaledRatio } from '../../../../analysis/domain/gates/survival.ts'
import { normalSurvival } from '../../../bench/verdicts/latencies.ts'

const REQUESTS = 10_000_000
const defaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const nativeBounds = Array.from({ length: 80 }, (_, index) => 2 ** (index / 8 - 8))
const survivalAt = (seconds: number): number => normalSurvival(Math.log(seconds / 0.05) / 0.6)
const measure = (bounds: readonly number[], scale = 1): Survival => ({
  bounds,
  slower: bounds.map((bound) => REQUESTS * survivalAt(bound / scale)),
  total: REQUESTS,
})
const assertWithin = (actual: number | undefined, [low, high]: readonly [number, number]): void => {
  assert.ok(actual !== undefined && actual >= low && actual <= high, `${actual} is not within ${low}..${high}`)
}

describe('log-log quantile', () => {
  const truth = 0.05 * Math.exp(0.6 * 2.3263478740408408)

  test('near the true P99 with native buckets', () => {
    for (const scale of [1, 1.15, 1.3, 2]) {
      assertWithin(logQuantile(0.99, measure(nativeBounds, scale)), [truth * scale * 0.995, truth * scale * 1.005])
    }
  })

  test('a true +15 % shows as such with default buckets, where PromQL shows 2 %', () => {
    const [before, after] = [1, 1.15].map((scale) => logQuantile(0.99, measure(defaultBounds, scale)) ?? 0)
    assertWithin((after ?? 0) / (before ?? 1), [1.1, 1.2])
  })

  test('below the first bound it is linear, beyond the last one unknown, of nothing unknown', () => {
    const survival: Survival = { bounds: [0.1, 0.2], slower: [500, 200], total: 1000 }
    assertWithin(logQuantile(0.25, survival), [0.0499, 0.0501])
    assert.equal(logQuantile(0.9, survival), undefined)
    assert.equal(logQuantile(0.5, { ...survival, total: 0 }), undefined)
  })
})

describe('tolerance at an edge', () => {
  test('quadratic through three bounds finds the true 1.96 at 250 ms, where a straight line finds 1.71', () => {
    const survival = measure(defaultBounds)
    const at = defaultBounds.indexOf(0.25)
    assertWithin(survivalAt(0.25 / 1.15) / survivalAt(0.25), [1.955, 1.97])
    assertWithin(scaledRatio(survival, at, 1.15), [1.93, 1.99])
    const two: Survival = { ...survival, bounds: [0.1, 0.25], slower: survival.slower.slice(at - 1, at + 1) }
    assertWithin(scaledRatio(two, 1, 1.15), [1.69, 1.73])
  })

  test('bounds that lie closer than the tolerance', () => {
    const survival = measure(nativeBounds)
    for (const at of [43, 45, 47, 50]) {
      const bound = nativeBounds[at] ?? 0
      const truth = survivalAt(bound / 1.15) / survivalAt(bound)
      assertWithin(scaledRatio(survival, at, 1.15), [truth * 0.995, truth * 1.005])
    }
  })

  test('nothing below the bound: unknown; nothing is slower: still a number', () => {
    assert.equal(scaledRatio(measure(defaultBounds), 0, 1.15), undefined)
    assertWithin(scaledRatio({ bounds: [0.1, 1], slower: [400, 0], total: 1000 }, 1, 1.15), [1, 3])
  })
})

describe('edges', () => {
  test('native buckets: one near 1 %, 5 % and 0.3 %', () => {
    const plan = planEdges(measure(nativeBounds), 1.15)
    const shares = plan?.edges.map(({ bound }) => survivalAt(bound))
    assert.deepEqual(
      plan?.edges.map(({ weight }) => weight),
      [0.5, 0.3, 0.2],
    )
    assertWithin(shares?.[0], [0.007, 0.014])
    assertWithin(shares?.[1], [0.036, 0.069])
    assertWithin(shares?.[2], [0.002, 0.0044])
    assert.equal(plan?.endsBelowP99, false)
  })

  test('an edge that is nearest to two shares has both weights', () => {
    const plan = planEdges(measure(defaultBounds), 1.15)
    assert.deepEqual(
      plan?.edges.map(({ bound, weight }) => [bound, weight]),
      [
        [0.25, 0.7],
        [0.1, 0.3],
      ],
    )
  })

  test('every edge is one of the bounds that are read', () => {
    for (const bounds of [defaultBounds, nativeBounds]) {
      const plan = planEdges(measure(bounds), 1.15)
      for (const { bound, index } of plan?.edges ?? []) assert.equal(plan?.bounds[index], bound)
      assert.ok((plan?.bounds.length ?? 99) < 40)
    }
  })

  test('buckets that end below the P99 are named, and the last one is used as far as it goes', () => {
    const plan = planEdges(measure([0.01, 0.05, 0.1]), 1.15)
    assert.equal(plan?.endsBelowP99, true)
    assert.deepEqual(
      plan?.edges.map(({ bound }) => bound),
      [0.1],
    )
  })

  test('everything is slower than the last bucket, or nothing was measured: no edge', () => {
    assert.equal(planEdges(measure([0.001, 0.005]), 1.15), undefined)
    assert.equal(planEdges({ bounds: [0.1, 1], slower: [0, 0], total: 0 }, 1.15), undefined)
  })

  test('nothing is slower than the first bucket but one: its bound is the edge', () => {
    const plan = planEdges({ bounds: [0.1, 1, 10], slower: [600, 0, 0], total: 1_000_000 }, 1.15)
    assert.deepEqual(
      plan?.edges.map(({ bound }) => bound),
      [1],
    )
  })
})
