/**
 * What the hours before the release teach a gate: read once, when there is something to judge, in pieces that are counted and forgotten. The canary's
 * share is that of the first ticks, so that the same release is always held against the same slices of stable.
 */
import { learnShape } from '../../domain/gates/before-shape.ts'
import { calibrateLatency } from '../../domain/gates/latency-calibration.ts'
import { listBounds } from '../../domain/gates/latency-counters.ts'
import { type EdgePlan, planEdges } from '../../domain/gates/latency-edges.ts'
import { readLatencyHistory, readLatencyTicks } from '../../domain/gates/read-latency-ticks.ts'
import { readStableHistory, readTicks, type TickOptions } from '../../domain/gates/read-ticks.ts'
import type { GateSeries, LatencyTick } from '../../domain/gates/samples.ts'
import { sumSurvival } from '../../domain/gates/survival.ts'
import { calibrate } from '../../domain/stats/calibrate.ts'
import type { Tick } from '../../domain/stats/ticks.ts'
import { createClassifier, type Purpose, readBound } from './classify.ts'
import type { GateReading } from './gate-reading.ts'
import type { GateKnowledge } from './knowledge.ts'
import { listPurposes, renderHistory } from './queries.ts'
import { type HistoryPart, type Piece, readHistory } from './stable-history.ts'

/** Nothing is decided with fewer, so nothing has to be known before. */
export const FEWEST_TICKS = 3

export type Learnt = { readonly knowledge: GateKnowledge } | { readonly problem: string }

/** `series`: of this look, with {@link FEWEST_TICKS} ticks or more. */
export const learn = (reading: GateReading, series: readonly GateSeries[]): Promise<Learnt> =>
  reading.plan.gate === 'latency' ? learnLatency(reading, series) : learnCounts(reading, series)

async function learnCounts(reading: GateReading, series: readonly GateSeries[]): Promise<Learnt> {
  const ticks: Tick[] = []
  const problem = await readPieces(reading, {}, ({ series: piece, ...ends }) => {
    const read = readStableHistory(piece, optionsOf(reading, ends.from, ends.to))
    for (const tick of read.ticks) ticks.push(tick)
  })
  if (problem !== undefined) return { problem }
  await reading.pace()
  const share = shareOf(readTicks(series, optionsOf(reading, reading.since, reading.order.now)).ticks)
  const calibration = calibrate(ticks, share)
  const before = countStable(ticks)
  const beforePhi = reading.plan.gate === 'events' ? learnShape(ticks, before) : undefined
  return { knowledge: { calibration, before, beforePhi, historyMs: calibration.historyMs } }
}

/** The latest part of history says where the P99 is; only the bounds around it are then read of the rest, and of all looks to come. */
const SURVEY_MS = 30 * 60_000

async function learnLatency(reading: GateReading, series: readonly GateSeries[]): Promise<Learnt> {
  const { since, plan } = reading
  const survey: Piece[] = []
  const blind = await readPieces(
    reading,
    { historyMs: Math.min(SURVEY_MS, plan.historyMs) },
    (piece) => void survey.push(piece),
  )
  if (blind !== undefined) return { problem: blind }
  const edges = planFrom(reading, survey)
  if (!edges) return { knowledge: { historyMs: 0 } }
  const les = nameBounds(survey, edges.bounds, plan.unitSeconds)
  const ticks: LatencyTick[] = []
  const problem = await readPieces(reading, { les }, ({ series: piece, from, to }) => {
    const read = readLatencyHistory(piece, edges.bounds, optionsOf(reading, from, to))
    for (const tick of read.ticks) ticks.push(tick)
  })
  if (problem !== undefined) return { problem }
  await reading.pace()
  const share = shareOf(readLatencyTicks(series, edges.bounds, optionsOf(reading, since, reading.order.now)).ticks)
  const calibration = calibrateLatency(ticks, edges, share)
  return {
    knowledge: { latency: { plan: edges, calibration }, les, historyMs: calibration.edges[0]?.historyMs ?? 0 },
  }
}

function planFrom(reading: GateReading, survey: readonly Piece[]): EdgePlan | undefined {
  const series = survey.flatMap((piece) => piece.series)
  const bounds = listBounds(series)
  const ticks = survey.flatMap((piece) => [
    ...readLatencyHistory(piece.series, bounds, optionsOf(reading, piece.from, piece.to)).ticks,
  ])
  return planEdges(sumSurvival(ticks, 'stable', bounds), reading.plan.thresholds.toleranceRatio)
}

/** As the series call them, however they write a number; undefined for native histograms, which have no such label. */
function nameBounds(survey: readonly Piece[], bounds: readonly number[], unitSeconds: number): string[] | undefined {
  const wanted = new Set(bounds)
  const names = new Set<string>()
  for (const { les } of survey) for (const le of les) if (wanted.has(readBound(le, unitSeconds))) names.add(le)
  return names.size === 0 ? undefined : [...names].sort()
}

const optionsOf = ({ plan }: GateReading, from: number, now: number): TickOptions => ({
  from,
  now,
  warmupMs: plan.thresholds.warmupMs,
  ...(plan.thresholds.leastTickMs === undefined ? {} : { leastTickMs: plan.thresholds.leastTickMs }),
})

interface Extent {
  readonly historyMs?: number
  readonly les?: readonly string[] | undefined
}

function readPieces(
  reading: GateReading,
  { historyMs, les }: Extent,
  add: (piece: Piece) => void,
): Promise<string | undefined> {
  const { plan, since, ask } = reading
  const parts = listPurposes(plan).map((purpose) => partOf(reading, purpose, les))
  const from = since - (historyMs ?? plan.historyMs)
  return readHistory({ parts, versionLabel: plan.version.label, from, to: since }, ask, add)
}

function partOf({ plan }: GateReading, purpose: Purpose, les: readonly string[] | undefined): HistoryPart {
  const { version } = plan
  const matched = plan.matchers.map(({ label }) => label)
  const classify = createClassifier(plan, purpose, matched)
  return {
    selector: renderHistory(plan, purpose, les).selector,
    classify: (labels, isNative) => classify({ ...labels, [version.label]: version.stable }, isNative),
  }
}

type Totals = readonly { readonly total: number }[]

/** The canary's share of requests within the first ticks. */
function shareOf(ticks: readonly { readonly canary: Totals; readonly stable: Totals }[]): number {
  let [canary, all] = [0, 0]
  for (const tick of ticks.slice(0, FEWEST_TICKS)) {
    for (const { total } of tick.canary) [canary, all] = [canary + total, all + total]
    for (const { total } of tick.stable) all += total
  }
  return all > 0 ? canary / all : 0
}

function countStable(ticks: readonly Tick[]): { readonly bad: number; readonly total: number } {
  let [bad, total] = [0, 0]
  for (const { stable } of ticks) for (const pod of stable) [bad, total] = [bad + pod.bad, total + pod.total]
  return { bad, total }
}
