import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createRandom, hashOf, logFactorial } from '../../../bench/verdicts/random.ts'

const DRAWS = 40_000

/** Mean and variance of many draws against what they are to be, within six standard errors of the mean and a tenth of the variance. */
function check(draw: () => number, mean: number, variance: number): void {
  let [sum, squares] = [0, 0]
  for (let k = 0; k < DRAWS; k++) {
    const value = draw()
    sum += value
    squares += value * value
  }
  const [measured, spread] = [sum / DRAWS, squares / DRAWS - (sum / DRAWS) ** 2]
  assert.ok(Math.abs(measured - mean) <= 6 * Math.sqrt(variance / DRAWS), `mean ${measured}, expected ${mean}`)
  assert.ok(Math.abs(spread - variance) <= 0.1 * variance, `variance ${spread}, expected ${variance}`)
}

describe('chance', () => {
  test('the same seed gives the same numbers, another one others', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed).uniform)
    assert.deepEqual(draw(7), draw(7))
    assert.notDeepEqual(draw(7), draw(8))
    assert.notEqual(hashOf('1/own/a'), hashOf('1/own/b'))
  })

  const random = createRandom(42)
  const rows: readonly (readonly [string, () => number, number, number])[] = [
    ['uniform', random.uniform, 1 / 2, 1 / 12],
    ['normal', random.normal, 0, 1],
    ['Poisson, by arrivals', () => random.poisson(0.3), 0.3, 0.3],
    ['Poisson, just below the limit', () => random.poisson(9.9), 9.9, 9.9],
    ['Poisson, by rejection', () => random.poisson(10.1), 10.1, 10.1],
    ['Poisson, large', () => random.poisson(3000), 3000, 3000],
    ['binomial, rare', () => random.binomial(750, 0.005), 3.75, 3.73125],
    ['binomial, by rejection', () => random.binomial(750, 0.05), 37.5, 35.625],
    ['binomial, more often than not', () => random.binomial(750, 0.97), 727.5, 21.825],
    ['geometric', () => random.geometric(3), 3, 6],
  ]
  for (const [name, draw, mean, variance] of rows) test(name, () => check(draw, mean, variance))

  test('Poisson by rejection has the chances that the formula gives', () => {
    const counts = new Map<number, number>()
    for (let k = 0; k < DRAWS; k++) {
      const value = random.poisson(12)
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    for (const k of [4, 8, 12, 16, 22]) {
      const chance = Math.exp(k * Math.log(12) - 12 - logFactorial(k))
      const share = (counts.get(k) ?? 0) / DRAWS
      assert.ok(Math.abs(share - chance) <= 6 * Math.sqrt(chance / DRAWS), `${k}: ${share}, expected ${chance}`)
    }
  })

  test('Pareto: whole numbers, the tail as steep as said, and it ends', () => {
    const sizes = Array.from({ length: DRAWS }, () => random.pareto(1.5, 200))
    assert.ok(sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 200))
    const atLeast = (k: number) => sizes.filter((size) => size >= k).length / DRAWS
    for (const k of [2, 4, 16]) assert.ok(Math.abs(atLeast(k) - k ** -1.5) <= 6 * Math.sqrt(k ** -1.5 / DRAWS), `${k}`)
  })
})
