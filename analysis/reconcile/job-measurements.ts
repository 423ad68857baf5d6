/**
 * Measurements that are Jobs: created once, and looked at until they end. The name of a Job follows from the run's status, so a pass that was cut
 * short finds the Job it had created. What the API server cannot tell now leaves the measurement as it is.
 */
import type { AnalysisRun, Measurement } from '../../controller/api/analysis.ts'
import { type Job, readJobEnd } from '../../controller/api/job.ts'
import { ANALYSIS_METRIC_NAME } from '../../controller/api/labels.ts'
import type { LabelSelector } from '../../controller/api/meta.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import { fieldManager, renderControllerReference } from '../../controller/kube/apply.ts'
import { isAlreadyExists } from '../../controller/kube/client.ts'
import { analysisRuns, jobs, pods, refOf } from '../../controller/kube/kinds.ts'
import {
  findOutdated,
  isJobOf,
  JOB_NAME,
  JOB_NAMESPACE,
  type JobPod,
  judgeJob,
  mayLackImage,
  renderJob,
} from '../providers/job.ts'
import { BY_OWNER, type RunDeps } from './deps.ts'
import { type Answer, attempt, deleteJob, endAs } from './job-calls.ts'

const MOST_PODS = 50

export interface JobStart {
  readonly metricName: string
  /** `provider.job`, arguments substituted. */
  readonly config: unknown
  /** Measurements that are kept; so many Jobs are. */
  readonly retention: number
}

/** The measurement that has begun, or the error it has become; undefined when it is not known whether the Job was created. */
export async function beginJob(run: AnalysisRun, start: JobStart, deps: RunDeps): Promise<Measurement | undefined> {
  const { metricName, config, retention } = start
  const startedAt = formatInstant(deps.clock.now())
  const fail = (message: string): Measurement => endAs({ phase: 'Error', message }, { startedAt }, deps)
  const result = run.status?.metricResults?.find(({ name }) => name === metricName)
  const index = (result?.count ?? 0) + (result?.error ?? 0) + 1
  const { name, namespace = '' } = run.metadata
  const owner = renderControllerReference(run, analysisRuns)
  const wanted = renderJob({ config, metricName, index, run: { name, namespace }, owner })
  if ('problem' in wanted) return fail(wanted.problem)
  const job = await ensureJob(wanted, deps)
  if (job.kind === 'unknown') return undefined
  if (job.kind === 'refusal') return fail(job.why)
  if (!isJobOf(job.value, run.metadata.uid, metricName))
    return fail(`a Job ${wanted.metadata.name} exists that is not of this metric; delete it`)
  await deleteOutdated(run, metricName, { index, retention }, deps)
  const metadata = { [JOB_NAME]: wanted.metadata.name, [JOB_NAMESPACE]: namespace }
  return { phase: 'Running', startedAt, resumeAt: startedAt, metadata }
}

/** The Job of that name, whoever created it. */
async function ensureJob(wanted: Job, deps: RunDeps): Promise<Answer<Job>> {
  const found = await attempt(async () => {
    try {
      return await deps.client.create<Job>(jobs, wanted, { fieldManager })
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      return await deps.client.get<Job>(refOf(jobs, wanted))
    }
  }, deps)
  if (found.kind !== 'answer') return found
  // Deleted between the two calls: the next pass creates it.
  return found.value ? { kind: 'answer', value: found.value } : { kind: 'unknown' }
}

/** Old Jobs go with their measurements. What cannot be deleted now is tried with the next measurement, and goes with the run at last. */
async function deleteOutdated(
  run: AnalysisRun,
  metricName: string,
  { index, retention }: { readonly index: number; readonly retention: number },
  deps: RunDeps,
): Promise<void> {
  const own = deps.jobs
    .byIndex(BY_OWNER, run.metadata.uid ?? '')
    .filter((job) => job.metadata.annotations?.[ANALYSIS_METRIC_NAME] === metricName)
  for (const job of findOutdated(own, index, retention)) await attempt(() => deleteJob(job, deps.client), deps)
}

/** The measurement as it ended; undefined while it goes on, or when that cannot be known now. */
export async function lookAtJob(
  run: AnalysisRun,
  metricName: string,
  open: Measurement,
  deps: RunDeps,
): Promise<Measurement | undefined> {
  const { uid, namespace = '' } = run.metadata
  const name = open.metadata?.[JOB_NAME]
  const fail = (message: string): Measurement => endAs({ phase: 'Error', message }, open, deps)
  if (!name) return fail('job metadata reference missing')
  // A status that was edited by hand must not lead to other people's Jobs.
  if ((open.metadata?.[JOB_NAMESPACE] ?? namespace) !== namespace)
    return fail('the Job is in another namespace than its AnalysisRun, which is not supported')
  const found = await readJob(namespace, name, deps)
  if (found.kind === 'unknown') return undefined
  if (found.kind === 'refusal') return fail(found.why)
  const job = found.value
  if (!job) return fail(`job.batch "${name}" not found`)
  if (!isJobOf(job, uid, metricName)) return fail(`Job ${name} is not of this metric`)
  const outcome = judgeJob(job, !readJobEnd(job) && mayLackImage(job) ? await listPods(job, deps) : [])
  return outcome && endAs(outcome, open, deps)
}

/** What the cache does not hold may be too new for it, or gone: only the server knows. */
const readJob = (namespace: string, name: string, deps: RunDeps): Promise<Answer<Job | undefined>> =>
  attempt(
    async () => deps.jobs.get(namespace, name) ?? (await deps.client.get<Job>({ kind: jobs, namespace, name })),
    deps,
  )

/** They only ever add a reason to stop waiting: without an answer the wait goes on. */
async function listPods(job: Job, deps: RunDeps): Promise<readonly JobPod[]> {
  const labelSelector = renderSelector(job.spec.selector)
  if (labelSelector === '') return []
  const { namespace = '' } = job.metadata
  const list = () => deps.client.list<JobPod>(pods, { namespace, labelSelector, limit: MOST_PODS })
  const listed = await attempt(list, deps)
  return listed.kind === 'answer' ? listed.value.items : []
}

const renderSelector = (selector: LabelSelector | undefined): string =>
  Object.entries(selector?.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
