/**
 * Ends what a terminated run has in flight. Jobs are read live, those included that no measurement knows of because the pass that created them was
 * cut short: a run that is over leaves nothing running. A Job that has ended by itself keeps its verdict.
 */
import { type AnalysisRun, isCompleted, type Measurement, type Metric } from '../../controller/api/analysis.ts'
import { type Job, readJobEnd } from '../../controller/api/job.ts'
import { ANALYSIS_RUN_UID } from '../../controller/api/labels.ts'
import { jobs } from '../../controller/kube/kinds.ts'
import { chooseProvider, isLongProvider, runsJob } from '../../controller/metric-language/analysis-metric.ts'
import type { RunWorld } from '../domain/decide.ts'
import { METRIC_TERMINATED } from '../domain/verdict.ts'
import { isJobOf, JOB_NAME, judgeJob } from '../providers/job.ts'
import type { LongProviderModule } from '../providers/long-provider.ts'
import type { RunDeps } from './deps.ts'
import { deleteJob, endAs, isRefusal, type Outcome } from './job-calls.ts'

const MOST_JOBS = 500

/** The metric's measurement that has not ended, if there is one. */
export function findOpen(run: AnalysisRun, metricName: string): Measurement | undefined {
  const result = run.status?.metricResults?.find(({ name }) => name === metricName)
  const last = result?.measurements?.at(-1)
  return last && !isCompleted(last.phase) ? last : undefined
}

/** What was open, ended, by metric name. Throws KubeError when a later try may help. */
export async function endMeasurements(
  { run, mode }: RunWorld,
  metricNames: readonly string[],
  deps: RunDeps,
): Promise<ReadonlyMap<string, Measurement>> {
  const ended = new Map<string, Measurement>()
  for (const metric of run.spec.metrics.filter(({ name }) => metricNames.includes(name))) {
    const open = findOpen(run, metric.name)
    const outcome = runsJob(metric)
      ? await endJobs(run, metric.name, deps)
      : ((open && conclude(metric, open, deps)) ?? terminated)
    if (open) ended.set(metric.name, endAs(mode === 'argo' ? asArgoEnds(outcome) : outcome, open, deps))
  }
  return ended
}

const terminated: Outcome = { phase: 'Inconclusive', message: METRIC_TERMINATED }

/** Argo calls a measurement that it cut short a success. */
const asArgoEnds = (outcome: Outcome): Outcome =>
  outcome === terminated ? { ...outcome, phase: 'Successful' } : outcome

/** A provider that is asked until it knows may say what its open measurement amounts to. */
function conclude(metric: Metric, open: Measurement, { longProviders }: RunDeps): Outcome | undefined {
  const choice = chooseProvider(metric)
  if ('problem' in choice || !isLongProvider(choice.id)) return undefined
  const provider: LongProviderModule = longProviders[choice.id]
  const concluded = provider.conclude?.(open)
  if (!concluded) return undefined
  const { kind: _own, ...outcome } = concluded
  return outcome
}

async function endJobs(run: AnalysisRun, metricName: string, deps: RunDeps): Promise<Outcome> {
  try {
    const own = await listJobs(run, metricName, deps)
    for (const job of own) if (!readJobEnd(job)) await deleteJob(job, deps.client)
    const name = findOpen(run, metricName)?.metadata?.[JOB_NAME]
    const measured = own.find(({ metadata }) => metadata.name === name)
    return (measured && judgeJob(measured, [])) ?? terminated
  } catch (error) {
    if (isRefusal(error)) return { phase: 'Error', message: error.message }
    throw error
  }
}

async function listJobs({ metadata }: AnalysisRun, metricName: string, { client }: RunDeps): Promise<readonly Job[]> {
  const { uid = '', namespace = '' } = metadata
  const labelSelector = `${ANALYSIS_RUN_UID}=${uid}`
  const { items } = await client.list<Job>(jobs, { namespace, labelSelector, limit: MOST_JOBS })
  return items.filter((job) => isJobOf(job, uid, metricName))
}
