/** The Lease object as leader election reads and writes it. Pure; times are wall times and only for people to read. */
import type { KubeObject } from '../api/meta.ts'

export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  /** MicroTime: RFC 3339 with six fraction digits. */
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

export interface Lease extends KubeObject {
  readonly spec?: LeaseSpec
}

/** Argo Rollouts' name, so that the two never lead at the same time during a takeover. */
export const leaseNameFor = (instanceId: string): string =>
  instanceId === '' ? 'argo-rollouts-controller-lock' : `argo-rollouts-controller-lock-${instanceId}`

/** Unique per process, readable in `kubectl get lease`. */
export const renderIdentity = (hostname: string, uuid: string): string => `${hostname}_${uuid}`

export const renderMicroTime = (epochMs: number): string => new Date(epochMs).toISOString().replace(/Z$/, '000Z')

/** The spec that makes or keeps `identity` the holder, given the stored spec. */
export function renderHeldSpec(
  stored: LeaseSpec | undefined,
  identity: string,
  leaseDurationMs: number,
  nowMs: number,
): LeaseSpec {
  const now = renderMicroTime(nowMs)
  const isOurs = stored?.holderIdentity === identity
  const transitions = stored?.leaseTransitions ?? 0
  return {
    holderIdentity: identity,
    leaseDurationSeconds: Math.round(leaseDurationMs / 1000),
    acquireTime: isOurs ? (stored.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: stored === undefined || isOurs ? transitions : transitions + 1,
  }
}

/** The spec that lets the next candidate in at once, as client-go releases. */
export function renderReleasedSpec(stored: LeaseSpec, nowMs: number): LeaseSpec {
  const now = renderMicroTime(nowMs)
  const leaseTransitions = stored.leaseTransitions ?? 0
  return { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions }
}
