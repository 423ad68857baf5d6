/** The latency gate on services of few pods, whose canary is smaller than any of them: a healthy release is left alone, a bad one found. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLatencyJudge } from '../../../../analysis/domain/gates/judge-latency.ts'
import { calibrateLatency } from '../../../../analysis/domain/gates/latency-calibration.ts'
import { type EdgePlan, planEdges } from '../../../../analysis/domain/gates/latency-edges.ts'
import { createLatencyShifts } from '../../../../analysis/domain/gates/latency-shift.ts'
import type { LatencyTick, PodLatency } from '../../../../analysis/domain/gates/samples.ts'
import { sumSurvival } from '../../../../analysis/domain/gates/survival.ts'
import { latencyRule as rule } from '../../../bench/verdicts/judges.ts'
import {
  edgesOf,
  type LatencyTraffic,
  type Slowness,
  simulateLatencies,
  simulateLatencyHistory,
} from '../../../bench/verdicts/latencies.ts'
import { noiseOf } from '../../../bench/verdicts/noise.ts'
import { plans } from '../../../bench/verdicts/plan.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'

const healthy: Slowness = { scale: 1, tail: 1 }
const bounds = edgesOf('classic')

const trafficOf = (replicas: number, rps: number, effect: Slowness): LatencyTraffic => ({
  rps,
  noise: { ...noiseOf('own', 'iid'), replicas },
  buckets: 'classic',
  effect,
})

function learn(replicas: number, rps: number) {
  const history = simulateLatencyHistory(trafficOf(replicas, rps, healthy), 3600, createRandom(replicas))
  const found = planEdges(sumSurvival(history, 'stable', bounds), rule.toleranceRatio) ?? assert.fail('no plan')
  const edges = found.edges.map((edge) => ({ ...edge, index: bounds.indexOf(edge.bound) }))
  const plan: EdgePlan = { ...found, bounds, edges }
  return { plan, calibration: calibrateLatency(history, plan, 0.05) }
}

/** How many of these rollouts at 5 % are aborted. */
function countAborts(replicas: number, rps: number, effect: Slowness, rollouts: number): number {
  const { plan, calibration } = learn(replicas, rps)
  let aborts = 0
  for (let seed = 1; seed <= rollouts; seed++) {
    const judge = createLatencyJudge(plan, calibration, rule)
    const { ticks } = simulateLatencies(trafficOf(replicas, rps, effect), plans.fixed5, createRandom(seed))
    if (ticks.slice(0, 60).some((tick) => judge.add(tick).decision === 'abort')) aborts += 1
  }
  return aborts
}

describe('a canary that is smaller than any pod of stable', () => {
  // With slices as large as pods, 94, 96 and 78 % of such releases were aborted within 20 minutes, and 20 % of the last row's.
  for (const [pods, rps] of [
    [2, 100],
    [3, 100],
    [4, 100],
    [2, 20],
  ] as const)
    test(`${pods} pods, ${rps} requests per second: a healthy release is left alone`, () => {
      assert.equal(countAborts(pods, rps, healthy, 12), 0)
    })

  test('a tail twice as slow is found', () => {
    assert.equal(countAborts(4, 100, { scale: 1, tail: 2 }, 6), 6)
  })
})

test('residuals of history are spread as those of a canary are', () => {
  const { rho, residuals } = learn(4, 100).calibration.shift
  const shifts = createLatencyShifts(bounds)
  const { ticks } = simulateLatencies(trafficOf(4, 100, healthy), plans.fixed5, createRandom(1))
  const found = ticks.flatMap(({ canary, stable }) => shifts(canary, stable)?.shift ?? [])
  const now = found.map((shift, index) => shift - rho * (found[index - 1] ?? 0))
  assert.ok(now.length > 60)
  for (const percentile of [10, 50, 90]) {
    const limit = residuals[Math.floor((residuals.length * percentile) / 100)] ?? Number.NaN
    const above = (100 * now.filter((residual) => residual > limit).length) / now.length
    // Three standard errors of 100 blocks, at the most. Without thinning, 34 % were above the 90th percentile.
    assert.ok(Math.abs(above - (100 - percentile)) < 15, `${above} % above the ${percentile}th percentile`)
  }
})

test('a block is not ranked before it rests on as many requests as those of history', () => {
  const pods = (total: number): readonly PodLatency[] => [
    { pod: 'one', total, slower: bounds.map((bound) => (bound < 0.25 ? Math.floor(total / 10) : 0)) },
  ]
  const blocksOf = (known: { readonly canary: number; readonly stable: number } | undefined) => {
    const shifts = createLatencyShifts(bounds, known)
    return Array.from({ length: 12 }, () => shifts(pods(100), pods(900))?.canary ?? 0)
  }
  const every = (ticks: number) =>
    Array.from({ length: 12 }, (_, index) => ((index + 1) % ticks === 0 ? ticks * 100 : 0))
  assert.deepEqual(blocksOf(undefined), every(1))
  assert.deepEqual(blocksOf({ canary: 100, stable: 900 }), every(1), 'traffic as in history')
  assert.deepEqual(blocksOf({ canary: 110, stable: 990 }), every(1), 'hardly less')
  assert.deepEqual(blocksOf({ canary: 400, stable: 3600 }), every(4), 'at night, after a history of the day')
  assert.deepEqual(blocksOf({ canary: 70, stable: 9000 }), every(1), 'a larger share than in history')
})

test('a history that does not tell of its blocks has no ranks', () => {
  const { plan, calibration } = learn(2, 100)
  const { block: _, ...shift } = calibration.shift
  const ticks: readonly LatencyTick[] = simulateLatencies(
    trafficOf(2, 100, { scale: 3, tail: 1 }),
    plans.fixed5,
    createRandom(1),
  ).ticks.slice(0, 3)
  const evidence = (known: typeof calibration) => {
    const judge = createLatencyJudge(plan, known, rule)
    return ticks.map((tick) => judge.add(tick).evidence).at(-1)
  }
  const none = { ...calibration, shift: { rho: 0, residuals: [] } }
  assert.equal(evidence({ ...calibration, shift }), evidence(none))
  assert.notEqual(evidence(calibration), evidence(none))
})
