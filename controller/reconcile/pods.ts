/**
 * Reads and writes of live pods: there is no cache of them, and no pass without need for them touches one. A pod that vanished meanwhile is no
 * failure; what a PodDisruptionBudget refuses is told and left for later. It must not choose pods.
 */
import type { Pod } from '../api/pod.ts'
import type { PodPatch } from '../domain/plan.ts'
import { hasPendingPods } from '../domain/pod-metadata.ts'
import { isRestartDue } from '../domain/restart.ts'
import { renderSelector } from '../domain/selector-text.ts'
import { withWorkload } from '../domain/workload-ref.ts'
import type { World } from '../domain/world.ts'
import { applyMergePatch, isPreconditionFailed } from '../kube/apply.ts'
import { type KubeClient, KubeError } from '../kube/client.ts'
import * as kinds from '../kube/kinds.ts'
import { listPages } from '../kube/list-pages.ts'

/** A decision rests on the pods themselves. */
export const needsPods = (world: World): boolean => isRestartDue(world) || world.replicaSets.some(hasPendingPods)

/** The pods of the Rollout's ReplicaSets, in order of name. Throws KubeError when they cannot be listed. */
export async function listPods(world: World, client: Pick<KubeClient, 'list'>): Promise<readonly Pod[]> {
  const { metadata, spec } = withWorkload(world).rollout
  const owners = new Set(world.replicaSets.map((rs) => rs.metadata.uid))
  const { objects } = await listPages<Pod>(client, kinds.pods, {
    namespace: metadata.namespace ?? '',
    labelSelector: renderSelector(spec.selector),
  })
  return objects
    .filter((pod) => pod.metadata.ownerReferences?.some(({ uid, controller }) => controller && owners.has(uid)))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
}

/** A pod that may not go now, in the words of the API server. */
export interface Refusal {
  readonly pod: string
  readonly why: string
}

/** One after the other, so that each is judged by what the former have left of the budget. */
export async function evictPods(
  pods: readonly Pod[],
  client: Pick<KubeClient, 'postSubresource'>,
): Promise<readonly Refusal[]> {
  const refusals: Refusal[] = []
  for (const { metadata } of pods) {
    const ref = kinds.refOf(kinds.pods, { metadata })
    const body = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: metadata.name, namespace: metadata.namespace },
      deleteOptions: { preconditions: { uid: metadata.uid } },
    }
    try {
      await client.postSubresource(ref, 'eviction', body)
    } catch (error) {
      if (isOver(error)) continue
      if (!(error instanceof KubeError && error.code === 429)) throw error
      refusals.push({ pod: metadata.name, why: error.message.slice(0, 300) })
    }
  }
  return refusals
}

/** The pod is gone, or its name belongs to another one. */
const isOver = (error: unknown): boolean =>
  error instanceof KubeError && (error.code === 404 || isPreconditionFailed(error))

const AT_ONCE = 10

/** A few at a time. All are tried before the first failure is thrown; a lost race is left for the next pass, which sees the pod as it is. */
export async function labelPods(patches: readonly PodPatch[], client: Pick<KubeClient, 'patch'>): Promise<void> {
  const waiting = [...patches]
  const failures: unknown[] = []
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { pod, patch } = next
      try {
        const precondition = { uid: pod.metadata.uid ?? '' }
        await applyMergePatch(client, kinds.refOf(kinds.pods, pod), { metadata: { ...patch } }, { precondition })
      } catch (error) {
        if (!isOver(error)) failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, work))
  if (failures.length > 0) throw failures[0]
}
