/**
 * A stable revision on record without a ReplicaSet in view. Either somebody deleted it, and there is nothing to go back to; or the view is older than
 * the record, as of a new leader whose list of ReplicaSets fails, and an update would be taken for a first deploy, without steps, under a number that
 * another revision has. One live list tells. An abort does not wait for it (L2): it asks for nothing that is not in view.
 */
import { readAbortRequests } from '../api/abort-request.ts'
import { LABEL_VALUE, POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import { withReadableStatus } from '../argo/readable-status.ts'
import { podHashOf } from '../domain/revisions.ts'
import type { World } from '../domain/world.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Fence } from '../kube/fence.ts'
import * as kinds from '../kube/kinds.ts'

interface Deps {
  readonly client: Pick<KubeClient, 'list'>
  readonly fence: Pick<Fence, 'recordWrite'>
}

/** True when the stable ReplicaSet is there after all; the fence waits for it. Throws KubeError when the API server does not answer. */
export async function isStableUnseen(
  key: string,
  { rollout: stored, replicaSets }: World,
  { client, fence }: Deps,
): Promise<boolean> {
  const rollout = withReadableStatus(stored)
  const hash = rollout.status?.stableRS ?? ''
  if (!LABEL_VALUE.test(hash) || replicaSets.some((rs) => podHashOf(rs) === hash) || isToBeAborted(rollout))
    return false
  const { namespace = '', uid } = rollout.metadata
  const labelSelector = `${POD_TEMPLATE_HASH}=${hash}`
  const { items } = await client.list<ReplicaSet>(kinds.replicaSets, { namespace, labelSelector })
  const own = items.filter((rs) => {
    const { ownerReferences = [], deletionTimestamp } = rs.metadata
    const isAlive = deletionTimestamp === undefined
    return isAlive && podHashOf(rs) === hash && ownerReferences.some((owner) => owner.uid === uid)
  })
  for (const rs of own) fence.recordWrite(key, kinds.refOf(kinds.replicaSets, rs), rs)
  return own.length > 0
}

const isToBeAborted = ({ status, metadata }: Rollout): boolean =>
  status?.abort === true ||
  readAbortRequests(metadata.annotations).some(
    ({ action, consumedAt }) => action === 'abort' && consumedAt === undefined,
  )
