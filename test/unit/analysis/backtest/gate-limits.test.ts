/**
 * A gate in a backtest looks, counts and ends as its metric's AnalysisRun would: initialDelay, interval, count and every limit, in both readings. The gate's
 * evidence is made up; expectations follow from the fields as Argo Rollouts documents them, and from the strict reading.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asReleased } from '../../../../analysis/domain/backtest/deal-pods.ts'
import type { Finding, GateTrack } from '../../../../analysis/domain/backtest/gate-track.ts'
import type { BacktestPlan, PlanGate } from '../../../../analysis/domain/backtest/plan.ts'
import { type Played, playPlan } from '../../../../analysis/domain/backtest/replay-plan.ts'
import type { VerdictMode } from '../../../../analysis/domain/verdict.ts'
import type { Metric } from '../../../../controller/api/analysis.ts'
import { errorRule, MINUTE, START } from './service.ts'

const TICK = 15_000
/** Ticks of half an hour. */
const TICKS = 120

interface Story {
  /** From which tick on (1 is the one after 15 s) the evidence says so; an abort stands from then on, as in production. */
  readonly worseFrom?: number
  readonly provenFrom?: number
  /** The target can be caught from here on. */
  readonly catchesFrom?: number
}

/** Numbers that conditions see: `ticks` so far. */
function trackOf({ worseFrom = Infinity, provenFrom = Infinity, catchesFrom = Infinity }: Story): GateTrack {
  let taken = 0
  const findingAt = (tick: number): Finding => {
    if (tick >= worseFrom) return 'worse'
    return tick >= provenFrom ? 'proven' : 'none'
  }
  const nothing = { bad: 0, total: 0 }
  return {
    times: Array.from({ length: TICKS }, (_, index) => START + (index + 1) * TICK),
    take(place) {
      assert.equal(place, taken, 'each tick once and in order')
      taken += 1
      const at = START + taken * TICK
      return { at, canary: nothing, stable: nothing, evidence: 1, ratio: undefined, finding: findingAt(taken) }
    },
    foresee: () => ({ caught: taken >= catchesFrom, smallest: undefined, stays: undefined, next: undefined }) as never,
    describe: () => ({
      ticks: taken,
      canary: nothing,
      stable: nothing,
      ratio: undefined,
      ratioLower: undefined,
      ratioUpper: undefined,
      evidence: 1,
      toleranceEvidence: 1,
      smallestDetectable: undefined,
      noise: { phi: 1 },
    }),
    countBad: () => 0,
  }
}

type Changes = Partial<Omit<PlanGate, 'metric'>>

interface Row {
  readonly name: string
  readonly fields?: Partial<Metric>
  readonly story: Story
  readonly gate?: Changes
  readonly mode?: VerdictMode
  readonly isWaitedFor?: boolean
  /** Outcome, seconds after the start, reason. */
  readonly ends: readonly [Played['outcome'], number, string?]
  /** Limit, and seconds after the start of the first look that would have ended it. */
  readonly delay?: readonly [string, number]
}

function play({ fields = {}, story, gate: changes = {}, mode = 'strict', isWaitedFor = false }: Omit<Row, 'ends'>) {
  const gate: PlanGate = {
    name: 'gate',
    gate: 'errorRate',
    rule: errorRule,
    historyMs: 0,
    onUndecided: 'pause',
    maxHoldMs: 0,
    watchesFrom: isWaitedFor ? undefined : 0,
    ...changes,
    metric: { name: 'gate', provider: {}, ...fields },
  }
  const plan: BacktestPlan = {
    name: 'plan',
    stages: [{ weightPercent: 10, durationMs: 5 * MINUTE, waitsFor: isWaitedFor ? ['gate'] : [] }],
    gates: [gate],
    mode,
  }
  const until = START + TICKS * TICK
  return playPlan({ plan, gates: [{ gate, track: trackOf(story) }], since: START, until, deal: asReleased })
}

const background: readonly Row[] = [
  { name: 'no field: the tick that finds it', story: { worseFrom: 4 }, ends: ['aborted', 60, 'Regression'] },
  { name: 'nothing found', story: {}, ends: ['passed', 300] },
  {
    name: 'failureLimit 1 without an interval: one more look after ten seconds',
    fields: { failureLimit: 1, count: 2 },
    story: { worseFrom: 4 },
    ends: ['aborted', 70, 'Regression'],
    delay: ['failureLimit (1)', 60],
  },
  {
    name: 'failureLimit 3: three more',
    fields: { failureLimit: 3, count: 4 },
    story: { worseFrom: 4 },
    ends: ['aborted', 90, 'Regression'],
    delay: ['failureLimit (3)', 60],
  },
  {
    name: 'failureLimit 2 with an interval: looks are an interval apart, without a count too',
    fields: { failureLimit: 2, interval: '30s' },
    story: { worseFrom: 4 },
    ends: ['aborted', 120, 'Regression'],
    delay: ['failureLimit (2)', 60],
  },
  {
    name: 'an interval: what a tick found is seen at the next look',
    fields: { interval: '1m', count: 1 },
    story: { worseFrom: 5 },
    ends: ['aborted', 120, 'Regression'],
  },
  {
    name: 'initialDelay: no look before it',
    fields: { initialDelay: '2m' },
    story: { worseFrom: 1 },
    ends: ['aborted', 120, 'Regression'],
  },
  {
    name: 'initialDelay and interval: looks on the clock of the run',
    fields: { initialDelay: '90s', interval: '1m', count: 1 },
    story: { worseFrom: 7 },
    ends: ['aborted', 120, 'Regression'],
  },
  {
    name: 'failureLimit -1: failures are not limited, and its count ends it without evidence',
    fields: { failureLimit: -1 },
    story: { worseFrom: 4 },
    ends: ['held', 60, 'Inconclusive'],
  },
  {
    name: 'failureLimit as large as the count: it can never fail, and a person is asked',
    fields: { failureLimit: 1 },
    story: { worseFrom: 4 },
    ends: ['held', 60, 'Inconclusive'],
  },
  {
    name: 'the same in compat: Argo calls it Successful',
    fields: { failureLimit: 1 },
    story: { worseFrom: 4 },
    mode: 'argo',
    ends: ['passed', 300],
  },
  {
    name: 'a duration ends it in the background as well',
    story: {},
    gate: { durationMs: 2 * MINUTE },
    ends: ['held', 120, 'Undecided'],
  },
  {
    name: 'and so it passes what it could have caught',
    story: { catchesFrom: 4 },
    gate: { durationMs: 2 * MINUTE },
    ends: ['passed', 300],
  },
]

const nonsense = 'result.none.of.this > 1'
const waitedFor: readonly Row[] = [
  { name: 'passes at the end of its stage', story: { catchesFrom: 2 }, ends: ['passed', 300] },
  {
    name: 'its own duration, not the stage’s, is how long it takes',
    story: { catchesFrom: 2 },
    gate: { durationMs: 7 * MINUTE },
    ends: ['passed', 420],
  },
  {
    name: 'initialDelay comes before its duration',
    fields: { initialDelay: '1m' },
    story: { catchesFrom: 2 },
    ends: ['passed', 360],
  },
  {
    name: 'is held, and then undecided',
    story: {},
    gate: { maxHoldMs: 2 * MINUTE },
    ends: ['held', 420, 'Undecided'],
  },
  {
    name: 'inconclusiveLimit 2: two more looks, and then a person',
    fields: { inconclusiveLimit: 2, count: 5 },
    story: {},
    ends: ['held', 320, 'Undecided'],
    delay: ['inconclusiveLimit (2)', 300],
  },
  {
    name: 'inconclusiveLimit: a stage that can be decided a moment later passes, and both measurements count',
    fields: { inconclusiveLimit: 2, count: 2, interval: '30s' },
    story: { catchesFrom: 21 },
    ends: ['passed', 330],
  },
  {
    name: 'count 3: it has to pass three times',
    fields: { count: 3 },
    story: { catchesFrom: 2 },
    ends: ['passed', 320],
  },
  {
    name: 'earlyPass at the tick that proves it',
    story: { provenFrom: 6 },
    gate: { rule: { ...errorRule, earlyPass: true } },
    ends: ['passed', 90],
  },
  {
    name: 'errors of a condition: the sixth look in a row is one too many for a limit of five',
    fields: { failureCondition: nonsense, consecutiveErrorLimit: 5, initialDelay: '15s' },
    story: {},
    ends: ['held', 65, 'ConditionError'],
    delay: ['consecutiveErrorLimit (5)', 15],
  },
  {
    name: 'and aborts in compat',
    fields: { failureCondition: nonsense, consecutiveErrorLimit: 1, initialDelay: '15s' },
    story: {},
    mode: 'argo',
    ends: ['aborted', 25, 'ConditionError'],
    delay: ['consecutiveErrorLimit (1)', 15],
  },
  {
    name: 'a failureCondition is counted by failureLimit too',
    fields: { failureCondition: 'result.ticks >= 8', failureLimit: 1, count: 2 },
    story: {},
    ends: ['aborted', 130, 'FailureCondition'],
    delay: ['failureLimit (1)', 120],
  },
  {
    name: 'a successCondition ends the stage',
    fields: { successCondition: 'result.ticks >= 8' },
    story: {},
    ends: ['passed', 120],
  },
]

for (const [where, rows] of [
  ['in the background', background],
  ['that a stage waits for', waitedFor],
] as const)
  describe(`a gate ${where}`, () => {
    for (const row of rows)
      test(row.name, () => {
        const { outcome, at, reason, delay } = play({ isWaitedFor: rows === waitedFor, ...row })
        const found = [outcome, (at - START) / 1000, ...(reason === undefined ? [] : [reason])]
        assert.deepEqual(found, row.ends)
        assert.deepEqual(delay && [delay.limit, (delay.firstAt - START) / 1000], row.delay)
      })
  })
