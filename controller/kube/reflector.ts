/**
 * Keeps one cache equal to one collection of the API server: list, then watch, for ever. It survives closed, failing, lying and
 * silent watches, and never gives up. It must not interpret the objects.
 *
 * What follows the end of a watch (`position` is the last resourceVersion seen; 410 means HTTP status or ERROR event):
 *   closed by the server after a healthy time    watch from position, within 100 ms
 *   closed at once, connection lost, 5xx, 429    watch from position, after back-off; after three in a row list again
 *   410                                          list again, within 100 ms if the last list is long ago, else after back-off
 *   nothing for `silenceMs`                      list again and compare: either the kind is quiet, or much has happened, and what a watch replayed
 *                                                line by line would be taken for the present, such as an abort that somebody has retried since
 */
import type { KubeObject } from '../api/meta.ts'
import { createBackoff } from '../runtime/backoff.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import type { Random } from '../runtime/random.ts'
import type { CacheSink } from './cache.ts'
import { isGone, type KubeClient, KubeError, type ListOptions, type ResourceKind, type WatchEvent } from './client.ts'
import { kindId } from './kinds.ts'
import { listPages } from './list-pages.ts'
import { normalizeObject } from './normalize-object.ts'
import type { ReflectorMetrics, RestartCause } from './reflector-metrics.ts'
import { compareResourceVersions } from './resource-version.ts'
import { openSession, type WatchSession } from './watch-session.ts'

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  readonly kind: ResourceKind
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly sink: CacheSink<T>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics?: ReflectorMetrics
  /** Longest time without event or bookmark before the watch is distrusted; 90 s when absent (bookmarks come each minute). */
  readonly silenceMs?: number
  /** Objects keep the names of their field managers; the fields themselves go. */
  readonly keepsManagers?: boolean
}

export interface Reflector {
  start(): void
  /** Resolves when the loop has ended; nothing is written to the sink afterwards. */
  stop(): Promise<void>
  /** True once a first list has been stored. */
  hasSynced(): boolean
  /** Monotonic time of the last list, event or bookmark; undefined before the first. */
  lastProgressMs(): number | undefined
  /** True while the server does not serve the kind at all (its CRD is not installed), or does not let us list it. */
  isMissing(): boolean
  /** Lists again soon, because someone has reason to distrust the cache. Coalesces. */
  relist(): void
  /** Lists again now, back-off or not. */
  refresh(): void
  /** True unless a list that somebody wants is still to come. */
  isCurrent(): boolean
}

const FIRST_BACKOFF_MS = 800
const MAX_BACKOFF_MS = 30_000
const HEALTHY_WATCH_MS = 30_000
const QUICK_RESTART_MS = 100
const MAX_FAILED_WATCHES = 3
/** Requested lists come no closer than this: a caller's loop must not become the server's storm. */
const SHORTEST_RELIST_MS = 1_000
const SHORTEST_WATCH_S = 300
const DEFAULT_SILENCE_MS = 90_000

type WatchEnd =
  | { readonly cause: 'closed' | 'silent' | 'requested' }
  | { readonly cause: 'failed' | 'gone'; readonly error: unknown }

/** What the loop remembers between restarts. */
interface Progress {
  /** Undefined: the next thing to do is a list. */
  position: string | undefined
  synced: boolean
  lastMs: number | undefined
  isMissing: boolean
  failedWatches: number
  wasSilent: boolean
}

export function createReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector {
  const { clock, random, metrics } = options
  const log = options.log.child({ kind: kindId(options.kind) })
  const backoff = createBackoff({ random, firstMs: FIRST_BACKOFF_MS, maxMs: MAX_BACKOFF_MS })
  const stopping = new AbortController()
  const normalize = (object: T): T => normalizeObject(object, options.kind, options.keepsManagers)
  const progress: Progress = {
    position: undefined,
    synced: false,
    isMissing: false,
    lastMs: undefined,
    failedWatches: 0,
    wasSilent: false,
  }
  const selection = selectionOf(options)
  let running: Promise<void> | undefined
  let relistIsWanted = false
  let listedAtMs = 0
  let isListing = false
  let interruptWatch = (): void => {}
  let endPause = (): void => {}

  const noteProgress = (): void => {
    progress.lastMs = clock.monotonicMs()
    metrics?.progressed(clock.now())
  }

  async function list(): Promise<void> {
    const { kind } = options
    relistIsWanted = false
    listedAtMs = clock.monotonicMs()
    const whole = await listPages<T>(options.client, kind, {
      signal: stopping.signal,
      ...selection,
    })
    if (stopping.signal.aborted) return
    const differences = options.sink.replace(whole.objects.map(normalize), whole.resourceVersion)
    if (progress.wasSilent && differences > 0) {
      log.warn('a silent watch had lost changes; the list restored them', { reason: 'WatchStalled', differences })
    }
    Object.assign(progress, {
      position: whole.resourceVersion,
      synced: true,
      isMissing: false,
      failedWatches: 0,
      wasSilent: false,
    })
    metrics?.listed(whole.objects.length)
    noteProgress()
  }

  async function watch(position: string): Promise<WatchEnd> {
    const session = openSession(clock, stopping.signal, options.silenceMs ?? DEFAULT_SILENCE_MS)
    interruptWatch = () => session.end('requested')
    try {
      const stream = options.client.watch<T>(options.kind, {
        resourceVersion: position,
        timeoutSeconds: Math.round(SHORTEST_WATCH_S * (1 + random.next())),
        signal: session.signal,
        ...selection,
      })
      // Not every transport ends its stream when aborted, so the session's end is awaited beside it.
      const outcome = await Promise.race([consume(stream, session), session.ended])
      return { cause: outcome }
    } catch (error) {
      if (session.cause()) return { cause: session.cause() ?? 'closed' }
      return { cause: isGone(error) ? 'gone' : 'failed', error }
    } finally {
      interruptWatch = () => {}
      session.end('closed')
    }
  }

  async function consume(stream: AsyncIterable<WatchEvent<T>>, session: WatchSession): Promise<'closed'> {
    for await (const event of stream) {
      if (session.signal.aborted) break
      session.touch()
      metrics?.received()
      applyEvent(event)
      noteProgress()
      progress.failedWatches = 0
    }
    return 'closed'
  }

  function applyEvent(event: WatchEvent<T>): void {
    if (event.type === 'ERROR') throw new KubeError(event.object, `watch ${kindId(options.kind)}`)
    if (event.type === 'BOOKMARK') options.sink.advance(event.object.metadata.resourceVersion)
    else if (event.type === 'DELETED') options.sink.remove(normalize(event.object))
    else if (event.type === 'ADDED' || event.type === 'MODIFIED') {
      options.sink.upsert(normalize(event.object))
    } else throw new KubeError({ code: 0, reason: 'BadAnswer', message: 'unknown watch event' }, kindId(options.kind))
    const seen = event.object.metadata.resourceVersion
    // A repeated old event must not take the position back, or everything since would be replayed.
    if (seen !== undefined && compareResourceVersions(seen, progress.position) !== -1) progress.position = seen
  }

  /** A kind that is not installed has no objects, and says so once instead of at every try. */
  function noteListFailure(error: unknown): void {
    const isMissing = error instanceof KubeError && error.code === 404
    const isForbidden = error instanceof KubeError && error.code === 403
    if (!isMissing) log.warn('the list failed; it will be repeated', { reason: 'ListFailed', error })
    else if (!progress.isMissing) log.info('the server does not serve this kind', { reason: 'KindMissing' })
    if (isMissing && progress.synced) options.sink.replace([], '')
    options.sink.fail(isMissing ? 'notServed' : isForbidden ? 'forbidden' : 'failing')
    progress.isMissing = isMissing || isForbidden
  }

  /** Decides what to do after a watch has ended, and how long to wait first. */
  function judgeEnd(end: WatchEnd, livedMs: number): number {
    metrics?.restarted(end.cause satisfies RestartCause)
    const wasHealthy = livedMs >= HEALTHY_WATCH_MS
    if (wasHealthy) backoff.reset()
    if (end.cause === 'gone') {
      progress.position = undefined
      // A forgotten position is no sign of distress; only a server that forgets all the time must be spared.
      if (clock.monotonicMs() - listedAtMs > MAX_BACKOFF_MS) return random.next() * QUICK_RESTART_MS
    }
    if (end.cause === 'silent') {
      Object.assign(progress, { position: undefined, wasSilent: true })
      return random.next() * QUICK_RESTART_MS
    }
    if (end.cause === 'requested') return Math.max(0, listedAtMs + SHORTEST_RELIST_MS - clock.monotonicMs())
    if (end.cause === 'closed' && wasHealthy) return random.next() * QUICK_RESTART_MS
    progress.failedWatches += 1
    if (progress.failedWatches >= MAX_FAILED_WATCHES) progress.position = undefined
    if ('error' in end) log.info('the watch ended; it will be restarted', { reason: 'WatchEnded', error: end.error })
    return Math.max(backoff.nextDelayMs(), 'error' in end ? retryAfterOf(end.error) : 0)
  }

  async function listOrWait(): Promise<void> {
    try {
      isListing = true
      await list().finally(() => {
        isListing = false
      })
    } catch (error) {
      if (stopping.signal.aborted) return
      // A list that somebody asked for is still owed to them.
      relistIsWanted = true
      metrics?.restarted('failed')
      noteListFailure(error)
      await pause(Math.max(backoff.nextDelayMs(), retryAfterOf(error)))
    }
  }

  async function pause(ms: number): Promise<void> {
    const waiting = new AbortController()
    endPause = () => waiting.abort()
    if (stopping.signal.aborted) endPause()
    await clock.sleep(ms, waiting.signal)
  }

  const relist = (): void => {
    relistIsWanted = true
    interruptWatch()
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (progress.position === undefined || relistIsWanted) {
        await listOrWait()
        continue
      }
      const startedMs = clock.monotonicMs()
      const end = await watch(progress.position)
      if (stopping.signal.aborted) return
      const delayMs = judgeEnd(end, clock.monotonicMs() - startedMs)
      await pause(delayMs)
    }
  }

  return {
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      endPause()
      await running
    },
    hasSynced: () => progress.synced,
    lastProgressMs: () => progress.lastMs,
    isMissing: () => progress.isMissing,
    relist,
    refresh() {
      relist()
      endPause()
    },
    isCurrent: () => progress.synced && !relistIsWanted && !isListing,
  }
}

function selectionOf(options: {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}): Pick<ListOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> {
  const { namespace, labelSelector, fieldSelector } = options
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
  }
}

const retryAfterOf = (error: unknown): number =>
  error instanceof KubeError ? Math.min(error.retryAfterMs ?? 0, MAX_BACKOFF_MS) : 0
