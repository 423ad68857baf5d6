/** A look of the latency gate: samples to ticks at stable's edges, ticks to evidence, and the numbers that a dashboard shows beside ours. */

import { sumArms } from '../stats/arms.ts'
import type { Exposure } from '../stats/power.ts'
import type { Calibration } from '../stats/ticks.ts'
import { assessSamples, findExposure, tickOptionsOf } from './assess-samples.ts'
import type { GateCase, GateRule, GateStage } from './gate-case.ts'
import type { GateJudges } from './gate-judges.ts'
import type { Inspection } from './inspection.ts'
import { createLatencyJudge, type LatencyLook } from './judge-latency.ts'
import { atEdge } from './latency-calibration.ts'
import { listBounds } from './latency-counters.ts'
import { type EdgePlan, planEdges } from './latency-edges.ts'
import { readDashboard } from './latency-readout.ts'
import { findScale, ratioAtScale } from './latency-scale.ts'
import { foresee, type Outlook } from './outlook.ts'
import { readLatencyTicks } from './read-latency-ticks.ts'
import type { ResumableTicks } from './resume-judge.ts'
import type { LatencyTick } from './samples.ts'
import { sumSurvival } from './survival.ts'
import { latencyShape } from './tick-shape.ts'

/** Without history, edges are planned from stable's first ticks: the same ones at every look. */
const TICKS_FOR_PLAN = 8
const NO_PLAN: EdgePlan = { bounds: [], edges: [], endsBelowP99: false }

export function inspectLatency(gateCase: GateCase, judges: GateJudges): Inspection {
  const { latency } = gateCase
  const options = tickOptionsOf(gateCase)
  const plan = latency?.plan ?? planFromSamples(gateCase)
  const reading = judges.latencyTicks(gateCase, latencyShape(plan?.bounds ?? []), options)
  const { ticks } = reading
  const look = plan && judgeTicks(judges, reading, plan, gateCase)
  const isWorthAsking = ticks.length > 0 && (plan === undefined || plan.endsBelowP99)
  const buckets = isWorthAsking ? (plan === undefined ? 'tooCoarse' : 'endBelowP99') : undefined
  return {
    ...assessSamples(gateCase, reading, buckets === undefined ? {} : { buckets }),
    look,
    historyMs: primary(latency?.calibration.edges)?.historyMs ?? 0,
    hardFloor: undefined,
    outlook: foreseeLatency(gateCase, plan ?? NO_PLAN, ticks, { phi: look?.phi.used ?? 1, tickMs: reading.tickMs }),
    exposedSince: findExposure(gateCase, reading.scrapeIntervalMs),
    p99:
      look &&
      plan &&
      describeP99(
        look,
        plan,
        ticks,
        (gateCase.log ?? gateCase.series).some(({ role }) => role === 'native'),
      ),
  }
}

function judgeTicks(
  judges: GateJudges,
  reading: ResumableTicks<LatencyTick>,
  plan: EdgePlan,
  { latency, rule }: GateCase,
): LatencyLook | undefined {
  const calibration = latency?.calibration
  const key = { text: JSON.stringify([rule, plan]), calibration }
  return judges.latency(reading, key, () => createLatencyJudge(plan, calibration, rule)).describe()
}

const primary = (edges: readonly Calibration[] | undefined): Calibration | undefined => edges?.[0]

function planFromSamples(gateCase: GateCase): EdgePlan | undefined {
  const bounds = listBounds(gateCase.series)
  const { ticks } = readLatencyTicks(gateCase.series, bounds, tickOptionsOf(gateCase))
  return planEdges(sumSurvival(ticks.slice(0, TICKS_FOR_PLAN), 'stable', bounds), gateCase.rule.toleranceRatio)
}

/** The evidence is shared among edges and ranks: what the weightiest edge alone could show has to make up for that. */
const EVIDENCE_OF_COUNTS = 0.6

/** Times as slow are asked and told; counts at the weightiest edge are what is reckoned with. */
export function foreseeLatency(
  { rule, stage }: { readonly rule: GateRule; readonly stage: Pick<GateStage, 'nextWeightPercent'> },
  plan: EdgePlan,
  ticks: readonly LatencyTick[],
  { phi, tickMs }: { readonly phi: number; readonly tickMs: number },
): Outlook {
  const [edge] = plan.edges
  const index = edge?.index ?? 0
  const exposures: readonly Exposure[] = edge ? ticks.flatMap((tick) => sumArms(atEdge(tick, index)) ?? []) : []
  const survival = sumSurvival(ticks, 'stable', plan.bounds)
  const found = foresee({
    exposures,
    rule: {
      ...rule,
      alpha: rule.alpha * EVIDENCE_OF_COUNTS * (edge?.weight ?? 1),
      toleranceRatio: edge?.toleranceRatio ?? 1,
    },
    target: ratioAtScale(survival, index, rule.target),
    phi,
    tickMs,
    nextWeightPercent: stage.nextWeightPercent,
  })
  return {
    ...found,
    ratio: rule.target,
    smallest: found.smallest === undefined ? undefined : findScale(survival, index, found.smallest),
  }
}

function describeP99(
  look: LatencyLook,
  plan: EdgePlan,
  ticks: readonly LatencyTick[],
  isNative: boolean,
): Inspection['p99'] {
  const { canary, stable } = look.p99
  const shown = {
    canary: readDashboard(sumSurvival(ticks, 'canary', plan.bounds), isNative),
    stable: readDashboard(sumSurvival(ticks, 'stable', plan.bounds), isNative),
  }
  return {
    edge: look.edge,
    ...(canary === undefined ? {} : { canary }),
    ...(stable === undefined ? {} : { stable }),
    ...(shown.canary === undefined ? {} : { canaryPromql: shown.canary.value }),
    ...(shown.stable === undefined ? {} : { stablePromql: shown.stable.value }),
    ...(shown.stable?.bucket === undefined ? {} : { bucket: shown.stable.bucket }),
  }
}
