/**
 * The caches that rollouts are decided from, their indexes, and which Rollouts a changed object concerns. It must not decide anything about
 * them.
 */
import { ABORT_REQUESTS, readAbortRequests } from '../api/abort-request.ts'
import type { AnalysisRun, AnalysisTemplate } from '../api/analysis.ts'
import type { Experiment } from '../api/experiment.ts'
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { KubeObject } from '../api/meta.ts'
import type { ReplicaSet, Rollout, Service } from '../api/rollout.ts'
import { serviceNamesOf } from '../domain/service-names.ts'
import { controllerOf } from '../kube/apply.ts'
import { type CacheChange, indexByOwnerUid, type ObjectCache } from '../kube/cache.ts'
import type { Informers } from '../kube/informers.ts'
import * as kinds from '../kube/kinds.ts'
import { openRoutes, type RouteCaches, type RouteOptions } from './route-caches.ts'
import { routesNamed } from './route-kinds.ts'
import { openWorkloads, type WorkloadCaches, workloadKeyOf, workloadsNamed } from './workloads.ts'

export interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly {
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: { readonly kind?: string; readonly name?: string }
  }[]
}

export interface RolloutCaches {
  readonly rollouts: ObjectCache<Rollout>
  readonly replicaSets: ObjectCache<ReplicaSet>
  readonly analysisRuns: ObjectCache<AnalysisRun>
  readonly experiments: ObjectCache<Experiment>
  readonly services: ObjectCache<Service>
  readonly endpointSlices: ObjectCache<EndpointSlice>
  readonly templates: ObjectCache<AnalysisTemplate>
  readonly clusterTemplates: ObjectCache<AnalysisTemplate>
  readonly workloads: WorkloadCaches
  readonly routes: RouteCaches
}

const BY_OWNER = 'ownerUid'
const BY_SERVICE = 'service'
const BY_ROUTE = 'route'
const BY_WORKLOAD = 'workload'
const BY_MARK = 'managedBy'
const BY_FAMILY = 'family'
const SERVICE_NAME = 'kubernetes.io/service-name'

export function openCaches(informers: Pick<Informers, 'for'>, options: RouteOptions = {}): RolloutCaches {
  const rollouts = informers.for<Rollout>(kinds.rollouts, {
    indexers: { [BY_SERVICE]: servicesNamed, [BY_ROUTE]: routesNamed, [BY_WORKLOAD]: workloadsNamed },
  })
  return {
    rollouts,
    replicaSets: informers.for<ReplicaSet>(kinds.replicaSets, {
      indexers: { [BY_OWNER]: indexByOwnerUid, [BY_FAMILY]: familiesOf },
    }),
    analysisRuns: informers.for<AnalysisRun>(kinds.analysisRuns, { indexers: { [BY_OWNER]: indexByOwnerUid } }),
    experiments: informers.for<Experiment>(kinds.experiments, {
      indexers: { [BY_OWNER]: indexByOwnerUid },
      optional: true,
    }),
    services: informers.for<Service>(kinds.services, {
      indexers: { [BY_OWNER]: indexByOwnerUid, [BY_MARK]: rolloutsMarked },
    }),
    endpointSlices: informers.for<EndpointSlice>(kinds.endpointSlices, { indexers: { [BY_SERVICE]: serviceOfSlice } }),
    templates: informers.for<AnalysisTemplate>(kinds.analysisTemplates),
    clusterTemplates: informers.for<AnalysisTemplate>(kinds.clusterAnalysisTemplates),
    workloads: openWorkloads(informers, rollouts),
    routes: openRoutes(informers, rollouts, options),
  }
}

export const ownedBy = <T extends KubeObject>(cache: ObjectCache<T>, uid: string): readonly T[] =>
  cache.byIndex(BY_OWNER, uid).filter((object) => controllerOf(object)?.uid === uid)

/** ReplicaSets that another object, or nobody, controls: those named like one of the Rollout's, and the orphans of revisions. */
export function strangersTo(caches: RolloutCaches, { metadata }: Rollout): readonly ReplicaSet[] {
  const namesakes = caches.replicaSets.byIndex(BY_FAMILY, `${metadata.namespace ?? ''}/${metadata.name}`)
  const orphans = caches.replicaSets.byIndex(BY_FAMILY, orphansIn(metadata.namespace))
  return [...new Set([...namesakes, ...orphans])].filter((rs) => controllerOf(rs)?.uid !== metadata.uid)
}

/** No object's name is empty. */
const orphansIn = (namespace: string | undefined): string => `${namespace ?? ''}/`
const isOrphan = (rs: ReplicaSet): boolean =>
  controllerOf(rs) === undefined && rs.metadata.labels?.[POD_TEMPLATE_HASH] !== undefined

/** A ReplicaSet is named after its owner, a dash and a hash. */
function familiesOf(rs: ReplicaSet): string[] {
  const { namespace = '', name } = rs.metadata
  const family = `${namespace}/${name.slice(0, Math.max(0, name.lastIndexOf('-')))}`
  return isOrphan(rs) ? [family, orphansIn(namespace)] : [family]
}

/** Services that carry the mark of the Rollout, whether it names them or did so once. */
export const markedBy = (caches: RolloutCaches, rollout: Rollout): readonly Service[] =>
  caches.services.byIndex(BY_MARK, keyOf(rollout))

export const slicesOf = (caches: RolloutCaches, namespace: string, service: string): readonly EndpointSlice[] =>
  caches.endpointSlices.byIndex(BY_SERVICE, `${namespace}/${service}`)

export const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`

const servicesNamed = (rollout: Rollout): string[] =>
  serviceNamesOf(rollout).map((name) => `${rollout.metadata.namespace}/${name}`)

function rolloutsMarked({ metadata }: Service): string[] {
  const name = metadata.annotations?.[MANAGED_BY]
  return name === undefined ? [] : [`${metadata.namespace ?? ''}/${name}`]
}

/** A Service that the Rollout names no more may still send users to pods that are to go. */
function rolloutsServed({ services }: RolloutCaches, { metadata }: EndpointSlice): string[] {
  const service = services.get(metadata.namespace, metadata.labels?.[SERVICE_NAME] ?? '')
  return service ? rolloutsMarked(service) : []
}

/** A router's object picks pods from the Service. */
const rolloutsPicking = ({ routes, rollouts }: RolloutCaches, service: string): readonly Rollout[] =>
  routes.picking(service).flatMap((address) => rollouts.byIndex(BY_ROUTE, address))

function serviceOfSlice(slice: EndpointSlice): string[] {
  const service = slice.metadata.labels?.[SERVICE_NAME]
  return service === undefined ? [] : [`${slice.metadata.namespace}/${service}`]
}

type AddKey = (key: string, options?: { readonly urgent?: boolean }) => void

/** Somebody has just asked for an abort, by alert or by hand: nothing else may go first. */
const asksForAbort = (change: CacheChange<Rollout>): boolean => {
  const previous = change.type === 'updated' ? change.previous : undefined
  const { metadata, status } = change.object
  const requests = metadata.annotations?.[ABORT_REQUESTS]
  const isRequested = requests !== undefined && requests !== previous?.metadata.annotations?.[ABORT_REQUESTS]
  return isRequested || (status?.abort === true && previous?.status?.abort !== true)
}

/** An abort that may not be on record yet: a leader that has just begun looks at these first. */
export const mayAwaitAbort = ({ metadata, status }: Rollout): boolean =>
  readAbortRequests(metadata.annotations).some(({ action, consumedAt }) => action === 'abort' && !consumedAt) ||
  (status?.abort === true && status.phase !== 'Degraded')

/** Calls `add` with the key of every Rollout that a change may concern. Returns the unsubscriber. */
export function watchKeys(caches: RolloutCaches, add: AddKey): () => void {
  const addAll = (rollouts: readonly Rollout[]): void => {
    for (const rollout of rollouts) add(keyOf(rollout))
  }
  const byOwner = (object: KubeObject): void => {
    const owner = controllerOf(object)
    if (owner?.kind === 'Rollout') add(`${object.metadata.namespace ?? ''}/${owner.name}`)
  }
  const subscriptions = [
    caches.rollouts.subscribe((change) => add(keyOf(change.object), { urgent: asksForAbort(change) })),
    caches.replicaSets.subscribe(({ object }) => {
      byOwner(object)
      if (isOrphan(object)) addAll(caches.rollouts.list(object.metadata.namespace))
    }),
    caches.analysisRuns.subscribe(({ object }) => byOwner(object)),
    caches.experiments.subscribe(({ object }) => byOwner(object)),
    caches.services.subscribe(({ object }) => {
      addAll(caches.rollouts.byIndex(BY_SERVICE, keyOf(object)))
      for (const key of rolloutsMarked(object)) add(key)
    }),
    caches.endpointSlices.subscribe(({ object }) => {
      for (const service of serviceOfSlice(object)) addAll(caches.rollouts.byIndex(BY_SERVICE, service))
      for (const key of rolloutsServed(caches, object)) add(key)
      for (const service of serviceOfSlice(object)) addAll(rolloutsPicking(caches, service))
    }),
    caches.workloads.subscribe((ref) => addAll(caches.rollouts.byIndex(BY_WORKLOAD, workloadKeyOf(ref)))),
    caches.templates.subscribe(({ object }) => addAll(caches.rollouts.list(object.metadata.namespace))),
    caches.clusterTemplates.subscribe(() => addAll(caches.rollouts.list())),
    caches.routes.subscribe((addresses) => {
      for (const address of addresses) addAll(caches.rollouts.byIndex(BY_ROUTE, address))
    }),
  ]
  return () => {
    for (const unsubscribe of subscriptions) unsubscribe()
  }
}
