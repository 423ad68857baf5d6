/** The form without a control: counts against an expectation. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { calibrateShape, judgeBeforeAfter } from '../../../../analysis/domain/stats/before-after.ts'
import type { CountRule } from '../../../../analysis/domain/stats/ticks.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'

const EVENTS: CountRule = {
  direction: 'down',
  alpha: 1 / 20,
  beta: 1 / 3,
  toleranceRatio: 0.8,
  toleranceExcess: 0,
  minEvents: 2,
}

const tickOf = (index: number, bad: number, expected: number) => ({ at: index * 15_000, bad, total: 100, expected })

const poisson = (k: number, mean: number): number => {
  let value = Math.exp(-mean)
  for (let i = 1; i <= k; i++) value *= mean / i
  return value
}

describe('before and after', () => {
  test('enumerated: with the expected rate the mean evidence is at most 1 and an abort rare', () => {
    const means = [1.5, 0.7, 2.5]
    let mean = 0
    let aborted = 0
    const walk = (bads: readonly number[], probability: number): void => {
      const expected = means[bads.length]
      if (expected === undefined) {
        const look = judgeBeforeAfter(
          bads.map((bad, index) => tickOf(index, bad, means[index] ?? 0)),
          1,
          EVENTS,
        )
        mean += probability * (look?.evidence ?? 0)
        if (look?.decision === 'abort') aborted += probability
        return
      }
      for (let bad = 0; bad < 16; bad++) walk([...bads, bad], probability * poisson(bad, expected))
    }
    walk([], 1)
    assert.ok(mean > 0.8 && mean <= 1 + 1e-9, `mean ${mean}`)
    assert.ok(aborted <= EVENTS.alpha, `${aborted}`)
  })

  test('nothing where something was expected aborts, and what was expected is a proof in the end', () => {
    const rule = { ...EVENTS, alpha: 1 / 300 }
    const none = Array.from({ length: 12 }, (_, index) => tickOf(index, 0, 1))
    const look = judgeBeforeAfter(none, 1, rule)
    assert.equal(look?.decision, 'abort')
    assert.equal(judgeBeforeAfter(none.slice(0, 5), 1, rule)?.decision, 'undecided')
    assert.equal(judgeBeforeAfter(none, 6, rule)?.decision, 'undecided', 'noise takes longer')
    assert.equal(judgeBeforeAfter([...none, tickOf(12, 400, 1)], 1, rule)?.decision, 'abort')
    const usual = Array.from({ length: 80 }, (_, index) => tickOf(index, 20, 20))
    assert.equal(judgeBeforeAfter(usual, 1, rule)?.decision, 'proven')
    assert.equal(judgeBeforeAfter(usual, 1, rule)?.ratio, 1)
  })

  test('ticks without an expectation do not count', () => {
    assert.equal(judgeBeforeAfter([tickOf(0, 5, 0), tickOf(1, 5, Number.NaN)], 1, EVENTS), undefined)
  })

  test('noise is what history differs from its own shape', () => {
    const random = createRandom(5)
    const around = (clump: number) =>
      Array.from({ length: 960 }, (_, index) => tickOf(index, clump * random.poisson(6 / clump), 6))
    const [single = 0, clumped = 0] = [calibrateShape(around(1)), calibrateShape(around(4))]
    assert.ok(single < 1.5 && Math.abs(clumped - 4) < 1, `${single}, ${clumped}`)
    assert.equal(calibrateShape(around(1).slice(0, 5)), undefined)
  })
})
