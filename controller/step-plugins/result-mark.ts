/**
 * Stores an answer on its Rollout with the resourceVersion that was read, and on a conflict on what is there then. An answer to a call that nobody
 * waits for any more is not stored. It must not touch anything else of the Rollout.
 */
import type { Rollout } from '../api/rollout.ts'
import { readStepEntries, type StepEntry } from '../api/step-plugin-status.ts'
import { addStepResult, readStepResults, STEP_RESULTS, type StepResult } from '../api/step-result.ts'
import type { KubeClient } from '../kube/client.ts'
import { rewriteAnnotation } from '../kube/rewrite-annotation.ts'

export type AwaitingEntry = StepEntry & { readonly status: { readonly call: string } }

/** The entries whose call is to be made or under way: at most one, unless somebody edited status. */
export const awaitingEntries = (rollout: Rollout | undefined): readonly AwaitingEntry[] =>
  readStepEntries(rollout?.status?.canary?.stepPluginStatuses).flatMap((entry) => {
    const { call } = entry.status
    return call === undefined ? [] : [{ ...entry, status: { ...entry.status, call } }]
  })

/** The first of them that has no answer yet. */
export function findUnanswered(rollout: Rollout | undefined): AwaitingEntry | undefined {
  const answered = new Set(readStepResults(rollout?.metadata.annotations).map(({ call }) => call))
  return awaitingEntries(rollout).find(({ status }) => !answered.has(status.call))
}

/** Resolves once the answer is stored, or when nobody waits for it. Throws a KubeError when the API server refuses. */
export const storeResult = (
  read: Rollout,
  result: StepResult,
  client: Pick<KubeClient, 'get' | 'patch'>,
): Promise<void> =>
  rewriteAnnotation(client, read, STEP_RESULTS, (rollout) => {
    if (findUnanswered(rollout)?.status.call !== result.call) return undefined
    const awaited = new Set(awaitingEntries(rollout).map(({ status }) => status.call))
    return JSON.stringify(addStepResult(readStepResults(rollout.metadata.annotations), awaited, result))
  })
