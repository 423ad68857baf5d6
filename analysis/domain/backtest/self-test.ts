/**
 * A gate's own backtest before it judges: pseudo-rollouts on the last hours of stable's pods, through the stages of its release, each as long as its pauses
 * and analyses take, and one sentence about what came of them. Where nobody told the stages, those that most rollouts have (analysis.md 3). Pure; case by
 * case, so that whoever asks can breathe in between.
 */
import { renderCaught, type StageCaught, watchStages } from './caught-by-stage.ts'
import { dealStable } from './deal-pods.ts'
import type { StableSource } from './gate-source.ts'
import { type BacktestPlan, lengthOfPlan, type PlanGate } from './plan.ts'
import { possibleWeights } from './pseudo-rollouts.ts'
import { type Played, playPlan } from './replay-plan.ts'
import { fitStages, renderStages, type SelfTestStage } from './self-test-stages.ts'
import { medianRatio, summarize } from './summary.ts'

/** What there is of history is cut into as many windows at most. */
const MOST_CASES = 72

export interface SelfTest {
  /** Starts of windows, epoch milliseconds. */
  readonly starts: readonly number[]
  /** The window that begins at `starts[index]`; undefined when too few pods were there. */
  play(index: number): SelfTestCase | undefined
  conclude(cases: readonly SelfTestCase[]): SelfTestResult
}

export interface SelfTestCase {
  readonly played: Played
  /** By stage: the ratio nearest to 1 that would have been caught up to its end. */
  readonly caught: readonly (number | undefined)[]
  /** Of stable, when it began. */
  readonly pods: number
}

export interface SelfTestResult {
  readonly cases: number
  readonly falseAborts: number
  /** More than chance allows for a gate that keeps its promise. */
  readonly isBad: boolean
  readonly text: string
}

export interface SelfTestOrder {
  readonly gate: PlanGate
  /** Of one version, named ''. */
  readonly source: StableSource
  readonly from: number
  readonly to: number
  /** Of the release, as `self-test-stages.ts` reads them; at least one. */
  readonly stages: readonly SelfTestStage[]
}

export function createSelfTest({ gate, source, from, to, stages: asked }: SelfTestOrder): SelfTest {
  const stages = fitStages(asked, to - from).map((stage) => ({ ...stage, waitsFor: [] }))
  const plan: BacktestPlan = { name: gate.name, stages, gates: [{ ...gate, watchesFrom: 0 }] }
  const lengthMs = lengthOfPlan(plan)
  const everyMs = Math.max(lengthMs, (to - from) / MOST_CASES, 1)
  const count = Math.floor((to - from) / everyMs)
  const starts = Array.from({ length: count }, (_, index) => to - (count - index) * everyMs)
  return {
    starts,
    play(index) {
      const since = starts[index] ?? to
      const pods = source.podsAt('', since)
      if (pods < 2) return undefined
      const until = since + lengthMs
      const deal = dealStable(index)
      const firstWeightPercent = stages[0]?.weightPercent ?? 0
      const track = source.stableTrack({ version: '', since, until, deal, firstWeightPercent })
      const watched = watchStages(track, endsOf(stages, since))
      const gates = [{ gate: { ...gate, watchesFrom: 0 }, track: watched.track }]
      const played = playPlan({ plan, gates, since, until, deal })
      return { played, caught: watched.caught(), pods }
    },
    conclude(cases) {
      const played = cases.map((one) => one.played)
      const falseAborts = summarize(plan.gates, played).outcomes.aborted
      const shown = `plan ${renderStages(asked, stages)} on stable's pods`
      const caught = renderCaught(gate.gate, listCaught(plan, cases))
      const found = `would have falsely aborted ${falseAborts} of ${cases.length}; ${caught}`
      return {
        cases: cases.length,
        falseAborts,
        isBad: falseAborts > mostByChance(cases.length, gate.rule.alpha),
        text: `self-test (${shown}): ${cases.length === 0 ? 'no healthy rollout could be played' : found}`,
      }
    },
  }
}

function endsOf(stages: BacktestPlan['stages'], since: number): readonly number[] {
  let at = since
  return stages.map(({ durationMs }) => {
    at += durationMs
    return at
  })
}

function listCaught(plan: BacktestPlan, cases: readonly SelfTestCase[]): readonly StageCaught[] {
  const pods = cases.map((one) => one.pods).toSorted((one, other) => one - other)[cases.length >> 1] ?? 0
  const possible = possibleWeights(plan, pods)
  return plan.stages.map(({ weightPercent }, stage) => ({
    weightPercent,
    playedPercent: possible[stage] ?? weightPercent,
    ratio: medianRatio(cases.map(({ caught }) => caught[stage])),
  }))
}

/** A gate that keeps its promise has more false aborts than this in one of a hundred self-tests at most (Poisson). */
const UNLIKELY = 0.01

export function mostByChance(cases: number, alpha: number): number {
  const mean = cases * alpha
  let [most, term] = [0, Math.exp(-mean)]
  for (let below = term; 1 - below > UNLIKELY; below += term) {
    most += 1
    term *= mean / most
  }
  return most
}
