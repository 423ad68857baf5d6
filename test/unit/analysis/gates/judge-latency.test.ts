/** The latency gate on simulated services: bad releases are found, good and tolerated ones left alone, and equal samples give equal looks. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  createLatencyJudge,
  judgeLatency,
  type LatencyLook,
  replayLatency,
} from '../../../../analysis/domain/gates/judge-latency.ts'
import { calibrateLatency } from '../../../../analysis/domain/gates/latency-calibration.ts'
import { type EdgePlan, planEdges } from '../../../../analysis/domain/gates/latency-edges.ts'
import type { LatencyTick } from '../../../../analysis/domain/gates/samples.ts'
import { sumSurvival } from '../../../../analysis/domain/gates/survival.ts'
import { latencyRule as rule } from '../../../bench/verdicts/judges.ts'
import {
  edgesOf,
  type LatencyTraffic,
  type Slowness,
  simulateLatencies,
  simulateLatencyHistory,
} from '../../../bench/verdicts/latencies.ts'
import { type NoiseId, noiseOf } from '../../../bench/verdicts/noise.ts'
import { plans } from '../../../bench/verdicts/plan.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'

const healthy: Slowness = { scale: 1, tail: 1 }
const bounds = edgesOf('classic')
const traffic = (noise: NoiseId, effect: Slowness): LatencyTraffic => ({
  rps: 100,
  noise: noiseOf('own', noise),
  buckets: 'classic',
  effect,
})

/** Default buckets are few enough to be read all. */
function learn(noise: NoiseId) {
  const history = simulateLatencyHistory(traffic(noise, healthy), 3600, createRandom(7))
  const plan = planEdges(sumSurvival(history, 'stable', bounds), rule.toleranceRatio)
  assert.ok(plan)
  const all: EdgePlan = {
    ...plan,
    bounds,
    edges: plan.edges.map((edge) => ({ ...edge, index: bounds.indexOf(edge.bound) })),
  }
  return { plan: all, calibration: calibrateLatency(history, all, 0.05) }
}

const simulate = (noise: NoiseId, effect: Slowness, seed: number): readonly LatencyTick[] =>
  simulateLatencies(traffic(noise, effect), plans.steps, createRandom(seed)).ticks

/** Scrapes until the abort, by seed; undefined where there is none. */
function abortsOf(noise: NoiseId, effect: Slowness, seeds: number): (number | undefined)[] {
  const { plan, calibration } = learn(noise)
  return Array.from({ length: seeds }, (_, seed) => {
    const judge = createLatencyJudge(plan, calibration, rule)
    const at = simulate(noise, effect, seed + 1).findIndex((tick) => judge.add(tick).decision === 'abort')
    return at < 0 ? undefined : at + 1
  })
}

const medianOf = (values: readonly (number | undefined)[]): number =>
  values.map((value) => value ?? Number.POSITIVE_INFINITY).toSorted((one, other) => one - other)[values.length >> 1] ??
  Number.NaN

describe('what is found', () => {
  const rows: readonly (readonly [name: string, noise: NoiseId, effect: Slowness, scrapes: number])[] = [
    ['+30 % within 180 s', 'iid', { scale: 1.3, tail: 1 }, 12],
    ['+30 % in bursts within 180 s', 'bursty', { scale: 1.3, tail: 1 }, 12],
    ['twice as slow within 60 s', 'iid', { scale: 2, tail: 1 }, 4],
    ['a tail twice as slow within 90 s', 'iid', { scale: 1, tail: 2 }, 6],
  ]
  for (const [name, noise, effect, scrapes] of rows) {
    test(name, () => {
      const aborts = abortsOf(noise, effect, 9)
      assert.ok(medianOf(aborts) <= scrapes, `scrapes: ${aborts.join(' ')}`)
    })
  }
})

describe('what is left alone', () => {
  const rows: readonly (readonly [name: string, noise: NoiseId, effect: Slowness])[] = [
    ['a healthy release', 'iid', healthy],
    ['a healthy release in bursts', 'bursty', healthy],
    ['an incident of both arms', 'incident', healthy],
    ['+10 %, which is tolerated', 'iid', { scale: 1.1, tail: 1 }],
    ['a faster release', 'iid', { scale: 0.8, tail: 1 }],
  ]
  for (const [name, noise, effect] of rows) {
    test(name, () => {
      assert.deepEqual(
        abortsOf(noise, effect, 8).filter((at) => at !== undefined),
        [],
      )
    })
  }
})

describe('a look', () => {
  const { plan, calibration } = learn('iid')
  const ticks = simulate('iid', healthy, 5)

  test('the last one of a replay, with an interval', () => {
    const all = replayLatency(ticks, plan, calibration, rule)
    const last = judgeLatency(ticks, plan, calibration, rule)
    assert.equal(all.length, ticks.length)
    const { ratioLower, ratioUpper, ...rest } = last ?? assert.fail('no look')
    const { ratioLower: _lower, ratioUpper: _upper, ...replayed } = all.at(-1) as LatencyLook
    assert.deepEqual(rest, replayed)
    assert.ok(ratioUpper !== undefined && ratioUpper > 1 && ratioUpper < 1.3, `${ratioLower}..${ratioUpper}`)
    assert.ok((ratioLower ?? 0) < 1)
  })

  test('latencies near the truth of 202 ms, the ratio near 1', () => {
    const look = judgeLatency(ticks, plan, calibration, rule)
    for (const p99 of [look?.p99.canary, look?.p99.stable]) assert.ok(p99 && p99 > 0.18 && p99 < 0.22, `${p99}`)
    assert.ok(look?.ratio && look.ratio > 0.9 && look.ratio < 1.1, `${look?.ratio}`)
    assert.equal(look?.edge, 0.25)
  })

  test('a healthy release ends within the tolerance, proven', () => {
    assert.equal(judgeLatency(ticks, plan, calibration, rule)?.decision, 'proven')
  })

  test('an abort is the last word', () => {
    const bad = simulate('iid', { scale: 2, tail: 1 }, 5).slice(0, 20)
    const looks = replayLatency([...bad, ...ticks.slice(20)], plan, calibration, rule)
    const first = looks.findIndex(({ decision }) => decision === 'abort')
    assert.ok(first >= 2, 'three scrapes at least')
    assert.ok(looks.slice(first).every(({ decision }) => decision === 'abort'))
  })

  test('nothing yet', () => {
    assert.equal(judgeLatency([], plan, calibration, rule), undefined)
    const empty = ticks.slice(0, 5).map((tick) => ({ ...tick, canary: [] }))
    const look = judgeLatency(empty, plan, calibration, rule)
    assert.deepEqual(
      [look?.ticks, look?.evidence.toFixed(6), look?.decision, look?.ratio],
      [0, '1.000000', 'undecided', undefined],
    )
  })

  test('without history it is slower, and as careful', () => {
    const bad = simulate('iid', { scale: 2, tail: 1 }, 3)
    assert.equal(judgeLatency(bad, plan, undefined, rule)?.decision, 'abort')
    assert.notEqual(judgeLatency(ticks, plan, undefined, rule)?.decision, 'abort')
  })
})
