/**
 * Reads the world of one Experiment from the caches: one snapshot, one `now`, nothing written, nothing concluded. The caller has made sure that
 * the caches include our own last writes.
 */
import type { Experiment } from '../../api/experiment.ts'
import { INSTANCE_ID } from '../../api/labels.ts'
import type { Rollout } from '../../api/rollout.ts'
import type { ExperimentWorld } from '../../domain/experiment/world.ts'
import { controllerOf } from '../../kube/apply.ts'
import { ownedBy, type RolloutCaches } from '../caches.ts'
import { type ObserveOptions, readCompat, readTemplates } from '../observe.ts'

export type ExperimentObserveOptions = Pick<ObserveOptions, 'caches' | 'now' | 'compat' | 'instanceId'>

/** The world, or undefined when there is no such Experiment or it belongs to another instance. */
export function observeExperiment(key: string, options: ExperimentObserveOptions): ExperimentWorld | undefined {
  const { caches } = options
  const [namespace = '', name = ''] = key.split('/')
  const experiment = caches.experiments.get(namespace, name)
  if (!experiment || experiment.metadata.labels?.[INSTANCE_ID] !== options.instanceId) return undefined
  const uid = experiment.metadata.uid ?? ''
  return {
    now: options.now(),
    experiment,
    replicaSets: ownedBy(caches.replicaSets, uid),
    services: ownedBy(caches.services, uid),
    analysisRuns: ownedBy(caches.analysisRuns, uid),
    templates: readTemplates(caches, namespace),
    routedServices: listRoutedServices(findOwner(experiment, caches)),
    refusals: [],
    compat: readCompat(experiment, options.compat),
    ...(options.instanceId === undefined ? {} : { instanceId: options.instanceId }),
  }
}

/** The Rollout whose step the experiment is. */
export function findOwner(experiment: Experiment, caches: Pick<RolloutCaches, 'rollouts'>): Rollout | undefined {
  const owner = controllerOf(experiment)
  if (owner?.kind !== 'Rollout') return undefined
  const rollout = caches.rollouts.get(experiment.metadata.namespace, owner.name)
  return rollout?.metadata.uid === owner.uid ? rollout : undefined
}

/** Services besides stable and canary that the Rollout's routers send traffic to. */
export const listRoutedServices = (rollout: Rollout | undefined): readonly string[] =>
  (rollout?.status?.canary?.weights?.additional ?? []).flatMap(({ serviceName, weight }) =>
    serviceName !== undefined && weight > 0 ? [serviceName] : [],
  )
