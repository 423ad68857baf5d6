/** The last look before a workload loses pods: the Rollout's own, as they are now, and not as they were when it was decided. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Action } from '../../../controller/domain/plan.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import { findObjection } from '../../../controller/reconcile/live-guards.ts'
import { rollout } from '../../builders/rollout.ts'
import { world } from '../../builders/world.ts'

/** @param available what a live read says, whatever was observed */
function objection(shape: {
  readonly replicas: number
  readonly from: number
  readonly to: number
  readonly available: number
}) {
  const { replicas, from, to, available } = shape
  const observed = world({ replicas, fresh: [replicas, replicas], stable: 'deleted' })
  const [set] = observed.replicaSets
  const live = { ...set, status: { availableReplicas: available } }
  const client: Pick<KubeClient, 'get' | 'list'> = {
    get: async <T extends KubeObject>() => live as unknown as T,
    list: async () => ({ metadata: {}, items: [] }),
  }
  const seen = { ...observed, rollout: { ...observed.rollout, spec: rollout({ replicas, routed: false }).spec } }
  const workload = { kind: 'Deployment', metadata: { name: 'shop' }, spec: { replicas: from } }
  const action: Action = { do: 'scaleWorkload', workload, to }
  return findObjection(client, seen, action, '1')
}

describe('a workload gives pods up', () => {
  const rows = [
    { name: 'as many as there are here', replicas: 4, from: 4, to: 2, available: 2, allowed: true },
    {
      name: 'one more than there are here, and one may be missing',
      replicas: 4,
      from: 4,
      to: 1,
      available: 2,
      allowed: true,
    },
    { name: 'two more than there are here', replicas: 4, from: 4, to: 0, available: 2, allowed: false },
    { name: 'all, while pods were lost since the decision', replicas: 4, from: 4, to: 0, available: 1, allowed: false },
    { name: 'all, and all are here', replicas: 4, from: 4, to: 0, available: 4, allowed: true },
    { name: 'the only one, and none may be missing', replicas: 1, from: 1, to: 0, available: 0, allowed: false },
    { name: 'none, but gets some back', replicas: 4, from: 0, to: 3, available: 0, allowed: true },
  ]
  for (const { name, allowed, ...shape } of rows)
    test(name, async () => {
      const found = await objection(shape)
      if (allowed) assert.equal(found, undefined)
      else assert.match(found ?? '', /pods of the Rollout are available/)
    })
})
