/**
 * The shared set of caches: one reflector per kind and selector, however many components ask. It decides when all of them are
 * filled and whether any has been silent too long; it must not interpret objects.
 */
import type { KubeObject } from '../api/meta.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import type { MetricRegistry } from '../runtime/metrics.ts'
import type { Random } from '../runtime/random.ts'
import { type CacheSink, createCache, type Indexer, type ObjectCache } from './cache.ts'
import type { KubeClient, ResourceKind } from './client.ts'
import { kindId } from './kinds.ts'
import { createReflector, type Reflector } from './reflector.ts'
import { createReflectorMetrics } from './reflector-metrics.ts'

export interface InformerOptions<T extends KubeObject> {
  readonly indexers?: Readonly<Record<string, Indexer<T>>>
  readonly labelSelector?: string
  /** The kind may be absent, or the right to list it: then the cache counts as filled, and stays empty until that changes. */
  readonly optional?: boolean
  /**
   * Opened for the few that name it, who ask for its state themselves: like an optional one, and besides its lists may fail without making the
   * process unready. Only the first try of a list is waited for.
   */
  readonly onDemand?: boolean
  /** Objects keep the names of their field managers. Whoever asks for the kind first decides. */
  readonly keepsManagers?: boolean
}

export interface WatchHealth {
  /** `plural.group`, followed by the selector if there is one. */
  readonly source: string
  readonly synced: boolean
  /** Time since the last list, event or bookmark; undefined before the first. */
  readonly silentMs: number | undefined
  readonly healthy: boolean
}

export interface Informers {
  /** The cache of a kind. May be called at any time; a cache asked for after `start` begins to fill at once. */
  for<T extends KubeObject>(kind: ResourceKind, options?: InformerOptions<T>): ObjectCache<T>
  /** The cache of a kind if any component asked for it, the unselected one first. */
  find(kind: ResourceKind): ObjectCache<KubeObject> | undefined
  /** Distrust the caches of this kind: list them again soon. */
  relist(kind: ResourceKind): void
  start(): void
  stop(): Promise<void>
  hasSynced(): boolean
  /** Resolves true once every cache is filled, or has been tried if it is on demand, false when `signal` ended the wait. */
  waitForSync(signal: AbortSignal): Promise<boolean>
  /**
   * Lists everything anew. Resolves true once every cache shows what was true at the call or later, false when `signal` ended the wait; a kind
   * that may be absent is not waited for when it cannot be listed.
   */
  refresh(signal: AbortSignal): Promise<boolean>
  health(): readonly WatchHealth[]
  /** One sentence for a readiness check; undefined while all is well. */
  unready(): string | undefined
}

export interface InformersOptions {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics?: MetricRegistry
  /** Restricts namespaced kinds to one namespace. */
  readonly namespace?: string
  /** Silence after which a watch is restarted; 90 s when absent. */
  readonly silenceMs?: number
  /** Silence after which the process is not ready; three times `silenceMs` and a minute when absent. */
  readonly unreadyAfterMs?: number
}

interface Source {
  readonly kind: ResourceKind
  readonly name: string
  readonly need: Need
  readonly cache: ObjectCache<KubeObject> & CacheSink<KubeObject>
  readonly reflector: Reflector
}

type Need = 'required' | 'optional' | 'onDemand'
type SourceWish = Pick<InformerOptions<KubeObject>, 'labelSelector' | 'keepsManagers'>

const DEFAULT_SILENCE_MS = 90_000
const SYNC_POLL_MS = 50

export function createInformers(options: InformersOptions): Informers {
  const { clock, log } = options
  const silenceMs = options.silenceMs ?? DEFAULT_SILENCE_MS
  const unreadyAfterMs = options.unreadyAfterMs ?? 3 * silenceMs + 60_000
  const sources = new Map<string, Source>()
  let isStarted = false

  function open(kind: ResourceKind, name: string, need: Need, wish: SourceWish): Source {
    const { labelSelector, keepsManagers } = wish
    const cache = createCache<KubeObject>({ name, log })
    const reflector = createReflector<KubeObject>({
      client: options.client,
      kind,
      sink: cache,
      clock,
      random: options.random,
      log,
      silenceMs,
      ...(options.metrics ? { metrics: createReflectorMetrics(options.metrics, name) } : {}),
      ...(kind.namespaced && options.namespace !== undefined ? { namespace: options.namespace } : {}),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(keepsManagers ? { keepsManagers } : {}),
    })
    if (isStarted) reflector.start()
    return { kind, name, need, cache, reflector }
  }

  const isFilled = ({ reflector, cache, need }: Source): boolean =>
    reflector.hasSynced() ||
    (need === 'optional' && reflector.isMissing()) ||
    (need === 'onDemand' && cache.state() !== 'filling')

  const isExcused = ({ reflector, cache, need }: Source): boolean =>
    (need !== 'required' && reflector.isMissing()) || (need === 'onDemand' && cache.state() === 'failing')

  const judge = (source: Source): WatchHealth => {
    const lastMs = source.reflector.lastProgressMs()
    const silentMs = lastMs === undefined ? undefined : clock.monotonicMs() - lastMs
    const isAbsent = source.need !== 'required' && source.reflector.isMissing()
    const isUntold = source.need === 'onDemand' && !source.reflector.hasSynced()
    const healthy = isAbsent || isUntold || (source.reflector.hasSynced() && (silentMs ?? 0) <= unreadyAfterMs)
    return { source: source.name, synced: isFilled(source), silentMs, healthy }
  }

  const hasSynced = (): boolean => [...sources.values()].every(isFilled)

  return {
    for<T extends KubeObject>(kind: ResourceKind, wish: InformerOptions<T> = {}): ObjectCache<T> {
      const name = wish.labelSelector === undefined ? kindId(kind) : `${kindId(kind)}?${wish.labelSelector}`
      const need = wish.onDemand ? 'onDemand' : wish.optional ? 'optional' : 'required'
      const source = sources.get(name) ?? open(kind, name, need, wish)
      sources.set(name, source)
      // The API server decides what a kind's objects look like; T is the caller's reading of them.
      const cache = source.cache as unknown as ObjectCache<T> & CacheSink<T>
      for (const [index, indexer] of Object.entries(wish.indexers ?? {})) cache.addIndexer(index, indexer)
      return cache
    },
    find(kind) {
      const whole = sources.get(kindId(kind))
      const any = whole ?? [...sources.values()].find((source) => kindId(source.kind) === kindId(kind))
      return any?.cache
    },
    relist(kind) {
      for (const source of sources.values()) if (kindId(source.kind) === kindId(kind)) source.reflector.relist()
    },
    start() {
      isStarted = true
      for (const { reflector } of sources.values()) reflector.start()
    },
    async stop() {
      await Promise.all([...sources.values()].map(({ reflector }) => reflector.stop()))
    },
    hasSynced,
    async waitForSync(signal) {
      while (!hasSynced() && !signal.aborted) await clock.sleep(SYNC_POLL_MS, signal)
      return hasSynced()
    },
    async refresh(signal) {
      const asked = [...sources.values()]
      for (const { reflector } of asked) reflector.refresh()
      const isCurrent = () => asked.every((source) => source.reflector.isCurrent() || isExcused(source))
      while (!isCurrent() && !signal.aborted) await clock.sleep(SYNC_POLL_MS, signal)
      return isCurrent()
    },
    health: () => [...sources.values()].map(judge),
    unready() {
      const unwell = [...sources.values()].map(judge).filter(({ healthy }) => !healthy)
      if (unwell.length === 0) return undefined
      return unwell
        .map(({ source, synced, silentMs }) =>
          synced ? `watch of ${source} silent for ${Math.round((silentMs ?? 0) / 1000)} s` : `${source} not listed yet`,
        )
        .join('; ')
    },
  }
}
