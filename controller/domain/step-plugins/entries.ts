/**
 * What entries of step plugins say: whose they are, what is still open, when they may be called again. Reading and small rewrites only; which
 * call is made is decided beside this file.
 */

import { formatInstant, parseDurationMs, parseInstant } from '../../api/scalars.ts'
import { operationId, type StepEntry, type StepOperation } from '../../api/step-plugin-status.ts'
import { fnv1a } from '../../argo/pod-hash.ts'
import type { StepSituation } from './situation.ts'

/** Id of a step in this revision and attempt; the attempt's own text holds a time and is shortened. */
export const stepId = ({ uid, revision, attempt }: StepSituation, index: number): string =>
  [uid, revision, fnv1a(attempt).toString(36), index].join('/')

export const isRun = (entry: StepEntry): boolean => entry.operation === 'Run'

/**
 * A run that may still be going on, because its plugin has not said how it ended. A Failed one of that kind ran out of time; an Error leaves
 * open what became of the call, except to Argo, which counts it as ended.
 */
export const isOpen = (entry: StepEntry, compat: StepSituation['compat']): boolean =>
  isRun(entry) &&
  entry.status.ended !== true &&
  (entry.phase === 'Running' || entry.phase === 'Failed' || (compat === 'strict' && entry.phase === 'Error'))

/** A Terminate or Abort that has not come to its end. */
export const isUnfinished = (entry: StepEntry): boolean => !isRun(entry) && entry.finishedAt === undefined

export const findEntry = (entries: readonly StepEntry[], id: string, operation: StepOperation): StepEntry | undefined =>
  entries.find((entry) => entry.status.id === id && entry.operation === operation)

/** The run of the step in force in this attempt; undefined before it begins, and when no step is in force. */
export function currentRun(situation: StepSituation, entries: readonly StepEntry[]): StepEntry | undefined {
  const { mode, promoteFull, stepIndex } = situation
  if (mode !== 'updating' || promoteFull) return undefined
  return findEntry(entries, stepId(situation, stepIndex), 'Run')
}

/** Epoch milliseconds before which the operation is not called again. */
export const dueAtMs = ({ updatedAt, backoff }: StepEntry): number =>
  (parseInstant(updatedAt) ?? 0) + (backoff === undefined ? 0 : (parseDurationMs(backoff) ?? 0))

/**
 * Records that the operation is to be called. The key, `<operation id>/<turn>`, is the same for a repetition of one request; the call adds the
 * execution, so that an answer never counts for another call.
 */
export function recordCall(entry: StepEntry, now: number): StepEntry {
  const { turn = 1 } = entry.status
  const call = `${operationId(entry)}/${turn}/${(entry.executions ?? 0) + 1}`
  return { ...entry, startedAt: entry.startedAt ?? formatInstant(now), status: { ...entry.status, call } }
}

/** Nobody waits for the answer any more; one that comes is dropped. */
export function forgetCall(entry: StepEntry): StepEntry {
  const { call: _call, ...status } = entry.status
  const { backoff: _backoff, ...rest } = entry
  return { ...rest, status }
}

export const replace = (entries: readonly StepEntry[], old: StepEntry, fresh: StepEntry): readonly StepEntry[] =>
  entries.map((entry) => (entry === old ? fresh : entry))
