/**
 * The last look before a write that can hurt traffic: the facts that the decision rests on, read live. A guard answers with the reason why
 * the write must not be made now, or nothing. It must not decide anything new.
 *
 *   write                          must hold live
 *   raise the canary's weight      the Rollout is the version that was decided on (no abort came); the canary Service has a ready endpoint
 *                                  of the revision that it names
 *   point a Service at a revision  the revision's ReplicaSet has an available pod (unless no pods are wanted at all)
 *   take a revision to 0 pods      no Service of the Rollout names it
 *   adopt a ReplicaSet             the Rollout is still there and not being deleted
 *   take pods from a workload      with what it keeps and what is available here no more pods are missing than may be
 */

import { POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { KubeObject } from '../api/meta.ts'
import type { ReplicaSet, Service } from '../api/rollout.ts'
import { budgetOf } from '../domain/availability.ts'
import { type Action, isRisky } from '../domain/plan.ts'
import { availableReplicas, sum } from '../domain/replicas.ts'
import { podHashOf } from '../domain/revisions.ts'
import type { World } from '../domain/world.ts'
import type { KubeClient } from '../kube/client.ts'
import * as kinds from '../kube/kinds.ts'
import type { EndpointSlice } from './caches.ts'
import { countReady } from './observe.ts'

type LiveClient = Pick<KubeClient, 'get' | 'list'>

export async function findObjection(
  client: LiveClient,
  world: World,
  action: Action,
  rolloutVersion: string,
): Promise<string | undefined> {
  switch (action.do) {
    case 'route':
      return action.canary > (action.from ?? 0) ? objectToRaise(client, world, rolloutVersion) : undefined
    case 'select':
      return world.rollout.spec.replicas === 0 ? undefined : objectToSelect(client, world, action.replicaSet)
    case 'scale':
      return action.to === 0 ? objectToRemove(client, world, action.replicaSet) : undefined
    case 'adoptReplicaSet':
      return objectToAdopt(client, world)
    case 'scaleWorkload':
      return isRisky(action) ? objectToHandOver(client, world, action.to) : undefined
    default:
      return undefined
  }
}

/** An owner that is gone takes what it adopts with it. */
async function objectToAdopt(client: LiveClient, { rollout }: World): Promise<string | undefined> {
  const { namespace = '', name, uid } = rollout.metadata
  const live = await client.get<KubeObject>({ kind: kinds.rollouts, namespace, name })
  const isThere = live?.metadata.uid === uid && !live?.metadata.deletionTimestamp
  return isThere ? undefined : 'the Rollout is gone or being deleted'
}

async function objectToHandOver(client: LiveClient, world: World, kept: number): Promise<string | undefined> {
  const { spec, metadata } = world.rollout
  const live = await Promise.all(
    world.replicaSets.map((rs) =>
      client.get<ReplicaSet>({
        kind: kinds.replicaSets,
        namespace: metadata.namespace ?? '',
        name: rs.metadata.name,
      }),
    ),
  )
  const available = sum(live.map(availableReplicas))
  const needed = (spec.replicas ?? 1) - budgetOf(spec).maxUnavailable
  return available + kept >= needed
    ? undefined
    : `${available} pods of the Rollout are available: with ${kept} of the workload that is fewer than ${needed}`
}

async function objectToRaise(client: LiveClient, world: World, rolloutVersion: string): Promise<string | undefined> {
  const { namespace = '', name } = world.rollout.metadata
  const canaryService = world.rollout.spec.strategy?.canary?.canaryService ?? ''
  const [live, slices] = await Promise.all([
    client.get<KubeObject>({ kind: kinds.rollouts, namespace, name }),
    client.list<EndpointSlice>(kinds.endpointSlices, {
      namespace,
      labelSelector: `kubernetes.io/service-name=${canaryService}`,
    }),
  ])
  if (live?.metadata.resourceVersion !== rolloutVersion) return 'the Rollout changed meanwhile'
  const ready = countReady(slices.items, world.replicaSets)
  const hash = world.services[canaryService]?.service.spec.selector?.[POD_TEMPLATE_HASH]
  const canary = world.replicaSets.find((rs) => podHashOf(rs) === hash)
  return canary && (ready[canary.metadata.name] ?? 0) > 0
    ? undefined
    : `Service "${canaryService}" has no ready endpoint of the revision that it names`
}

async function objectToSelect(client: LiveClient, world: World, name: string): Promise<string | undefined> {
  const live = await client.get<ReplicaSet>({
    kind: kinds.replicaSets,
    namespace: world.rollout.metadata.namespace ?? '',
    name,
  })
  return (live?.status?.availableReplicas ?? 0) > 0 ? undefined : `ReplicaSet "${name}" has no available pod`
}

async function objectToRemove(client: LiveClient, world: World, rs: ReplicaSet): Promise<string | undefined> {
  const namespace = world.rollout.metadata.namespace ?? ''
  const live = await Promise.all(
    Object.keys(world.services).map((name) => client.get<Service>({ kind: kinds.services, namespace, name })),
  )
  const naming = live.find((service) => service?.spec.selector?.[POD_TEMPLATE_HASH] === podHashOf(rs))
  if (!naming || world.rollout.spec.strategy?.canary?.trafficRouting === undefined) return undefined
  return `Service "${naming.metadata.name}" names ReplicaSet "${rs.metadata.name}"`
}
