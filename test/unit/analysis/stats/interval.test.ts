/** The interval is what the evidence does not exclude, and covers the truth whenever one looks. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { capOf, createCountEvidence, type Direction } from '../../../../analysis/domain/stats/count-evidence.ts'
import { ratioInterval } from '../../../../analysis/domain/stats/interval.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'

const ALPHA = 0.01

function draw(ratio: number, ticks: number, seed: number) {
  const random = createRandom(seed)
  return Array.from({ length: ticks }, (_, index) => {
    const [canaryTotal, stableTotal] = index < ticks / 2 ? [100, 900] : [500, 500]
    const rate = 0.02 * (1 + (index % 3))
    return {
      at: index * 15_000,
      canaryBad: random.poisson(canaryTotal * rate * ratio),
      canaryTotal,
      stableBad: random.poisson(stableTotal * rate),
      stableTotal,
    }
  })
}

function evidenceAgainst(ticks: ReturnType<typeof draw>, direction: Direction, nullRatio: number): number {
  const evidence = createCountEvidence({ direction, nullRatio, cap: capOf(ALPHA) })
  for (const tick of ticks) evidence.advance(tick, 1)
  return Math.exp(evidence.logEvidence())
}

describe('interval of the ratio', () => {
  for (const ratio of [0.3, 1, 4])
    test(`ends where evidence reaches the limit: ${ratio}`, () => {
      const ticks = draw(ratio, 60, 3)
      const { ratioLower = 0, ratioUpper = 0 } = ratioInterval(ticks, ALPHA, 1)
      assert.ok(ratioLower < ratio && ratio < ratioUpper, `${ratioLower} to ${ratioUpper}`)
      assert.ok(evidenceAgainst(ticks, 'up', ratioLower) >= 100)
      assert.ok(evidenceAgainst(ticks, 'up', ratioLower * 1.011) < 100)
      assert.ok(evidenceAgainst(ticks, 'down', ratioUpper) >= 100)
      assert.ok(evidenceAgainst(ticks, 'down', ratioUpper / 1.011) < 100)
    })

  test('narrows with what is seen and widens with noise', () => {
    const ticks = draw(1, 80, 5)
    const widths = [10, 40, 80].map((count) => {
      const { ratioLower = 1e-3, ratioUpper = 1e3 } = ratioInterval(ticks.slice(0, count), ALPHA, 1)
      return Math.log(ratioUpper / ratioLower)
    })
    assert.deepEqual(
      widths,
      widths.toSorted((a, b) => b - a),
    )
    const { ratioLower = 1e-3, ratioUpper = 1e3 } = ratioInterval(ticks, ALPHA, 4)
    assert.ok(Math.log(ratioUpper / ratioLower) > 1.4 * (widths[2] ?? 0))
  })

  test('an end is open while nothing is excluded', () => {
    assert.deepEqual(ratioInterval([], ALPHA, 1), { ratioLower: undefined, ratioUpper: undefined })
    const none = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
      at: index * 15_000,
      canaryBad: 0,
      canaryTotal: 500,
      stableBad: 5,
      stableTotal: 500,
    }))
    const { ratioLower, ratioUpper = 9 } = ratioInterval(none, ALPHA, 1)
    assert.equal(ratioLower, undefined)
    assert.ok(ratioUpper < 1)
  })

  test('covers the truth at every look of a rollout', () => {
    let missed = 0
    for (let seed = 0; seed < 100; seed++) {
      const ticks = draw(1.5, 30, seed)
      const isMissed = ticks.some((_, at) => {
        const seen = ticks.slice(0, at + 1)
        return evidenceAgainst(seen, 'up', 1.5) >= 100 || evidenceAgainst(seen, 'down', 1.5) >= 100
      })
      if (isMissed) missed += 1
    }
    // One percent an end.
    assert.ok(missed <= 6, `${missed} of 100`)
  })
})
