/**
 * What a step plugin answered, as data, and how it waits on the Rollout until the next decision reads it. The runner writes it after the call
 * (in the annotation `penstock.dev/step-results`, with the resourceVersion that was read); an answer to a call that nobody waits for any more is
 * dropped. It must not know any plugin.
 */
import { z } from 'zod'
import { readJsonList } from './notice.ts'
import { instant, openObject } from './scalars.ts'

export const STEP_RESULTS = 'penstock.dev/step-results'
/** Answers kept per Rollout: one call is made at a time, a few more are on their way out. */
export const STEP_RESULT_LIMIT = 4
export const LONGEST_RESULT_MESSAGE = 1000
/** JSON text of a plugin's memory. */
export const LONGEST_STATE = 4096

/** Successful and Failed end the operation · Running asks to be called again · Error: no answer, ask again · Inconclusive: people decide. */
export const answerPhases = ['Successful', 'Failed', 'Running', 'Error', 'Inconclusive'] as const

export const stepResultSchema = z.object({
  /** Id of the call that it answers. */
  call: z.string().max(400),
  phase: z.enum(answerPhases),
  message: z.string().max(LONGEST_RESULT_MESSAGE).optional(),
  /** Wish when to be called again, in seconds. */
  afterSeconds: z.number().min(0).max(86_400).optional(),
  state: openObject.refine((state) => JSON.stringify(state).length <= LONGEST_STATE).optional(),
  /** When the answer came. */
  at: instant,
})
export type StepResult = z.infer<typeof stepResultSchema>
/** What a plugin says; the runner adds to which call and when. */
export type StepAnswer = Omit<StepResult, 'call' | 'at'>

export const readStepResults = (annotations: Readonly<Record<string, string>> | undefined): readonly StepResult[] =>
  readJsonList(annotations?.[STEP_RESULTS], stepResultSchema)

/** The list with an answer added, and without those that nobody waits for. */
export function addStepResult(
  results: readonly StepResult[],
  awaited: ReadonlySet<string>,
  added: StepResult,
): readonly StepResult[] {
  const others = results.filter(({ call }) => call !== added.call && awaited.has(call))
  return [...others, added].slice(-STEP_RESULT_LIMIT)
}
