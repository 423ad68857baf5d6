/** The notification metrics: Argo's three under their names, and what was given up. */
import { declareCounter, declareHistogram, type MetricRegistry } from '../runtime/metrics.ts'

export function declareNotifyMetrics(registry: MetricRegistry) {
  const labels = ['namespace', 'name', 'type', 'reason'] as const
  return {
    send: declareHistogram(registry, {
      name: 'notification_send',
      help: 'Seconds that one attempt to send a notification took.',
      labels: ['namespace', 'name'],
      buckets: [0.01, 0.15, 0.25, 0.5, 1],
    }),
    success: declareCounter(registry, { name: 'notification_send_success', help: 'Notifications delivered.', labels }),
    error: declareCounter(registry, { name: 'notification_send_error', help: 'Attempts that failed.', labels }),
    deadLettered: declareCounter(registry, {
      name: 'penstock_notifications_dead_lettered_total',
      help: 'Notifications given up: refused by the channel, or not delivered in time.',
      labels: ['channel'],
    }),
  }
}
export type NotifyMetrics = ReturnType<typeof declareNotifyMetrics>
