/**
 * Stands in for Kubernetes' ReplicaSet controller: claims pods, creates and deletes them up to `spec.replicas`, keeps the
 * status. It acts only on a cache that includes its own last writes, so that no pod is created twice.
 */
import { isAlreadyExists } from '../../../controller/kube/client.ts'
import { pods, refOf, replicaSets } from '../../../controller/kube/kinds.ts'
import { compileLabelSelector } from '../../../controller/kube/label-selector.ts'
import type { NodeContext, Runnable } from '../context.ts'
import { covers } from '../covers.ts'
import { splitKey } from '../keys.ts'
import { controllerOf, isTerminating, keyOf, type Pod, type ReplicaSet } from '../objects.ts'
import { createController } from '../reconcile-loop.ts'
import type { Sources } from '../sources.ts'
import { createPodFence } from './fence.ts'
import { type Claims, decideClaims, renderAdoption, renderRelease } from './pod-adoption.ts'
import { renderControllerRef, renderPod } from './pod-creation.ts'
import { generatePodName } from './pod-names.ts'
import { decideReplicas, summarizeReplicas } from './replica-count.ts'
import { isSelected } from './selection.ts'

/** The cache is asked again after this time when it lags behind; its next event asks sooner. */
const CATCH_UP_MS = 1_000
const LARGEST_BATCH = 32

export function createReplicaSetController(
  context: NodeContext,
  sources: Pick<Sources, 'pods' | 'replicaSets'>,
): Runnable {
  const { client, clock, random } = context
  const fence = createPodFence(sources.pods)

  async function applyClaims(replicaSet: ReplicaSet, claims: Claims): Promise<void> {
    const reference = renderControllerRef(replicaSets, replicaSet)
    for (const pod of claims.adopt) {
      const adopted = await client.patch<Pod>(refOf(pods, pod), 'strategic', renderAdoption(pod, reference))
      fence.noteWritten(keyOf(replicaSet), adopted)
    }
    for (const pod of claims.release) {
      const released = await client.patch<Pod>(refOf(pods, pod), 'strategic', renderRelease(pod, replicaSet))
      fence.noteWritten(keyOf(replicaSet), released)
    }
  }

  async function createPod(replicaSet: ReplicaSet): Promise<void> {
    const { template } = replicaSet.spec
    const name = generatePodName(replicaSet.metadata.name, random)
    const wanted = renderPod({ name, owner: replicaSet, ownerKind: replicaSets, template })
    try {
      fence.noteWritten(keyOf(replicaSet), await client.create(pods, wanted))
    } catch (error) {
      // The name is taken; the next pass counts again and draws another one.
      if (!isAlreadyExists(error)) throw error
    }
  }

  /** Batches double, so that a template nobody can create costs one failed request and not hundreds. */
  async function createPods(replicaSet: ReplicaSet, count: number): Promise<void> {
    for (let created = 0, batch = 1; created < count; batch = Math.min(batch * 2, LARGEST_BATCH)) {
      const size = Math.min(batch, count - created)
      await settleAll(Array.from({ length: size }, () => createPod(replicaSet)))
      created += size
    }
  }

  async function deletePod(replicaSet: ReplicaSet, pod: Pod): Promise<void> {
    await client.delete(refOf(pods, pod), { uid: pod.metadata.uid ?? '' })
    fence.noteDeleted(keyOf(replicaSet), pod)
  }

  async function applyStatus(
    replicaSet: ReplicaSet,
    owned: readonly Pod[],
    failure: unknown,
  ): Promise<number | undefined> {
    const { status, wakeAtMs } = summarizeReplicas(replicaSet, owned, clock.now())
    const conditions = renderFailure(replicaSet, failure)
    const isCurrent = covers(replicaSet.status, status) && covers(replicaSet.status?.conditions ?? [], [...conditions])
    if (!isCurrent) {
      const body = { metadata: { uid: replicaSet.metadata.uid }, status: { ...status, conditions } }
      await client.patch(refOf(replicaSets, replicaSet), 'merge', body, { subresource: 'status' })
    }
    return wakeAtMs
  }

  async function reconcile(key: string): Promise<number | undefined> {
    const replicaSet = sources.replicaSets.get(...splitKey(key))
    if (!replicaSet) {
      fence.forget(key)
      return undefined
    }
    if (!fence.hasCaughtUp(key)) return clock.now() + CATCH_UP_MS
    const matches = compileLabelSelector(replicaSet.spec.selector)
    // Such pods would be let go as soon as they exist, and made again without end.
    if (!matches(replicaSet.spec.template.metadata?.labels)) {
      context.log.warn('spec.selector does not match spec.template.metadata.labels', {
        replicaSet: key,
        reason: 'InvalidSpec',
      })
      return undefined
    }
    const claims = decideClaims(replicaSet, sources.pods.list(replicaSet.metadata.namespace), matches)
    if (claims.adopt.length + claims.release.length > 0) {
      await applyClaims(replicaSet, claims)
      return clock.now() + CATCH_UP_MS
    }
    const failure = isTerminating(replicaSet) ? undefined : await scale(replicaSet, claims.owned).catch(asFailure)
    const wakeAtMs = await applyStatus(replicaSet, claims.owned, failure?.cause)
    if (failure) throw failure.cause
    return wakeAtMs
  }

  async function scale(replicaSet: ReplicaSet, owned: readonly Pod[]): Promise<undefined> {
    const plan = decideReplicas(replicaSet, owned)
    if (plan.create > 0) await createPods(replicaSet, plan.create)
    await settleAll(plan.delete.map((pod) => deletePod(replicaSet, pod)))
    return undefined
  }

  const ownerKeys = (pod: Pod): readonly string[] => {
    const owner = controllerOf(pod)
    const namespace = pod.metadata.namespace ?? ''
    if (owner) return owner.kind === replicaSets.kind ? [`${namespace}/${owner.name}`] : []
    return sources.replicaSets
      .list(namespace)
      .filter((replicaSet) => isSelected(replicaSet.spec.selector, pod))
      .map(keyOf)
  }
  return createController({
    ...context,
    name: 'replicaset',
    reconcile,
    watch: (add) => [
      sources.replicaSets.subscribe(({ object }) => add(keyOf(object))),
      sources.pods.subscribe((change) => {
        const states = change.type === 'updated' ? [change.object, change.previous] : [change.object]
        for (const key of states.flatMap(ownerKeys)) add(key)
      }),
    ],
  })
}

const asFailure = (cause: unknown): { readonly cause: unknown } => ({ cause })

/** Waits for all and then throws the first failure, so that no write is left running behind the pass. */
async function settleAll(writes: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(writes)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

function renderFailure(replicaSet: ReplicaSet, failure: unknown): readonly unknown[] {
  const others = (replicaSet.status?.conditions ?? []).filter(({ type }) => type !== 'ReplicaFailure')
  if (failure === undefined) return others
  const message = failure instanceof Error ? failure.message : 'unknown failure'
  return [...others, { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }]
}
