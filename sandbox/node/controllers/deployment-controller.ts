/**
 * Stands in for Kubernetes' Deployment controller: one ReplicaSet per pod template, moved by `deployment-plan.ts`, old ones
 * pruned. It acts only on a cache that includes its own last write to a ReplicaSet.
 */
import { isAlreadyExists } from '../../../controller/kube/client.ts'
import { deployments, refOf, replicaSets } from '../../../controller/kube/kinds.ts'
import { hasReached } from '../../../controller/kube/resource-version.ts'
import type { NodeContext, Runnable } from '../context.ts'
import { covers } from '../covers.ts'
import { splitKey } from '../keys.ts'
import { controllerOf, type Deployment, isTerminating, keyOf, parseTime, type ReplicaSet, uidOf } from '../objects.ts'
import { createController } from '../reconcile-loop.ts'
import { BY_OWNER, type Sources } from '../sources.ts'
import {
  type DeploymentWorld,
  decideCurrentReplicas,
  decideScales,
  desiredOf,
  REVISION_ANNOTATION,
  revisionOf,
} from './deployment-plan.ts'
import { summarizeDeployment } from './deployment-status.ts'
import { renderControllerRef } from './pod-creation.ts'
import { hashTemplate, isSameTemplate, TEMPLATE_HASH_LABEL } from './template-hash.ts'

const CATCH_UP_MS = 1_000
const DEFAULT_HISTORY = 10
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export function createDeploymentController(
  context: NodeContext,
  sources: Pick<Sources, 'deployments' | 'replicaSets'>,
): Runnable {
  const { client, clock } = context
  /** resourceVersion of the last write to a ReplicaSet, by Deployment. */
  const lastWrites = new Map<string, string>()

  const noteWrite = (deployment: Deployment, written: ReplicaSet): void => {
    const version = written.metadata.resourceVersion
    if (version !== undefined) lastWrites.set(keyOf(deployment), version)
  }

  async function patchReplicaSet(deployment: Deployment, replicaSet: ReplicaSet, body: unknown): Promise<void> {
    noteWrite(deployment, await client.patch<ReplicaSet>(refOf(replicaSets, replicaSet), 'merge', body))
  }

  async function createCurrent({ deployment, old }: DeploymentWorld): Promise<void> {
    const collisionCount = deployment.status?.collisionCount ?? 0
    const wanted = renderReplicaSet(deployment, old, hashTemplate(deployment.spec.template, collisionCount))
    try {
      noteWrite(deployment, await client.create(replicaSets, wanted))
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      // Another template has this name: the next pass draws another hash.
      const body = { status: { collisionCount: collisionCount + 1 } }
      await client.patch(refOf(deployments, deployment), 'merge', body, { subresource: 'status' })
    }
  }

  /** The current ReplicaSet always carries the highest revision, and the Deployment the same. */
  async function applyRevision({ deployment, current, old }: DeploymentWorld): Promise<void> {
    if (!current) return
    const revision = String(Math.max(revisionOf(current), 1 + Math.max(0, ...old.map(revisionOf))))
    const body = { metadata: { annotations: { [REVISION_ANNOTATION]: revision } } }
    if (revisionOf(current) !== Number(revision)) await patchReplicaSet(deployment, current, body)
    if (deployment.metadata.annotations?.[REVISION_ANNOTATION] !== revision) {
      await client.patch(refOf(deployments, deployment), 'merge', body)
    }
  }

  async function prune({ deployment, old }: DeploymentWorld): Promise<void> {
    const limit = deployment.spec.revisionHistoryLimit ?? DEFAULT_HISTORY
    const idle = old.filter(
      (replicaSet) => desiredOf(replicaSet) === 0 && !replicaSet.status?.replicas && !isTerminating(replicaSet),
    )
    for (const replicaSet of idle.slice(0, Math.max(0, idle.length - limit))) {
      await client.delete(refOf(replicaSets, replicaSet), { uid: uidOf(replicaSet) })
    }
  }

  async function applyStatus(world: DeploymentWorld): Promise<number | undefined> {
    const { deployment } = world
    const { status, isComplete, wakeAtMs } = summarizeDeployment(world, clock.now())
    if (!covers(deployment.status, status)) {
      const body = { metadata: { uid: uidOf(deployment) }, status }
      await client.patch(refOf(deployments, deployment), 'strategic', body, { subresource: 'status' })
    }
    if (isComplete) await prune(world)
    return wakeAtMs
  }

  function observe(deployment: Deployment): DeploymentWorld {
    const owned = sources.replicaSets
      .byIndex(BY_OWNER, uidOf(deployment))
      .filter((replicaSet) => controllerOf(replicaSet)?.uid === uidOf(deployment) && !isTerminating(replicaSet))
      .toSorted(compareAge)
    const current = owned.find((replicaSet) => isSameTemplate(replicaSet.spec.template, deployment.spec.template))
    return { deployment, current, old: owned.filter((replicaSet) => replicaSet !== current) }
  }

  async function reconcile(key: string): Promise<number | undefined> {
    const deployment = sources.deployments.get(...splitKey(key))
    if (!deployment || isTerminating(deployment)) {
      lastWrites.delete(key)
      return undefined
    }
    const lastWrite = lastWrites.get(key)
    if (lastWrite !== undefined && !hasReached(sources.replicaSets.resourceVersion(), lastWrite)) {
      return clock.now() + CATCH_UP_MS
    }
    const world = observe(deployment)
    if (!world.current && !deployment.spec.paused) await createCurrent(world)
    else {
      if (!deployment.spec.paused) await applyRevision(world)
      for (const { replicaSet, replicas } of decideScales(world)) {
        await patchReplicaSet(deployment, replicaSet, { spec: { replicas } })
      }
    }
    return applyStatus(world)
  }

  return createController({
    ...context,
    name: 'deployment',
    reconcile,
    watch: (add) => [
      sources.deployments.subscribe(({ object }) => add(keyOf(object))),
      sources.replicaSets.subscribe(({ object }) => {
        const owner = controllerOf(object)
        if (owner?.kind === deployments.kind) add(`${object.metadata.namespace}/${owner.name}`)
      }),
    ],
  })
}

function compareAge(a: ReplicaSet, b: ReplicaSet): number {
  const byRevision = revisionOf(a) - revisionOf(b)
  if (byRevision !== 0) return byRevision
  return (parseTime(a.metadata.creationTimestamp) ?? 0) - (parseTime(b.metadata.creationTimestamp) ?? 0)
}

function renderReplicaSet(deployment: Deployment, old: readonly ReplicaSet[], hash: string): ReplicaSet {
  const { spec, metadata } = deployment
  const { [LAST_APPLIED]: _applied, ...annotations } = metadata.annotations ?? {}
  const revision = String(1 + Math.max(0, ...old.map(revisionOf)))
  const labels = { ...spec.template.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash }
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels,
      annotations: { ...annotations, [REVISION_ANNOTATION]: revision },
      ownerReferences: [renderControllerRef(deployments, deployment)],
    },
    spec: {
      replicas: decideCurrentReplicas(deployment, 0, old),
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: {
        ...spec.selector,
        matchLabels: { ...spec.selector.matchLabels, [TEMPLATE_HASH_LABEL]: hash },
      },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  }
}
