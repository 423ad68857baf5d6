/**
 * One simulated rollout of a cell of counts, judged by everybody. Where the noise is in the scraping itself, or pods have to warm up, ours reads counters
 * through the product's data contract; elsewhere it is given the counts as they fell, to be quick.
 */
import { readTicks, type TickOptions } from '../../../analysis/domain/gates/read-ticks.ts'
import { calibrate } from '../../../analysis/domain/stats/calibrate.ts'
import type { Calibration, Tick } from '../../../analysis/domain/stats/ticks.ts'
import type { CountCell, HistoryId } from './cells.ts'
import { type CountRun, START_MS, simulateCounts, simulateHistory, type Traffic } from './counts.ts'
import { type Abort, abortByGate, errorRule, eventRule, judgeErrors, judgeEvents, PENSTOCK } from './judges.ts'
import { type Noise, type NoiseSet, noiseOf } from './noise.ts'
import { type Plan, plans, SCRAPE_SECONDS } from './plan.ts'
import type { Random } from './random.ts'
import { scrapeCounts, tickAt } from './scrapes.ts'

export interface Trial {
  readonly aborts: Readonly<Record<string, Abort>>
  /** Bad events (events: lost ones) that the release adds to what stable would have had, summed up by scrape; absent for latency. */
  readonly excess?: Float64Array
}

export const HISTORY_SECONDS: Readonly<Record<HistoryId, number>> = {
  '4h': 4 * 3600,
  '1h': 3600,
  '15m': 900,
  quiet: 4 * 3600,
  none: 0,
}

/** What a gate leaves out of a pod's life, where pods start cold. */
const WARM_UP_MS = 60_000

/** Noise of the history: as live, unless the cell says that it was quieter. */
export const historyNoise = (
  cell: { readonly history: HistoryId; readonly noise: CountCell['noise'] },
  set: NoiseSet,
) => noiseOf(set, cell.history === 'quiet' ? 'iid' : cell.noise)

export const smallestShare = (plan: Plan): number => Math.min(...plan.weights)

const trafficOf = (cell: CountCell, noise: Noise): Traffic => ({
  rps: cell.rps,
  noise,
  signal: { kind: cell.gate === 'errorRate' ? 'errors' : 'events', base: cell.base, effect: cell.effect },
})

/** What the gate knows of the service's noise before the rollout; undefined without a history. */
export function calibrateCounts(cell: CountCell, set: NoiseSet, random: Random): Calibration | undefined {
  const seconds = HISTORY_SECONDS[cell.history]
  if (seconds === 0) return undefined
  const history = simulateHistory(trafficOf(cell, historyNoise(cell, set)), seconds, random)
  return calibrate(history, smallestShare(plans[cell.plan]))
}

export const isScraped = ({ cold, restartSeconds, gap }: Noise): boolean =>
  cold !== undefined || restartSeconds !== undefined || gap !== undefined

const readyTimes = (born: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
  new Map([...born].map(([pod, tick]) => [pod, START_MS + tick * SCRAPE_SECONDS * 1000]))

/** A look after the rollout's end: ticks that were there earlier do not change. */
export function readOptions(
  { ticks, born }: { readonly ticks: { readonly length: number }; readonly born: ReadonlyMap<string, number> },
  { cold }: Noise,
): TickOptions {
  return {
    from: START_MS,
    now: START_MS + (ticks.length + 2) * SCRAPE_SECONDS * 1000,
    warmupMs: cold === undefined ? 0 : WARM_UP_MS,
    readyAt: readyTimes(born),
    scrapeIntervalMs: SCRAPE_SECONDS * 1000,
  }
}

/** What the gate sees. */
function readRun(cell: CountCell, noise: Noise, run: CountRun, random: Random): readonly Tick[] {
  if (!isScraped(noise)) return run.ticks
  const series = scrapeCounts(run, noise, cell.gate === 'errorRate' ? 'errors' : 'events', random)
  const { ticks, problems } = readTicks(series, readOptions(run, noise))
  const problem = problems.find(({ severity }) => severity === 'error')
  if (problem) throw new Error(`${cell.id}: ${problem.reason}: ${problem.what}`)
  return ticks
}

/** What the release adds, as it is meant and not as it was drawn. */
function excessOf(cell: CountCell, plan: Plan, { canary }: CountRun): Float64Array {
  const excess = new Float64Array(plan.weights.length)
  let sum = 0
  for (let tick = 0; tick < excess.length; tick++) {
    const lost = (canary.total[tick] ?? 0) * cell.base * (1 - cell.effect)
    const added = (canary.bad[tick] ?? 0) * (1 - 1 / cell.effect)
    if (tick >= plan.onset) sum += cell.gate === 'events' ? lost : added
    excess[tick] = sum
  }
  return excess
}

export function runCountTrial(
  cell: CountCell,
  set: NoiseSet,
  calibration: Calibration | undefined,
  random: Random,
): Trial {
  const plan = plans[cell.plan]
  const noise = noiseOf(set, cell.noise)
  const run = simulateCounts(trafficOf(cell, noise), plan, random)
  const isErrors = cell.gate === 'errorRate'
  const peers = isErrors ? judgeErrors(plan, run) : judgeEvents(plan, run)
  const ticks = readRun(cell, noise, run, random)
  const at = abortByGate(ticks, calibration, isErrors ? errorRule : eventRule)
  return { aborts: { ...peers, [PENSTOCK]: at && tickAt(at) }, excess: excessOf(cell, plan, run) }
}
