/** What is taken for noise: blocks, slices of history, live twins, and the guess where there is neither. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { calibrate } from '../../../../analysis/domain/stats/calibrate.ts'
import { createDispersion, dispersionOf } from '../../../../analysis/domain/stats/dispersion.ts'
import { phiNow, phiOfHistory } from '../../../../analysis/domain/stats/noise.ts'
import { createPodGroups } from '../../../../analysis/domain/stats/pod-groups.ts'
import type { Calibration, Tick } from '../../../../analysis/domain/stats/ticks.ts'
import { createTwins } from '../../../../analysis/domain/stats/twins.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'

/** Stable pods alone; every failure is one of `clump`. */
function history(pods: number, ticks: number, clump: number, seed = 7): Tick[] {
  const random = createRandom(seed)
  return Array.from({ length: ticks }, (_, tick) => ({
    at: tick * 15_000,
    canary: [],
    stable: Array.from({ length: pods }, (_unused, index) => ({
      pod: `web-${index}`,
      bad: clump * random.poisson(1.5 / clump),
      total: 300,
    })),
  }))
}

const near = (actual: number, expected: number, slack: number): void =>
  assert.ok(Math.abs(actual - expected) <= slack, `${actual} instead of ${expected}`)

describe('overdispersion', () => {
  test('is the mean of squares over variances, block by block', () => {
    const dispersion = createDispersion()
    for (const difference of [3, -1]) dispersion.addResidual(difference, 2)
    // Blocks of one: 9/2 and 1/2; none of 4 or 16 is full.
    assert.deepEqual(dispersionOf([dispersion], 1), { phi: 2.5, withinTick: 2.5, least: 1 })
    assert.equal(dispersionOf([dispersion], 3), undefined)
    for (const difference of [3, 3]) dispersion.addResidual(difference, 2)
    // Now (9+1+9+9)/2/4 = 3.5 by ticks and 8²/8 = 8 by the block of four.
    assert.deepEqual(dispersionOf([dispersion], 1), { phi: 8, withinTick: 3.5, least: 8 / (1 + 2 * Math.SQRT2) })
  })

  test('ticks that hardly vary are drawn together', () => {
    const dispersion = createDispersion()
    for (let k = 0; k < 4; k++) dispersion.addResidual(0.25, 0.125)
    assert.deepEqual(
      dispersion.scales.map(({ count }) => count),
      [1, 1, 0],
    )
  })

  for (const clump of [1, 2, 5])
    test(`history of clumps of ${clump}`, () => {
      const calibration = calibrate(history(10, 960, clump), 0.1)
      near(calibration.phi, clump, 0.12 * clump + 0.05)
      assert.equal(calibration.historyMs, 959 * 15_000)
      assert.equal(calibration.pods, 10)
      assert.equal(calibration.podRequests, 300)
    })

  test('pods that differ by themselves show in the long blocks', () => {
    const moody = history(10, 960, 1).map((tick, index) => ({
      ...tick,
      stable: tick.stable.map((pod, at) => ({
        ...pod,
        bad: Math.floor(index / 40) % 10 === at ? pod.bad + 3 : pod.bad,
      })),
    }))
    const { phi, phiWithinTick = 0 } = calibrate(moody, 0.1)
    assert.ok(phi > 3 * phiWithinTick, `${phi} and ${phiWithinTick}`)
  })

  test('a single pod is held against itself', () => {
    near(calibrate(history(1, 960, 1), 0.05).phi, 1, 0.35)
    near(calibrate(history(1, 960, 4), 0.05).phi, 4, 1.2)
    assert.equal(calibrate(history(1, 960, 4), 0.05).pods, 1)
  })

  test('no history is a calibration of no length', () => {
    const { phi, historyMs, pods } = calibrate([], 0.05)
    assert.deepEqual({ phi, historyMs, pods }, { phi: 1, historyMs: 0, pods: 0 })
  })

  test('twins need four pods and some ticks, and see what happens now', () => {
    const few = createTwins()
    for (const tick of history(3, 40, 4)) few.add(tick)
    assert.equal(few.overdispersion(), undefined)
    const twins = createTwins()
    const ticks = history(12, 80, 4)
    twins.add(ticks[0] ?? { at: 0, canary: [], stable: [] })
    assert.equal(twins.overdispersion(), undefined)
    for (const tick of ticks.slice(1)) twins.add(tick)
    near(twins.overdispersion()?.phi ?? 0, 4, 1.5)
    assert.equal(twins.watchedMs(), 79 * 15_000)
  })
})

describe('groups of pods', () => {
  const pods = (...names: readonly string[]) => names.map((pod) => ({ pod, bad: 0, total: 1 }))
  const names = Array.from({ length: 10 }, (_, index) => `web-7d9f-${index}`)

  test('are as large as one another and do not depend on the order of pods', () => {
    const dealt = createPodGroups(4).deal(pods(...names))
    const sizes = [0, 1, 2, 3].map((group) => dealt.filter((at) => at === group).length)
    assert.deepEqual(
      sizes.toSorted((a, b) => a - b),
      [2, 2, 3, 3],
    )
    assert.deepEqual(
      createPodGroups(4)
        .deal(pods(...names.toReversed()))
        .toReversed(),
      dealt,
    )
  })

  test('stay, and new pods fill the gaps', () => {
    const groups = createPodGroups(2)
    const [first, second, third, fourth] = groups.deal(pods('a', 'b', 'c', 'd'))
    assert.deepEqual(groups.deal(pods('d', 'b')), [fourth, second])
    const left = ['a', 'b', 'c', 'd'].filter((_, index) => [first, second, third, fourth][index] === 0)
    const joined = groups.deal(pods(...left, 'e', 'f'))
    assert.deepEqual(joined.slice(2), [1, 1])
  })
})

describe('noise that a judgement allows for', () => {
  const calm: Calibration = {
    phi: 3,
    phiWithinTick: 2,
    rho: 0,
    residuals: [],
    historyMs: 4 * 3600_000,
    podRequests: 100,
    pods: 10,
  }
  const load = { requests: 100, expected: 0.5 }
  const live = (phi: number, minutes: number, least = phi) => ({
    phi,
    least,
    withinTick: phi,
    watchedMs: minutes * 60_000,
  })
  const guess = 5 + 3 * 0.5

  const rows: readonly (readonly [string, number, number])[] = [
    ['history', phiNow(calm, undefined, load), 3],
    ['history, quieter twins', phiNow(calm, live(1, 10), load), 3],
    ['history, twins a bit noisier beyond doubt', phiNow(calm, live(4, 10, 3.1), load), 4],
    ['history, twins a bit noisier, which may be chance', phiNow(calm, live(4, 10, 3), load), 3],
    [
      'half an hour of history, twins a bit noisier',
      phiNow({ ...calm, historyMs: 1_800_000 }, live(4, 10, 1), load),
      4,
    ],
    [
      'history, much noisier twins: history is not trusted',
      phiNow(calm, live(6, 1), load),
      (6 + (56 / 15) * guess) / (1 + 56 / 15),
    ],
    [
      'a pod with twice the traffic: what is beyond single ticks counts twice',
      phiNow(calm, undefined, { requests: 200, expected: 1 }),
      4,
    ],
    ['15 minutes of history', phiNow({ ...calm, historyMs: 900_000 }, undefined, load), 3],
    [
      '5 minutes of history',
      phiNow({ ...calm, historyMs: 300_000 }, undefined, load),
      (5 * 3 + (8 / 3) * guess) / (5 + 8 / 3),
    ],
    ['nothing', phiNow(undefined, undefined, load), guess],
    ['nothing, busy pods', phiNow(undefined, undefined, { requests: 9, expected: 4 }), 17],
    ['an empty history', phiNow(calibrate([], 0.1), undefined, load), guess],
    ['one pod', phiNow({ ...calm, pods: 1 }, undefined, load), guess],
    ['one pod, noisy', phiNow({ ...calm, pods: 1, phi: 9, phiWithinTick: 9 }, undefined, load), 9],
    ['twins alone, 5 minutes', phiNow(undefined, live(2, 5), load), (5 * 2 + (8 / 3) * guess) / (5 + 8 / 3)],
    ['twins alone, 20 minutes', phiNow(undefined, live(2, 20), load), 2],
  ]
  for (const [name, actual, expected] of rows) test(name, () => near(actual, expected, 1e-9))

  test('never less than history alone, never less than 1', () => {
    assert.equal(phiOfHistory(undefined), 1)
    assert.equal(phiOfHistory({ ...calm, phi: 0.4 }), 1)
    for (const minutes of [0, 1, 7, 20])
      for (const phi of [1, 2, 8]) assert.ok(phiNow(calm, live(phi, minutes), load) >= phiOfHistory(calm))
  })
})
