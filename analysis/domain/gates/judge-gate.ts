/**
 * One look of a statistical gate: from raw samples to the verdict with its numbers and its text. All that it knows is in the case, so the same case
 * gives the same verdict before and after a restart, and from a file; judges that are kept between two looks only save time.
 */
import { formatInstant } from '../../../controller/api/scalars.ts'
import type { GateId, GateVerdict } from '../../../controller/api/verdict.ts'
import { decideOutcome, judgeStage, type OutcomeFacts } from './decide-outcome.ts'
import type { GateCase } from './gate-case.ts'
import { createGateJudges, type GateJudges } from './gate-judges.ts'
import { inspectCounts } from './inspect-counts.ts'
import { inspectEvents } from './inspect-events.ts'
import { inspectLatency } from './inspect-latency.ts'
import type { Inspection } from './inspection.ts'
import type { Outlook } from './outlook.ts'
import type { VerdictNumbers } from './text-lines.ts'
import { renderVerdictText } from './verdict-text.ts'

/** The verdict at `gateCase.now`. Total: samples of any kind give one. `judges`: of looks at the same gate before, if there were any. */
export function judgeGate(gateCase: GateCase, judges: GateJudges = createGateJudges()): GateVerdict {
  const found = INSPECT[gateCase.gate](gateCase, judges)
  const numbers: VerdictNumbers = {
    version: 1,
    gate: gateCase.gate,
    ...decideOutcome(factsOf(gateCase, found)),
    lookedAt: new Date(gateCase.now).toISOString(),
    ...describeStage(gateCase),
    ...describeSamples(gateCase, found),
    ...describeEvidence(gateCase, found),
    ...describeOutlook(found.outlook),
    queries: [...gateCase.queries],
  }
  return { ...numbers, text: renderVerdictText(numbers) }
}

const INSPECT: Readonly<Record<GateId, (gateCase: GateCase, judges: GateJudges) => Inspection>> = {
  errorRate: inspectCounts,
  latency: inspectLatency,
  events: inspectEvents,
}

function factsOf({ rule, stage, now, onUndecided }: GateCase, found: Inspection): OutcomeFacts {
  const { samples, problems, look, hardFloor } = found
  const findings = { abort: 'worse', proven: 'proven', undecided: 'none' } as const
  return {
    samples,
    problem: problems[0]?.reason ?? '',
    finding: hardFloor ? 'hardFloor' : findings[look?.decision ?? 'undecided'],
    couldCatchTarget: found.outlook.caught,
    earlyPass: rule.earlyPass,
    stage: judgeStage(stage, now),
    onUndecided,
  }
}

function describeStage({ stage, now }: GateCase): Pick<GateVerdict, 'stage'> {
  const { index, count, weightPercent, nextWeightPercent, endsAt } = stage
  const known = {
    ...(index === undefined ? {} : { number: index + 1 }),
    ...(count === undefined ? {} : { count }),
    ...(weightPercent === undefined ? {} : { weightPercent }),
    ...(nextWeightPercent === undefined ? {} : { nextWeightPercent }),
    ...(endsAt === undefined ? {} : { secondsLeft: (endsAt - now) / 1000 }),
  }
  return Object.keys(known).length === 0 ? {} : { stage: known }
}

const NOTHING = { bad: 0, total: 0 }

function describeSamples({ rule, before, now }: GateCase, { problems, look, exposedSince, p99, top }: Inspection) {
  return {
    problems: problems.map(({ reason, what, fix }) => ({ reason, what, fix })),
    ...(look === undefined ? {} : { at: formatInstant(look.at) }),
    ...(exposedSince === undefined ? {} : { exposedSeconds: ((look?.at ?? now) - exposedSince) / 1000 }),
    ticks: look?.ticks ?? 0,
    canary: look?.canary ?? NOTHING,
    stable: look?.stable ?? NOTHING,
    ...(rule.noun === undefined ? {} : { noun: rule.noun }),
    ...(before === undefined ? {} : { stableBefore: before }),
    ...(p99 === undefined ? {} : { p99 }),
    ...(top === undefined ? {} : { top }),
  }
}

function describeEvidence({ rule }: GateCase, { look, historyMs, hardFloor, comparison, expectedBy }: Inspection) {
  const live = look?.phi.live
  return {
    ...(comparison === undefined ? {} : { comparison }),
    ...(expectedBy === undefined ? {} : { expectedBy }),
    ...(hardFloor === undefined ? {} : { hardFloor: { canary: hardFloor.canary, stable: hardFloor.stable } }),
    ...(look?.ratio === undefined ? {} : { ratio: look.ratio }),
    ...(look?.ratioLower === undefined ? {} : { ratioLower: look.ratioLower }),
    ...(look?.ratioUpper === undefined ? {} : { ratioUpper: look.ratioUpper }),
    evidence: look?.evidence ?? 1,
    evidenceLimit: 1 / rule.alpha,
    toleranceEvidence: look?.toleranceEvidence ?? 1,
    toleranceLimit: 1 / rule.beta,
    tolerance: rule.toleranceRatio,
    toleranceExcess: rule.toleranceExcess,
    noise: {
      phi: look?.phi.used ?? 1,
      ...(live === undefined ? {} : { live }),
      historySeconds: historyMs / 1000,
    },
    excess: look?.excess ?? 0,
    expected: look?.expected ?? 0,
  }
}

function describeOutlook({ ratio, events, caught, smallest, delayMs, nextWeightDelayMs }: Outlook) {
  return {
    ...(smallest === undefined ? {} : { smallestDetectable: smallest }),
    target: {
      ratio,
      caught,
      ...(events === undefined ? {} : { events }),
      ...(delayMs === undefined || caught ? {} : { seconds: delayMs / 1000 }),
      ...(nextWeightDelayMs === undefined ? {} : { nextWeightSeconds: nextWeightDelayMs / 1000 }),
    },
  }
}
