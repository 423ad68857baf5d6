/**
 * `penstock/job`: runs a Job and takes its end as the verdict. The Job's name comes from the operation's id, so that a repeated call finds the
 * Job that the first one created; a namesake that is not of this operation is never taken for it. It does not judge logs.
 */
import { createHash } from 'node:crypto'
import { type Job, readJobEnd } from '../api/job.ts'
import { type JobConfig, SHORTEST_POLL_SECONDS, stepPluginSchemas, stepTimeoutMs } from '../api/step-plugin-config.ts'
import type { StepAnswer } from '../api/step-result.ts'
import { controllerOf, fieldManager, renderControllerReference } from '../kube/apply.ts'
import { isAlreadyExists } from '../kube/client.ts'
import { apiVersionOf, jobs, refOf, rollouts } from '../kube/kinds.ts'
import { definePlugin, type StepCall, type StepPorts } from './plugin.ts'

/** Annotation of a Job: the operation that it is. */
export const STEP_OPERATION = 'penstock.dev/step-operation'
const LONGEST_NAME = 63
/** A Job that has ended is kept this long unless its spec says otherwise; its verdict is read within seconds. */
const KEEP_SECONDS = 86_400

export const job = definePlugin<JobConfig>({
  id: 'penstock/job',
  schema: stepPluginSchemas['penstock/job'],
  run: runJob,
  terminate: deleteJob,
})

async function runJob(call: StepCall<JobConfig>, { client }: StepPorts): Promise<StepAnswer> {
  const wanted = renderJob(call)
  const ref = refOf(jobs, wanted)
  const found = await client.get<Job>(ref)
  const uid = call.state?.uid
  if (found) return isOurs(found, wanted) ? judge(found, call.config) : namesake(wanted)
  if (typeof uid === 'string')
    return { phase: 'Inconclusive', message: `Job ${ref.name} was deleted before its end was known` }
  try {
    return judge(await client.create<Job>(jobs, wanted, { fieldManager }), call.config)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    return { phase: 'Running', message: `Job ${ref.name} is being created`, afterSeconds: SHORTEST_POLL_SECONDS }
  }
}

/** Deletes the Job of the run that is ended, pods included; nothing else that bears its name. */
async function deleteJob(call: StepCall<JobConfig>, { client }: StepPorts): Promise<StepAnswer> {
  const wanted = renderJob({ ...call, operation: call.runOperation })
  const ref = refOf(jobs, wanted)
  const found = await client.get<Job>(ref)
  if (!found || !isOurs(found, wanted)) return { phase: 'Successful', message: `no Job ${ref.name} to delete` }
  const uid = found.metadata.uid
  await client.delete(ref, { propagationPolicy: 'Background', ...(uid === undefined ? {} : { uid }) })
  return { phase: 'Successful', message: `Job ${ref.name} deleted` }
}

/** At most 63 characters, a DNS label: Rollout, revision, step, and a hash of the whole id. */
export function renderJobName(rolloutName: string, revision: number, index: number, operation: string): string {
  const hash = createHash('sha256').update(operation).digest('hex').slice(0, 10)
  const tail = `-${revision}-${index}-${hash}`
  const head = rolloutName.slice(0, LONGEST_NAME - tail.length).replace(/[^a-z0-9-]/g, '-')
  return `${head.replace(/-+$/, '')}${tail}`
}

export function renderJob({ operation, config, rollout, step }: StepCall<JobConfig>): Job {
  const { name, namespace } = rollout.metadata
  return {
    apiVersion: apiVersionOf(jobs),
    kind: jobs.kind,
    metadata: {
      name: renderJobName(name, step.revision, step.index, operation),
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        ...config.metadata?.labels,
        'app.kubernetes.io/managed-by': 'penstock',
        'step-index': String(step.index),
      },
      annotations: { ...config.metadata?.annotations, [STEP_OPERATION]: operation },
      ownerReferences: [renderControllerReference(rollout, rollouts)],
    },
    spec: { ...limits(config), ...config.spec, template: withEnvironment(config, rollout, step) },
  }
}

/** Where the manifest says nothing: no Job outlives its step, and none stays for ever. */
function limits(config: JobConfig) {
  const timeoutMs = stepTimeoutMs('penstock/job', config)
  const deadline = timeoutMs === undefined ? {} : { activeDeadlineSeconds: Math.max(1, Math.ceil(timeoutMs / 1000)) }
  return { ttlSecondsAfterFinished: KEEP_SECONDS, ...deadline }
}

/** What the Job's containers are told of the update; a variable of the manifest's own wins. */
function withEnvironment(
  { spec }: JobConfig,
  rollout: StepCall<JobConfig>['rollout'],
  step: StepCall<JobConfig>['step'],
): JobConfig['spec']['template'] {
  const told = {
    PENSTOCK_ROLLOUT: rollout.metadata.name,
    PENSTOCK_REVISION: String(step.revision),
    PENSTOCK_STEP_INDEX: String(step.index),
    PENSTOCK_CANARY_HASH: step.podHash,
    PENSTOCK_STABLE_HASH: rollout.status?.stableRS ?? '',
  }
  const pod = spec.template.spec
  const containers = pod.containers.map((container) => {
    const own = container.env ?? []
    const names = new Set(own.map((entry) => (entry as { readonly name?: unknown }).name))
    const added = Object.entries(told).filter(([name]) => !names.has(name))
    return { ...container, env: [...added.map(([name, value]) => ({ name, value })), ...own] }
  })
  return { ...spec.template, spec: { ...pod, containers } }
}

const isOurs = (found: Job, wanted: Job): boolean =>
  found.metadata.annotations?.[STEP_OPERATION] === wanted.metadata.annotations?.[STEP_OPERATION] &&
  controllerOf(found)?.uid === controllerOf(wanted)?.uid

const namesake = (wanted: Job): StepAnswer => ({
  phase: 'Error',
  message: `a Job ${wanted.metadata.name} exists that is not of this step; delete it`,
})

function judge(found: Job, { pollSeconds = SHORTEST_POLL_SECONDS }: JobConfig): StepAnswer {
  const { metadata, status } = found
  const state = metadata.uid === undefined ? {} : { state: { uid: metadata.uid } }
  const end = readJobEnd(found)
  if (end?.outcome === 'Complete') return { phase: 'Successful', message: `Job ${metadata.name} is complete`, ...state }
  if (end) {
    const why = [end.reason, end.message].filter(Boolean).join(': ').slice(0, 500)
    return { phase: 'Failed', message: `Job ${metadata.name} failed${why === '' ? '' : `: ${why}`}`, ...state }
  }
  const isSuspended = status?.conditions?.some((one) => one.type === 'Suspended' && one.status === 'True') ?? false
  const words = isSuspended ? 'is suspended' : `runs with ${status?.active ?? 0} active pods`
  return { phase: 'Running', message: `Job ${metadata.name} ${words}`, afterSeconds: pollSeconds, ...state }
}
