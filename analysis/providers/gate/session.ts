/**
 * What a gate of a run need not work out again at every look: its plan, the text of its queries, what its history taught, the verdict that is stored, and
 * its judges. All of it follows from what a look is given, and is made anew where that differs.
 */
import type { GateMetric } from '../../../controller/api/gate.ts'
import type { GatePlan } from '../../../controller/metric-language/gate-plan.ts'
import { createGateJudges, type GateJudges } from '../../domain/gates/gate-judges.ts'
import type { Gist } from '../../domain/gates/gate-news.ts'
import type { Classify } from './classify.ts'
import type { GateKnowledge } from './knowledge.ts'

/** The value that was made last, for as long as it is asked for with the very same texts and objects. */
type Recent<T> = (from: readonly unknown[], make: () => T) => T

export type PlannedMetric = { readonly config: GateMetric; readonly plan: GatePlan } | { readonly problem: string }

/** One query of a gate. */
export interface WantedSamples {
  /** Whatever makes two gates read or understand the same samples differently is part of it. */
  readonly key: string
  readonly selector: string
  readonly classify: Classify
}

export interface GateSession {
  readonly planned: Recent<PlannedMetric>
  readonly wanted: Recent<readonly WantedSamples[]>
  readonly forPeople: Recent<readonly string[]>
  readonly knowledge: Recent<GateKnowledge | undefined>
  /** Of the verdict that is stored, by its digest. */
  readonly told: Recent<Gist | undefined>
  readonly judges: GateJudges
  /** It needed history when others were reading theirs. */
  isWaiting: boolean
}

export const createGateSession = (): GateSession => ({
  planned: createRecent(),
  wanted: createRecent(),
  forPeople: createRecent(),
  knowledge: createRecent(),
  told: createRecent(),
  judges: createGateJudges(),
  isWaiting: false,
})

function createRecent<T>(): Recent<T> {
  let last: { readonly from: readonly unknown[]; readonly value: T } | undefined
  return (from, make) => {
    const isSame = last?.from.length === from.length && last.from.every((part, index) => part === from[index])
    if (!last || !isSame) last = { from, value: make() }
    return last.value
  }
}
