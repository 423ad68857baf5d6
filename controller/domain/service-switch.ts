/** Pointing a Service at a revision, as a write with its event. When a Service may be switched is decided by the strategies. */
import type { ReplicaSet } from '../api/rollout.ts'
import type { Part } from './plan.ts'
import { revisionOf } from './revisions.ts'
import { hashOf, type ServiceFacts } from './view.ts'

export function switchTo(service: ServiceFacts, rs: ReplicaSet): Part {
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
