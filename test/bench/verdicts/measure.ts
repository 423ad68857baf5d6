/**
 * Measures cells: many simulated rollouts each, every judge on every one. A cell's chance comes from the seed and its name alone, so cells can be
 * measured in any order, alone or together.
 */
import { percentile } from '../statistics.ts'
import { type Cell, isHealthy } from './cells.ts'
import { judgesOf } from './judges.ts'
import { calibrateLatencies, runLatencyTrial } from './latency-trial.ts'
import type { NoiseSet } from './noise.ts'
import { delaySeconds, type Plan, plans } from './plan.ts'
import { createRandom, hashOf, type Random } from './random.ts'
import { calibrateCounts, runCountTrial, type Trial } from './trial.ts'

export interface Settings {
  readonly seed: number
  /** Of cells with a bad release; healthy ones get more: shares near nothing need them. */
  readonly rollouts: number
  readonly noise: NoiseSet
}

/** What one judge did in one cell. */
export interface Score {
  /** Share of rollouts aborted: healthy ones at all, bad ones once there was a defect. */
  readonly aborted: number
  /** Share of rollouts with a bad release that were aborted before there was a defect. */
  readonly early: number
  /** Seconds since onset over all rollouts; a release that is let through counts as infinitely late, and then there is none. */
  readonly medianSeconds?: number
  readonly p95Seconds?: number
  /** Median of bad events (events: lost ones) beyond stable's rate until the abort, or to the plan's end; none for latency. */
  readonly excess?: number
}

export interface CellResult {
  readonly cell: Cell
  readonly rollouts: number
  readonly scores: Readonly<Record<string, Score>>
}

/** Releases of one service, which share a history. */
const ROLLOUTS_PER_HISTORY = 10

/** As many times as many of healthy releases: of a rollout of latencies, which takes long, and of one of counts. */
const HEALTHY_LATENCY_TIMES = 2
const HEALTHY_COUNT_TIMES = 4

function countRollouts(cell: Cell, { rollouts }: Settings): number {
  if (!isHealthy(cell)) return rollouts
  return rollouts * (cell.gate === 'latency' ? HEALTHY_LATENCY_TIMES : HEALTHY_COUNT_TIMES)
}

type RunTrial = (random: Random) => Trial

/** The history, and then rollouts after it. */
function prepare(cell: Cell, { noise }: Settings, random: Random): RunTrial {
  if (cell.gate === 'latency') {
    const known = calibrateLatencies(cell, noise, random)
    return (rollout) => runLatencyTrial(cell, noise, known, rollout)
  }
  const calibration = calibrateCounts(cell, noise, random)
  return (rollout) => runCountTrial(cell, noise, calibration, rollout)
}

export function measureCell(cell: Cell, settings: Settings): CellResult {
  const rollouts = countRollouts(cell, settings)
  const randomOf = (name: string): Random =>
    createRandom(hashOf(`${settings.seed}/${settings.noise}/${cell.id}/${name}`))
  const trials: Trial[] = []
  let run: RunTrial | undefined
  for (let rollout = 0; rollout < rollouts; rollout++) {
    if (run === undefined || rollout % ROLLOUTS_PER_HISTORY === 0)
      run = prepare(cell, settings, randomOf(`history ${rollout / ROLLOUTS_PER_HISTORY}`))
    trials.push(run(randomOf(`rollout ${rollout}`)))
  }
  const judges = judgesOf[cell.gate]
  return {
    cell,
    rollouts,
    scores: Object.fromEntries(judges.map((judge) => [judge, scoreJudge(judge, trials, cell)])),
  }
}

const medianOf = (values: readonly number[]): number => percentile(values, 50)

function scoreJudge(judge: string, trials: readonly Trial[], cell: Cell): Score {
  const plan = plans[cell.plan]
  const aborts = trials.map((trial) => trial.aborts[judge])
  const share = (isCounted: (tick: number) => boolean): number =>
    aborts.filter((tick) => tick !== undefined && isCounted(tick)).length / trials.length
  if (isHealthy(cell)) return { aborted: share(() => true), early: 0 }
  const delays = aborts.map((tick) =>
    tick === undefined || tick < plan.onset ? Number.POSITIVE_INFINITY : delaySeconds(plan, tick),
  )
  return {
    aborted: share((tick) => tick >= plan.onset),
    early: share((tick) => tick < plan.onset),
    ...finite('medianSeconds', medianOf(delays)),
    ...finite('p95Seconds', percentile(delays, 95)),
    ...excessUntil(plan, trials, aborts),
  }
}

function finite<K extends string>(key: K, value: number): Partial<Record<K, number>> {
  const entry: Partial<Record<K, number>> = {}
  if (Number.isFinite(value)) entry[key] = value
  return entry
}

function excessUntil(
  plan: Plan,
  trials: readonly Trial[],
  aborts: readonly (number | undefined)[],
): { excess?: number } {
  const sums = trials.flatMap(({ excess }, index) =>
    excess ? [excess[Math.min(aborts[index] ?? Number.POSITIVE_INFINITY, plan.weights.length - 1)] ?? 0] : [],
  )
  return sums.length === 0 ? {} : { excess: medianOf(sums) }
}
