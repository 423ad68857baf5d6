/**
 * Plays a plan over one case: stages pass with time, gates and metrics look at times of their own, and the first word that ends the release ends the
 * case. What a word does is told in `player.ts`.
 */
import type { VerdictMode } from '../verdict.ts'
import type { Deal } from './deal-pods.ts'
import { createGatePlayer, type PlayedGate } from './gate-player.ts'
import type { TrackPoint } from './gate-track.ts'
import type { LimitDelay } from './measured-run.ts'
import { createMetricPlayer, type PlayedMetric } from './metric-player.ts'
import type { BacktestPlan } from './plan.ts'
import type { Player, Word } from './player.ts'

export interface PlayOrder {
  readonly plan: BacktestPlan
  readonly gates: readonly PlayedGate[]
  readonly metrics?: readonly PlayedMetric[]
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
  readonly message?: string
  /** A limit made it wait for more than its first word. */
  readonly delay?: LimitDelay
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

const STRICT: VerdictMode = 'strict'

export function playPlan(order: PlayOrder): Played {
  const { plan, since, until, deal } = order
  const { mode = STRICT } = plan
  const gates = order.gates.map((gate) => createGatePlayer(gate, deal, mode))
  const players = [...gates, ...(order.metrics ?? []).map((metric) => createMetricPlayer(metric, mode))]
  const foresee = () => order.gates.map(({ track }) => track.foresee(undefined).smallest)
  const alert = order.alerts?.find(({ at }) => at >= since && at <= until)
  const course = createCourse(plan, players)
  let firstStage: readonly (number | undefined)[] | undefined

  function endStage(at: number): void {
    if (course.stage() === 0) firstStage = foresee()
    course.end(at)
  }

  const finish = (outcome: CaseOutcome, at: number, said?: Said): Played => {
    const smallest = foresee()
    return {
      outcome,
      at,
      ...said,
      ...course.describe(outcome === 'passed' ? undefined : at),
      points: gates.map(({ points }) => points),
      detectable: smallest.map((ratio, index) => ({ firstStage: (firstStage ?? smallest)[index], plan: ratio })),
    }
  }

  course.begin(since)
  while (!course.isOver()) {
    const turn = findTurn(players)
    const horizon = Math.min(until, turn?.at ?? until, alert?.at ?? until)
    const endsAt = course.endsAt()
    if (course.waiting.size === 0 && endsAt <= horizon) {
      endStage(endsAt)
      continue
    }
    if (alert && alert.at <= horizon)
      return finish('aborted', alert.at, { gate: `alert ${alert.name}`, reason: 'AlertFiring' })
    if (!turn || turn.at > until) return finish('cutShort', until)
    const { player, at } = turn
    const word = player.look(course.standing())
    if (word?.outcome === 'abort') return finish('aborted', at, tell(player, word))
    if (word?.outcome === 'hold') return finish('held', at, tell(player, word))
    // A step that is an analysis ends with it.
    if (word?.outcome === 'pass' && course.waiting.delete(player.name) && course.waiting.size === 0) endStage(at)
  }
  return finish('passed', course.describe(undefined).stages.at(-1)?.endedAt ?? until)
}

type Said = Pick<Played, 'gate' | 'reason' | 'message' | 'delay'>

const tell = ({ name }: Player, { outcome: _told, ...said }: Word): Said => ({ gate: name, ...said })

/** Whose look is next; of several at the same time the first one's. */
function findTurn(players: readonly Player[]): { readonly player: Player; readonly at: number } | undefined {
  let turn: { readonly player: Player; readonly at: number } | undefined
  for (const player of players) {
    const at = player.nextAt()
    if (at !== undefined && (turn === undefined || at < turn.at)) turn = { player, at }
  }
  return turn
}

/** How far the stages have come. */
function createCourse(plan: BacktestPlan, players: readonly Player[]) {
  const stages: { startedAt: number; endedAt: number }[] = []
  const waiting = new Set<string>()
  let stage = -1
  const isOver = (): boolean => stage >= plan.stages.length
  const endsAt = (): number => (stages[stage]?.startedAt ?? 0) + (plan.stages[stage]?.durationMs ?? 0)

  function begin(at: number): void {
    stage += 1
    waiting.clear()
    const next = plan.stages[stage]
    if (next === undefined) return
    // What is not replayed is not waited for either.
    for (const { name } of players) if (next.waitsFor.includes(name)) waiting.add(name)
    stages.push({ startedAt: at, endedAt: at })
    for (const player of players) player.begin(stage, at, waiting.has(player.name))
  }

  return {
    begin,
    isOver,
    endsAt,
    /** Names of players that the current stage waits for. */
    waiting,
    stage: () => stage,
    standing: () => ({ stage, weightPercent: plan.stages[stage]?.weightPercent ?? 0 }),
    end(at: number): void {
      const current = stages[stage]
      if (current) current.endedAt = at
      begin(at)
    },
    /** `endedAt`: of a case that did not get through. */
    describe(endedAt: number | undefined): Pick<Played, 'stage' | 'stages'> {
      const current = stages.at(-1)
      if (current && endedAt !== undefined) current.endedAt = endedAt
      return { stage: Math.min(stage, plan.stages.length - 1), stages }
    },
  }
}
