/** What /metrics tells about the health of the watches, one series per kind and selector. */
import { declareCounter, declareGauge, type MetricRegistry } from '../runtime/metrics.ts'

/** Why list or watch began again; the values are the whole set. */
export type RestartCause = 'closed' | 'failed' | 'gone' | 'silent' | 'requested'

export interface ReflectorMetrics {
  progressed(epochMs: number): void
  restarted(cause: RestartCause): void
  listed(objects: number): void
  received(): void
}

export function createReflectorMetrics(registry: MetricRegistry, source: string): ReflectorMetrics {
  const labels = ['kind'] as const
  const lastProgress = declareGauge(registry, {
    name: 'penstock_watch_last_event_timestamp_seconds',
    help: 'Unix time of the last event, bookmark or list of this kind.',
    labels,
  })
  const restarts = declareCounter(registry, {
    name: 'penstock_watch_restarts_total',
    help: 'Restarts of the watch of this kind, by cause.',
    labels: ['kind', 'cause'],
  })
  const objects = declareGauge(registry, {
    name: 'penstock_cache_objects',
    help: 'Objects of this kind in the last full list.',
    labels,
  })
  const events = declareCounter(registry, {
    name: 'penstock_watch_events_total',
    help: 'Watch events of this kind, bookmarks included.',
    labels,
  })
  const kind = source
  return {
    progressed: (epochMs) => lastProgress.set({ kind }, epochMs / 1000),
    restarted: (cause) => restarts.inc({ kind, cause }),
    listed: (count) => objects.set({ kind }, count),
    received: () => events.inc({ kind }),
  }
}
