/**
 * Plays a plan over one case: stages pass with time, gates look at every tick, and the first word that ends the release ends the case. What a look
 * amounts to is decided by the rules that are in force in production.
 *
 *   a gate's look            while a stage waits for it        in the background
 *   abort                    the release is aborted            the release is aborted
 *   hold, not final          the stage is held                 nothing
 *   hold, final              a person is asked: held           nothing: it has no end of its own
 *   pass                     the stage may end                 nothing
 */
import { decideOutcome, type GateOutcome, judgeStage } from '../gates/decide-outcome.ts'
import type { Deal } from './deal-pods.ts'
import type { GateTrack, TrackPoint } from './gate-track.ts'
import type { BacktestPlan, PlanGate } from './plan.ts'

export interface PlayedGate {
  readonly gate: PlanGate
  readonly track: GateTrack
}

export interface PlayOrder {
  readonly plan: BacktestPlan
  readonly gates: readonly PlayedGate[]
  /** When the release begins, epoch milliseconds. */
  readonly since: number
  /** After it there is nothing to look at. */
  readonly until: number
  readonly deal: Deal
  /** Ascending; the first one within the release ends it. */
  readonly alerts?: readonly FiredAlert[]
}

/** A moment at which an alert was firing. */
export interface FiredAlert {
  /** Epoch milliseconds. */
  readonly at: number
  readonly name: string
}

/** `passed`: all stages · `aborted` · `held`: a person would have been asked · `cutShort`: the case ended before the plan did. */
export type CaseOutcome = 'passed' | 'aborted' | 'held' | 'cutShort'

export interface StageEnd {
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly endedAt: number
}

export interface Played {
  readonly outcome: CaseOutcome
  /** Epoch milliseconds of the word that ended it. */
  readonly at: number
  /** Zero-based stage at that time. */
  readonly stage: number
  /** Who said so and why; undefined for `passed` and `cutShort`. */
  readonly gate?: string
  readonly reason?: string
  /** Stages that were begun. */
  readonly stages: readonly StageEnd[]
  /** By gate, in the plan's order. */
  readonly points: readonly (readonly TrackPoint[])[]
  /** By gate: the ratio nearest to 1 that would have been caught by the end of the first stage, and of the last one reached. */
  readonly detectable: readonly Detectable[]
}

export interface Detectable {
  readonly firstStage: number | undefined
  readonly plan: number | undefined
}

export function playPlan(order: PlayOrder): Played {
  const { plan, gates, since, until, deal } = order
  const points: TrackPoint[][] = gates.map(() => [])
  const firstStage: (number | undefined)[] = gates.map(() => undefined)
  const stages: { startedAt: number; endedAt: number }[] = []
  let stage = -1
  let waiting = new Set<string>()

  function begin(at: number): void {
    stage += 1
    waiting = new Set(plan.stages[stage]?.waitsFor)
    if (stage < plan.stages.length) stages.push({ startedAt: at, endedAt: at })
  }

  const stageEnd = (): number => (stages[stage]?.startedAt ?? since) + (plan.stages[stage]?.durationMs ?? 0)
  const isOver = (): boolean => stage >= plan.stages.length

  /** Stages that end before `at` end on time, unless they wait for a gate. */
  function passStages(at: number): void {
    while (!isOver() && waiting.size === 0 && at >= stageEnd()) endStage(stageEnd())
  }

  function endStage(at: number): void {
    const current = stages[stage]
    if (current) current.endedAt = at
    if (stage === 0)
      for (const [index, { track }] of gates.entries()) firstStage[index] = track.foresee(undefined).smallest
    begin(at)
  }

  function look({ gate, track }: PlayedGate, point: TrackPoint): GateOutcome | undefined {
    const isWaitedFor = waiting.has(gate.name)
    if (!isWaitedFor && (gate.watchesFrom === undefined || stage < gate.watchesFrom)) return undefined
    const state = isWaitedFor ? judgeStage({ endsAt: stageEnd(), maxHoldMs: gate.maxHoldMs }, point.at) : 'open'
    return decideOutcome({
      samples: 'whole',
      problem: '',
      finding: point.finding,
      couldCatchTarget: state !== 'open' && track.foresee(undefined).caught,
      earlyPass: gate.rule.earlyPass,
      stage: state,
      onUndecided: gate.onUndecided,
    })
  }

  const finish = (outcome: CaseOutcome, at: number, said?: { gate: string; reason: string }): Played => {
    const current = stages.at(-1)
    if (current && outcome !== 'passed') current.endedAt = at
    const reached = Math.min(stage, plan.stages.length - 1)
    const detectable = gates.map(({ track }, index) => {
      const { smallest } = track.foresee(undefined)
      return { firstStage: stage === 0 ? smallest : firstStage[index], plan: smallest }
    })
    return { outcome, at, stage: reached, ...said, stages, points, detectable }
  }

  const alert = order.alerts?.find(({ at }) => at >= since && at <= until)
  const abortForAlert = ({ at, name }: FiredAlert): Played =>
    finish('aborted', at, { gate: `alert ${name}`, reason: 'AlertFiring' })

  begin(since)
  for (const { index, place, at } of listTicks(gates)) {
    passStages(alert && alert.at < at ? alert.at : at)
    if (isOver() || at > until) break
    if (alert && alert.at <= at) return abortForAlert(alert)
    const played = gates[index]
    if (!played) continue
    const point = played.track.take(place, deal, plan.stages[stage]?.weightPercent ?? 0)
    points[index]?.push(point)
    const said = look(played, point)
    if (said === undefined) continue
    const words = { gate: played.gate.name, reason: said.reason }
    if (said.outcome === 'abort') return finish('aborted', at, words)
    if (said.outcome === 'hold' && said.final) return finish('held', at, words)
    if (said.outcome === 'pass') waiting.delete(played.gate.name)
    // A step that is an analysis ends with it.
    if (waiting.size === 0 && (plan.stages[stage]?.waitsFor.length ?? 0) > 0) endStage(at)
  }
  passStages(alert ? alert.at : until)
  if (alert && !isOver()) return abortForAlert(alert)
  passStages(until)
  return isOver() ? finish('passed', stages.at(-1)?.endedAt ?? until) : finish('cutShort', until)
}

/** The ticks of all gates in the order of their times. */
function listTicks(gates: readonly PlayedGate[]) {
  return gates
    .flatMap(({ track }, index) => track.times.map((at, place) => ({ index, place, at })))
    .sort((one, other) => one.at - other.at || one.index - other.index)
}
