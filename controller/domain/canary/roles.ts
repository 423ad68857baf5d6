/**
 * Which Service plays the stable and which the canary part now. With ping-pong the parts are exchanged at every promotion, and status tells how
 * they stand; before the first one `ping` is the canary's, as in Argo. It reads names only, never what they select.
 */
import type { Rollout } from '../../api/rollout.ts'

export interface CanaryRoles {
  readonly stableService: string | undefined
  readonly canaryService: string | undefined
}

export function rolesOf(rollout: Pick<Rollout, 'spec' | 'status'>): CanaryRoles {
  const { stableService, canaryService, pingPong } = rollout.spec?.strategy?.canary ?? {}
  if (!pingPong) return { stableService, canaryService }
  const { pingService, pongService } = pingPong
  return rollout.status?.canary?.stablePingPong === 'ping'
    ? { stableService: pingService, canaryService: pongService }
    : { stableService: pongService, canaryService: pingService }
}

/** What a promotion writes beside the stable revision: the parts change hands, so no selector and no weight has to move. */
export const exchangedRoles = ({ spec, status }: Rollout): { readonly stablePingPong?: 'ping' | 'pong' } =>
  spec.strategy?.canary?.pingPong ? { stablePingPong: status?.canary?.stablePingPong === 'ping' ? 'pong' : 'ping' } : {}
