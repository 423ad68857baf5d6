/**
 * A gate's own backtest before it judges: pseudo-rollouts on the last hours of stable's pods, with the plan that most rollouts have (analysis.md 3), and one
 * sentence about what came of them. Pure; case by case, so that whoever asks can breathe in between.
 */
import { dealStable } from './deal-pods.ts'
import type { StableSource } from './gate-source.ts'
import { type BacktestPlan, lengthOfPlan, type PlanGate } from './plan.ts'
import { type Played, playPlan } from './replay-plan.ts'
import { renderSummary, summarize } from './summary.ts'

const WEIGHTS = [5, 10, 25, 50]
/** What there is of history is cut into as many windows at most. */
const MOST_CASES = 72

export interface SelfTest {
  /** Starts of windows, epoch milliseconds. */
  readonly starts: readonly number[]
  /** The window that begins at `starts[index]`; undefined when too few pods were there. */
  play(index: number): Played | undefined
  conclude(played: readonly Played[]): SelfTestResult
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
  readonly stageMs: number
}

export function createSelfTest({ gate, source, from, to, stageMs }: SelfTestOrder): SelfTest {
  const stages = WEIGHTS.map((weightPercent) => ({ weightPercent, durationMs: stageMs, waitsFor: [] }))
  const plan: BacktestPlan = { name: gate.name, stages, gates: [{ ...gate, watchesFrom: 0 }] }
  const lengthMs = lengthOfPlan(plan)
  const everyMs = Math.max(lengthMs, (to - from) / MOST_CASES)
  const count = Math.floor((to - from) / everyMs)
  const starts = Array.from({ length: count }, (_, index) => to - (count - index) * everyMs)
  return {
    starts,
    play(index) {
      const since = starts[index] ?? to
      if (source.podsAt('', since) < 2) return undefined
      const until = since + lengthMs
      const deal = dealStable(index)
      const track = source.stableTrack({ version: '', since, until, deal, firstWeightPercent: WEIGHTS[0] ?? 0 })
      return playPlan({ plan, gates: [{ gate: { ...gate, watchesFrom: 0 }, track }], since, until, deal })
    },
    conclude(played) {
      const summary = summarize(plan.gates, played)
      const falseAborts = summary.outcomes.aborted
      const shown = `plan ${WEIGHTS.join(', ')} % × ${Math.round(stageMs / 1000)} s on stable's pods`
      return {
        cases: played.length,
        falseAborts,
        isBad: falseAborts > mostByChance(played.length, gate.rule.alpha),
        text: `self-test (${shown}): ${renderSummary(summary)}`,
      }
    },
  }
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
