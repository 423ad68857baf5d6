/**
 * Performs the writes of an experiment's plan in order, each with a precondition. What the API server refuses for good is handed back in words
 * for the status; every other failure stops the pass. It decides nothing.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { Rollout } from '../../api/rollout.ts'
import type { ExperimentAction, ExperimentPlan } from '../../domain/experiment/plan.ts'
import type { ExperimentWorld, Refusal } from '../../domain/experiment/world.ts'
import { controllerOf } from '../../kube/apply.ts'
import { isAlreadyExists, KubeError, type ObjectRef, type ResourceKind } from '../../kube/client.ts'
import * as kinds from '../../kube/kinds.ts'
import { createOwned, patchObserved, removeObserved, type WriteDeps } from '../writes.ts'
import { listRoutedServices } from './observe.ts'

export interface ExperimentOutcome {
  readonly done: readonly ExperimentAction[]
  readonly refusals: readonly Refusal[]
  /** Left for the next pass, because traffic still needs what it takes away. */
  readonly deferred: readonly ExperimentAction[]
  /** The failure that stopped the pass. */
  readonly failure?: { readonly action: ExperimentAction; readonly error: unknown }
}

export async function applyExperiment(
  key: string,
  world: ExperimentWorld,
  plan: ExperimentPlan,
  deps: WriteDeps,
): Promise<ExperimentOutcome> {
  const done: ExperimentAction[] = []
  const refusals: Refusal[] = []
  const deferred: ExperimentAction[] = []
  for (const action of plan.actions) {
    try {
      if (await isStillRouted(world, action, deps)) {
        deferred.push(action)
        continue
      }
      await perform(key, world, action, deps)
      done.push(action)
    } catch (error) {
      const refusal = await describeRefusal(world, action, error, deps)
      if (!refusal) return { done, refusals, deferred, failure: { action, error } }
      refusals.push(refusal)
    }
  }
  return { done, refusals, deferred }
}

const refIn = ({ experiment }: ExperimentWorld, kind: ResourceKind, object: KubeObject): ObjectRef => ({
  kind,
  namespace: experiment.metadata.namespace ?? '',
  name: object.metadata.name,
})

async function perform(key: string, world: ExperimentWorld, action: ExperimentAction, deps: WriteDeps): Promise<void> {
  switch (action.do) {
    case 'createReplicaSet':
      return createOwned(key, refIn(world, kinds.replicaSets, action.replicaSet), action.replicaSet, deps)
    case 'createService':
      return createOwned(key, refIn(world, kinds.services, action.service), action.service, deps)
    case 'createAnalysisRun':
      return createOwned(key, refIn(world, kinds.analysisRuns, action.run), action.run, deps)
    case 'scale':
    case 'annotateReplicaSet': {
      const { replicaSet, annotations } = action
      const size = action.do === 'scale' ? { spec: { replicas: action.to } } : {}
      const patch = { metadata: { annotations }, ...size }
      return patchObserved(key, refIn(world, kinds.replicaSets, replicaSet), replicaSet, patch, deps)
    }
    case 'terminateAnalysisRun': {
      const patch = { spec: { terminate: true } }
      return patchObserved(key, refIn(world, kinds.analysisRuns, action.run), action.run, patch, deps)
    }
    case 'deleteService':
      return removeObserved(key, refIn(world, kinds.services, action.service), action.service, deps)
  }
}

/** The last look before pods or a Service go: the Rollout's own word, read live, that no traffic goes there (S6). */
async function isStillRouted(
  world: ExperimentWorld,
  action: ExperimentAction,
  { client }: WriteDeps,
): Promise<boolean> {
  const owner = controllerOf(world.experiment)
  const takesAway = action.do === 'deleteService' || (action.do === 'scale' && action.to === 0)
  if (!takesAway || owner?.kind !== 'Rollout' || world.services.length === 0) return false
  const namespace = world.experiment.metadata.namespace ?? ''
  const live = await client.get<Rollout>({ kind: kinds.rollouts, namespace, name: owner.name })
  return listRoutedServices(live?.metadata.uid === owner.uid ? live : undefined, world.services).length > 0
}

/** Answers that no repetition changes: the object is not valid, not allowed, or its name belongs to somebody else. */
async function describeRefusal(
  world: ExperimentWorld,
  action: ExperimentAction,
  error: unknown,
  deps: WriteDeps,
): Promise<Refusal | undefined> {
  if (!(error instanceof KubeError)) return undefined
  const created = createdBy(action)
  if (!created) return undefined
  const isTaken = isAlreadyExists(error)
  if (isTaken && (await isLeftOver(refIn(world, created.kind, created.object), world, deps))) return undefined
  if (!isTaken && error.code !== 400 && error.code !== 403 && error.code !== 422) return undefined
  return nameRefusal(action, isTaken ? undefined : error.message.slice(0, 500))
}

function createdBy(action: ExperimentAction): { readonly kind: ResourceKind; readonly object: KubeObject } | undefined {
  switch (action.do) {
    case 'createReplicaSet':
      return { kind: kinds.replicaSets, object: action.replicaSet }
    case 'createService':
      return { kind: kinds.services, object: action.service }
    case 'createAnalysisRun':
      return { kind: kinds.analysisRuns, object: action.run }
    default:
      return undefined
  }
}

/** What an earlier experiment of this name left, or what is being deleted: it goes, and the name is free. */
async function isLeftOver(ref: ObjectRef, { experiment }: ExperimentWorld, { client }: WriteDeps): Promise<boolean> {
  const existing = await client.get(ref)
  if (!existing || existing.metadata.deletionTimestamp !== undefined) return true
  const owner = controllerOf(existing)
  return owner?.kind === 'Experiment' && owner.name === experiment.metadata.name
}

/** Argo's words; without `words` the name is taken. */
function nameRefusal(action: ExperimentAction, words: string | undefined): Refusal | undefined {
  switch (action.do) {
    case 'createReplicaSet': {
      const { template, replicaSet } = action
      const why = words ?? `ReplicaSet ${replicaSet.metadata.name} already exists and is not owned by this Experiment`
      const message = `Failed to create ReplicaSet for template '${template}': ${why}`
      return { of: 'template', name: template, message }
    }
    case 'createService': {
      const { template, service } = action
      const { name } = service.metadata
      const why = words ?? `service ${name} already exists and is not owned by experiment template ${template}`
      const message = `Failed to create Service ${name} for template '${template}': ${why}`
      return { of: 'template', name: template, message }
    }
    case 'createAnalysisRun': {
      const { name } = action.run.metadata
      const message = words ?? `AnalysisRun ${name} already exists and is not owned by this Experiment`
      return { of: 'analysis', name: action.analysis, message }
    }
    default:
      return undefined
  }
}
