/**
 * The product's work queue as the node stand-in uses it: one pass per key at a time, a wake-up time instead of a delay, and
 * conflicts repeated in silence. It must not know what a key means.
 */
import { isConflict } from '../../controller/kube/client.ts'
import { createWorkQueue, done } from '../../controller/kube/work-queue.ts'
import type { NodeContext, Runnable } from './context.ts'

export interface ReconcileLoop extends Runnable {
  /** Asks for a pass over `key`; asking twice before it begins is asking once. Ignored after stop. */
  add(key: string): void
}

export interface ReconcileLoopOptions extends NodeContext {
  readonly name: string
  /** One pass. Returns the epoch milliseconds of the next look, if time alone can change the outcome. */
  reconcile(key: string): Promise<number | undefined>
}

const CONCURRENCY = 16
const CONFLICT_RETRY_MS = 20
/** A large ReplicaSet legitimately runs once per event of its pods. */
const MOST_PASSES_PER_WINDOW = 5_000

export function createReconcileLoop(options: ReconcileLoopOptions): ReconcileLoop {
  const { clock, name } = options
  const log = options.log.child({ loop: name })
  const queue = createWorkQueue({
    name,
    clock,
    log,
    concurrency: CONCURRENCY,
    hotLoop: { maxPasses: MOST_PASSES_PER_WINDOW },
    async process(key) {
      try {
        const wakeAtMs = await options.reconcile(key)
        return wakeAtMs === undefined ? done : { requeueAfterMs: Math.max(0, wakeAtMs - clock.now()) }
      } catch (error) {
        // A conflict only says that somebody else was faster; the watch brings the news.
        if (!isConflict(error)) throw error
        log.debug('conflict; trying again', { key })
        return { requeueAfterMs: CONFLICT_RETRY_MS }
      }
    },
  })
  return {
    add: (key) => queue.add(key),
    start: () => queue.start(),
    stop: () => queue.shutdown(),
  }
}

export interface ControllerOptions extends ReconcileLoopOptions {
  /** Connects the loop to what it watches; returns the ways to disconnect. */
  watch(add: (key: string) => void): readonly (() => void)[]
}

/** A loop with its subscriptions: connected from the beginning, working between start and stop. */
export function createController(options: ControllerOptions): Runnable {
  const loop = createReconcileLoop(options)
  const unsubscribers = options.watch((key) => loop.add(key))
  return {
    start: () => loop.start(),
    async stop() {
      for (const unsubscribe of unsubscribers) unsubscribe()
      await loop.stop()
    },
  }
}
