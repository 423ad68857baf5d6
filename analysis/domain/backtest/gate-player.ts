/**
 * A statistical gate as a player: it follows every tick, and looks when its run's measurement is due, as in production. What a look amounts to is decided by
 * the rules and users' conditions that are in force there, and what looks amount to by the measurement state machine with all of its limits.
 */
import type { Metric } from '../../../controller/api/analysis.ts'
import { readLimits } from '../../../controller/metric-language/analysis-metric.ts'
import { decideOutcome, judgeStage, type StageState } from '../gates/decide-outcome.ts'
import type { GateStage } from '../gates/gate-case.ts'
import { askConditions, decideUnasked, renderGateValue } from '../gates/gate-conditions.ts'
import { stageOfRun } from '../gates/gate-stage.ts'
import type { VerdictMode } from '../verdict.ts'
import type { Deal } from './deal-pods.ts'
import type { GateTrack, TrackPoint } from './gate-track.ts'
import { createMeasuredRun, type MeasuredRun, type TakenMeasurement } from './measured-run.ts'
import { sayEnd } from './metric-player.ts'
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

/** A metric that says nothing of its own is measured once. */
const plainMetric = (name: string): Metric => ({ name, provider: {} })

export function createGatePlayer({ gate, track }: PlayedGate, deal: Deal, mode: VerdictMode): GatePlayer {
  const metric = gate.metric ?? plainMetric(gate.name)
  const { intervalMs = 0, initialDelayMs } = readLimits(metric)
  const points: TrackPoint[] = []
  const tickAt = (): number | undefined => track.times[points.length]
  let run: GateRun | undefined
  /** Of the run's next look; undefined while there is none. */
  let lookAt: number | undefined

  /** The open measurement goes on with the next tick, or at the next moment of a clock that began with the run. */
  function resumeAt(createdAt: number, at: number): number | undefined {
    if (intervalMs === 0) return tickAt()
    return createdAt + (Math.floor((at - createdAt) / intervalMs) + 1) * intervalMs
  }

  function take({ weightPercent }: Standing): void {
    points.push(track.take(points.length, deal, weightPercent))
  }

  function look({ measured, createdAt, stage }: GateRun, at: number): Word | undefined {
    const point = points.at(-1)
    const judged = point && judgeLook({ gate, track, mode }, point, judgeStage(stage, at))
    const end = measured.add(judged?.measurement ?? { phase: 'Running', value: '' }, at)
    const isOpen = judged === undefined || judged.measurement.phase === 'Running'
    lookAt = isOpen ? resumeAt(createdAt, at) : measured.nextAt()
    if (!end) return undefined
    run = undefined
    lookAt = undefined
    const { message, ...said } = sayEnd(end)
    if (judged && end.metricPhase === judged.measurement.phase) return { ...said, ...judged.words }
    return { ...said, ...(message === undefined ? {} : { message }) }
  }

  return {
    name: gate.name,
    points,
    begin(stage, at, isWaitedFor) {
      const isFirst = gate.watchesFrom !== undefined && stage === gate.watchesFrom
      if (!isWaitedFor && !isFirst) return
      const measured = createMeasuredRun(metric, at, mode)
      const { durationMs, maxHoldMs } = gate
      const times = { createdAt: at, initialDelayMs, durationMs, maxHoldMs, isWaitedFor }
      run = { measured, createdAt: at, stage: stageOfRun(times) }
      lookAt = measured.nextAt()
    },
    nextAt() {
      const tick = tickAt()
      return tick === undefined || lookAt === undefined ? (tick ?? lookAt) : Math.min(tick, lookAt)
    },
    look(standing) {
      const tick = tickAt()
      const at = Math.min(tick ?? Number.POSITIVE_INFINITY, lookAt ?? Number.POSITIVE_INFINITY)
      if (tick === at) take(standing)
      return run && lookAt === at ? look(run, at) : undefined
    },
  }
}

interface GateRun {
  readonly measured: MeasuredRun
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly stage: Pick<GateStage, 'endsAt' | 'maxHoldMs'>
}

interface JudgedLook {
  readonly measurement: TakenMeasurement
  /** Why, in the gate's words. */
  readonly words: Pick<Word, 'reason' | 'message'>
}

interface Judge {
  readonly gate: PlanGate
  readonly track: GateTrack
  readonly mode: VerdictMode
}

function judgeLook({ gate, track, mode }: Judge, point: TrackPoint, state: StageState): JudgedLook {
  const own = decideOutcome({
    samples: 'whole',
    problem: '',
    finding: point.finding,
    couldCatchTarget: state !== 'open' && track.foresee(undefined).caught,
    earlyPass: gate.rule.earlyPass,
    stage: state,
    onUndecided: gate.onUndecided,
  })
  const { successCondition, failureCondition } = gate.metric ?? {}
  const conditions = { successCondition, failureCondition }
  const asksNobody = !successCondition && !failureCondition
  const value = asksNobody ? null : renderGateValue({ ...track.describe(), outcome: own.outcome })
  const asked = asksNobody ? undefined : askConditions(conditions, value, mode)
  const shown = asksNobody ? {} : { message: JSON.stringify(value) }
  if (asked?.phase === 'Error') {
    const { message = '' } = asked
    return { measurement: { phase: 'Error', message }, words: { reason: 'ConditionError', message } }
  }
  if (asked?.phase === 'Failed')
    return { measurement: { phase: 'Failed' }, words: { reason: 'FailureCondition', ...shown } }
  if (asked?.phase === 'Successful')
    return { measurement: { phase: 'Successful' }, words: { reason: 'SuccessCondition' } }
  const phase = decideUnasked(own, conditions, state !== 'open')
  if (phase === undefined) return { measurement: { phase: 'Running', value: '' }, words: { reason: own.reason } }
  const isUnmet = phase === 'Inconclusive' && own.outcome === 'pass'
  return {
    measurement: { phase },
    words: isUnmet ? { reason: 'SuccessConditionUnmet', ...shown } : { reason: own.reason },
  }
}
