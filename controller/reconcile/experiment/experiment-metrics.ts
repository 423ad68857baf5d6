/** Metrics of experiments under Argo's names. Series of an Experiment are removed when it is gone. No decision reads them. */
import { analysisPhases } from '../../api/analysis.ts'
import { declareCounter, declareGauge, declareHistogram, type MetricRegistry } from '../../runtime/metrics.ts'

export interface ExperimentMetrics {
  observe(namespace: string, name: string, phase: string): void
  passed(namespace: string, name: string, seconds: number): void
  failed(namespace: string, name: string): void
  forget(namespace: string, name: string): void
}

export function declareExperimentMetrics(registry: MetricRegistry): ExperimentMetrics {
  const info = declareGauge(registry, {
    name: 'experiment_info',
    help: 'Information about an Experiment',
    labels: ['namespace', 'name', 'phase'],
  })
  const phases = declareGauge(registry, {
    name: 'experiment_phase',
    help: 'Deprecated in favour of experiment_info: 1 for the phase an Experiment is in, 0 for the others',
    labels: ['namespace', 'name', 'phase'],
  })
  const passes = declareHistogram(registry, {
    name: 'experiment_reconcile',
    help: 'Seconds that a pass over an Experiment took',
    labels: ['namespace', 'name'],
    buckets: [0.01, 0.15, 0.25, 0.5, 1],
  })
  const failures = declareCounter(registry, {
    name: 'experiment_reconcile_error',
    help: 'Passes over an Experiment that failed and were repeated',
    labels: ['namespace', 'name'],
  })
  /** Phase that `experiment_info` shows, by key. */
  const shown = new Map<string, string>()

  return {
    observe(namespace, name, phase) {
      const before = shown.get(`${namespace}/${name}`)
      if (before !== undefined && before !== phase) info.remove({ namespace, name, phase: before })
      shown.set(`${namespace}/${name}`, phase)
      info.set({ namespace, name, phase }, 1)
      for (const one of analysisPhases) phases.set({ namespace, name, phase: one }, one === phase ? 1 : 0)
    },
    passed: (namespace, name, seconds) => passes.observe({ namespace, name }, seconds),
    failed: (namespace, name) => failures.inc({ namespace, name }),
    forget(namespace, name) {
      const phase = shown.get(`${namespace}/${name}`)
      if (phase === undefined) return
      shown.delete(`${namespace}/${name}`)
      info.remove({ namespace, name, phase })
      for (const one of analysisPhases) phases.remove({ namespace, name, phase: one })
      passes.remove({ namespace, name })
      failures.remove({ namespace, name })
    },
  }
}
