/**
 * What is known of the load balancers behind an Ingress, as an object outside Kubernetes, and whether they serve the weights that the Ingress asks
 * for. It asks nobody itself, and takes what it does not know for not served.
 */
import type { AlbStatus } from '../../api/alb-status.ts'
import type { KubeObject } from '../../api/meta.ts'
import type { TrafficReading } from '../../api/traffic.ts'
import type { ObjectRef } from '../../kube/client.ts'
import { outsideKind } from '../outside.ts'
import type { AlbTarget } from './layout.ts'
import type { Weights } from './render.ts'

/** Named after the Ingress: `<namespace>/<name>`. */
export const loadBalancers = outsideKind('aws', 'loadbalancers', 'LoadBalancer')

export interface LoadBalancerObject extends KubeObject {
  /** Why nothing is known; the rest is absent then. */
  readonly unknown?: string
  /** One for each host name in the Ingress' status; `arn` is absent where AWS has none of that name. */
  readonly loadBalancers?: readonly {
    readonly hostname: string
    readonly arn?: string
    readonly name?: string
    readonly targetGroups?: readonly TargetGroupFacts[]
    /** The forwards of its listener rules that lead to these target groups: weights by the group's ARN. */
    readonly forwards?: readonly Readonly<Record<string, number>>[]
  }[]
}

interface TargetGroupFacts {
  readonly arn: string
  readonly name: string
  /** Which Service it stands for: `<namespace>/<ingress>-<service>:<port>`. */
  readonly resource: string
  readonly healthyTargets: number
}

type LoadBalancer = NonNullable<LoadBalancerObject['loadBalancers']>[number]

export const loadBalancerRef = ({ ref }: AlbTarget): ObjectRef => ({
  kind: loadBalancers,
  name: `${ref.namespace}/${ref.name}`,
})

/**
 *   object      what it says                                       | confirmation
 *   undefined   nobody asks AWS                                    | unknown: time has to pass
 *   there       AWS does not answer                                | pending, with a sentence
 *   there       no host name yet, or no load balancer of it        | pending
 *   there       some forward to both Services has other weights    | pending
 *   there       a target group with weight has no healthy target   | pending
 *   there       all have the weights, at least one for each name   | confirmed
 */
export function verifyWeights(
  target: AlbTarget,
  object: LoadBalancerObject | undefined,
  weights: Weights | undefined,
): Pick<TrafficReading, 'confirmation' | 'problem' | 'albs'> {
  if (!object) return { confirmation: 'unknown' }
  if (object.unknown !== undefined)
    return { confirmation: 'pending', problem: `the load balancer of ${target.label} is not known: ${object.unknown}` }
  const found = object.loadBalancers ?? []
  const isServed = weights !== undefined && found.length > 0 && found.every((one) => serves(target, one, weights))
  return { confirmation: isServed ? 'confirmed' : 'pending', albs: [renderStatus(target, found)] }
}

function serves(target: AlbTarget, { targetGroups = [], forwards = [] }: LoadBalancer, weights: Weights): boolean {
  const { canaryService, stableService } = target.context
  const groupOf = (service: string) => targetGroups.find(({ resource }) => resource === resourceOf(target, service))
  const wanted = [
    { group: groupOf(canaryService), weight: weights.canary },
    { group: groupOf(stableService), weight: weights.stable },
    ...weights.additional.map(({ service, weight }) => ({ group: groupOf(service), weight })),
  ]
  const arns = [groupOf(canaryService)?.arn ?? '', groupOf(stableService)?.arn ?? '']
  // A managed route forwards to the canary alone.
  const shared = forwards.filter((forward) => arns.every((arn) => arn in forward))
  const hasTargets = wanted.every(({ group, weight }) => weight === 0 || (group?.healthyTargets ?? 0) > 0)
  const hasWeights = shared.every((forward) =>
    wanted.every(({ group, weight }) => forward[group?.arn ?? ''] === weight),
  )
  return shared.length > 0 && hasWeights && hasTargets
}

/** The tag that the AWS Load Balancer Controller gives a target group. */
const resourceOf = ({ ref, config }: AlbTarget, service: string): string =>
  `${ref.namespace}/${ref.name}-${service}:${config.servicePort}`

/** `status.alb`, as Argo fills it: what is not known is empty. */
function renderStatus(target: AlbTarget, found: readonly LoadBalancer[]): AlbStatus {
  const { canaryService, stableService } = target.context
  const groups = found.flatMap(({ targetGroups = [] }) => targetGroups)
  const groupOf = (service: string) => {
    const group = groups.findLast(({ resource }) => resource === resourceOf(target, service))
    return reference(group, 1)
  }
  return {
    loadBalancer: reference(
      found.findLast(({ arn }) => arn !== undefined),
      2,
    ),
    canaryTargetGroup: groupOf(canaryService),
    stableTargetGroup: groupOf(stableService),
    ingress: target.ref.name,
  }
}

/** The full name is what follows in the ARN after so many parts: that of CloudWatch's dimensions. */
const reference = (one: { readonly arn?: string; readonly name?: string } | undefined, parts: number) => ({
  name: one?.name ?? '',
  arn: one?.arn ?? '',
  fullName: one?.arn?.split('/').slice(parts).join('/') ?? '',
})
