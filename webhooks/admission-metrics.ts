/** The metrics of the admission webhook. Names and labels only; what counts as what is decided where it happens. */
import { declareCounter, declareHistogram, type MetricRegistry, secondsBuckets } from '../controller/runtime/metrics.ts'

export function declareAdmissionMetrics(registry: MetricRegistry) {
  return {
    requests: declareCounter(registry, {
      name: 'penstock_admission_requests_total',
      help: 'Admission requests by kind and decision: taken, refused, or malformed when they could not be read.',
      labels: ['kind', 'decision'],
    }),
    duration: declareHistogram(registry, {
      name: 'penstock_admission_duration_seconds',
      help: 'From the arrival of an admission request to its answer.',
      buckets: secondsBuckets,
    }),
  }
}
export type AdmissionMetrics = ReturnType<typeof declareAdmissionMetrics>
