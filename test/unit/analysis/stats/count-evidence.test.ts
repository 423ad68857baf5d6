/**
 * The e-process by enumeration: every way in which a few bad events can fall on the two arms, with its exact probability.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { capOf, createCountEvidence, type Direction } from '../../../../analysis/domain/stats/count-evidence.ts'

const ALPHA = 0.05

/** Bad events of both arms together and requests of each, by tick. */
interface Plan {
  readonly bad: number
  readonly canaryTotal: number
  readonly stableTotal: number
  readonly minutes: number
}

/** Ticks with stages, a shared incident, and a late part. */
const PLAN: readonly Plan[] = [
  { bad: 2, canaryTotal: 5, stableTotal: 95, minutes: 0 },
  { bad: 5, canaryTotal: 5, stableTotal: 95, minutes: 1 },
  { bad: 1, canaryTotal: 25, stableTotal: 75, minutes: 2 },
  { bad: 4, canaryTotal: 50, stableTotal: 50, minutes: 5 },
  { bad: 3, canaryTotal: 50, stableTotal: 50, minutes: 9 },
]

function binomial(n: number, k: number, p: number): number {
  let value = (1 - p) ** (n - k)
  for (let i = 1; i <= k; i++) value *= ((n - k + i) / i) * p
  return value
}

/** E[E] after each tick and P(sup E ≥ 1/α), over every outcome, when the canary's rate is `ratio` times stable's. */
function enumerate(ratio: number, direction: Direction, nullRatio: number): { means: number[]; crossed: number } {
  const means = PLAN.map(() => 0)
  let crossed = 0
  const walk = (outcome: readonly number[], probability: number): void => {
    if (outcome.length === PLAN.length) {
      const evidence = createCountEvidence({ direction, nullRatio, cap: capOf(ALPHA) })
      let highest = 0
      for (const [index, canaryBad] of outcome.entries()) {
        const { bad = 0, canaryTotal = 0, stableTotal = 0, minutes = 0 } = PLAN[index] ?? {}
        const arms = { at: minutes * 60_000, canaryBad, canaryTotal, stableBad: bad - canaryBad, stableTotal }
        evidence.advance(arms, 1)
        const value = Math.exp(evidence.logEvidence())
        means[index] = (means[index] ?? 0) + probability * value
        highest = Math.max(highest, value)
      }
      if (highest >= 1 / ALPHA) crossed += probability
      return
    }
    const { bad = 0, canaryTotal = 1, stableTotal = 1 } = PLAN[outcome.length] ?? {}
    const share = (canaryTotal * ratio) / (canaryTotal * ratio + stableTotal)
    for (let k = 0; k <= bad; k++) walk([...outcome, k], probability * binomial(bad, k, share))
  }
  walk([], 1)
  return { means, crossed }
}

describe('the e-process, enumerated', () => {
  const cases: readonly (readonly [Direction, number, number])[] = [
    ['up', 1, 1],
    ['up', 0.5, 1],
    ['up', 1.2, 1.2],
    ['up', 1, 1.2],
    ['down', 1, 1],
    ['down', 2, 1],
    ['down', 0.8, 0.8],
    ['down', 1, 0.8],
  ]
  for (const [direction, ratio, nullRatio] of cases) {
    test(`${direction}: a true ratio of ${ratio} is seldom taken for beyond ${nullRatio}`, () => {
      const { means, crossed } = enumerate(ratio, direction, nullRatio)
      for (const mean of means) assert.ok(mean <= 1 + 1e-9, `mean evidence ${mean}`)
      assert.ok(crossed <= ALPHA, `crossed in ${crossed}`)
    })
  }

  test('a regression is beyond it more often than not, so the bounds above bind', () => {
    assert.ok(enumerate(30, 'up', 1).crossed > 0.5)
    assert.ok((enumerate(30, 'up', 1).means.at(-1) ?? 0) > 20)
  })
})
