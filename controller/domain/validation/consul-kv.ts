/** What a route policy in Consul's KV store does not go together with. */
import { z } from 'zod'
import type { CanaryStrategy } from '../../api/rollout.ts'
import { type Problem, renderPath, when } from './problem.ts'

const CONSUL_KV = 'penstock/consul-kv'
const restricted = z.looseObject({ windows: z.unknown(), tags: z.unknown() })

/** Where a policy holds at some times or for some requests only, stable serves the others whatever the weight, and needs all its pods for it. */
export function validateConsulKv(
  { trafficRouting, dynamicStableScale }: CanaryStrategy,
  at: string,
): readonly Problem[] {
  const config = restricted.safeParse(trafficRouting?.plugins?.[CONSUL_KV]).data
  const isRestricted = config?.windows !== undefined || config?.tags !== undefined
  return when(
    isRestricted && dynamicStableScale === true,
    renderPath(`${at}.plugins`, [CONSUL_KV]),
    'windows and tags cannot be used with dynamicStableScale',
    'leave out dynamicStableScale, or windows and tags',
  )
}
