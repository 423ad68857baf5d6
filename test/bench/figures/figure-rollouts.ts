/** The simulated rollouts that the figures show: those of the suite `verdicts` (its noise, its plan), with seeds of their own. */
import { calibrate } from '../../../analysis/domain/stats/calibrate.ts'
import type { Calibration } from '../../../analysis/domain/stats/ticks.ts'
import { type CountRun, simulateCounts, simulateHistory, type Traffic } from '../verdicts/counts.ts'
import { type NoiseId, noiseOf } from '../verdicts/noise.ts'
import { plans, SCRAPE_SECONDS } from '../verdicts/plan.ts'
import { createRandom, hashOf } from '../verdicts/random.ts'
import { smallestShare } from '../verdicts/trial.ts'

const BASE_ERRORS = 0.005
const RPS = 100
const HISTORY_SECONDS = 4 * 3600

const trafficOf = (noise: NoiseId, effect: number): Traffic => ({
  rps: RPS,
  noise: noiseOf('own', noise),
  signal: { kind: 'errors', base: BASE_ERRORS, effect },
})

/** `effect`: how many times as often as stable the canary fails. */
export const playRollout = (noise: NoiseId, effect: number, seed: string): CountRun =>
  simulateCounts(trafficOf(noise, effect), plans.steps, createRandom(hashOf(`figures/${seed}`)))

/** What four hours of stable pods in that noise teach. */
export const learnNoise = (noise: NoiseId, seed: string): Calibration =>
  calibrate(
    simulateHistory(trafficOf(noise, 1), HISTORY_SECONDS, createRandom(hashOf(`figures/history/${seed}`))),
    smallestShare(plans.steps),
  )

/** Minutes from the rollout's start to the end of scrape `index`. */
export const minutesOf = (index: number): number => ((index + 1) * SCRAPE_SECONDS) / 60

export const planMinutes = (plans.steps.weights.length * SCRAPE_SECONDS) / 60

/** Begin and end of every second stage in minutes, for stripes; and all stages with their weights in percent. */
export const stages = plans.steps.stageStarts.map((start, index, starts) => ({
  from: (start * SCRAPE_SECONDS) / 60,
  to: ((starts[index + 1] ?? plans.steps.weights.length) * SCRAPE_SECONDS) / 60,
  weightPercent: Math.round((plans.steps.weights[start] ?? 0) * 100),
}))
