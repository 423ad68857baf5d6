/** What the cases of one policy add up to: how many healthy rollouts it would have ended, and what it would have caught. Pure. */
import type { GateId } from '../../../controller/api/verdict.ts'
import type { CaseOutcome, Played } from './replay-plan.ts'

export interface GateSummary {
  readonly name: string
  readonly gate: GateId
  /** Cases that this gate ended. */
  readonly aborted: number
  readonly held: number
  /** Median over cases of the ratio nearest to 1 that would have been caught; undefined when in most cases none would. */
  readonly firstStage: number | undefined
  readonly plan: number | undefined
}

export interface PseudoSummary {
  readonly cases: number
  readonly outcomes: Readonly<Record<CaseOutcome, number>>
  readonly gates: readonly GateSummary[]
}

export function summarize(
  gates: readonly { readonly name: string; readonly gate: GateId }[],
  played: readonly Played[],
): PseudoSummary {
  const outcomes = { passed: 0, aborted: 0, held: 0, cutShort: 0 }
  for (const { outcome } of played) outcomes[outcome] += 1
  return {
    cases: played.length,
    outcomes,
    gates: gates.map(({ name, gate }, index) => ({
      name,
      gate,
      aborted: played.filter((one) => one.outcome === 'aborted' && one.gate === name).length,
      held: played.filter((one) => one.outcome === 'held' && one.gate === name).length,
      firstStage: medianRatio(played.map(({ detectable }) => detectable[index]?.firstStage)),
      plan: medianRatio(played.map(({ detectable }) => detectable[index]?.plan)),
    })),
  }
}

/** "None" is farther away than any ratio. */
export function medianRatio(ratios: readonly (number | undefined)[]): number | undefined {
  const distance = (ratio: number | undefined): number =>
    ratio === undefined ? Number.POSITIVE_INFINITY : Math.abs(Math.log(Math.max(ratio, Number.MIN_VALUE)))
  return ratios.toSorted((one, other) => distance(one) - distance(other))[ratios.length >> 1]
}

/** What is caught, and from which side. */
export const NOUNS: Readonly<Record<GateId, string>> = {
  errorRate: 'error ratio',
  latency: 'P99 ratio',
  events: 'event ratio',
}
export const BOUNDS: Readonly<Record<GateId, string>> = {
  errorRate: 'smallest',
  latency: 'smallest',
  events: 'largest',
}

/** One sentence for people: the same in the CLI and in a gate's self-test. */
export function renderSummary({ cases, outcomes, gates }: PseudoSummary): string {
  if (cases === 0) return 'no healthy rollout could be played'
  const caught = gates.map(
    ({ gate, firstStage, plan }) =>
      `${BOUNDS[gate]} ${NOUNS[gate]} caught within stage 1: ${renderRatio(firstStage)}, within the plan: ${renderRatio(plan)}`,
  )
  return [`would have falsely aborted ${outcomes.aborted} of ${cases}`, ...caught].join('; ')
}

export const renderRatio = (ratio: number | undefined): string =>
  ratio === undefined ? 'none' : `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(ratio < 1 ? 2 : 1)}x`
