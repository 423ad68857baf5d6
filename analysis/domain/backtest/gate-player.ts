/**
 * A statistical gate as a player: it looks at every tick. What a look amounts to is decided by the rules and users' conditions that are in force in
 * production; one that has passed in the background is done. It has no end of its own there: an undecided background gate says nothing.
 */
import { decideOutcome, judgeStage, type StageState } from '../gates/decide-outcome.ts'
import { askConditions, decideUnasked, renderGateValue } from '../gates/gate-conditions.ts'
import type { VerdictMode } from '../verdict.ts'
import type { Deal } from './deal-pods.ts'
import type { GateTrack, TrackPoint } from './gate-track.ts'
import type { PlanGate } from './plan.ts'
import type { Player, Standing, Word } from './player.ts'

export interface PlayedGate {
  readonly gate: PlanGate
  readonly track: GateTrack
}

export interface GatePlayer extends Player {
  /** What it has seen so far. */
  readonly points: readonly TrackPoint[]
}

/** As many looks in a row may fail, as with every metric (Argo's consecutiveErrorLimit). */
const MOST_ERRORS = 4

export function createGatePlayer({ gate, track }: PlayedGate, deal: Deal, mode: VerdictMode): GatePlayer {
  const points: TrackPoint[] = []
  let isDone = false
  let errors = 0

  function judge(point: TrackPoint, state: StageState): Word {
    const own = decideOutcome({
      samples: 'whole',
      problem: '',
      finding: point.finding,
      couldCatchTarget: state !== 'open' && track.foresee(undefined).caught,
      earlyPass: gate.rule.earlyPass,
      stage: state,
      onUndecided: gate.onUndecided,
    })
    return gate.conditions === undefined ? own : judgeConditions(own, gate.conditions, state)
  }

  function judgeConditions(own: Word, conditions: NonNullable<PlanGate['conditions']>, state: StageState): Word {
    const value = renderGateValue({ ...track.describe(), outcome: own.outcome })
    const asked = askConditions(conditions, value, mode)
    errors = asked?.phase === 'Error' ? errors + 1 : 0
    if (asked?.phase === 'Error')
      return { outcome: 'hold', reason: 'ConditionError', final: errors > MOST_ERRORS, ...sayWhy(asked.message) }
    const shown = JSON.stringify(value)
    if (asked?.phase === 'Failed') return { outcome: 'abort', reason: 'FailureCondition', final: true, message: shown }
    if (asked?.phase === 'Successful') return { outcome: 'pass', reason: 'SuccessCondition', final: true }
    const phase = decideUnasked(own, conditions, state !== 'open')
    if (phase === undefined) return { outcome: 'hold', reason: own.reason, final: false }
    if (phase !== 'Inconclusive' || own.outcome === 'hold') return own
    return { outcome: 'hold', reason: 'SuccessConditionUnmet', final: true, message: shown }
  }

  return {
    name: gate.name,
    points,
    begin() {},
    nextAt: () => track.times[points.length],
    look(standing: Standing) {
      const point = track.take(points.length, deal, standing.weightPercent)
      points.push(point)
      if (standing.isWaitedFor)
        return judge(point, judgeStage({ endsAt: standing.stageEndsAt, maxHoldMs: gate.maxHoldMs }, point.at))
      if (isDone || gate.watchesFrom === undefined || standing.stage < gate.watchesFrom) return undefined
      const word = judge(point, 'open')
      isDone = word.outcome === 'pass'
      return word
    },
  }
}

const sayWhy = (message: string | undefined): Pick<Word, 'message'> => (message === undefined ? {} : { message })
