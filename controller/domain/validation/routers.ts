/**
 * What each kind of router can carry, as far as a manifest may ask for it. Facts only; which routers this version drives is in `routing.ts`.
 *
 *   router      headers  mirror  experiment weights  ping-pong  total weight
 *   istio       yes      yes     yes                 yes        100
 *   alb         exact    -       yes                 yes        100
 *   nginx       -        -       -                   -          any
 *   smi         -        -       yes                 -          100
 *   ambassador  -        -       -                   -          100
 *   appMesh     -        -       -                   -          100
 *   traefik     -        -       -                   -          100
 *   apisix      yes      -       -                   -          100
 *   a plugin    yes      yes     yes                 yes        any
 */
import type { TrafficRouting } from '../../api/rollout.ts'

export const BUILT_IN_ROUTERS = ['istio', 'nginx', 'alb', 'smi', 'ambassador', 'appMesh', 'traefik', 'apisix'] as const

const ABILITIES = {
  headers: ['istio', 'alb', 'apisix', 'plugins'],
  mirror: ['istio', 'plugins'],
  experimentWeights: ['smi', 'alb', 'istio', 'plugins'],
  pingPong: ['alb', 'istio', 'plugins'],
  maxWeight: ['nginx', 'plugins'],
} as const
export type RouterAbility = keyof typeof ABILITIES

/** Whether one of the routers has the ability; false without routing. */
export const routersCan = (routing: TrafficRouting | undefined, ability: RouterAbility): boolean =>
  ABILITIES[ability].some((name) =>
    name === 'plugins' ? Object.keys(routing?.plugins ?? {}).length > 0 : routing?.[name] !== undefined,
  )
