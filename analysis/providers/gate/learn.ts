/**
 * What the hours before the release teach a gate: read once, when there is something to judge, in pieces that are counted and forgotten. The canary's
 * share is that of the first ticks, so that the same release is always held against the same slices of stable.
 */
import { readStableHistory, readTicks } from '../../domain/gates/read-ticks.ts'
import type { GateSeries } from '../../domain/gates/samples.ts'
import { calibrate } from '../../domain/stats/calibrate.ts'
import type { PodCount, Tick } from '../../domain/stats/ticks.ts'
import { createClassifier, type Purpose } from './classify.ts'
import type { GateReading } from './gate-reading.ts'
import type { GateKnowledge } from './knowledge.ts'
import { listPurposes, renderHistory } from './queries.ts'
import { type HistoryPart, readHistory } from './stable-history.ts'

/** Nothing is decided with fewer, so nothing has to be known before. */
export const FEWEST_TICKS = 3

export type Learnt = { readonly knowledge: GateKnowledge } | { readonly problem: string }

export async function learn(reading: GateReading, series: readonly GateSeries[]): Promise<Learnt> {
  const { plan, ask, since, order } = reading
  const { warmupMs } = plan.thresholds
  const share = shareOf(readTicks(series, { from: since, now: order.now, warmupMs }).ticks.slice(0, FEWEST_TICKS))
  const ticks: Tick[] = []
  const problem = await readHistory(
    {
      parts: listPurposes(plan).map((purpose) => partOf(reading, purpose)),
      versionLabel: plan.version.label,
      from: since - plan.historyMs,
      to: since,
    },
    ask,
    (piece, from, now) => void ticks.push(...readStableHistory(piece, { from, now, warmupMs }).ticks),
  )
  if (problem !== undefined) return { problem }
  const stable = ticks.flatMap((tick) => tick.stable)
  return { knowledge: { calibration: calibrate(ticks, share), before: sum(stable) } }
}

function partOf({ plan }: GateReading, purpose: Purpose): HistoryPart {
  const { version } = plan
  const classify = createClassifier(
    plan,
    purpose,
    plan.matchers.map(({ label }) => label),
  )
  return {
    selector: renderHistory(plan, purpose).selector,
    classify: (labels, isNative) => classify({ ...labels, [version.label]: version.stable }, isNative),
  }
}

function shareOf(ticks: readonly Tick[]): number {
  const canary = sum(ticks.flatMap((tick) => tick.canary)).total
  const stable = sum(ticks.flatMap((tick) => tick.stable)).total
  return canary + stable > 0 ? canary / (canary + stable) : 0
}

function sum(pods: readonly PodCount[]): { readonly bad: number; readonly total: number } {
  let bad = 0
  let total = 0
  for (const pod of pods) {
    bad += pod.bad
    total += pod.total
  }
  return { bad, total }
}
