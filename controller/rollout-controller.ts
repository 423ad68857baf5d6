/**
 * The queue around the reconciler of rollouts: which changes put which key in, when a pass runs. It must not look into a Rollout.
 */
import { createWorkQueue, type WorkQueue } from './kube/work-queue.ts'
import { keyOf, mayAwaitAbort, type RolloutCaches, watchKeys } from './reconcile/caches.ts'
import { createRaceWatch } from './reconcile/races.ts'
import { type RolloutDeps, reconcileRollout } from './reconcile/rollout.ts'
import { createStuckWatch } from './reconcile/stuck.ts'
import type { MetricRegistry } from './runtime/metrics.ts'

export interface RolloutControllerOptions {
  readonly deps: Omit<RolloutDeps, 'stuck' | 'races'>
  readonly caches: RolloutCaches
  readonly concurrency: number
  readonly registry: MetricRegistry
}

export interface Controller {
  /** Begins to reconcile, everything that exists first. Call once, after the caches have synced. */
  start(): void
  /** Takes no more keys; resolves when running passes have ended. */
  stop(): Promise<void>
}

export function createRolloutController(options: RolloutControllerOptions): Controller {
  const { caches, concurrency, registry } = options
  const { clock } = options.deps
  const deps = { ...options.deps, stuck: createStuckWatch(clock), races: createRaceWatch(clock) }
  const queue: WorkQueue = createWorkQueue({
    name: 'rollouts',
    clock: deps.clock,
    log: deps.log,
    concurrency,
    metrics: registry,
    process: (key) => reconcileRollout(key, deps),
    hotLoop: { onHotLoop: (rollout, passes) => deps.log.warn('worked on without pause', { rollout, passes }) },
  })
  let unsubscribe = (): void => {}
  return {
    start() {
      unsubscribe = watchKeys(caches, (key, options) => queue.add(key, options))
      for (const rollout of caches.rollouts.list()) queue.add(keyOf(rollout), { urgent: mayAwaitAbort(rollout) })
      queue.start()
    },
    async stop() {
      unsubscribe()
      await queue.shutdown()
    },
  }
}
