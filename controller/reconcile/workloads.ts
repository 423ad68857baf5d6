/**
 * Caches of the workloads that Rollouts take their pods from. A kind is watched from the moment at which the first Rollout names it: a cluster may
 * hold thousands of Deployments that are none of our business. It must not decide what a workload means.
 */
import { type Rollout, rolloutSpecSchema } from '../api/rollout.ts'
import type { Workload } from '../api/workload.ts'
import type { ObjectCache } from '../kube/cache.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import type { Informers } from '../kube/informers.ts'
import * as kinds from '../kube/kinds.ts'

/** By group and kind: which version a manifest names makes no difference. */
const KINDS: ReadonlyMap<string, ResourceKind> = new Map([
  ['apps/Deployment', kinds.deployments],
  ['apps/ReplicaSet', kinds.replicaSets],
  ['/PodTemplate', kinds.podTemplates],
])

export interface WorkloadCaches {
  /** The cache of a kind, once it holds a first list: before that, and without the right to list, an object has to be read live. */
  filled(kind: ResourceKind): ObjectCache<Workload> | undefined
  /** Calls `listener` with the address of every workload that changes. Returns the unsubscriber. */
  subscribe(listener: (ref: ObjectRef) => void): () => void
}

/** What a Rollout's `workloadRef` names; undefined without one, or when it names a kind that holds no pod template. */
export function workloadRefOf({ metadata, spec }: Rollout): ObjectRef | undefined {
  // Asked before anything is validated: the spec may be of any shape.
  const { data } = rolloutSpecSchema.shape.workloadRef.safeParse(spec?.workloadRef)
  const { apiVersion = '', kind = '', name = '' } = data ?? {}
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const found = KINDS.get(`${group}/${kind}`)
  return found && name !== '' ? { kind: found, namespace: metadata.namespace ?? '', name } : undefined
}

export const workloadKeyOf = ({ kind, namespace = '', name }: ObjectRef): string =>
  `${kinds.kindId(kind)}/${namespace}/${name}`

/** Indexer of Rollouts by the workload that they name. */
export function workloadsNamed(rollout: Rollout): readonly string[] {
  const ref = workloadRefOf(rollout)
  return ref ? [workloadKeyOf(ref)] : []
}

export function openWorkloads(informers: Pick<Informers, 'for'>, rollouts: ObjectCache<Rollout>): WorkloadCaches {
  const opened = new Map<ResourceKind, ObjectCache<Workload>>()
  const listeners = new Set<(ref: ObjectRef) => void>()
  const open = (rollout: Rollout): void => {
    const kind = workloadRefOf(rollout)?.kind
    if (!kind || opened.has(kind)) return
    const cache = informers.for<Workload>(kind, { onDemand: true })
    opened.set(kind, cache)
    cache.subscribe(({ object: { metadata } }) => {
      const ref = { kind, name: metadata.name, namespace: metadata.namespace ?? '' }
      for (const listener of listeners) listener(ref)
    })
  }
  for (const rollout of rollouts.list()) open(rollout)
  rollouts.subscribe(({ object }) => open(object))
  return {
    filled(kind) {
      const cache = opened.get(kind)
      return cache && cache.resourceVersion() !== '' ? cache : undefined
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
