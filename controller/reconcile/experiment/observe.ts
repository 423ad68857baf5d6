/**
 * Reads the world of one Experiment from the caches: one snapshot, one `now`, nothing written, nothing concluded. The caller has made sure that
 * the caches include our own last writes.
 */
import type { Experiment } from '../../api/experiment.ts'
import { INSTANCE_ID } from '../../api/labels.ts'
import type { Rollout, Service } from '../../api/rollout.ts'
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
  const services = ownedBy(caches.services, uid)
  return {
    now: options.now(),
    experiment,
    replicaSets: ownedBy(caches.replicaSets, uid),
    services,
    analysisRuns: ownedBy(caches.analysisRuns, uid),
    templates: readTemplates(caches, namespace),
    routedServices: listRoutedServices(findOwner(experiment, caches), services),
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

/**
 * Names of those Services that the Rollout's routers send traffic to. While a data plane still serves an older state than the one that is
 * written, it may send to any of them.
 */
export function listRoutedServices(rollout: Rollout | undefined, services: readonly Service[]): readonly string[] {
  const weights = rollout?.status?.canary?.weights
  if (!weights) return []
  const named = new Set(
    (weights.additional ?? []).flatMap(({ serviceName, weight }) => (weight > 0 ? [serviceName] : [])),
  )
  return services.map(({ metadata }) => metadata.name).filter((name) => weights.verified === false || named.has(name))
}
