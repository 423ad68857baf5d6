/** Thinning: mean and variance of binomial counts, for few and for many, and equal results for equal counts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createThinning } from '../../../../analysis/domain/stats/thinning.ts'

const DRAWS = 4000
const ERRORS = 4

for (const [count, share] of [
  [3, 0.5],
  [5, 0.02],
  [40, 0.3],
  [375, 0.2],
  [900, 0.9],
  [20_000, 0.05],
] as const)
  test(`${count} events, a share of ${share}`, () => {
    const thin = createThinning()
    const kept = Array.from({ length: DRAWS }, () => thin(count, share))
    assert.ok(kept.every((one) => Number.isInteger(one) && one >= 0 && one <= count))
    const mean = kept.reduce((sum, one) => sum + one, 0) / DRAWS
    const variance = kept.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (DRAWS - 1)
    const expected = count * share * (1 - share)
    assert.ok(Math.abs(mean - count * share) < ERRORS * Math.sqrt(expected / DRAWS), `mean ${mean}`)
    // Of a binomial count's variance: kurtosis 3 + (1 − 6pq)/npq.
    const excess = (1 - 6 * share * (1 - share)) / expected
    assert.ok(Math.abs(variance / expected - 1) < ERRORS * Math.sqrt((2 + excess) / DRAWS), `variance ${variance}`)
  })

test('equal counts in the same order are thinned equally', () => {
  const [one, other] = [createThinning(), createThinning()]
  const counts = Array.from({ length: 200 }, (_, index) => index * 7)
  assert.deepEqual(
    counts.map((count) => one(count, 0.3)),
    counts.map((count) => other(count, 0.3)),
  )
})

test('nothing and everything', () => {
  const thin = createThinning()
  assert.deepEqual([thin(0, 0.5), thin(9, 0), thin(9, 1), thin(9, 1.5)], [0, 0, 9, 9])
})
