/**
 * The queue around the reconciler of experiments: which changes put which key in, when a pass runs. It must not look into an Experiment.
 */
import { createWorkQueue } from './kube/work-queue.ts'
import { keyOf, type RolloutCaches } from './reconcile/caches.ts'
import { type ExperimentDeps, reconcileExperiment } from './reconcile/experiment/experiment.ts'
import { watchExperimentKeys } from './reconcile/experiment/keys.ts'
import type { MetricRegistry } from './runtime/metrics.ts'

export interface ExperimentControllerOptions {
  readonly deps: ExperimentDeps
  readonly caches: RolloutCaches
  readonly concurrency: number
  readonly registry: MetricRegistry
}

export interface ExperimentController {
  /** Begins to reconcile, everything that exists first. Call once, after the caches have synced. */
  start(): void
  /** Takes no more keys; resolves when running passes have ended. */
  stop(): Promise<void>
}

export function createExperimentController(options: ExperimentControllerOptions): ExperimentController {
  const { deps, caches, concurrency, registry } = options
  const queue = createWorkQueue({
    name: 'experiments',
    clock: deps.clock,
    log: deps.log,
    concurrency,
    metrics: registry,
    process: (key) => reconcileExperiment(key, deps),
  })
  let unsubscribe = (): void => {}
  return {
    start() {
      unsubscribe = watchExperimentKeys(caches, (key) => queue.add(key))
      for (const experiment of caches.experiments.list()) queue.add(keyOf(experiment))
      queue.start()
    },
    async stop() {
      unsubscribe()
      await queue.shutdown()
    },
  }
}
