/** Which Rollout controllers are at work: the Leases under the name that Argo Rollouts and Penstock share. It reads only. */
import type { KubeClient } from '../../controller/kube/client.ts'
import { KubeError } from '../../controller/kube/client.ts'
import { leases } from '../../controller/kube/kinds.ts'
import { type Lease, leaseNameFor } from '../../controller/kube/lease-record.ts'

export interface HeldLease {
  readonly namespace: string
  readonly name: string
  readonly holder: string
}

/** Undefined when we may not look. */
export async function readHeldLeases(
  client: Pick<KubeClient, 'list'>,
  nowMs: number,
): Promise<readonly HeldLease[] | undefined> {
  try {
    const { items } = await client.list<Lease>(leases, {})
    return items.filter((lease) => isOfRollouts(lease) && isHeld(lease, nowMs)).map(describe)
  } catch (error) {
    if (error instanceof KubeError && (error.code === 403 || error.code === 404)) return undefined
    throw error
  }
}

/** With or without an instance id behind the name. */
const isOfRollouts = ({ metadata }: Lease): boolean =>
  metadata.name === leaseNameFor('') || metadata.name.startsWith(`${leaseNameFor('')}-`)

/** A holder that has not renewed in time is gone. */
function isHeld({ spec }: Lease, nowMs: number): boolean {
  const renewedMs = Date.parse(spec?.renewTime ?? '')
  return Boolean(spec?.holderIdentity) && nowMs - renewedMs < (spec?.leaseDurationSeconds ?? 0) * 1000
}

const describe = ({ metadata, spec }: Lease): HeldLease => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  holder: spec?.holderIdentity ?? '',
})
