/**
 * The last look before a write that can hurt traffic: the facts that the decision rests on, read live. A guard answers with the reason why
 * the write must not be made now, or nothing. It must not decide anything new.
 *
 *   write                          must hold live
 *   send more to a Service,        the Rollout is the version that was decided on (no abort came); the Service has a ready endpoint, the
 *   by weight or managed route     canary's of the revision that it names
 *   point a Service at a revision  the revision's ReplicaSet has an available pod (unless no pods are wanted at all), and the routers give the
 *                                  canary the weight that was decided on (unless the same pods are behind it before and after)
 *   point the active Service at    the Rollout is the version that was decided on, and the revision has every pod available (the preview Service
 *   a revision that is not stable  asks for nothing: no user is behind it); without a router the stable Service: the version alone
 *   take a revision to 0 pods      no Service of the Rollout, and no subset of one, names it, without a router none since the decision; blue-green: nor has the active Service an endpoint
 *                                  of it; dynamicStableScale, which waits for no delay: nor has any Service of the Rollout
 *   take pods from a revision      blue-green: the active Service does not name it, or all that are wanted stay
 *   adopt a ReplicaSet             the Rollout is still there and not being deleted
 *   take pods from a revision,     the Rollout asks for what was decided on: an autoscaler may have asked for more behind a watch that shows nothing
 *   as many as the spec says
 *   take pods from a workload      with what it keeps and what is available here no more pods are missing than may be
 *
 * The Rollout is read last: however slow the other reads are, nothing that came in the meantime is missed.
 */

import { POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { KubeObject } from '../api/meta.ts'
import type { BlueGreenStrategy, ReplicaSet, Service } from '../api/rollout.ts'
import { budgetOf } from '../domain/availability.ts'
import { subsetsOf } from '../domain/canary/parts.ts'
import { rolesOf } from '../domain/canary/roles.ts'
import { type Action, isRisky } from '../domain/plan.ts'
import { availableReplicas, sum } from '../domain/replicas.ts'
import { podHashOf } from '../domain/revisions.ts'
import type { World } from '../domain/world.ts'
import type { KubeClient } from '../kube/client.ts'
import * as kinds from '../kube/kinds.ts'
import type { EndpointSlice } from './caches.ts'
import { findMovedWeight } from './live-routes.ts'
import { countReady } from './observe.ts'
import { routersOf } from './routers.ts'

type LiveClient = Pick<KubeClient, 'get' | 'list'>

export async function findObjection(
  client: LiveClient,
  world: World,
  action: Action,
  rolloutVersion: string,
): Promise<string | undefined> {
  switch (action.do) {
    case 'route':
      return action.opens.length > 0 ? objectToOpen(client, world, action.opens, rolloutVersion) : undefined
    case 'select':
      return world.rollout.spec.replicas === 0 ? undefined : objectToSelect(client, world, action, rolloutVersion)
    case 'scale':
      return isRisky(action) ? objectToShrink(client, world, action) : undefined
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

async function objectToOpen(
  client: LiveClient,
  world: World,
  services: readonly string[],
  rolloutVersion: string,
): Promise<string | undefined> {
  const { namespace = '', name } = world.rollout.metadata
  const objections = await Promise.all(services.map((service) => objectToService(client, world, service)))
  const live = await client.get<KubeObject>({ kind: kinds.rollouts, namespace, name })
  if (live?.metadata.resourceVersion !== rolloutVersion) return 'the Rollout changed meanwhile'
  return objections.find((objection) => objection !== undefined)
}

/** The canary Service must answer with pods of the revision that it names; one that is not the strategy's, such as an experiment's, with any. */
async function objectToService(client: LiveClient, world: World, service: string): Promise<string | undefined> {
  const slices = await listSlices(client, world, service)
  const reading = Object.hasOwn(world.services, service) ? world.services[service] : undefined
  if (!reading) {
    const answers = slices.some(({ endpoints = [] }) => endpoints.some(({ conditions }) => conditions?.ready !== false))
    return answers ? undefined : `Service "${service}" has no ready endpoint`
  }
  const subsets = subsetsOf(world)
  const isDivided = subsets?.service === service
  const hash = isDivided ? subsets.canary.podHash : reading.service.spec.selector?.[POD_TEMPLATE_HASH]
  const named = world.replicaSets.find((rs) => podHashOf(rs) === hash)
  const ready = named ? (countReady(slices, world.replicaSets)[named.metadata.name] ?? 0) : 0
  return ready > 0 ? undefined : `Service "${service}" has no ready endpoint of the revision that it names`
}

type Selection = Extract<Action, { do: 'select' }>
type Scaling = Extract<Action, { do: 'scale' }>

async function objectToSelect(
  client: LiveClient,
  world: World,
  { service, podHash, replicaSet, adopts }: Selection,
  rolloutVersion: string,
): Promise<string | undefined> {
  const { namespace = '' } = world.rollout.metadata
  const { blueGreen } = world.rollout.spec.strategy ?? {}
  if (blueGreen && service === blueGreen.previewService) return undefined
  const live = await client.get<ReplicaSet>({ kind: kinds.replicaSets, namespace, name: replicaSet })
  const available = live?.status?.availableReplicas ?? 0
  if (available === 0) return `ReplicaSet "${replicaSet}" has no available pod`
  if (adopts && !blueGreen) return undefined
  if (!blueGreen && isAhead(world, service, podHash)) return objectToOvertaken(client, world, rolloutVersion)
  if (!blueGreen) return findMovedWeight(client, world)
  if (service !== blueGreen.activeService || podHash === world.rollout.status?.stableRS) return undefined
  const wanted = world.rollout.spec.replicas ?? 1
  // A restart may have given it one more.
  if (available < wanted || (live?.spec.replicas ?? 1) < wanted)
    return `ReplicaSet "${replicaSet}" has ${available} of ${wanted} pods available`
  return objectToOvertaken(client, world, rolloutVersion)
}

/** Without a router the stable Service goes to the new revision before that is promoted. */
function isAhead({ rollout: { spec, status } }: World, service: string, podHash: string): boolean {
  const { canary } = spec.strategy ?? {}
  return canary?.trafficRouting === undefined && service === canary?.stableService && podHash !== status?.stableRS
}

/** An abort may have come. */
async function objectToOvertaken(client: LiveClient, { rollout }: World, version: string): Promise<string | undefined> {
  const { namespace = '', name } = rollout.metadata
  const live = await client.get<KubeObject>({ kind: kinds.rollouts, namespace, name })
  return live?.metadata.resourceVersion === version ? undefined : 'the Rollout changed meanwhile'
}

async function objectToShrink(client: LiveClient, world: World, action: Scaling): Promise<string | undefined> {
  const objection = world.rollout.spec.replicas === 0 ? undefined : await objectToTake(client, world, action)
  return objection ?? (restsOnSpec(world, action) ? objectToOtherSpec(client, world) : undefined)
}

/** What goes because nothing names it any more goes whatever size is asked for. */
function restsOnSpec({ rollout: { spec } }: World, { to }: Scaling): boolean {
  const { canary, blueGreen } = spec.strategy ?? {}
  return to > 0 || spec.replicas === 0 || (!blueGreen && canary?.trafficRouting === undefined)
}

async function objectToOtherSpec(client: LiveClient, { rollout }: World): Promise<string | undefined> {
  const { namespace = '', name, generation } = rollout.metadata
  const live = await client.get<KubeObject>({ kind: kinds.rollouts, namespace, name })
  return live?.metadata.generation === generation ? undefined : 'the Rollout asks for something else meanwhile'
}

async function objectToTake(client: LiveClient, world: World, action: Scaling): Promise<string | undefined> {
  const { canary, blueGreen } = world.rollout.spec.strategy ?? {}
  if (blueGreen) return objectToRetire(client, world, blueGreen, action)
  if (action.to > 0) return undefined
  if (canary?.trafficRouting === undefined) return objectToNewName(client, world, action.replicaSet)
  if (!canary.dynamicStableScale) return objectToLeaveBehind(client, world, action.replicaSet)
  // Argo takes the last stable pod too, once it has no traffic.
  if (world.compat === 'argo') return objectToLeaveBehind(client, world, action.replicaSet, true)
  const naming = await objectToLeaveBehind(client, world, action.replicaSet)
  return naming ?? findEndpoints(client, world, action.replicaSet, Object.keys(world.services))
}

/** Without a router a revision may have to go though a Service names it, and that was decided; of a Service that names it since then it was not. */
async function objectToNewName(client: LiveClient, world: World, rs: ReplicaSet): Promise<string | undefined> {
  if (world.compat === 'argo') return undefined
  const others = Object.entries(world.services).filter(
    ([, { service }]) => service.spec.selector?.[POD_TEMPLATE_HASH] !== podHashOf(rs),
  )
  return findNaming(
    client,
    world,
    rs,
    others.map(([name]) => name),
  )
}

async function objectToLeaveBehind(
  client: LiveClient,
  world: World,
  rs: ReplicaSet,
  toleratesStable = false,
): Promise<string | undefined> {
  const tolerated = toleratesStable ? rolesOf(world.rollout).stableService : undefined
  const counted = Object.keys(world.services).filter((name) => name !== tolerated)
  return (await findNaming(client, world, rs, counted)) ?? findSubset(client, world, rs, toleratesStable)
}

/** As the routers' objects have them now. */
async function findSubset(
  client: LiveClient,
  { rollout, replicaSets }: World,
  rs: ReplicaSet,
  toleratesStable: boolean,
): Promise<string | undefined> {
  const keepers = routersOf(rollout, replicaSets).flatMap(({ router }) =>
    'problem' in router ? [] : (router.subsets ?? []),
  )
  const live = await Promise.all(keepers.map(async (keeper) => keeper.read(await client.get(keeper.ref))))
  for (const subsets of live.filter((one) => one !== undefined)) {
    const counted = toleratesStable ? [subsets.canary] : [subsets.stable, subsets.canary]
    const naming = counted.find(({ podHash }) => podHash === podHashOf(rs))
    if (naming) return `subset "${naming.name}" of Service "${subsets.service}" names ReplicaSet "${rs.metadata.name}"`
  }
  return undefined
}

async function objectToRetire(
  client: LiveClient,
  world: World,
  { activeService, previewService }: BlueGreenStrategy,
  { replicaSet, to }: Scaling,
): Promise<string | undefined> {
  if (to >= (world.rollout.spec.replicas ?? 1)) return undefined
  // What was aborted stays in the preview; no user is behind it.
  const isPreview = podHashOf(replicaSet) === world.rollout.status?.currentPodHash
  const counted = Object.keys(world.services).filter((name) => !isPreview || name !== previewService)
  const naming = await findNaming(client, world, replicaSet, to === 0 ? counted : [activeService])
  return naming !== undefined || to > 0 ? naming : findEndpoints(client, world, replicaSet, [activeService])
}

/** A Service that has just been pointed elsewhere goes on answering with these until its EndpointSlices follow. */
async function findEndpoints(
  client: LiveClient,
  world: World,
  { metadata: { name } }: ReplicaSet,
  services: readonly string[],
): Promise<string | undefined> {
  const slices = await Promise.all(services.map((service) => listSlices(client, world, service)))
  const left = slices.map((own) => countReady(own, world.replicaSets)[name] ?? 0)
  const at = left.findIndex((count) => count > 0)
  return at < 0 ? undefined : `Service "${services[at]}" has ${left[at]} endpoints of ReplicaSet "${name}"`
}

async function findNaming(
  client: LiveClient,
  world: World,
  rs: ReplicaSet,
  services: readonly string[],
): Promise<string | undefined> {
  const namespace = world.rollout.metadata.namespace ?? ''
  const live = await Promise.all(services.map((name) => client.get<Service>({ kind: kinds.services, namespace, name })))
  const naming = live.find((service) => service?.spec.selector?.[POD_TEMPLATE_HASH] === podHashOf(rs))
  return naming && `Service "${naming.metadata.name}" names ReplicaSet "${rs.metadata.name}"`
}

async function listSlices(client: LiveClient, world: World, service: string): Promise<readonly EndpointSlice[]> {
  const { items } = await client.list<EndpointSlice>(kinds.endpointSlices, {
    namespace: world.rollout.metadata.namespace ?? '',
    labelSelector: `kubernetes.io/service-name=${service}`,
  })
  return items
}
