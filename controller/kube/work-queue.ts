/**
 * A level-triggered queue of keys: a key waits at most once, is worked on by at most one worker at a time, and is worked on
 * again when it was added meanwhile. It decides order and delay; what a pass does is the caller's.
 */
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import type { MetricRegistry } from '../runtime/metrics.ts'
import { createHotLoopGuard, type HotLoopOptions } from './hot-loop.ts'
import { createWorkQueueMetrics } from './work-queue-metrics.ts'

/** What a pass asks for: nothing, or to be looked at again after a time (the earliest wish of a key wins). */
export type Result = { readonly requeueAfterMs?: number }

export const done: Result = Object.freeze({})

export interface WorkQueueOptions {
  /** Label of the metrics, such as `rollouts`. */
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  readonly concurrency: number
  /** One pass. A throw repeats it with the key's own exponential delay (never less than the error's `retryAfterMs`). */
  readonly process: (key: string) => Promise<Result>
  readonly metrics?: MetricRegistry
  /** First and longest delay after failures; 1 ms and 10 s when absent, as Argo Rollouts has it. */
  readonly firstRetryMs?: number
  readonly maxRetryMs?: number
  readonly hotLoop?: Omit<HotLoopOptions, 'clock'>
}

export interface WorkQueue {
  /** Adds the key now; `urgent` puts it in front of all others and lets it start though every worker is busy. */
  add(key: string, options?: { readonly urgent?: boolean }): void
  /** Adds the key after a delay; of several pending delays the earliest wins. */
  addAfter(key: string, delayMs: number): void
  /** Drops what the queue remembers about a key whose object is gone: failures, delays. A running pass ends normally. */
  forget(key: string): void
  start(): void
  /** Stops taking keys and resolves when running passes have ended; with `drain`, waiting keys are worked on first. */
  shutdown(options?: { readonly drain?: boolean }): Promise<void>
  /** Keys waiting, without running and delayed ones. */
  depth(): number
}

/** Urgent keys may run beyond `concurrency`, up to this multiple: a worker that waits for the rate limit must not hold up an abort. */
const URGENT_FACTOR = 2
/** Beyond this many doublings every delay is at its cap. */
const MAX_DOUBLINGS = 40

interface Wait {
  readonly sinceMs: number
  readonly urgent: boolean
}

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { clock, log, concurrency, firstRetryMs = 1, maxRetryMs = 10_000 } = options
  const metrics = options.metrics ? createWorkQueueMetrics(options.metrics, options.name, clock) : undefined
  const hotLoop = createHotLoopGuard({ clock, ...options.hotLoop })
  /** Insertion order is the order of work. */
  let waiting = new Map<string, Wait>()
  const processing = new Set<string>()
  /** Added while being processed, and whether urgently: waits for the end of that pass. */
  const dirty = new Map<string, boolean>()
  const delayed = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>()
  const failures = new Map<string, number>()
  let state: 'idle' | 'running' | 'draining' | 'stopped' = 'idle'
  let resolveIdle: () => void = () => {}

  const isClosed = (): boolean => state === 'draining' || state === 'stopped'

  function enqueue(key: string, urgent: boolean): void {
    if (processing.has(key)) {
      dirty.set(key, urgent || dirty.get(key) === true)
      return
    }
    if (waiting.has(key) && !urgent) return
    const wait = { sinceMs: waiting.get(key)?.sinceMs ?? clock.monotonicMs(), urgent }
    if (urgent) {
      waiting.delete(key)
      waiting = new Map([[key, wait], ...waiting])
    } else waiting.set(key, wait)
    metrics?.depth(waiting.size)
    dispatch()
  }

  function dispatch(): void {
    while (state === 'running' || state === 'draining') {
      const next = waiting.entries().next()
      if (next.done) break
      const [key, { sinceMs, urgent }] = next.value
      if (processing.size >= (urgent ? concurrency * URGENT_FACTOR : concurrency)) break
      waiting.delete(key)
      metrics?.depth(waiting.size)
      processing.add(key)
      void work(key, sinceMs)
    }
    if (isClosed() && processing.size === 0) resolveIdle()
  }

  async function work(key: string, sinceMs: number): Promise<void> {
    const finished = metrics?.started(clock.monotonicMs() - sinceMs)
    // The next line settles asynchronously even for a synchronous throw, so that dispatch never recurses.
    const outcome = await Promise.resolve()
      .then(() => options.process(key))
      .then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      )
    finished?.()
    processing.delete(key)
    settle(key, outcome)
    dispatch()
  }

  function settle(key: string, outcome: { readonly result: Result } | { readonly error: unknown }): void {
    const heldBackMs = hotLoop.holdBackMs(key)
    const addedMeanwhile = dirty.get(key)
    dirty.delete(key)
    if (state === 'stopped') return
    if ('error' in outcome) {
      const delayMs = Math.max(countFailure(key), retryAfterOf(outcome.error), heldBackMs)
      log.warn('a pass failed; it will be repeated', { queue: options.name, key, delayMs, error: outcome.error })
      addAfter(key, delayMs)
    } else {
      failures.delete(key)
      const { requeueAfterMs } = outcome.result
      if (requeueAfterMs !== undefined) addAfter(key, Math.max(requeueAfterMs, heldBackMs))
    }
    if (addedMeanwhile === undefined) return
    if (heldBackMs > 0) addAfter(key, heldBackMs)
    else enqueue(key, addedMeanwhile)
  }

  /** Counts a failure and returns the delay it earns. */
  function countFailure(key: string): number {
    const count = failures.get(key) ?? 0
    failures.set(key, count + 1)
    metrics?.retried()
    return Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(count, MAX_DOUBLINGS))
  }

  function addAfter(key: string, delayMs: number): void {
    if (isClosed()) return
    const dueMs = clock.monotonicMs() + Math.max(0, delayMs)
    const pending = delayed.get(key)
    if (pending && pending.dueMs <= dueMs) return
    pending?.cancel()
    const cancel = clock.setTimer(Math.max(0, delayMs), () => {
      delayed.delete(key)
      add(key)
    })
    delayed.set(key, { dueMs, cancel })
  }

  function add(key: string, { urgent = false }: { readonly urgent?: boolean } = {}): void {
    if (isClosed()) return
    metrics?.added()
    enqueue(key, urgent)
  }

  function cancelDelayed(): void {
    for (const { cancel } of delayed.values()) cancel()
    delayed.clear()
  }

  return {
    add,
    addAfter,
    forget(key) {
      failures.delete(key)
      hotLoop.forget(key)
      delayed.get(key)?.cancel()
      delayed.delete(key)
    },
    start() {
      if (state !== 'idle') return
      state = 'running'
      dispatch()
    },
    async shutdown({ drain = false } = {}) {
      if (state === 'stopped') return
      const hadWorkers = state === 'running'
      state = drain && hadWorkers ? 'draining' : 'stopped'
      cancelDelayed()
      if (state === 'stopped') waiting.clear()
      const idle = new Promise<void>((resolve) => {
        resolveIdle = resolve
      })
      dispatch()
      await idle
      state = 'stopped'
      metrics?.depth(0)
    },
    depth: () => waiting.size,
  }
}

/** Errors that carry a server's wish when to come back. */
const retryAfterOf = (error: unknown): number =>
  error instanceof Error && 'retryAfterMs' in error && typeof error.retryAfterMs === 'number' ? error.retryAfterMs : 0
