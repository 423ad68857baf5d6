/** Evidence from ranks: the calibrator, conformal p and the history they rank in. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  calibrateP,
  createRankEvidence,
  hasRanks,
  rankHistory,
} from '../../../../analysis/domain/stats/rank-evidence.ts'

describe('ranks', () => {
  test('the calibrator is ∫ κ·p^(κ−1) dκ', () => {
    for (const p of [0.001, 0.05, 0.3, 0.9]) {
      let integral = 0
      for (let step = 0; step < 2000; step++) {
        const kappa = (step + 0.5) / 2000
        integral += (kappa * p ** (kappa - 1)) / 2000
      }
      assert.ok(Math.abs(calibrateP(p) - integral) < 1e-4 * integral, `${p}`)
    }
    assert.equal(calibrateP(1), 0.5)
    assert.ok(Math.abs(calibrateP(0.99989) - 0.5) < 1e-3)
  })

  const residuals = Array.from({ length: 99 }, (_, index) => index - 49)

  for (const direction of ['up', 'down'] as const)
    test(`every rank as likely as another: the mean evidence is at most 1, ${direction}`, () => {
      const places = [...residuals.map((value) => value - 0.5), 49.5]
      const mean = places.reduce((sum, z) => {
        const ranks = createRankEvidence({ direction, cap: 99, rho: 0, residuals })
        ranks.advance(0, z)
        return sum + Math.exp(ranks.logEvidence()) / places.length
      }, 0)
      assert.ok(mean > 0.8 && mean <= 1, `${mean}`)
    })

  test('far out is evidence, on the side that is asked for, less the correlation with the one before', () => {
    const after = (zs: readonly number[], direction: 'up' | 'down', rho = 0) => {
      const ranks = createRankEvidence({ direction, cap: 2, rho, residuals })
      for (const [index, z] of zs.entries()) ranks.advance(index * 15_000, z)
      return ranks.logEvidence()
    }
    assert.ok(after([60], 'up') > 1 && after([60], 'down') < 0)
    assert.ok(after([-60], 'down') > 1 && after([-60], 'up') < 0)
    assert.ok(after([60, 60, 60], 'up') <= 6, 'capped')
    assert.ok(after([60, 60, 60], 'up', 0.9) < after([60, 60, 60], 'up'))
  })

  test('history: residuals are ascending, each series begins anew', () => {
    const { rho, residuals: known } = rankHistory([
      [2, 1],
      [-2, -1],
    ])
    // Products 2 and 2 over squares 4+1+4+1.
    assert.equal(rho, 0.4)
    assert.deepEqual(
      known.map((value) => Math.round(value * 10) / 10),
      [-2, -0.2, 0.2, 2],
    )
    assert.deepEqual(rankHistory([]), { rho: 0, residuals: [] })
  })

  test('too short a history has no ranks', () => {
    const calibration = { phi: 1, rho: 0, historyMs: 1, residuals: residuals.slice(0, 10) }
    assert.equal(hasRanks(calibration), false)
    assert.equal(hasRanks({ ...calibration, residuals }), true)
    assert.equal(hasRanks(undefined), false)
  })
})
