/** Counts up to a limit per pod and tick: when they are used, that they stay honest, and what they are for. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sumArms } from '../../../../analysis/domain/stats/arms.ts'
import { calibrate, calibrateWhole } from '../../../../analysis/domain/stats/calibrate.ts'
import { createCountEvidence } from '../../../../analysis/domain/stats/count-evidence.ts'
import { areComparable, limitTick } from '../../../../analysis/domain/stats/limited-ticks.ts'
import { judgeCounts } from '../../../../analysis/domain/stats/replay.ts'
import type { CountRule, Tick } from '../../../../analysis/domain/stats/ticks.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'

const ERRORS: CountRule = {
  direction: 'up',
  alpha: 1 / 300,
  beta: 1 / 3,
  toleranceRatio: 1.2,
  toleranceExcess: 0.001,
  minEvents: 5,
}

const pod = (name: string, bad: number, total = 300) => ({ pod: name, bad, total })

/** Single failures, and now and then `clump` of one pod at once; `effect` on the canary's single failures. */
function rollout(
  ticks: number,
  clump: number,
  { canaries, effect, seed }: { canaries: number; effect: number; seed: number },
) {
  const random = createRandom(seed)
  const draw = (name: string, rate: number) => pod(name, random.poisson(rate) + clump * random.poisson(0.02))
  return Array.from(
    { length: ticks },
    (_, index): Tick => ({
      at: index * 15_000,
      canary: Array.from({ length: canaries }, (_unused, at) => draw(`canary-${at}`, 0.4 * effect)),
      stable: Array.from({ length: 12 }, (_unused, at) => draw(`stable-${at}`, 0.4)),
    }),
  )
}

describe('limited counts', () => {
  const history = rollout(960, 25, { canaries: 0, effect: 1, seed: 1 })
  const clumped = calibrate(history, 0.1)
  const uncut = calibrateWhole(history, 0.1)

  test('are for services whose failures come in clumps, and for several pods', () => {
    assert.ok(clumped.limited && clumped.limited.limit <= 5, JSON.stringify(clumped))
    assert.ok(clumped.limited.phi < clumped.phi / 3)
    assert.equal(calibrate(rollout(960, 1, { canaries: 0, effect: 1, seed: 1 }), 0.1).limited, undefined)
    const three = history.map((tick) => ({
      ...tick,
      stable: tick.stable.slice(0, 3),
    }))
    assert.equal(calibrate(three, 0.3).limited, undefined)
  })

  test('leave a single failure as it is and cut the rest, pod by pod', () => {
    const tick = { at: 7, canary: [pod('a', 1), pod('b', 9)], stable: [pod('c', Number.NaN), pod('d', 3)] }
    assert.deepEqual(limitTick(tick, 3), {
      at: 7,
      canary: [pod('a', 1), pod('b', 3)],
      stable: [pod('c', 0), pod('d', 3)],
    })
  })

  const sizes: readonly (readonly [number, number, 'up' | 'down', boolean])[] = [
    [100, 100, 'up', true],
    [81, 100, 'up', true],
    [79, 100, 'up', false],
    [900, 100, 'up', true],
    [100, 100, 'down', true],
    [124, 100, 'down', true],
    [126, 100, 'down', false],
    [10, 100, 'down', true],
  ]
  for (const [canary, stable, direction, expected] of sizes)
    test(`a canary pod with ${canary} requests, stable's with ${stable}, ${direction}: ${expected ? 'counts' : 'does not'}`, () => {
      const tick = { at: 0, canary: [pod('a', 0, canary)], stable: [pod('b', 0, stable), pod('idle', 0, 0)] }
      assert.equal(areComparable(tick, direction), expected)
    })

  test('enumerated: equal pods, cut counts, mean evidence at most 1', () => {
    const poisson = [0.22313, 0.33469, 0.25102, 0.12551, 0.04707, 0.01412, 0.00353, 0.00076, 0.00017]
    for (const limit of [1, 2, 3]) {
      let mean = 0
      for (const [a, pa] of poisson.entries())
        for (const [b, pb] of poisson.entries())
          for (const [c, pc] of poisson.entries()) {
            const arms = sumArms(limitTick({ at: 0, canary: [pod('a', a)], stable: [pod('b', b), pod('c', c)] }, limit))
            assert.ok(arms)
            const evidence = createCountEvidence({ direction: 'up', nullRatio: 1, cap: 99 })
            evidence.advance(arms, 1)
            mean += pa * pb * pc * Math.exp(evidence.logEvidence())
          }
      assert.ok(mean > 0.3 && mean <= 1, `${mean} at ${limit}`)
    }
  })

  test('see a regression sooner than whole counts, and the interval says so', () => {
    const ticks = rollout(40, 25, { canaries: 2, effect: 4, seed: 3 })
    const look = judgeCounts(ticks, clumped, ERRORS)
    assert.equal(look?.decision, 'abort')
    assert.ok((look.ratioLower ?? 0) > 1, `${look.ratioLower}`)
    assert.notEqual(judgeCounts(ticks, uncut, ERRORS)?.decision, 'abort')
  })

  test('healthy releases pass, clumps or not', () => {
    let aborted = 0
    for (let seed = 0; seed < 60; seed++)
      if (judgeCounts(rollout(40, 25, { canaries: 2, effect: 1, seed }), clumped, ERRORS)?.decision === 'abort')
        aborted++
    assert.ok(aborted <= 1, `${aborted} of 60`)
  })

  test('have no say in a proof, nor in the other end of the interval', () => {
    const ticks = rollout(60, 25, { canaries: 6, effect: 1, seed: 5 })
    const [both, whole] = [judgeCounts(ticks, clumped, ERRORS), judgeCounts(ticks, uncut, ERRORS)]
    assert.equal(both?.ratioUpper, whole?.ratioUpper)
    assert.equal(both?.phi.used, whole?.phi.used)
  })
})
