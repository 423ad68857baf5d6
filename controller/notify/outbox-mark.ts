/**
 * Marks a notice on its Rollout as delivered or given up, with the resourceVersion that was read, and on a conflict on what is there
 * then. It must not touch other notices or anything else of the Rollout.
 */
import { type Notice, OUTBOX, readOutbox } from '../api/notice.ts'
import type { Rollout } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import { applyMergePatch } from '../kube/apply.ts'
import { isConflict, type KubeClient, KubeError } from '../kube/client.ts'
import { refOf, rollouts } from '../kube/kinds.ts'

export interface Mark {
  /** Wall time. */
  readonly atMs: number
  readonly isDeadLettered: boolean
}

const MOST_ATTEMPTS = 8

/** The outbox with that notice marked; undefined when it is marked already or gone. */
export function markDelivered(outbox: readonly Notice[], id: string, mark: Mark): readonly Notice[] | undefined {
  if (!outbox.some((notice) => notice.id === id && notice.deliveredAt === undefined)) return undefined
  const deadLettered = mark.isDeadLettered ? { deadLettered: true } : {}
  return outbox.map((notice) =>
    notice.id === id ? { ...notice, deliveredAt: formatInstant(mark.atMs), ...deadLettered } : notice,
  )
}

/** Resolves once the mark is stored, or when nothing is left to mark. Throws a KubeError when the API server refuses. */
export async function markNotice(
  read: Rollout,
  id: string,
  mark: Mark,
  client: Pick<KubeClient, 'get' | 'patch'>,
): Promise<void> {
  let rollout: Rollout | undefined = read
  for (let attempt = 1; rollout && rollout.metadata.uid === read.metadata.uid; attempt += 1) {
    const marked = markDelivered(readOutbox(rollout.metadata.annotations), id, mark)
    if (!marked) return
    const patch = { metadata: { annotations: { [OUTBOX]: JSON.stringify(marked) } } }
    const precondition = { resourceVersion: rollout.metadata.resourceVersion ?? '' }
    try {
      await applyMergePatch(client, refOf(rollouts, rollout), patch, { precondition })
      return
    } catch (error) {
      if (error instanceof KubeError && error.code === 404) return
      if (!isConflict(error) || attempt >= MOST_ATTEMPTS) throw error
      rollout = await client.get<Rollout>(refOf(rollouts, rollout))
    }
  }
}
