/** The receiver's metrics. Names and labels only; what counts as what is decided where it happens. */
import {
  declareCounter,
  declareGauge,
  declareHistogram,
  type MetricRegistry,
  secondsBuckets,
} from '../controller/runtime/metrics.ts'

export function declareAlertMetrics(registry: MetricRegistry) {
  return {
    received: declareCounter(registry, {
      name: 'penstock_alerts_received_total',
      help: 'Alerts received from Alertmanager, by what was decided.',
      labels: ['decision', 'reason'],
    }),
    posts: declareCounter(registry, {
      name: 'penstock_alert_posts_total',
      help: 'Posts to the Alertmanager receiver by HTTP status code.',
      labels: ['code'],
    }),
    truncated: declareCounter(registry, {
      name: 'penstock_alerts_truncated_total',
      help: 'Alerts that Alertmanager left out of its posts (max_alerts); what they said is unknown.',
    }),
    stored: declareHistogram(registry, {
      name: 'penstock_alert_to_abort_stored_seconds',
      help: 'From the arrival of the post to the acknowledged write of the abort.',
      buckets: secondsBuckets,
    }),
    heartbeat: declareGauge(registry, {
      name: 'penstock_alert_heartbeat_timestamp_seconds',
      help: 'When the PenstockHeartbeat alert last arrived; 0 when it never did.',
    }),
  }
}
export type AlertMetrics = ReturnType<typeof declareAlertMetrics>
