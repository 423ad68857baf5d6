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

function choose(n: number, k: number): number {
  let value = 1
  for (let i = 1; i <= k; i++) value *= (n - k + i) / i
  return value
}

const binomial = (n: number, k: number, p: number): number => choose(n, k) * p ** k * (1 - p) ** (n - k)

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

  test('requests that fail or do not: the share is hypergeometric, and the mean evidence still at most 1', () => {
    const [canaryTotal, stableTotal] = [4, 12]
    for (let bad = 0; bad <= canaryTotal + stableTotal; bad++)
      for (const direction of ['up', 'down'] as const) {
        let mean = 0
        for (let canaryBad = Math.max(0, bad - stableTotal); canaryBad <= Math.min(bad, canaryTotal); canaryBad++) {
          const ways = choose(canaryTotal, canaryBad) * choose(stableTotal, bad - canaryBad)
          const evidence = createCountEvidence({ direction, nullRatio: 1, cap: 99 })
          evidence.advance({ at: 0, canaryBad, canaryTotal, stableBad: bad - canaryBad, stableTotal }, 1)
          mean += (ways / choose(canaryTotal + stableTotal, bad)) * Math.exp(evidence.logEvidence())
        }
        assert.ok(mean <= 1 + 1e-9, `${mean} with ${bad} bad, ${direction}`)
      }
  })

  test('a regression is beyond it more often than not, so the bounds above bind', () => {
    assert.ok(enumerate(30, 'up', 1).crossed > 0.5)
    assert.ok((enumerate(30, 'up', 1).means.at(-1) ?? 0) > 20)
  })
})

const ARMS = { at: 0, canaryBad: 7, canaryTotal: 50, stableBad: 31, stableTotal: 950 }

function evidenceOf(
  ticks: readonly (typeof ARMS)[],
  options: { direction?: Direction; nullRatio?: number; cap?: number; phi?: number } = {},
) {
  const { direction = 'up', nullRatio = 1, cap = 1e9, phi = 1 } = options
  const evidence = createCountEvidence({ direction, nullRatio, cap })
  for (const arms of ticks) evidence.advance(arms, phi)
  return evidence.logEvidence()
}

describe('evidence of counts', () => {
  test('is the mean likelihood ratio of the alternatives, half of it not yet bet, within the first two minutes', () => {
    // w = 0.05 in both ticks, so their sums are enough.
    const [canaryBad, stableBad, share] = [14, 62, 0.05]
    const ratios = [1.25, 1.5, 2, 3, 4, 6, 10, 20, 50].map((ratio) => ratio * 1.2)
    const theta = (ratio: number) => (share * ratio) / (share * ratio + 1 - share)
    const odds = ratios.map(
      (ratio) => (theta(ratio) / theta(1.2)) ** canaryBad * ((1 - theta(ratio)) / (1 - theta(1.2))) ** stableBad,
    )
    const expected = 0.5 + 0.5 * (odds.reduce((sum, value) => sum + value, 0) / odds.length)
    const actual = Math.exp(evidenceOf([ARMS, { ...ARMS, at: 15_000 }], { nullRatio: 1.2 }))
    assert.ok(Math.abs(actual - expected) < 1e-9 * expected, `${actual} instead of ${expected}`)
  })

  test('clumps of three with φ = 3 are worth as much as single events without', () => {
    const clumped = { ...ARMS, canaryBad: 21, stableBad: 93 }
    assert.ok(Math.abs(evidenceOf([clumped], { phi: 3 }) - evidenceOf([ARMS])) < 1e-9)
  })

  test('does not depend on the order of ticks before a restart, nor on the unit of traffic', () => {
    const other = { ...ARMS, at: 15_000, canaryBad: 1, stableBad: 40 }
    const swapped = [
      { ...other, at: 0 },
      { ...ARMS, at: 15_000 },
    ]
    assert.ok(Math.abs(evidenceOf([ARMS, other]) - evidenceOf(swapped)) < 1e-9)
    const thousandfold = { ...ARMS, canaryTotal: 50_000, stableTotal: 950_000 }
    assert.ok(Math.abs(evidenceOf([ARMS]) - evidenceOf([thousandfold])) < 1e-9)
  })

  test('grows with every further bad event of the canary and shrinks with every one of stable', () => {
    for (let canaryBad = 3; canaryBad < 30; canaryBad++) {
      const [fewer, more] = [canaryBad, canaryBad + 1].map((bad) => evidenceOf([{ ...ARMS, canaryBad: bad }]))
      assert.ok((more ?? 0) > (fewer ?? 0))
      const better = evidenceOf([{ ...ARMS, canaryBad, stableBad: 32 }])
      assert.ok(better < (fewer ?? 0))
    }
  })

  test('down: nothing where 8 were expected is strong evidence, and more than expected is none', () => {
    const none = { at: 0, canaryBad: 0, canaryTotal: 500, stableBad: 8, stableTotal: 500 }
    assert.ok(evidenceOf([none], { direction: 'down' }) > 3)
    assert.ok(evidenceOf([{ ...none, canaryBad: 12 }], { direction: 'down' }) < 0)
  })

  test('one tick adds no more than the cap, so two cannot decide', () => {
    const flood = { ...ARMS, canaryBad: 1e6 }
    const cap = capOf(1 / 300)
    assert.ok(evidenceOf([flood], { cap }) <= cap)
    assert.ok(evidenceOf([flood, { ...flood, at: 15_000 }], { cap }) < Math.log(300))
    assert.ok(
      evidenceOf(
        [0, 1, 2].map((at) => ({ ...flood, at: at * 15_000 })),
        { cap },
      ) > Math.log(300),
    )
  })

  test('is a finite number at the ends of the scale', () => {
    const totals = [1, 1e9]
    const bads = [0, 1, 1e9]
    for (const direction of ['up', 'down'] as const)
      for (const canaryTotal of totals)
        for (const stableTotal of totals)
          for (const canaryBad of bads)
            for (const stableBad of bads) {
              const arms = { at: 0, canaryBad, canaryTotal, stableBad, stableTotal }
              const ticks = Array.from({ length: 20 }, (_, index) => ({ ...arms, at: index * 60_000 }))
              const value = evidenceOf(ticks, {
                direction,
                nullRatio: direction === 'up' ? 1.2 : 0.8,
                cap: capOf(1 / 300),
              })
              assert.ok(Number.isFinite(value), JSON.stringify(arms))
            }
  })
})
