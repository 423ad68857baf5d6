/**
 * Stands in for Kubernetes' disruption controller: keeps the status of every PodDisruptionBudget, on which the API server
 * decides evictions. It evicts nothing itself.
 */
import { refOf } from '../../../controller/kube/kinds.ts'
import { compileLabelSelector } from '../../../controller/kube/label-selector.ts'
import type { NodeContext, Runnable } from '../context.ts'
import { covers } from '../covers.ts'
import { splitKey } from '../keys.ts'
import { podDisruptionBudgets } from '../kinds.ts'
import { controllerOf, isActive, keyOf, type Pod, type PodDisruptionBudget, uidOf } from '../objects.ts'
import { createController } from '../reconcile-loop.ts'
import type { Sources } from '../sources.ts'
import { summarizeBudget } from './disruption-budget.ts'
import { isSelected } from './selection.ts'

export function createDisruptionController(
  context: NodeContext,
  sources: Pick<Sources, 'pods' | 'replicaSets' | 'deployments' | 'podDisruptionBudgets'>,
): Runnable {
  const { client, clock } = context

  /** Pods that the owners of these pods ask for, each owner counted once; a pod without an owner counts as one. */
  function countExpected(pods: readonly Pod[]): number {
    const expected = new Map<string, number>()
    for (const pod of pods) {
      const owner = controllerOf(pod)
      const replicaSet = owner && sources.replicaSets.get(pod.metadata.namespace, owner.name)
      const parent = replicaSet && controllerOf(replicaSet)
      const deployment = parent && sources.deployments.get(pod.metadata.namespace, parent.name)
      const scaled = deployment?.metadata.uid === parent?.uid ? (deployment ?? replicaSet) : replicaSet
      expected.set(scaled ? uidOf(scaled) : uidOf(pod), scaled ? (scaled.spec.replicas ?? 1) : 1)
    }
    return [...expected.values()].reduce((sum, count) => sum + count, 0)
  }

  async function reconcile(key: string): Promise<number | undefined> {
    const budget = sources.podDisruptionBudgets.get(...splitKey(key))
    if (!budget) return undefined
    const matches = compileLabelSelector(budget.spec.selector)
    const pods = sources.pods.list(budget.metadata.namespace).filter((pod) => matches(pod.metadata.labels))
    const expected = countExpected(pods.filter(isActive))
    const { status, wakeAtMs } = summarizeBudget(budget, pods, expected, clock.now())
    if (!covers(budget.status, status) || !hasSameDisrupted(budget, status.disruptedPods)) {
      // The resourceVersion keeps an eviction that happened meanwhile from being forgotten.
      const metadata = { resourceVersion: budget.metadata.resourceVersion }
      const cleared = Object.keys(budget.status?.disruptedPods ?? {}).map((name) => [name, null])
      const disruptedPods = { ...Object.fromEntries(cleared), ...status.disruptedPods }
      const body = { metadata, status: { ...status, disruptedPods } }
      await client.patch(refOf(podDisruptionBudgets, budget), 'merge', body, { subresource: 'status' })
    }
    return wakeAtMs
  }

  const budgetsOf = (pod: Pod): readonly string[] =>
    sources.podDisruptionBudgets
      .list(pod.metadata.namespace)
      .filter((budget) => isSelected(budget.spec.selector, pod))
      .map(keyOf)

  return createController({
    ...context,
    name: 'disruption',
    reconcile,
    watch: (add) => [
      sources.podDisruptionBudgets.subscribe(({ object }) => add(keyOf(object))),
      sources.pods.subscribe((change) => {
        const states = change.type === 'updated' ? [change.object, change.previous] : [change.object]
        for (const key of states.flatMap(budgetsOf)) add(key)
      }),
      sources.replicaSets.subscribe(({ object }) => {
        for (const budget of sources.podDisruptionBudgets.list(object.metadata.namespace)) add(keyOf(budget))
      }),
    ],
  })
}

const hasSameDisrupted = (budget: PodDisruptionBudget, wanted: Readonly<Record<string, string>>): boolean =>
  Object.keys(budget.status?.disruptedPods ?? {}).length === Object.keys(wanted).length
