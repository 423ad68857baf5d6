/**
 * Stores an answer on its Rollout with the resourceVersion that was read, and on a conflict on what is there then. An answer to a call that nobody
 * waits for any more is not stored. It must not touch anything else of the Rollout.
 */
import type { Rollout } from '../api/rollout.ts'
import { readStepEntries, type StepEntry } from '../api/step-plugin-status.ts'
import { addStepResult, readStepResults, STEP_RESULTS, type StepResult } from '../api/step-result.ts'
import { applyMergePatch, isPreconditionFailed } from '../kube/apply.ts'
import { type KubeClient, KubeError } from '../kube/client.ts'
import { refOf, rollouts } from '../kube/kinds.ts'

const MOST_ATTEMPTS = 8

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
export async function storeResult(
  read: Rollout,
  result: StepResult,
  client: Pick<KubeClient, 'get' | 'patch'>,
): Promise<void> {
  let rollout: Rollout | undefined = read
  for (let attempt = 1; rollout && rollout.metadata.uid === read.metadata.uid; attempt += 1) {
    if (findUnanswered(rollout)?.status.call !== result.call) return
    const awaited = new Set(awaitingEntries(rollout).map(({ status }) => status.call))
    const results = addStepResult(readStepResults(rollout.metadata.annotations), awaited, result)
    const patch = { metadata: { annotations: { [STEP_RESULTS]: JSON.stringify(results) } } }
    const precondition = { resourceVersion: rollout.metadata.resourceVersion ?? '' }
    try {
      await applyMergePatch(client, refOf(rollouts, rollout), patch, { precondition })
      return
    } catch (error) {
      if (error instanceof KubeError && error.code === 404) return
      if (!isPreconditionFailed(error) || attempt >= MOST_ATTEMPTS) throw error
      rollout = await client.get<Rollout>(refOf(rollouts, rollout))
    }
  }
}
