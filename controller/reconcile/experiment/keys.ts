/** Which Experiments a changed object concerns. It must not decide anything about them. */
import type { Experiment } from '../../api/experiment.ts'
import type { KubeObject } from '../../api/meta.ts'
import { controllerOf } from '../../kube/apply.ts'
import { keyOf, ownedBy, type RolloutCaches } from '../caches.ts'

/** Calls `add` with the key of every Experiment that a change may concern. Returns the unsubscriber. */
export function watchExperimentKeys(caches: RolloutCaches, add: (key: string) => void): () => void {
  const addAll = (experiments: readonly Experiment[]): void => {
    for (const experiment of experiments) add(keyOf(experiment))
  }
  const byOwner = ({ object }: { readonly object: KubeObject }): void => {
    const owner = controllerOf(object)
    if (owner?.kind === 'Experiment') add(`${object.metadata.namespace ?? ''}/${owner.name}`)
  }
  const subscriptions = [
    caches.experiments.subscribe(({ object }) => add(keyOf(object))),
    caches.replicaSets.subscribe(byOwner),
    caches.services.subscribe(byOwner),
    caches.analysisRuns.subscribe(byOwner),
    caches.templates.subscribe(({ object }) =>
      addAll(caches.experiments.list(object.metadata.namespace).filter(waits)),
    ),
    caches.clusterTemplates.subscribe(() => addAll(caches.experiments.list().filter(waits))),
    // Pods behind a Service stay until the Rollout has taken its traffic away.
    caches.rollouts.subscribe(({ object }) =>
      addAll(ownedBy(caches.experiments, object.metadata.uid ?? '').filter(hasService)),
    ),
  ]
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe()
  }
}

/** Before its pods were available an experiment depends on the templates that it names. */
const waits = ({ status }: Experiment): boolean => !status?.availableAt

const hasService = ({ status }: Experiment): boolean =>
  (status?.templateStatuses ?? []).some(({ serviceName }) => serviceName !== undefined)
