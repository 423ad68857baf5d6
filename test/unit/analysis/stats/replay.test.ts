/** The judge of counts: decisions on made-up ticks, and a few hundred simulated rollouts with a fixed seed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { calibrate } from '../../../../analysis/domain/stats/calibrate.ts'
import { createCountJudge, judgeCounts, replayCounts } from '../../../../analysis/domain/stats/replay.ts'
import type { Calibration, CountRule, Look, Tick } from '../../../../analysis/domain/stats/ticks.ts'
import { simulateCounts, simulateHistory, type Traffic } from '../../../bench/verdicts/counts.ts'
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
const QUIET: Calibration = { phi: 1, rho: 0, residuals: [], historyMs: 4 * 3600_000, pods: 10 }

interface Rate {
  readonly canary: number
  readonly stable: number
}

/** Ticks of 15 s, one canary pod with 75 requests and three stable ones with 1425. */
function ticksOf(rates: readonly Rate[]): Tick[] {
  return rates.map(({ canary, stable }, index) => ({
    at: 1_700_000_000_000 + index * 15_000,
    canary: [{ pod: 'canary-0', bad: canary, total: 75 }],
    stable: [0, 1, 2].map((pod) => ({ pod: `stable-${pod}`, bad: stable / 3, total: 475 })),
  }))
}

const repeat = (rate: Rate, times: number): Rate[] => Array.from({ length: times }, () => rate)
const decisions = (looks: readonly Look[]) => looks.map(({ decision }) => decision)
function lastLook(ticks: readonly Tick[], rule = ERRORS, calibration: Calibration | 'none' = QUIET): Look {
  const look = judgeCounts(ticks, calibration === 'none' ? undefined : calibration, rule)
  assert.ok(look)
  return look
}

describe('the judge of counts', () => {
  test('a flood of errors aborts at the third tick, not before', () => {
    const looks = replayCounts(ticksOf(repeat({ canary: 40, stable: 6 }, 4)), QUIET, ERRORS)
    assert.deepEqual(decisions(looks), ['undecided', 'undecided', 'abort', 'abort'])
  })

  test('what comes after an abort is not read', () => {
    const flood = repeat({ canary: 40, stable: 6 }, 3)
    const ticks = ticksOf([...flood, ...repeat({ canary: 0, stable: 90 }, 40)])
    assert.deepEqual(lastLook(ticks), lastLook(ticks.slice(0, 3)))
  })

  test('errors of both arms are nobody’s fault', () => {
    const incident = repeat({ canary: 7.5, stable: 142.5 }, 8)
    const looks = replayCounts(ticksOf([...repeat({ canary: 0.3, stable: 6 }, 20), ...incident]), QUIET, ERRORS)
    assert.ok(looks.every(({ decision }) => decision !== 'abort'))
  })

  test('errors that are too few for the tolerance of the difference do not abort, however clear the ratio', () => {
    // 1 of 1250 requests on the canary, none on stable: 0.08 percentage points.
    const ticks = ticksOf(repeat({ canary: 0.06, stable: 0 }, 400))
    const look = lastLook(ticks)
    assert.equal(look.decision, 'undecided')
    assert.ok(look.evidence > 300 && look.toleranceEvidence > 3 && look.canary.bad > 5, JSON.stringify(look))
    assert.equal(lastLook(ticks, { ...ERRORS, toleranceExcess: 0.0005 }).decision, 'abort')
    assert.equal(lastLook(ticks, { ...ERRORS, toleranceExcess: 0.0005, minEvents: 100 }).decision, 'undecided')
  })

  test('a ratio within the tolerance does not abort when it is proven to be worse than 1', () => {
    const look = lastLook(ticksOf(repeat({ canary: 11.5, stable: 190 }, 1500)))
    assert.equal(look.decision, 'undecided')
    assert.ok(look.evidence > 300 && look.toleranceEvidence < 3, JSON.stringify(look))
  })

  test('enough ticks without a difference are a proof', () => {
    const looks = replayCounts(ticksOf(repeat({ canary: 30, stable: 570 }, 400)), QUIET, ERRORS)
    assert.equal(looks.at(-1)?.decision, 'proven')
    assert.equal(looks[2]?.decision, 'undecided')
    const { ratioUpper = 9, ratioLower = 0 } = lastLook(ticksOf(repeat({ canary: 30, stable: 570 }, 400)))
    assert.ok(ratioUpper <= 1.2 && ratioLower < 1, `${ratioLower} to ${ratioUpper}`)
  })

  test('business events: none at all aborts after about eight that were expected', () => {
    const looks = replayCounts(ticksOf(repeat({ canary: 0, stable: 19 }, 30)), QUIET, EVENTS)
    const abort = looks.find(({ decision }) => decision === 'abort')
    assert.ok(abort && abort.expected > 5 && abort.expected <= 10, String(abort?.expected))
    assert.equal(lastLook(ticksOf(repeat({ canary: 3, stable: 19 }, 30)), EVENTS).decision, 'proven')
  })

  test('an abort has to stand up to noise that only the live twins know', () => {
    const noisy = (bad: readonly number[], canary: number): Tick[] =>
      Array.from({ length: 40 }, (_, index) => ({
        at: index * 15_000,
        canary: [{ pod: 'canary-0', bad: canary, total: 100 }],
        stable: bad.map((_unused, pod) => ({
          pod: `stable-${pod}`,
          bad: bad[(pod + index) % bad.length] ?? 0,
          total: 100,
        })),
      }))
    const calm = lastLook(noisy([2, 2, 2, 2, 2, 2, 2, 2], 4))
    assert.equal(calm.decision, 'abort')
    const wild = lastLook(noisy([16, 0, 0, 0, 0, 0, 0, 0], 4))
    assert.equal(wild.decision, 'undecided')
    assert.ok((wild.phi.live ?? 0) > 5 && wild.phi.used > 5 && wild.phi.history === 1, JSON.stringify(wild.phi))
    assert.ok(wild.evidence < 300)
  })

  test('without a history it takes more', () => {
    const ticks = ticksOf(repeat({ canary: 2, stable: 6 }, 10))
    assert.equal(lastLook(ticks).decision, 'abort')
    const look = lastLook(ticks, ERRORS, 'none')
    assert.equal(look.decision, 'undecided')
    assert.ok(look.phi.used > 5)
    assert.equal(lastLook(ticksOf(repeat({ canary: 40, stable: 6 }, 8)), ERRORS, 'none').decision, 'abort')
  })

  test('the sums are those of the ticks that count, the ratio is taken tick by tick', () => {
    const [first, second] = ticksOf([
      { canary: 3, stable: 9 },
      { canary: 0, stable: 3 },
    ])
    const mute: Tick = { at: 1, canary: [], stable: [{ pod: 'stable-0', bad: 50, total: 100 }] }
    const half: Tick = {
      at: 2,
      canary: [{ pod: 'canary-0', bad: 8, total: 100 }],
      stable: [{ pod: 'stable-0', bad: 4, total: 100 }],
    }
    assert.ok(first && second)
    const look = lastLook([first, mute, second, half])
    assert.deepEqual([look.ticks, look.canary, look.stable], [3, { bad: 11, total: 250 }, { bad: 16, total: 2950 }])
    // Mantel-Haenszel: (3·0.95 + 0 + 8·0.5) / (9·0.05 + 3·0.05 + 4·0.5).
    assert.ok(Math.abs((look.ratio ?? 0) - 6.85 / 2.6) < 1e-12)
    assert.ok(Math.abs(look.expected - (12 * 75) / 1425 - 4) < 1e-12)
    assert.ok(Math.abs(look.excess - 11 + look.expected) < 1e-12)
  })

  test('how pods are named, ordered and split does not matter', () => {
    const ticks = ticksOf(repeat({ canary: 4, stable: 9 }, 12))
    const split = ticks.map((tick) => ({
      ...tick,
      canary: tick.canary.flatMap((pod) =>
        [0, 1].map((part) => ({ pod: `c${part}`, bad: pod.bad / 2, total: pod.total / 2 })),
      ),
      stable: tick.stable.toReversed(),
    }))
    assert.deepEqual(lastLook(split), lastLook(ticks))
  })

  test('an incremental judge, a replay and a second replay say the same', () => {
    const ticks = ticksOf(repeat({ canary: 1, stable: 9 }, 30).map((rate, at) => ({ ...rate, canary: at % 5 })))
    const judge = createCountJudge(QUIET, ERRORS)
    const looks = ticks.map(judge.add)
    assert.deepEqual(replayCounts(ticks, QUIET, ERRORS), looks)
    assert.deepEqual(judge.describe(), judgeCounts(ticks, QUIET, ERRORS))
    assert.equal(judgeCounts([], QUIET, ERRORS), undefined)
  })

  test('no number that goes in makes one come out that is none', () => {
    const counts = [0, 1, 1e9, Number.NaN, Number.POSITIVE_INFINITY, -5]
    for (const bad of counts)
      for (const total of counts)
        for (const stable of counts) {
          const tick: Tick = {
            at: 0,
            canary: [{ pod: 'c', bad, total }],
            stable: [{ pod: 's', bad: stable, total: 1e9 }],
          }
          const ticks = [0, 1, 2, 3].map((at) => ({ ...tick, at: at * 15_000 }))
          for (const rule of [ERRORS, EVENTS])
            for (const value of JSON.stringify(lastLook(ticks, rule, 'none')).matchAll(/null|NaN|Infinity/g))
              assert.fail(`${value[0]} from ${bad} of ${total}, ${stable}`)
        }
  })
})

describe('simulated rollouts', () => {
  const trafficOf = (noise: 'iid' | 'bursty', effect: number): Traffic => ({
    rps: 100,
    noise: noiseOf('own', noise),
    signal: { kind: 'errors', base: 0.005, effect },
  })

  function abortTimes(noise: 'iid' | 'bursty', effect: number, runs: number): (number | undefined)[] {
    const random = createRandom(11)
    const calibration = calibrate(simulateHistory(trafficOf(noise, 1), 3600, random), 0.05)
    return Array.from({ length: runs }, () => {
      const judge = createCountJudge(calibration, ERRORS)
      const { ticks } = simulateCounts(trafficOf(noise, effect), plans.steps, random)
      const at = ticks.findIndex((tick) => judge.add(tick).decision === 'abort')
      return at < 0 ? undefined : (at + 1) * 15
    })
  }

  for (const noise of ['iid', 'bursty'] as const)
    test(`healthy releases pass: ${noise}`, () => {
      const aborted = abortTimes(noise, 1, 120).filter((at) => at !== undefined).length
      // 1/300 each: three of 120 have a chance of less than one percent.
      assert.ok(aborted <= 2, `${aborted} of 120`)
    })

  test('0.5 to 2 % at 100 rps is caught in about 195 seconds (analysis.md §3.2)', () => {
    const times = abortTimes('iid', 4, 60).map((at) => at ?? 9999)
    const median = times.toSorted((a, b) => a - b)[30] ?? 0
    assert.ok(median >= 120 && median <= 255, `median ${median} s`)
    assert.ok(Math.max(...times) <= 600)
  })
})
