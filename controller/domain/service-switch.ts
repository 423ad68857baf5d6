/**
 * Pointing a Service, or a subset of one, at a revision, as a write with its event; never one that carries another Rollout's mark: an abort comes
 * here although what the spec names does not fit. When a Service may be switched is decided by the strategies.
 */
import type { ReplicaSet } from '../api/rollout.ts'
import type { Part } from './plan.ts'
import { createdReplicas, specReplicas } from './replicas.ts'
import { revisionOf } from './revisions.ts'
import { describeService, hashOf, type RolloutView, type ServiceFacts } from './view.ts'
import type { World } from './world.ts'

export function switchTo({ world }: RolloutView, service: ServiceFacts, rs: ReplicaSet): Part {
  const { name, subset, owner, isFixed } = service
  if (isFixed) return {}
  if (owner !== undefined && owner !== world.rollout.metadata.name) {
    const what = describeService(service)
    const message = `${what} is managed by another Rollout, "${owner}": it is not switched`
    return { holds: [{ reason: 'ServiceNotSwitched', message }] }
  }
  const target = { service: name, podHash: hashOf(rs), replicaSet: rs.metadata.name }
  const adopts = service.podHash === '' && isAlone(world, rs) ? { adopts: true as const } : {}
  const action = { do: 'select', ...target, ...adopts, ...(subset === undefined ? {} : { subset }) } as const
  return { actions: [action], events: [{ type: 'Normal', ...tell(world, service, hashOf(rs)), action }] }
}

/** Nobody else has pods that the Service may select, nor is to have any. */
const isAlone = ({ replicaSets, strangers = [], workload }: World, rs: ReplicaSet): boolean =>
  strangers.length === 0 &&
  workload === undefined &&
  replicaSets.every((other) => other === rs || (createdReplicas(other) === 0 && specReplicas(other) === 0))

function tell(world: World, { name, subset, podHash }: ServiceFacts, to: string) {
  const subsets = world.routes.find((route) => route.subsets)?.subsets
  if (subset === undefined || !subsets?.destinationRule) {
    const what = subset === undefined ? 'selector for service' : `subset '${subset}' of service`
    return { reason: 'SwitchService', message: `Switched ${what} '${name}' from '${podHash}' to '${to}'` }
  }
  // A subset that names none as well is pointed at the same only revision in this pass.
  const named = [subsets.canary, subsets.stable].map(
    (one) => `${one.name}: ${one.name === subset || (podHash === '' && one.podHash === '') ? to : one.podHash}`,
  )
  const message = `DestinationRule ${subsets.destinationRule} subset updated (${named.join(', ')})`
  return { reason: 'UpdatedDestinationRule', message }
}

/** Why it is not switched yet. */
export const holdsSwitch = (service: ServiceFacts, rs: ReplicaSet, needed: 'all' | 'enough of' = 'all'): Part => ({
  holds: [
    {
      reason: 'ServiceNotSwitched',
      message: `${describeService(service)} is switched to revision ${revisionOf(rs)} once ${needed} its pods are available`,
    },
  ],
})
