/**
 * One entry of `status.canary.stepPluginStatuses`, with Argo's fields, and what we keep in its free field `status`: enough to make the call that
 * it records without looking at the spec, which may have changed. Shapes only.
 *
 * Ids: a step's is `<rollout uid>/<revision>/<attempt>/<index>`; an operation's adds `/<operation>.<try>`, a request's
 * `/<turn>` (what is repeated after a lost answer has the same), a call's `/<execution>`. They are the same however often the decision is repeated, so that whoever is called can tell a repetition from a new call.
 */
import { z } from 'zod'
import { instant, openObject } from './scalars.ts'

export const stepOperations = ['Run', 'Terminate', 'Abort'] as const
export type StepOperation = (typeof stepOperations)[number]

export const stepPhases = ['Running', 'Successful', 'Failed', 'Error'] as const

/** What the runner is to do: a plugin's own operation, or, for a compensation, the run of another plugin. */
const task = z.object({
  plugin: z.string().max(200),
  verb: z.enum(['run', 'terminate', 'abort']),
  config: openObject.optional(),
})

export const stepRecordSchema = z.object({
  /** Id of the step in this revision and attempt. */
  id: z.string().max(300),
  /** Pod-template hash that the step was begun for. */
  podHash: z.string().max(100),
  task,
  /** Id of the call that is to be made or under way; absent: none. */
  call: z.string().max(400).optional(),
  /** Counts tries of an ending from 1. */
  try: z.int().optional(),
  /** Counts requests of an operation from 1: a plugin that answers Running is asked anew. */
  turn: z.int().optional(),
  /** Errors in a row. */
  errors: z.int().optional(),
  /** The plugin has said how it ended: nothing of it runs any more. */
  ended: z.boolean().optional(),
  /** Why people have to look: the plugin gave no verdict, or no answer again and again. */
  halt: z.enum(['Inconclusive', 'Errors']).optional(),
  /** The plugin's own memory, handed back to it with the next call. */
  state: openObject.optional(),
})
export type StepRecord = z.infer<typeof stepRecordSchema>

const entryShape = {
  index: z.int(),
  name: z.string(),
  operation: z.enum(stepOperations),
  /** Absent on a disabled plugin. */
  phase: z.enum(stepPhases).optional(),
  message: z.string().optional(),
  startedAt: instant.optional(),
  updatedAt: instant.optional(),
  finishedAt: instant.optional(),
  /** Go duration until the operation may be called again. */
  backoff: z.string().optional(),
  executions: z.int().optional(),
  disabled: z.boolean().optional(),
}

/** An entry of ours. One that Argo wrote has no record that we could act on, and is not one. */
export const stepEntrySchema = z.object({ ...entryShape, status: stepRecordSchema })
export type StepEntry = z.infer<typeof stepEntrySchema>

/** Our entries in their order; what does not fit is left out. */
export const readStepEntries = (entries: readonly unknown[] | null | undefined): readonly StepEntry[] =>
  (entries ?? []).flatMap((entry) => {
    const parsed = stepEntrySchema.safeParse(entry)
    return parsed.success ? [parsed.data] : []
  })

export const operationId = ({ operation, status }: Pick<StepEntry, 'operation' | 'status'>): string =>
  `${status.id}/${operation}.${status.try ?? 1}`

/** What the other side may tell repetitions by: the same for every call of one request. */
export const requestKey = (call: string): string => call.slice(0, call.lastIndexOf('/'))
