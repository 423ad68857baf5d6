/**
 * Pointing a Service at a revision, as a write with its event; never one that carries another Rollout's mark: an abort comes here although what
 * the spec names does not fit. When a Service may be switched is decided by the strategies.
 */
import { MANAGED_BY } from '../api/labels.ts'
import type { ReplicaSet } from '../api/rollout.ts'
import type { Part } from './plan.ts'
import { revisionOf } from './revisions.ts'
import { hashOf, type RolloutView, type ServiceFacts } from './view.ts'

export function switchTo({ world }: RolloutView, service: ServiceFacts, rs: ReplicaSet): Part {
  const owner = world.services[service.name]?.service.metadata.annotations?.[MANAGED_BY]
  if (owner !== undefined && owner !== world.rollout.metadata.name) {
    const message = `Service "${service.name}" is managed by another Rollout, "${owner}": it is not switched`
    return { holds: [{ reason: 'ServiceNotSwitched', message }] }
  }
  const action = { do: 'select', service: service.name, podHash: hashOf(rs), replicaSet: rs.metadata.name } as const
  const message = `Switched selector for service '${service.name}' from '${service.podHash}' to '${hashOf(rs)}'`
  return { actions: [action], events: [{ type: 'Normal', reason: 'SwitchService', message, action }] }
}

/** Why it is not switched yet. */
export const holdsSwitch = (service: ServiceFacts, rs: ReplicaSet): Part => ({
  holds: [
    {
      reason: 'ServiceNotSwitched',
      message: `Service "${service.name}" is switched to revision ${revisionOf(rs)} once all its pods are available`,
    },
  ],
})
