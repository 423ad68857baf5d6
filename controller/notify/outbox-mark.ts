/**
 * Marks a notice on its Rollout as delivered or given up, with the resourceVersion that was read, and on a conflict on what is there
 * then. It must not touch other notices or anything else of the Rollout.
 */
import { type Notice, OUTBOX, readOutbox } from '../api/notice.ts'
import type { Rollout } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import type { KubeClient } from '../kube/client.ts'
import { rewriteAnnotation } from '../kube/rewrite-annotation.ts'

export interface Mark {
  /** Wall time. */
  readonly atMs: number
  readonly isDeadLettered: boolean
}

/** The outbox with that notice marked; undefined when it is marked already or gone. */
export function markDelivered(outbox: readonly Notice[], id: string, mark: Mark): readonly Notice[] | undefined {
  if (!outbox.some((notice) => notice.id === id && notice.deliveredAt === undefined)) return undefined
  const deadLettered = mark.isDeadLettered ? { deadLettered: true } : {}
  return outbox.map((notice) =>
    notice.id === id ? { ...notice, deliveredAt: formatInstant(mark.atMs), ...deadLettered } : notice,
  )
}

/** Resolves once the mark is stored, or when nothing is left to mark. Throws a KubeError when the API server refuses. */
export const markNotice = (
  read: Rollout,
  id: string,
  mark: Mark,
  client: Pick<KubeClient, 'get' | 'patch'>,
): Promise<void> =>
  rewriteAnnotation(client, read, OUTBOX, (rollout) => {
    const marked = markDelivered(readOutbox(rollout.metadata.annotations), id, mark)
    return marked && JSON.stringify(marked)
  })
