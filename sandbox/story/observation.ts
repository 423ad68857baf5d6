/**
 * What the story sees: the Rollout, its route and its AnalysisRuns, by watch, with the moment at which each weight was programmed. It
 * only watches; whoever wants to react subscribes.
 */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import { createCache, type ObjectCache } from '../../controller/kube/cache.ts'
import type { KubeClient, ResourceKind } from '../../controller/kube/client.ts'
import { analysisRuns, httpRoutes, kindId, rollouts } from '../../controller/kube/kinds.ts'
import { createReflector, type Reflector } from '../../controller/kube/reflector.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import type { Random } from '../../controller/runtime/random.ts'
import type { HttpRoute } from '../gateway/objects.ts'

export const NAMESPACE = 'shop'
export const ROLLOUT = 'shop'
const CANARY_SERVICE = 'shop-canary'

/** The canary's weight from `atMs` on. */
export interface WeightChange {
  readonly weight: number
  readonly atMs: number
}

export interface Observation {
  rollout(): Rollout | undefined
  runs(): readonly AnalysisRun[]
  /** Every change of the canary's weight since the start, oldest first. */
  weights(): readonly WeightChange[]
  /** First moment at which `status.abort` was seen for a revision. */
  abortedAt(podHash: string): number | undefined
  /** First moment at which a run of this revision was seen Failed. */
  failedAt(podHash: string): number | undefined
  subscribe(listener: () => void): () => void
  stop(): Promise<void>
}

export interface ObservationOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export function readCanaryWeight(route: HttpRoute | undefined): number | undefined {
  const refs = route?.spec.rules?.[0]?.backendRefs ?? []
  const total = refs.reduce((sum, ref) => sum + (ref.weight ?? 1), 0)
  const canary = refs.find((ref) => ref.name === CANARY_SERVICE)
  return canary === undefined || total === 0 ? undefined : Math.round((100 * (canary.weight ?? 1)) / total)
}

export function startObservation(options: ObservationOptions): Observation {
  const { clock } = options
  const reflectors: Reflector[] = []
  const listeners = new Set<() => void>()
  const weights: WeightChange[] = []
  const abortedAt = new Map<string, number>()
  const failedAt = new Map<string, number>()
  const watched = <T extends KubeObject>(kind: ResourceKind): ObjectCache<T> => {
    const cache = createCache<T>({ name: kindId(kind), log: options.log })
    reflectors.push(createReflector<T>({ ...options, kind, namespace: NAMESPACE, sink: cache }))
    return cache
  }
  const routeCache = watched<HttpRoute>(httpRoutes)
  const rolloutCache = watched<Rollout>(rollouts)
  const runCache = watched<AnalysisRun>(analysisRuns)
  const note = (): void => {
    const nowMs = clock.now()
    const weight = readCanaryWeight(routeCache.get(NAMESPACE, ROLLOUT))
    if (weight !== undefined && weights.at(-1)?.weight !== weight) weights.push({ weight, atMs: nowMs })
    const status = rolloutCache.get(NAMESPACE, ROLLOUT)?.status
    const hash = status?.currentPodHash
    if (status?.abort === true && hash !== undefined && !abortedAt.has(hash)) abortedAt.set(hash, nowMs)
    for (const run of runCache.list(NAMESPACE)) {
      const runHash = run.metadata.labels?.['rollouts-pod-template-hash']
      const isFailed = run.status?.phase === 'Failed'
      if (isFailed && runHash !== undefined && !failedAt.has(runHash)) failedAt.set(runHash, nowMs)
    }
    for (const listener of listeners) listener()
  }
  for (const cache of [routeCache, rolloutCache, runCache]) cache.subscribe(note)
  for (const reflector of reflectors) reflector.start()
  return {
    rollout: () => rolloutCache.get(NAMESPACE, ROLLOUT),
    runs: () => runCache.list(NAMESPACE),
    weights: () => [...weights],
    abortedAt: (podHash) => abortedAt.get(podHash),
    failedAt: (podHash) => failedAt.get(podHash),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async stop() {
      await Promise.all(reflectors.map((reflector) => reflector.stop()))
    },
  }
}
