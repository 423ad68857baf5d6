/** The AnalysisRun that the benchmark of the gates watches: three gates without an end, as a background analysis has them. Plain data. */
import type { AnalysisRun, Metric } from '../../../controller/api/analysis.ts'
import { EXPOSED_SINCE } from '../../../controller/api/labels.ts'
import { formatInstant } from '../../../controller/api/scalars.ts'

export function renderMetrics(service: string, address: string): readonly Metric[] {
  const gate = (name: string, config: object): Metric => ({
    name,
    interval: '15s',
    count: 1,
    provider: { plugin: { 'penstock/gate': { address, service, canary: 'canary', stable: 'stable', ...config } } },
  })
  return [
    gate('error-rate', { gate: 'errorRate' }),
    gate('p99-latency', { gate: 'latency' }),
    gate('events', { gate: 'events', event: 'orders_total' }),
  ]
}

export const renderRun = (name: string, namespace: string, address: string, exposedSince: number): AnalysisRun => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: { name, namespace, annotations: { [EXPOSED_SINCE]: formatInstant(exposedSince) } },
  spec: { metrics: [...renderMetrics(name, address)] },
})
