/**
 * The true state of the cluster at one moment: what the API server holds and what the data plane does, whatever any process has seen. Values are
 * immutable; two worlds can be compared.
 */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import type { Experiment } from '../../controller/api/experiment.ts'
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { Pod } from '../../controller/api/pod.ts'
import type { ReplicaSet, Rollout, Service } from '../../controller/api/rollout.ts'

export const SERVICE_NAME = 'kubernetes.io/service-name'

export interface EndpointSlice extends KubeObject {
  readonly endpoints?: readonly {
    readonly addresses?: readonly string[]
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: { readonly kind?: string; readonly name?: string }
  }[]
}

export interface BackendRef {
  readonly name: string
  readonly port?: number
  readonly weight?: number
}

export interface HttpRoute extends KubeObject {
  readonly spec?: {
    readonly parentRefs?: readonly { readonly name: string }[]
    readonly rules?: readonly {
      readonly name?: string
      readonly matches?: readonly object[]
      readonly filters?: readonly object[]
      readonly backendRefs?: readonly BackendRef[]
    }[]
  }
  readonly status?: { readonly parents?: readonly object[] }
}

/** By name; everything lives in the Rollout's namespace. */
export type ByName<T> = ReadonlyMap<string, T>

/** What the gateway does with requests right now. */
export interface DataPlane {
  /** Route → the generation that it obeys and the weight that each Service really gets. */
  readonly routes: ByName<{ readonly generation: number; readonly weights: ReadonlyMap<string, number> }>
  /** Pod hashes that can get a request right now. */
  readonly serving: ReadonlySet<string>
  /** Pod hash → when it last ceased to be among them, in virtual milliseconds. */
  readonly stoppedMs: ReadonlyMap<string, number>
}

export interface World {
  /** Virtual milliseconds. */
  readonly atMs: number
  /** Of the store: grows with each write. */
  readonly version: number
  readonly rollouts: ByName<Rollout>
  readonly replicaSets: ByName<ReplicaSet>
  readonly services: ByName<Service>
  readonly endpointSlices: ByName<EndpointSlice>
  readonly httpRoutes: ByName<HttpRoute>
  readonly pods: ByName<Pod>
  readonly analysisRuns: ByName<AnalysisRun>
  readonly experiments: ByName<Experiment>
  readonly dataPlane: DataPlane
  /** Who holds the Lease, and since which virtual millisecond. */
  readonly lease: { readonly holder: string | undefined; readonly sinceMs: number }
}

export const emptyWorld: World = {
  atMs: 0,
  version: 0,
  rollouts: new Map(),
  replicaSets: new Map(),
  services: new Map(),
  endpointSlices: new Map(),
  httpRoutes: new Map(),
  pods: new Map(),
  analysisRuns: new Map(),
  experiments: new Map(),
  dataPlane: { routes: new Map(), serving: new Set(), stoppedMs: new Map() },
  lease: { holder: undefined, sinceMs: 0 },
}

export const hashOf = ({ spec }: Service): string | undefined => spec.selector?.[POD_TEMPLATE_HASH]

export const replicaSetOf = ({ replicaSets }: World, hash: string | undefined): ReplicaSet | undefined =>
  hash === undefined
    ? undefined
    : [...replicaSets.values()].find((rs) => rs.metadata.labels?.[POD_TEMPLATE_HASH] === hash)

/** Ready endpoints behind a Service, as EndpointSlices have it. */
export function endpointsOf({ endpointSlices }: World, service: string): number {
  let ready = 0
  for (const { metadata, endpoints = [] } of endpointSlices.values())
    if (metadata.labels?.[SERVICE_NAME] === service)
      ready += endpoints.filter(({ conditions }) => conditions?.ready !== false).length
  return ready
}

/** What the routes' specs say that a Service is to get: the largest of all rules that name it. */
export function programmedWeight({ httpRoutes }: World, service: string): number {
  const weights = [...httpRoutes.values()].flatMap(({ spec }) =>
    (spec?.rules ?? []).flatMap(({ backendRefs = [] }) =>
      backendRefs.filter(({ name }) => name === service).map(({ weight = 1 }) => weight),
    ),
  )
  return Math.max(0, ...weights)
}

interface ParentStatus {
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly observedGeneration?: number
  }[]
}

/** Whether the gateway says of this route that it obeys it as it is now. */
const isClaimed = ({ metadata, status }: HttpRoute): boolean =>
  ((status?.parents ?? []) as readonly ParentStatus[]).some(({ conditions = [] }) =>
    conditions.some(
      ({ type, status: is, observedGeneration }) =>
        type === 'Accepted' && is === 'True' && observedGeneration === metadata.generation,
    ),
  )

/** What a Service gets as far as anybody can know: what the gateway claims to do, or else what it does. */
export function claimedWeight(world: World, service: string): number {
  const claimed = [...world.httpRoutes].filter(([, route]) => isClaimed(route))
  const names = new Set(claimed.map(([name]) => name))
  const { dataPlane } = world
  return Math.max(
    programmedWeight({ ...world, httpRoutes: new Map(claimed) }, service),
    ...[...dataPlane.routes].map(([name, { weights }]) => (names.has(name) ? 0 : (weights.get(service) ?? 0))),
  )
}
