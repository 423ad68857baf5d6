/**
 * Rewrites one annotation of a Rollout whose other annotations and fields belong to others: with the resourceVersion that was read, and on a
 * conflict anew from what is there then. It must not know what the annotation means.
 */
import type { Rollout } from '../api/rollout.ts'
import { applyMergePatch, isPreconditionFailed } from './apply.ts'
import { type KubeClient, KubeError } from './client.ts'
import { refOf, rollouts } from './kinds.ts'

const MOST_ATTEMPTS = 8

/**
 * Resolves once `next`'s text is stored, or when there is nothing to store any more: `next` answers undefined, or the Rollout is gone. Throws a
 * KubeError when the API server refuses.
 */
export async function rewriteAnnotation(
  client: Pick<KubeClient, 'get' | 'patch'>,
  read: Rollout,
  key: string,
  next: (rollout: Rollout) => string | undefined,
): Promise<void> {
  let rollout: Rollout | undefined = read
  for (let attempt = 1; rollout && rollout.metadata.uid === read.metadata.uid; attempt += 1) {
    const text = next(rollout)
    if (text === undefined) return
    const patch = { metadata: { annotations: { [key]: text } } }
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
