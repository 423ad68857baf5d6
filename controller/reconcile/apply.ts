/**
 * Performs a Plan's writes in order: idempotent, each with a precondition, at most one that can hurt traffic, stopping at a failure. It
 * decides nothing; a write that its guard objects to is left for the next pass. Annotations of the Rollout are written by `report.ts`, in front
 * of the status.
 */

import { MANAGED_BY, POD_TEMPLATE_HASH } from '../api/labels.ts'
import { type Action, isRisky, type Plan } from '../domain/plan.ts'
import { rolloutOwner } from '../domain/render-replica-set.ts'
import type { World } from '../domain/world.ts'
import { applyMergePatch, fieldManager } from '../kube/apply.ts'
import type { ObjectRef } from '../kube/client.ts'
import * as kinds from '../kube/kinds.ts'
import { isOutside } from '../traffic/outside.ts'
import { type RouterWrite, refKey } from '../traffic/router.ts'
import type { RolloutCaches } from './caches.ts'
import { renderReleases } from './field-managers.ts'
import { findObjection } from './live-guards.ts'
import { evictPods, labelPods, type Refusal } from './pods.ts'
import { createOwned, patchObserved, recordedRace, removeObserved, versionIn, type WriteDeps } from './writes.ts'

export interface ApplyDeps extends WriteDeps {
  readonly caches: RolloutCaches
}

export interface Outcome {
  readonly done: readonly Action[]
  /** Left for the next pass: a second risky write, or one that a live guard objected to. */
  readonly deferred: readonly { readonly action: Action; readonly why: string }[]
  /** The first failure; the pass stopped there, unless it was the creation of the new ReplicaSet. */
  readonly failure?: { readonly action: Action; readonly error: unknown }
  /** Pods that a PodDisruptionBudget keeps for now. */
  readonly refusals: readonly Refusal[]
  /** Set when passes repeat this attempt and nothing comes of it: the attempt, in words. */
  readonly loop?: string
}

export async function apply(key: string, world: World, plan: Plan, deps: ApplyDeps): Promise<Outcome> {
  const done: Action[] = []
  const deferred: { action: Action; why: string }[] = []
  const refusals: Refusal[] = []
  let riskTaken = false
  let failure: Outcome['failure']
  for (const action of plan.actions) {
    if (action.do === 'annotateRollout') continue
    if (isRisky(action) && riskTaken) {
      deferred.push({ action, why: 'one risky write a pass' })
      continue
    }
    try {
      const objection = await findObjection(deps.client, world, action, world.rollout.metadata.resourceVersion ?? '')
      if (objection !== undefined) {
        deferred.push({ action, why: objection })
        continue
      }
      if (action.do === 'evict') refusals.push(...(await evictPods(action.pods, deps.client)))
      else await perform(key, world, action, deps)
      riskTaken ||= isRisky(action)
      done.push(action)
    } catch (error) {
      failure ??= { action, error }
      // No other write depends on the new ReplicaSet: traffic goes back to stable though a webhook refuses it (L2).
      if (action.do !== 'createReplicaSet') break
    }
  }
  return { done, deferred, refusals, ...(failure ? { failure } : {}) }
}

async function perform(
  key: string,
  world: World,
  action: Exclude<Action, { do: 'evict' }>,
  deps: ApplyDeps,
): Promise<void> {
  switch (action.do) {
    case 'createReplicaSet':
      return createOwned(key, refIn(world, kinds.replicaSets, action.replicaSet.metadata.name), action.replicaSet, deps)
    case 'createAnalysisRun':
      return createOwned(key, refIn(world, kinds.analysisRuns, action.run.metadata.name), action.run, deps)
    case 'scale': {
      const patch = { metadata: { annotations: action.annotations }, spec: { replicas: action.to } }
      return patchObserved(
        key,
        refIn(world, kinds.replicaSets, action.replicaSet.metadata.name),
        action.replicaSet,
        patch,
        deps,
      )
    }
    case 'annotateReplicaSet': {
      const patch = { metadata: { annotations: action.annotations } }
      return patchObserved(
        key,
        refIn(world, kinds.replicaSets, action.replicaSet.metadata.name),
        action.replicaSet,
        patch,
        deps,
      )
    }
    case 'amendTemplate': {
      const { replicaSet, template, annotations } = action
      const ref = refIn(world, kinds.replicaSets, replicaSet.metadata.name)
      return patchObserved(key, ref, replicaSet, { metadata: { annotations }, spec: { template } }, deps)
    }
    case 'setMinReady': {
      const { replicaSet, seconds } = action
      const ref = refIn(world, kinds.replicaSets, replicaSet.metadata.name)
      return patchObserved(key, ref, replicaSet, { spec: { minReadySeconds: seconds } }, deps)
    }
    case 'labelPods':
      return labelPods(action.pods, deps.client)
    case 'select':
      return select(key, world, action, deps)
    case 'release':
      return release(key, world, action, deps)
    case 'route':
      return route(key, world, action, deps)
    case 'releaseRoutes':
      return releaseRoutes(key, world, deps)
    case 'annotateAnalysisRun':
      return patchObserved(
        key,
        refIn(world, kinds.analysisRuns, action.run.metadata.name),
        action.run,
        { metadata: { annotations: action.annotations } },
        deps,
      )
    case 'terminateAnalysisRun':
      return patchObserved(
        key,
        refIn(world, kinds.analysisRuns, action.run.metadata.name),
        action.run,
        { spec: { terminate: true } },
        deps,
      )
    case 'adoptReplicaSet':
    case 'releaseReplicaSet':
      return changeOwner(key, world, action, deps)
    case 'deleteReplicaSet':
      return removeObserved(
        key,
        refIn(world, kinds.replicaSets, action.replicaSet.metadata.name),
        action.replicaSet,
        deps,
      )
    case 'deleteAnalysisRun':
      return removeObserved(key, refIn(world, kinds.analysisRuns, action.run.metadata.name), action.run, deps)
    case 'scaleWorkload':
      return scaleWorkload(key, action, deps)
    case 'createExperiment':
    case 'terminateExperiment':
    case 'deleteExperiment':
      return writeExperiment(key, refIn(world, kinds.experiments, action.experiment.metadata.name), action, deps)
    case 'setDefaultReplicas':
      return patchObserved(
        key,
        refIn(world, kinds.rollouts, world.rollout.metadata.name),
        world.rollout,
        { spec: { replicas: 1 } },
        deps,
      )
    case 'annotateRollout':
      return undefined
  }
}

function writeExperiment(
  key: string,
  ref: ObjectRef,
  { do: verb, experiment }: Extract<Action, { readonly experiment: unknown }>,
  deps: ApplyDeps,
): Promise<void> {
  if (verb === 'createExperiment') return createOwned(key, ref, experiment, deps)
  if (verb === 'deleteExperiment') return removeObserved(key, ref, experiment, deps)
  return patchObserved(key, ref, experiment, { spec: { terminate: true } }, deps)
}

const refIn = (world: World, kind: ObjectRef['kind'], name: string): ObjectRef => ({
  kind,
  namespace: world.rollout.metadata.namespace ?? '',
  name,
})

async function changeOwner(
  key: string,
  world: World,
  { do: what, replicaSet }: Extract<Action, { do: 'adoptReplicaSet' | 'releaseReplicaSet' }>,
  deps: ApplyDeps,
): Promise<void> {
  const owner = rolloutOwner(world.rollout)
  const others = (replicaSet.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.uid)
  const ownerReferences = what === 'adoptReplicaSet' ? [...others, owner] : others
  const ref = refIn(world, kinds.replicaSets, replicaSet.metadata.name)
  await patchObserved(key, ref, replicaSet, { metadata: { ownerReferences } }, deps)
}

/** Through the scale subresource where there is one to grant: the right to change a Deployment's pods is more than we need. */
async function scaleWorkload(
  key: string,
  { workload, to }: Extract<Action, { do: 'scaleWorkload' }>,
  { client, fence }: ApplyDeps,
): Promise<void> {
  const kind = workload.kind === 'Deployment' ? kinds.deployments : kinds.replicaSets
  const ref = kinds.refOf(kind, workload)
  const { resourceVersion = '' } = workload.metadata
  const options = {
    precondition: { resourceVersion },
    ...(kind === kinds.deployments ? { subresource: 'scale' as const } : {}),
  }
  await recordedRace(key, { ref, resourceVersion }, fence, () =>
    applyMergePatch(client, ref, { spec: { replicas: to } }, options),
  )
}

async function select(
  key: string,
  world: World,
  action: Extract<Action, { do: 'select' }>,
  deps: ApplyDeps,
): Promise<void> {
  if (action.subset !== undefined) return selectSubset(key, world, action.subset, action.podHash, deps)
  const service = world.services[action.service]?.service
  if (!service) return
  const patch = {
    metadata: { annotations: { [MANAGED_BY]: world.rollout.metadata.name } },
    spec: { selector: { [POD_TEMPLATE_HASH]: action.podHash } },
  }
  await patchObserved(key, refIn(world, kinds.services, action.service), service, patch, deps)
}

/** Written by the router that keeps it. */
async function selectSubset(
  key: string,
  { rollout, replicaSets }: World,
  subset: string,
  podHash: string,
  deps: ApplyDeps,
): Promise<void> {
  const { routes } = deps.caches
  for (const { id, router } of routes.routersOf(rollout, replicaSets)) {
    if ('problem' in router || !router.subsets) continue
    const { ref, select: render } = router.subsets
    const view = routes.read(id, router)
    const object = 'unknown' in view ? undefined : view.objects[refKey(ref)]
    for (const write of object ? render(object, subset, podHash) : []) await writeRoute(key, write, false, deps)
  }
}

async function release(
  key: string,
  world: World,
  action: Extract<Action, { do: 'release' }>,
  deps: ApplyDeps,
): Promise<void> {
  if (action.kind !== undefined) return releaseObject(key, world, action.kind, action.service, deps)
  const service = world.services[action.service]?.service
  if (!service) return
  const patch = { metadata: { annotations: { [MANAGED_BY]: null } }, spec: { selector: { [POD_TEMPLATE_HASH]: null } } }
  await patchObserved(key, refIn(world, kinds.services, action.service), service, patch, deps)
}

async function releaseObject(
  key: string,
  { rollout }: World,
  kind: string,
  name: string,
  deps: ApplyDeps,
): Promise<void> {
  const former = deps.caches.routes.former(rollout)
  const found = former.find((one) => kinds.kindId(one.kind) === kind && one.object.metadata.name === name)
  for (const write of found?.release() ?? []) await writeRoute(key, write, false, deps)
}

/**
 * Every router in turn; each write touches only what is ours and fails when the object is not the one that was read. Taking the canary's traffic
 * away never waits for the rate limit.
 */
async function route(
  key: string,
  world: World,
  action: Extract<Action, { do: 'route' }>,
  deps: ApplyDeps,
): Promise<void> {
  const { routes } = deps.caches
  for (const { id, router } of routes.routersOf(world.rollout, world.replicaSets)) {
    if ('problem' in router) continue
    const view = routes.read(id, router)
    const writes = 'unknown' in view ? [] : router.render(action, view.objects)
    for (const write of writes) await writeRoute(key, write, action.canary === 0, deps)
  }
}

/** An object that two routers of the Rollout share is written once. */
async function releaseRoutes(key: string, { rollout, replicaSets }: World, deps: ApplyDeps): Promise<void> {
  const { routes } = deps.caches
  const writes = new Map<string, RouterWrite>()
  for (const { id, router } of routes.routersOf(rollout, replicaSets)) {
    const view = 'problem' in router ? undefined : routes.read(id, router)
    if ('problem' in router || !view || 'unknown' in view) continue
    for (const write of renderReleases(router, view.objects, rollout.metadata.uid)) writes.set(refKey(write.ref), write)
  }
  for (const write of writes.values()) await writeRoute(key, write, false, deps)
}

async function writeRoute(key: string, write: RouterWrite, urgent: boolean, deps: ApplyDeps): Promise<void> {
  const { ref } = write
  // A store never shows what a write of ours has replaced: no fence is needed.
  if (isOutside(ref.kind)) return deps.caches.routes.writeOutside(write, { urgent })
  if (write.do === 'create') return createOwned(key, ref, write.object, deps)
  if (write.do === 'delete') return removeObserved(key, ref, write.object, deps)
  const options = { fieldManager, urgent }
  const resourceVersion = versionIn(write.patch)
  await recordedRace(key, { ref, resourceVersion }, deps.fence, () =>
    deps.client.patch(ref, 'json', write.patch, options),
  )
}
