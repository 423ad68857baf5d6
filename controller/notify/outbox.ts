/**
 * The queue behind notifications: which Rollouts have notices waiting, a few at a time, apart from the queue that rolls out, so that a
 * dead channel holds up nothing but messages. It sends only between `start` (we lead) and `stop`, and does nothing without channels.
 */
import { readOutbox } from '../api/notice.ts'
import type { Rollout } from '../api/rollout.ts'
import type { ObjectCache } from '../kube/cache.ts'
import { createWorkQueue } from '../kube/work-queue.ts'
import type { MetricRegistry } from '../runtime/metrics.ts'
import { declareNotifyMetrics } from './notify-metrics.ts'
import { createOutboxPass, type OutboxPassDeps } from './outbox-pass.ts'

export interface OutboxDeps extends Omit<OutboxPassDeps, 'cache' | 'metrics'> {
  readonly cache: Pick<ObjectCache<Rollout>, 'get' | 'list' | 'subscribe'>
  readonly metrics: MetricRegistry
}

export interface Outbox {
  /** Begins to deliver, what already waits first. May be called again after `stop`. */
  start(): void
  /** Starts no further message; resolves when those under way are delivered and marked. */
  stop(): Promise<void>
}

const PARALLEL_ROLLOUTS = 4

const isWaiting = (rollout: Rollout): boolean =>
  readOutbox(rollout.metadata.annotations).some((notice) => notice.deliveredAt === undefined)

const keyOf = ({ metadata }: Rollout): string => `${metadata.namespace ?? ''}/${metadata.name}`

export function createOutbox(deps: OutboxDeps): Outbox {
  const { cache, clock, log } = deps
  const pass = createOutboxPass({ ...deps, metrics: declareNotifyMetrics(deps.metrics) })
  let running: { readonly stop: () => Promise<void> } | undefined

  function run(): { readonly stop: () => Promise<void> } {
    const stopping = new AbortController()
    const queue = createWorkQueue({
      name: 'notifications',
      clock,
      log,
      metrics: deps.metrics,
      concurrency: PARALLEL_ROLLOUTS,
      async process(key) {
        const [namespace = '', name = ''] = key.split('/')
        const waitMs = await pass.run(namespace, name, stopping.signal)
        return waitMs === undefined ? {} : { requeueAfterMs: waitMs }
      },
    })
    const unsubscribe = cache.subscribe((change) => {
      if (change.type === 'deleted' || isWaiting(change.object)) queue.add(keyOf(change.object))
    })
    for (const rollout of cache.list()) if (isWaiting(rollout)) queue.add(keyOf(rollout))
    queue.start()
    return {
      async stop() {
        unsubscribe()
        stopping.abort()
        await queue.shutdown()
      },
    }
  }

  return {
    start() {
      if (deps.channels.length > 0) running ??= run()
    },
    async stop() {
      const stopped = running
      running = undefined
      await stopped?.stop()
    },
  }
}
