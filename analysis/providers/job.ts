/**
 * A Job as a measurement: the Job to create, and what the one that was created says. It must not talk to the API server: beginning and looking
 * belong to `analysis/reconcile/job-measurements.ts`, ending to `end-measurements.ts`.
 *
 *   Job                   its pods                                    measurement
 *   Failed                any                                         Failed
 *   Complete              any                                         Successful
 *   neither               a container waits for an image in vain      Inconclusive: nobody's release is bad because of that
 *   neither               any other                                   Running
 */
import { createHash } from 'node:crypto'
import type { Measurement } from '../../controller/api/analysis.ts'
import { type Job, type JobMetric, jobMetricSchema, readJobEnd } from '../../controller/api/job.ts'
import {
  ANALYSIS_METRIC_NAME,
  ANALYSIS_RUN_NAME,
  ANALYSIS_RUN_NAMESPACE,
  ANALYSIS_RUN_UID,
} from '../../controller/api/labels.ts'
import type { KubeObject, OwnerReference } from '../../controller/api/meta.ts'
import { boundText } from './provider.ts'

/** Keys of a measurement's metadata: the Job that it is. */
export const JOB_NAME = 'job-name'
export const JOB_NAMESPACE = 'job-namespace'
/** Why the Job failed, in Kubernetes' word. */
const JOB_REASON = 'job-reason'

const LONGEST_NAME = 63

export interface JobOrder {
  /** `provider.job` of the metric, arguments substituted. */
  readonly config: unknown
  readonly metricName: string
  /** Counts the metric's measurements from 1, errors included. */
  readonly index: number
  readonly run: { readonly name: string; readonly namespace: string }
  /** The run. */
  readonly owner: OwnerReference
}

/** The Job of one measurement; the same order gives the same Job. */
export function renderJob({ config, metricName, index, run, owner }: JobOrder): Job | { readonly problem: string } {
  const parsed = jobMetricSchema.safeParse(config)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return { problem: `job.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` }
  }
  const { metadata, spec } = parsed.data
  const uid = { [ANALYSIS_RUN_UID]: owner.uid }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: renderJobName(owner.uid, metricName, index),
      namespace: run.namespace,
      labels: { ...metadata?.labels, ...uid },
      annotations: {
        ...metadata?.annotations,
        [ANALYSIS_RUN_NAME]: run.name,
        [ANALYSIS_RUN_NAMESPACE]: run.namespace,
        [ANALYSIS_METRIC_NAME]: metricName,
      },
      ownerReferences: [owner],
    },
    spec: { ...spec, template: withLabels(spec.template, uid) },
  }
}

function withLabels(
  template: JobMetric['spec']['template'],
  labels: Readonly<Record<string, string>>,
): JobMetric['spec']['template'] {
  return { ...template, metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } } }
}

/**
 * `<uid>.<metric>.<index>`. A metric's name that does not fit or is no name of an object is cut and given a hash, so that two metrics of a run
 * never share a Job (Argo only cuts).
 */
export function renderJobName(uid: string, metricName: string, index: number): string {
  const room = LONGEST_NAME - `${uid}..${index}`.length
  if (metricName.length <= room && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(metricName))
    return `${uid}.${metricName}.${index}`
  const hash = createHash('sha256').update(metricName).digest('hex').slice(0, 8)
  const head = metricName.toLowerCase().replace(/[^a-z0-9]+/g, '-')
  return `${uid}.${`${head.slice(0, room - hash.length - 1)}-${hash}`.replace(/^-+/, '')}.${index}`
}

/** Whether the Job measures that metric of that run; a name alone proves nothing. */
export const isJobOf = (job: KubeObject, runUid: string | undefined, metricName: string): boolean =>
  job.metadata.ownerReferences?.some(({ controller, uid }) => controller === true && uid === runUid) === true &&
  (job.metadata.annotations?.[ANALYSIS_METRIC_NAME] ?? metricName) === metricName

/** Jobs of a metric beyond the newest `limit`, of which `newestIndex` is one. */
export const findOutdated = (jobs: readonly Job[], newestIndex: number, limit: number): readonly Job[] =>
  jobs.filter(({ metadata }) => Number(metadata.name.slice(metadata.name.lastIndexOf('.') + 1)) <= newestIndex - limit)

interface ContainerStatus {
  readonly name: string
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } }
}
export interface JobPod extends KubeObject {
  readonly status?: {
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

/** Whether a look at the pods could tell more than the Job does: some have not come up. */
export const mayLackImage = ({ status }: Job): boolean => (status?.active ?? 0) > (status?.ready ?? 0)

/** What the measurement becomes by what is seen; undefined while it goes on. `pods` are the Job's, looked at or not. */
export function judgeJob(
  job: Job,
  pods: readonly JobPod[],
): Pick<Measurement, 'phase' | 'message' | 'metadata'> | undefined {
  const end = readJobEnd(job)
  if (end?.outcome === 'Complete') return { phase: 'Successful' }
  if (end)
    return { phase: 'Failed', ...(end.reason === '' ? {} : { metadata: { [JOB_REASON]: boundText(end.reason) } }) }
  const message = findImageProblem(pods)
  return message === undefined ? undefined : { phase: 'Inconclusive', message: boundText(message) }
}

const IMAGE_PROBLEMS = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName'])

function findImageProblem(pods: readonly JobPod[]): string | undefined {
  for (const { metadata, status } of pods)
    for (const { name, state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
      const { reason = '', message = '' } = state?.waiting ?? {}
      if (IMAGE_PROBLEMS.has(reason))
        return `Pod ${metadata.name}, container ${name} has terminal error (${reason}): ${message}`
    }
  return undefined
}
