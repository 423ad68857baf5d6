/**
 * Pointing a Service, or a subset of one, at a revision, as a write with its event; never one that carries another Rollout's mark: an abort comes
 * here although what the spec names does not fit. When a Service may be switched is decided by the strategies.
 */
import type { ReplicaSet } from '../api/rollout.ts'
import type { Part } from './plan.ts'
import { revisionOf } from './revisions.ts'
import { describeService, hashOf, type RolloutView, type ServiceFacts } from './view.ts'

export function switchTo({ world }: RolloutView, service: ServiceFacts, rs: ReplicaSet): Part {
  const { name, subset, owner, isFixed } = service
  if (isFixed) return {}
  if (owner !== undefined && owner !== world.rollout.metadata.name) {
    const what = describeService(service)
    const message = `${what} is managed by another Rollout, "${owner}": it is not switched`
    return { holds: [{ reason: 'ServiceNotSwitched', message }] }
  }
  const target = { service: name, podHash: hashOf(rs), replicaSet: rs.metadata.name }
  const action = { do: 'select', ...target, ...(subset === undefined ? {} : { subset }) } as const
  return { actions: [action], events: [{ type: 'Normal', ...tell(service, rs), action }] }
}

const tell = ({ name, subset, podHash }: ServiceFacts, rs: ReplicaSet) =>
  subset === undefined
    ? {
        reason: 'SwitchService',
        message: `Switched selector for service '${name}' from '${podHash}' to '${hashOf(rs)}'`,
      }
    : {
        reason: 'UpdatedDestinationRule',
        message: `Subset '${subset}' of service '${name}' switched from '${podHash}' to '${hashOf(rs)}'`,
      }

/** Why it is not switched yet. */
export const holdsSwitch = (service: ServiceFacts, rs: ReplicaSet): Part => ({
  holds: [
    {
      reason: 'ServiceNotSwitched',
      message: `${describeService(service)} is switched to revision ${revisionOf(rs)} once all its pods are available`,
    },
  ],
})
