/**
 * The metrics of analysis runs, with Argo's names where it has them. What describes live objects is read from the cache at each scrape, so that a
 * deleted run leaves no series behind.
 */
import { Gauge } from 'prom-client'
import {
  type AnalysisRun,
  analysisPhases,
  type Measurement,
  type Metric,
  type MetricResult,
} from '../../controller/api/analysis.ts'
import { readGateVerdict } from '../../controller/api/verdict.ts'
import type { ObjectCache } from '../../controller/kube/cache.ts'
import { chooseProvider } from '../../controller/metric-language/analysis-metric.ts'
import { declareCounter, declareHistogram, type MetricRegistry } from '../../controller/runtime/metrics.ts'

export interface RunMetrics {
  observePass(namespace: string, name: string, seconds: number): void
  countFailedPass(namespace: string, name: string): void
  countVerdict(measurement: Measurement): void
  /** Drops the series of a run that is gone. */
  forget(namespace: string, name: string): void
}

const typeOf = (metric: Metric | undefined): string => {
  const choice = metric ? chooseProvider(metric) : undefined
  return choice && 'id' in choice ? choice.id : 'Unknown'
}

export function createRunMetrics(registry: MetricRegistry, runs: Pick<ObjectCache<AnalysisRun>, 'list'>): RunMetrics {
  declareLiveGauges(registry, runs)
  const labels = ['namespace', 'name'] as const
  const passes = declareHistogram(registry, {
    name: 'analysis_run_reconcile',
    help: 'Seconds that a pass over an analysis run took.',
    labels,
    buckets: [0.01, 0.15, 0.25, 0.5, 1],
  })
  const failures = declareCounter(registry, {
    name: 'analysis_run_reconcile_error',
    help: 'Passes over an analysis run that failed and were repeated.',
    labels,
  })
  const verdicts = declareCounter(registry, {
    name: 'penstock_analysis_verdicts_total',
    help: 'Measurements by verdict; NoData is one of its own.',
    labels: ['verdict'],
  })
  const gates = declareCounter(registry, {
    name: 'penstock_gate_verdicts_total',
    help: 'Measurements of statistical gates that ended, by the outcome of their last verdict.',
    labels: ['gate', 'outcome'],
  })
  return {
    observePass: (namespace, name, seconds) => passes.observe({ namespace, name }, seconds),
    countFailedPass: (namespace, name) => failures.inc({ namespace, name }),
    countVerdict(measurement) {
      verdicts.inc({ verdict: measurement.metadata?.verdict ?? measurement.phase })
      const verdict = readGateVerdict(measurement)
      if (verdict) gates.inc({ gate: verdict.gate, outcome: verdict.outcome })
    },
    forget(namespace, name) {
      passes.remove({ namespace, name })
      failures.remove({ namespace, name })
    },
  }
}

interface LiveGauge<Label extends string> {
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
  readonly collect: (set: (labels: Readonly<Record<Label, string>>, value: number) => void) => void
}

/** A gauge whose series are made anew at every scrape. */
function declareLiveGauge<Label extends string>(registry: MetricRegistry, spec: LiveGauge<Label>): void {
  new Gauge<Label>({
    name: spec.name,
    help: spec.help,
    labelNames: [...spec.labels],
    registers: [registry],
    collect() {
      this.reset()
      spec.collect((labels, value) => this.set(labels, value))
    },
  })
}

const identityOf = (run: AnalysisRun) => ({ namespace: run.metadata.namespace ?? '', name: run.metadata.name })
const phaseOf = (run: AnalysisRun): string => run.status?.phase || 'Pending'

function declareLiveGauges(registry: MetricRegistry, runs: Pick<ObjectCache<AnalysisRun>, 'list'>): void {
  declareLiveGauge(registry, {
    name: 'analysis_run_info',
    help: 'One per analysis run, with its phase.',
    labels: ['namespace', 'name', 'phase'],
    collect(set) {
      for (const run of runs.list()) set({ ...identityOf(run), phase: phaseOf(run) }, 1)
    },
  })
  declareLiveGauge(registry, {
    name: 'analysis_run_phase',
    help: 'Deprecated in favour of analysis_run_info: 1 for the phase a run is in, 0 for the others.',
    labels: ['namespace', 'name', 'phase'],
    collect(set) {
      for (const run of runs.list())
        for (const phase of analysisPhases) set({ ...identityOf(run), phase }, phaseOf(run) === phase ? 1 : 0)
    },
  })
  declareLiveGauge(registry, {
    name: 'analysis_run_metric_type',
    help: 'One per metric of an analysis run, with the type of its provider.',
    labels: ['namespace', 'name', 'metric', 'metric_type'],
    collect(set) {
      for (const run of runs.list())
        for (const metric of run.spec?.metrics ?? [])
          set({ ...identityOf(run), metric: metric.name, metric_type: typeOf(metric) }, 1)
    },
  })
  declareLiveGauge(registry, {
    name: 'analysis_run_metric_phase',
    help: '1 for the phase that a metric of an analysis run is in, 0 for the others.',
    labels: ['namespace', 'name', 'metric', 'type', 'dry_run', 'phase'],
    collect(set) {
      for (const run of runs.list())
        for (const result of run.status?.metricResults ?? [])
          for (const phase of analysisPhases) set({ ...labelsOf(run, result), phase }, result.phase === phase ? 1 : 0)
    },
  })
}

const labelsOf = (run: AnalysisRun, result: MetricResult) => ({
  ...identityOf(run),
  metric: result.name,
  type: typeOf(run.spec?.metrics?.find((metric) => metric.name === result.name)),
  dry_run: String(result.dryRun ?? false),
})
