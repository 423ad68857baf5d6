/** What is said to be detectable, against rollouts with exactly that regression. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  delayUntilDetectable,
  exposuresOf,
  isDetectable,
  smallestDetectable,
} from '../../../../analysis/domain/stats/power.ts'
import { createCountJudge } from '../../../../analysis/domain/stats/replay.ts'
import type { Calibration, CountRule } from '../../../../analysis/domain/stats/ticks.ts'
import { simulateCounts } from '../../../bench/verdicts/counts.ts'
import { noiseOf } from '../../../bench/verdicts/noise.ts'
import { plans } from '../../../bench/verdicts/plan.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'

const ERRORS: CountRule = {
  direction: 'up',
  alpha: 1 / 300,
  beta: 1 / 3,
  toleranceRatio: 1.2,
  toleranceExcess: 0.001,
  minEvents: 5,
}
const EVENTS: CountRule = { ...ERRORS, direction: 'down', toleranceRatio: 0.8, toleranceExcess: 0 }
const QUIET: Calibration = { phi: 1, rho: 0, residuals: [], historyMs: 4 * 3600_000, pods: 20 }

const exposureAt = (weight: number, rps: number, base: number) => ({
  canaryTotal: rps * 15 * weight,
  stableTotal: rps * 15 * (1 - weight),
  stableBad: rps * 15 * (1 - weight) * base,
})

const planned = (ticks: number, rps: number, base: number) =>
  plans.steps.weights.slice(0, ticks).map((weight) => exposureAt(weight, rps, base))

describe('power', () => {
  const cells = [
    ['errors', 100, 20],
    ['errors', 100, 80],
    ['errors', 1000, 40],
    ['events', 100, 40],
    ['events', 1000, 20],
  ] as const
  for (const [kind, rps, ticks] of cells)
    test(`four of five are caught: ${kind}, ${rps} rps, ${ticks} ticks`, () => {
      const [base, rule] = kind === 'errors' ? [0.005, ERRORS] : [0.02, EVENTS]
      const effect = smallestDetectable(planned(ticks, rps, base), rule, 1)
      assert.ok(effect !== undefined)
      const random = createRandom(3)
      const traffic = { rps, noise: noiseOf('own', 'iid'), signal: { kind, base, effect } }
      let caught = 0
      for (let run = 0; run < 60; run++) {
        const judge = createCountJudge(QUIET, rule)
        const seen = simulateCounts(traffic, plans.steps, random).ticks.slice(0, ticks)
        if (seen.some((tick) => judge.add(tick).decision === 'abort')) caught += 1
      }
      assert.ok(caught >= 39 && caught <= 58, `${caught} of 60 at ${effect}`)
    })

  test('more traffic, more time and less noise find less', () => {
    const found = [
      smallestDetectable(planned(80, 100, 0.005), ERRORS, 6),
      smallestDetectable(planned(40, 100, 0.005), ERRORS, 1),
      smallestDetectable(planned(80, 100, 0.005), ERRORS, 1),
      smallestDetectable(planned(80, 1000, 0.005), ERRORS, 1),
    ].map((ratio) => ratio ?? Number.POSITIVE_INFINITY)
    assert.deepEqual(
      found,
      found.toSorted((a, b) => b - a),
    )
    assert.ok((found.at(-1) ?? 0) > 1.2)
  })

  test('nothing could have been caught in two ticks, without errors, or within the tolerance', () => {
    assert.equal(smallestDetectable(planned(2, 1000, 0.005), ERRORS, 1), undefined)
    assert.equal(smallestDetectable(planned(80, 100, 0), ERRORS, 1), undefined)
    assert.equal(smallestDetectable([], ERRORS, 1), undefined)
    assert.equal(isDetectable(planned(80, 1e6, 0.005), 1.19, ERRORS, 1), false)
    assert.equal(isDetectable(planned(80, 1e6, 0.02), 0.81, EVENTS, 1), false)
  })

  test('how much longer: less at more weight, nothing when it is known already, unknown beyond the horizon', () => {
    const soFar = planned(6, 20, 0.02)
    const ask = { ratio: 0, rule: EVENTS, phi: 1, mostMs: 3600_000 }
    const [few, many] = [0.05, 0.25].map((weight) =>
      delayUntilDetectable(soFar, { exposure: exposureAt(weight, 20, 0.02), intervalMs: 15_000 }, ask),
    )
    assert.ok(few !== undefined && many !== undefined && many > 0 && few > 3 * many, `${few} and ${many}`)
    const forecast = { exposure: exposureAt(0.05, 20, 0.02), intervalMs: 15_000 }
    assert.equal(delayUntilDetectable(soFar, forecast, { ...ask, mostMs: 30_000 }), undefined)
    assert.equal(delayUntilDetectable(planned(80, 100, 0.02), forecast, ask), 0)
    const enough = [...soFar, ...Array.from({ length: (few ?? 0) / 15_000 }, () => forecast.exposure)]
    assert.ok(isDetectable(enough, 0, EVENTS, 1) && !isDetectable(enough.slice(0, -1), 0, EVENTS, 1))
  })

  test('exposures are those of ticks that count', () => {
    const pods = [{ pod: 'a', bad: 1, total: 10 }]
    const ticks = [
      { at: 0, canary: [], stable: pods },
      { at: 1, canary: pods, stable: pods },
    ]
    assert.deepEqual(
      exposuresOf(ticks).map(({ canaryTotal, stableTotal, stableBad }) => [canaryTotal, stableTotal, stableBad]),
      [[10, 10, 1]],
    )
  })
})
