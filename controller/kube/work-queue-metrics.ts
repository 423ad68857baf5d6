/** The `workqueue_*` metrics of client-go, which the dashboards people have are built on. */
import type { Clock } from '../runtime/clock.ts'
import {
  beforeScrape,
  declareCounter,
  declareGauge,
  declareHistogram,
  type MetricRegistry,
} from '../runtime/metrics.ts'

export interface WorkQueueMetrics {
  depth(keys: number): void
  added(): void
  retried(): void
  /** Call when a key leaves the queue after `waitedMs`; the returned function ends the measurement of its pass. */
  started(waitedMs: number): () => void
}

const buckets = [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60]

export function createWorkQueueMetrics(registry: MetricRegistry, name: string, clock: Clock): WorkQueueMetrics {
  const labels = ['name'] as const
  const gauge = (metric: string, help: string) => declareGauge(registry, { name: metric, help, labels })
  const depth = gauge('workqueue_depth', 'Keys waiting in the queue.')
  const longest = gauge('workqueue_longest_running_processor_seconds', 'Age of the oldest running pass.')
  const unfinished = gauge('workqueue_unfinished_work_seconds', 'Sum of the ages of all running passes.')
  const adds = declareCounter(registry, { name: 'workqueue_adds_total', help: 'Keys added to the queue.', labels })
  const retries = declareCounter(registry, { name: 'workqueue_retries_total', help: 'Passes repeated.', labels })
  const histogram = (metric: string, help: string) =>
    declareHistogram(registry, { name: metric, help, labels, buckets })
  const waited = histogram('workqueue_queue_duration_seconds', 'Time a key waited in the queue.')
  const worked = histogram('workqueue_work_duration_seconds', 'Time a pass took.')
  const running = new Set<{ readonly startedMs: number }>()
  const observeRunning = (): void => {
    const ages = [...running].map((pass) => (clock.monotonicMs() - pass.startedMs) / 1000)
    longest.set({ name }, Math.max(0, ...ages))
    unfinished.set(
      { name },
      ages.reduce((sum, age) => sum + age, 0),
    )
  }
  // Set at each scrape, because a stuck pass must show while it is stuck.
  beforeScrape(registry, observeRunning)
  depth.set({ name }, 0)
  return {
    depth: (keys) => depth.set({ name }, keys),
    added: () => adds.inc({ name }),
    retried: () => retries.inc({ name }),
    started(waitedMs) {
      waited.observe({ name }, waitedMs / 1000)
      const pass = { startedMs: clock.monotonicMs() }
      running.add(pass)
      return () => {
        running.delete(pass)
        worked.observe({ name }, (clock.monotonicMs() - pass.startedMs) / 1000)
      }
    },
  }
}
