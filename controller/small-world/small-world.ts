/**
 * A cluster in memory, as small as a decision can see it: ReplicaSets whose pods become available after a while, Services with endpoints, one
 * route that its gateway confirms, AnalysisRuns and Experiments that end when told. Plans are played forward on it, for stories and forecasts.
 * It decides nothing about rollouts and reads no clock: whoever plays moves `state.now`. All goes well unless {@link Misfortunes} say otherwise.
 */
import type { AnalysisRun, AnalysisTemplate } from '../api/analysis.ts'
import type { Experiment } from '../api/experiment.ts'
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { Pod } from '../api/pod.ts'
import type { ReplicaSet, Rollout, Service } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import type { Workload } from '../api/workload.ts'
import { templateKey } from '../domain/analysis/analysis-templates.ts'
import { rolesOf } from '../domain/canary/roles.ts'
import { serviceNamesOf } from '../domain/service-names.ts'
import type { Compat, World } from '../domain/world.ts'
import { needsPods } from '../reconcile/pods.ts'
import { type MachinePod, makePod, merge, showPod, uidOf } from './pods.ts'
import { createRouteModel } from './route-model.ts'

export interface SmallWorldOptions {
  readonly rollout: Rollout
  /** What the Rollout's `workloadRef` names. */
  readonly workload?: Workload
  /** What is there already, as another controller left it: the ReplicaSets' pods are available, the Services as they stand. */
  readonly existing?: {
    readonly replicaSets: readonly ReplicaSet[]
    readonly services: readonly Service[]
    readonly analysisRuns?: readonly AnalysisRun[]
  }
  readonly templates?: readonly AnalysisTemplate[]
  readonly compat?: Compat
  readonly disabledPlugins?: readonly string[]
  /** Epoch milliseconds. */
  readonly startMs: number
  /** Until a pod that was asked for is available; 5 s unless said otherwise. */
  readonly podDelayMs?: number
  /** How the route's data plane answers: at once, after `confirmDelayMs`, or never. */
  readonly confirmation?: 'confirmed' | 'unknown'
  readonly confirmDelayMs?: number
  /** The API server keeps who wrote the route. */
  readonly fieldManagers?: boolean
  /** Until a changed selector shows in the endpoints behind a Service; 0 unless said otherwise. */
  readonly endpointDelayMs?: number
  /** AnalysisRuns stay as they were created: nobody measures them. */
  readonly unmeasured?: boolean
}

/** What may go wrong; each is asked whenever it matters. */
export interface Misfortunes {
  /** Pods of this revision never become ready. */
  readonly isBroken?: (podHash: string) => boolean
  /** Room for pods, all together. */
  readonly mostPods?: () => number
  /** An eviction that a budget refuses; `healthy` pods are ready now. */
  readonly refusesEviction?: (pod: MachinePod, healthy: number) => boolean
}

/** What changes besides the objects in the maps. */
export interface SmallWorldState {
  now: number
  rollout: Rollout
  workload: Workload | undefined
  podDelayMs: number
  /** Pods evicted so far. */
  evictions: number
}

/** The Service that a router divides into subsets: that of the small world's DestinationRule. */
const DIVIDED = 'shop'
const isDivided = ({ spec }: Rollout): boolean =>
  spec.strategy?.canary?.trafficRouting?.istio?.destinationRule !== undefined

/** What a Service of the Rollout selects: its pods, of whichever revision. */
const labelsOf = ({ spec }: Rollout): Readonly<Record<string, string>> =>
  spec.selector?.matchLabels ?? spec.template?.metadata?.labels ?? {}

const overQuota = (startMs: number) => ({
  type: 'ReplicaFailure',
  status: 'True' as const,
  reason: 'FailedCreate',
  message: 'pods "shop-x" is forbidden: exceeded quota: pods',
  lastTransitionTime: formatInstant(startMs),
})

export function createSmallWorld(options: SmallWorldOptions, misfortunes: Misfortunes = {}) {
  const { startMs, endpointDelayMs = 0 } = options
  const state: SmallWorldState = {
    now: startMs,
    rollout: options.rollout,
    workload: options.workload,
    podDelayMs: options.podDelayMs ?? 5_000,
    evictions: 0,
  }
  const replicaSets = new Map<string, ReplicaSet>()
  const pods = new Map<string, MachinePod[]>()
  const services = new Map<string, Service>()
  const runs = new Map<string, AnalysisRun>()
  const experiments = new Map<string, Experiment>()
  const route = createRouteModel({ ...options, ...(isDivided(options.rollout) ? { divided: DIVIDED } : {}) })
  /** What a Service selected before, until its endpoints have followed. */
  const selections = new Map<string, { readonly before: string | undefined; readonly seenAtMs: number }>()
  let podNumber = 0
  let creations = 0

  const roles = () =>
    isDivided(state.rollout) ? { stableService: 'stable', canaryService: 'canary' } : rolesOf(state.rollout)
  const serviceNames = () => [...serviceNamesOf(state.rollout), ...(isDivided(state.rollout) ? [DIVIDED] : [])]

  const addPods = (rs: ReplicaSet, count: number, readyAtMs: number): MachinePod[] =>
    Array.from({ length: Math.max(0, count) }, () => {
      podNumber += 1
      return makePod(rs, { createdAtMs: state.now, readyAtMs, number: podNumber })
    })

  for (const rs of options.existing?.replicaSets ?? []) {
    replicaSets.set(rs.metadata.name, rs)
    pods.set(rs.metadata.name, addPods(rs, rs.spec.replicas ?? 0, startMs))
  }
  for (const service of options.existing?.services ?? []) services.set(service.metadata.name, service)
  for (const run of options.existing?.analysisRuns ?? []) runs.set(run.metadata.name, run)
  openServices()

  /** Somebody creates the Services that the spec names. */
  function openServices(): void {
    const { namespace = '' } = state.rollout.metadata
    for (const name of serviceNames()) {
      if (services.has(name)) continue
      services.set(name, {
        metadata: { name, namespace },
        spec: { selector: labelsOf(state.rollout), ports: [{ port: 80 }] },
      })
    }
  }

  const allPods = (): readonly MachinePod[] => [...pods.values()].flat()
  const availableOf = (name: string): number =>
    (pods.get(name) ?? []).filter((pod) => pod.readyAtMs <= state.now).length

  function endpoints(service: Service): Record<string, number> {
    const selection = selections.get(service.metadata.name)
    const lags = selection !== undefined && selection.seenAtMs > state.now
    const hash = lags ? selection.before : service.spec.selector?.[POD_TEMPLATE_HASH]
    const behind = [...replicaSets.values()].filter(
      (rs) => hash === undefined || rs.metadata.labels?.[POD_TEMPLATE_HASH] === hash,
    )
    return Object.fromEntries(behind.map((rs) => [rs.metadata.name, availableOf(rs.metadata.name)]))
  }

  /** The Service as it is from now on; without `podHash` it names no revision. Its endpoints follow after their delay. */
  function select(service: Service, podHash: string | undefined, owner: string | null | undefined): void {
    const { [POD_TEMPLATE_HASH]: before, ...labels } = service.spec.selector ?? {}
    const { name } = service.metadata
    selections.set(name, { before, seenAtMs: state.now + endpointDelayMs })
    const selector = podHash === undefined ? labels : { ...labels, [POD_TEMPLATE_HASH]: podHash }
    const marked = owner === undefined ? service : mergeAnnotations(service, { [MANAGED_BY]: owner })
    services.set(name, { ...marked, spec: { ...service.spec, selector } })
  }

  function observeReplicaSet(rs: ReplicaSet): ReplicaSet {
    const available = availableOf(rs.metadata.name)
    const replicas = pods.get(rs.metadata.name)?.length ?? 0
    const metadata = { ...rs.metadata, uid: uidOf(rs) }
    const refused = replicas < (rs.spec.replicas ?? 0) ? { conditions: [overQuota(startMs)] } : {}
    return { ...rs, metadata, status: { replicas, readyReplicas: available, availableReplicas: available, ...refused } }
  }

  const showPods = (): Pod[] =>
    [...replicaSets.values()].flatMap((rs) =>
      (pods.get(rs.metadata.name) ?? []).map((pod) => showPod(rs, pod, state.now)),
    )

  /** What `observe` would read now. */
  function world(): World {
    const cached = cachedWorld()
    return needsPods(cached) ? { ...cached, pods: showPods() } : cached
  }

  function cachedWorld(): World {
    const { rollout, workload, now } = state
    return {
      now,
      rollout,
      replicaSets: [...replicaSets.values()].map(observeReplicaSet),
      services: Object.fromEntries(
        [...services]
          .filter(([name, service]) => isConcerned(name, service))
          .map(([name, service]) => [name, { service, readyEndpoints: endpoints(service) }]),
      ),
      routes: rollout.spec.strategy?.canary?.trafficRouting ? [route.read(roles(), now)] : [],
      analysisRuns: [...runs.values()],
      experiments: [...experiments.values()],
      templates: Object.fromEntries((options.templates ?? []).map((template) => [keyOf(template), template])),
      ...(workload ? { workload } : {}),
      compat: options.compat ?? 'strict',
      disabledPlugins: options.disabledPlugins ?? [],
      notices: true,
    }
  }

  /** Named now, or once: that one still carries the mark. */
  const isConcerned = (name: string, service: Service): boolean =>
    serviceNames().includes(name) || service.metadata.annotations?.[MANAGED_BY] === state.rollout.metadata.name

  /** A ReplicaSet gets its number of pods; those that have been ready for longest stay. */
  function setPods(name: string, count: number): void {
    const rs = replicaSets.get(name)
    const hash = rs?.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
    const current = [...(pods.get(name) ?? [])].sort((a, b) => a.readyAtMs - b.readyAtMs).slice(0, count)
    const readyAtMs = misfortunes.isBroken?.(hash) ? Number.POSITIVE_INFINITY : state.now + state.podDelayMs
    const room = (misfortunes.mostPods?.() ?? Number.POSITIVE_INFINITY) - allPods().length
    const missing = Math.min(Math.max(0, count - current.length), room)
    pods.set(name, [...current, ...(rs ? addPods(rs, missing, readyAtMs) : [])])
  }

  /** As the API server does it: not below a budget; the ReplicaSet makes another pod at once. */
  function evict(name: string): void {
    for (const [owner, list] of pods) {
      const pod = list.find((one) => one.name === name)
      if (!pod) continue
      const healthy = allPods().filter((one) => one.readyAtMs <= state.now).length
      if (misfortunes.refusesEviction?.(pod, healthy)) return
      pods.set(
        owner,
        list.filter((one) => one !== pod),
      )
      setPods(owner, list.length)
      state.evictions += 1
      return
    }
  }

  /** Later for each object, so that their order shows. */
  function nextCreation(): string {
    creations += 1
    return new Date(state.now + creations).toISOString()
  }

  /** The next time at which a pod becomes ready, or something has followed a change; undefined: nothing is on its way. */
  function nextChange(): number | undefined {
    const readyTimes = allPods().map((pod) => pod.readyAtMs)
    const lags = [route.settledAtMs(), ...[...selections.values()].map(({ seenAtMs }) => seenAtMs)]
    const coming = [...readyTimes, ...lags].filter((at) => at > state.now && Number.isFinite(at))
    return coming.length > 0 ? Math.min(...coming) : undefined
  }

  return {
    state,
    replicaSets,
    pods,
    services,
    runs,
    experiments,
    route,
    isMeasured: options.unmeasured !== true,
    roles,
    openServices,
    select,
    showPods,
    world,
    setPods,
    evict,
    nextCreation,
    nextChange,
  }
}

export type SmallWorld = ReturnType<typeof createSmallWorld>

const keyOf = ({ kind, metadata: { name } }: AnalysisTemplate): string =>
  templateKey({ templateName: name, ...(kind === 'ClusterAnalysisTemplate' ? { clusterScope: true } : {}) })

export const mergeAnnotations = <T extends { readonly metadata: ReplicaSet['metadata'] }>(
  object: T,
  patch: Readonly<Record<string, string | null>>,
): T => ({
  ...object,
  metadata: { ...object.metadata, annotations: merge(object.metadata.annotations ?? {}, patch) },
})
