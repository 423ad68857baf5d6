/**
 * Reads the World of one Rollout from the caches: one snapshot, one `now`, nothing written, nothing concluded. The caller has made sure that
 * the caches include our own last writes.
 */
import type { AnalysisTemplate } from '../api/analysis.ts'
import { COMPAT, INSTANCE_ID } from '../api/labels.ts'
import type { KubeObject } from '../api/meta.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import { templateKey } from '../domain/analysis/analysis-templates.ts'
import { serviceNamesOf } from '../domain/service-names.ts'
import type { Compat, RouteReading, ServiceReading, World } from '../domain/world.ts'
import { kindId } from '../kube/kinds.ts'
import { type EndpointSlice, markedBy, ownedBy, type RolloutCaches, slicesOf, strangersTo } from './caches.ts'
import { readManagers } from './field-managers.ts'
import { workloadRefOf } from './workloads.ts'

export interface ObserveOptions {
  readonly caches: RolloutCaches
  readonly now: () => number
  /** What holds for Rollouts that do not say it themselves. */
  readonly compat: Compat
  readonly notices: boolean
  readonly disabledPlugins?: readonly string[]
  readonly instanceId?: string
}

/** The World, or undefined when there is no such Rollout or it belongs to another instance. */
export function observe(key: string, options: ObserveOptions): World | undefined {
  const { caches } = options
  const [namespace = '', name = ''] = key.split('/')
  const rollout = caches.rollouts.get(namespace, name)
  if (!rollout || rollout.metadata.labels?.[INSTANCE_ID] !== options.instanceId) return undefined
  const uid = rollout.metadata.uid ?? ''
  const replicaSets = ownedBy(caches.replicaSets, uid)
  const routes = readRoutes(caches, rollout, replicaSets)
  return {
    now: options.now(),
    rollout,
    replicaSets,
    strangers: strangersTo(caches, rollout),
    services: readServices(caches, rollout, replicaSets, routes),
    routes,
    formerObjects: caches.routes.former(rollout).map(({ kind, object }) => ({
      kind: kindId(kind),
      name: object.metadata.name,
    })),
    analysisRuns: ownedBy(caches.analysisRuns, uid),
    experiments: ownedBy(caches.experiments, uid),
    templates: readTemplates(caches, namespace),
    ...readWorkload(caches, rollout),
    compat: readCompat(rollout, options.compat),
    notices: options.notices,
    disabledPlugins: options.disabledPlugins ?? [],
    ...(options.instanceId === undefined ? {} : { instanceId: options.instanceId }),
  }
}

export function readCompat({ metadata }: KubeObject, otherwise: Compat): Compat {
  const wish = metadata.annotations?.[COMPAT]
  return wish === 'argo' || wish === 'strict' ? wish : otherwise
}

/** Nothing when it is not there; also while its kind is not cached, see `observe-live.ts`. */
function readWorkload(caches: RolloutCaches, rollout: Rollout): Pick<World, 'workload'> {
  const ref = workloadRefOf(rollout)
  const workload = ref && caches.workloads.filled(ref.kind)?.get(ref.namespace, ref.name)
  return workload ? { workload } : {}
}

function readServices(
  caches: RolloutCaches,
  rollout: Rollout,
  replicaSets: readonly ReplicaSet[],
  routes: readonly RouteReading[],
): Record<string, ServiceReading> {
  const namespace = rollout.metadata.namespace ?? ''
  const marked = markedBy(caches, rollout).map(({ metadata }) => metadata.name)
  const divided = routes.flatMap(({ subsets }) => subsets?.service ?? [])
  const names = new Set([...serviceNamesOf(rollout), ...divided, ...marked.sort()])
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const service = caches.services.get(namespace, name)
      return service
        ? [[name, { service, readyEndpoints: countReady(slicesOf(caches, namespace, name), replicaSets) }] as const]
        : []
    }),
  )
}

/** Ready endpoints by ReplicaSet: a pod's name is its ReplicaSet's name, a dash and five letters. */
export function countReady(
  slices: readonly EndpointSlice[],
  replicaSets: readonly ReplicaSet[],
): Record<string, number> {
  const names = new Set(replicaSets.map((rs) => rs.metadata.name))
  const counts: Record<string, number> = {}
  const seen = new Set<string>()
  for (const { conditions, targetRef } of slices.flatMap((slice) => slice.endpoints ?? [])) {
    const pod = targetRef?.name
    if (pod === undefined || conditions?.ready === false || seen.has(pod)) continue
    seen.add(pod)
    const owner = pod.slice(0, pod.lastIndexOf('-'))
    if (names.has(owner)) counts[owner] = (counts[owner] ?? 0) + 1
  }
  return counts
}

function readRoutes(caches: RolloutCaches, rollout: Rollout, replicaSets: readonly ReplicaSet[]): RouteReading[] {
  return caches.routes.routersOf(rollout, replicaSets).map(({ id, router }) => {
    if ('problem' in router) return unknownReading(id, router.problem)
    const view = caches.routes.read(id, router)
    if ('unknown' in view) return unknownReading(id, view.unknown)
    return {
      router: id,
      ...router.read(view.objects),
      ...readManagers(router, view.objects, rollout.metadata.uid),
    }
  })
}

/** Nothing is guessed: pods stay where traffic may be, and nothing is written. */
const unknownReading = (router: string, problem: string): RouteReading => ({
  router,
  programmedCanary: undefined,
  confirmation: 'pending',
  drivable: false,
  problem,
})

export function readTemplates(caches: RolloutCaches, namespace: string): Record<string, AnalysisTemplate> {
  const entries = [
    ...caches.templates
      .list(namespace)
      .map((template) => [templateKey({ templateName: template.metadata.name }), template] as const),
    ...caches.clusterTemplates
      .list()
      .map(
        (template) => [templateKey({ templateName: template.metadata.name, clusterScope: true }), template] as const,
      ),
  ]
  return Object.fromEntries(entries)
}
