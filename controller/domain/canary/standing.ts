/**
 * Where a canary stands, for status: pods counted over all revisions, the weights that the routers carry, whether everything is where it
 * belongs. It must not decide what to do about it.
 */
import type { RolloutStatus } from '../../api/rollout.ts'
import { availableReplicas, createdReplicas, sum } from '../replicas.ts'
import { renderSelector } from '../selector-text.ts'
import type { Standing } from '../summarize.ts'
import type { CanaryView } from './view.ts'

export function standingOfCanary(view: CanaryView): Standing {
  const { replicas, newRs } = view
  const all = view.world.replicaSets
  const total = sum(all.map(createdReplicas))
  const available = sum(all.map(availableReplicas))
  const everywhere = createdReplicas(newRs) === replicas && availableReplicas(newRs) === replicas
  return {
    counts: {
      replicas: total,
      updatedReplicas: createdReplicas(newRs),
      readyReplicas: sum(all.map((rs) => rs.status?.readyReplicas ?? 0)),
      availableReplicas: available,
      HPAReplicas: view.world.compat === 'argo' ? total : Math.min(total, replicas),
      selector: renderSelector(view.world.rollout.spec.selector),
    },
    isDeployed: everywhere && total === replicas,
    isAvailable: available >= replicas,
  }
}

/** `status.canary.weights`; null without a router, unchanged while the routers cannot be read. */
export function weightsOfCanary(view: CanaryView): NonNullable<RolloutStatus['canary']>['weights'] {
  if (!view.routed) return null
  const canary = view.programmed
  if (canary === undefined) return view.status.canary?.weights ?? null
  // The revisions that the weights are meant for, as Argo tells them; what a Service names at this moment may lag behind.
  const stableHash = view.status.stableRS ?? view.podHash
  const service = (facts: CanaryView['canaryService'], podTemplateHash: string) => {
    const named = facts?.subset === undefined ? facts : facts.beside[0]
    return facts ? { ...(named ? { serviceName: named.name } : {}), podTemplateHash } : {}
  }
  const additional = Object.entries(view.additional).map(([serviceName, weight]) => ({
    weight,
    serviceName,
    ...hashBehind(view, serviceName),
  }))
  return {
    canary: { weight: canary, ...service(view.canaryService, view.podHash) },
    stable: {
      weight: view.maxWeight - canary - sum(Object.values(view.additional)),
      ...service(view.stableService, stableHash),
    },
    ...(additional.length > 0 ? { additional } : {}),
    verified: view.settled,
  }
}

/** `status.alb` and `status.albs` while AWS is asked: the former is the last Ingress', as in Argo. */
export function albsOfCanary({ world }: CanaryView): Pick<RolloutStatus, 'alb' | 'albs'> {
  const albs = world.routes.flatMap((reading) => (reading.albs ?? []).map((one) => ({ ...one })))
  const alb = albs.at(-1)
  return alb ? { alb, albs } : { alb: null, albs: null }
}

/** Only experiments have Services besides the two roles. */
function hashBehind({ world }: CanaryView, serviceName: string): { readonly podTemplateHash?: string } {
  const templates = (world.experiments ?? []).flatMap(({ status }) => status?.templateStatuses ?? [])
  const podTemplateHash = templates.find((template) => template.serviceName === serviceName)?.podTemplateHash
  return podTemplateHash === undefined ? {} : { podTemplateHash }
}
