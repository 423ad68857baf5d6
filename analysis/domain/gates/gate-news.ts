/**
 * Whether a look of a gate that goes on says anything that a reader of its open measurement would act on. Counts and ratios drift with every scrape; to
 * store them each time costs a write for every run and look. What is stored is what `explain` shows and what a run that is ended is judged by, so
 * it is never let grow older than a minute while there are looks. It must not judge evidence. The first row that fits decides:
 *
 *   stored                                              news
 *   no measurement, or no verdict that can be read      yes
 *   without what history taught, which is known now     yes: a restart would read hours of history again
 *   another end, were the run ended now                 yes
 *   another outcome, reason, finality or comparison     yes
 *   other problems with the samples                     yes
 *   another stage                                       yes
 *   another answer to whether the target was catchable  yes
 *   evidence of another power of ten, from 10 : 1 on    yes
 *   looked at a minute before the next look, or longer  yes
 *   otherwise                                           no
 */
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import { roundNumber } from './round-numbers.ts'

/** What readers of a verdict act on. */
export interface Gist {
  /** Equal where nothing of it differs. */
  readonly text: string
  /** Epoch milliseconds. */
  readonly lookedAt: number
}

/** What there is to store of a look. */
export interface GateFinding extends Gist {
  /** Phase of the measurement if its run ended now. */
  readonly atEnd: string | undefined
  /** Whether what history taught is there. */
  readonly hasLearnt: boolean
}

/** Milliseconds; what is stored is not older between two looks that are not further apart. */
const OLDEST_STORED_MS = 60_000
/** Evidence for a regression that a person would look up. */
const NOTABLE_EVIDENCE = 10

/** `nextLookAt`: epoch milliseconds. */
export function hasNews(stored: GateFinding | undefined, found: GateFinding, nextLookAt: number): boolean {
  if (!stored || stored.hasLearnt !== found.hasLearnt || stored.atEnd !== found.atEnd) return true
  if (stored.text !== found.text) return true
  return nextLookAt - stored.lookedAt > OLDEST_STORED_MS
}

export function readGist({ lookedAt, ...verdict }: GateVerdict): Gist {
  const { outcome, reason, final, comparison, problems, stage, target, evidence } = verdict
  const { number, count, weightPercent, nextWeightPercent } = stage ?? {}
  const place = [number, count, ...[weightPercent, nextWeightPercent].map((weight) => weight && roundNumber(weight))]
  const text = JSON.stringify([
    [outcome, reason, final, comparison, target.caught],
    problems.map((problem) => problem.reason),
    place,
    computePower(evidence),
  ])
  return { text, lookedAt: Date.parse(lookedAt) }
}

/** As it is stored: what is rounded up to the next power is there. */
function computePower(evidence: number): number {
  const rounded = roundNumber(evidence)
  return rounded >= NOTABLE_EVIDENCE ? Math.floor(Math.log10(rounded)) : 0
}
