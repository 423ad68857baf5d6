/**
 * Stands in for Kubernetes' Job controller, for Jobs that are not indexed: it carries out what `job-plan.ts` decides, on a
 * cache that includes its own last writes.
 */
import { isAlreadyExists } from '../../../controller/kube/client.ts'
import { jobs, pods, refOf } from '../../../controller/kube/kinds.ts'
import type { NodeContext, Runnable } from '../context.ts'
import { covers } from '../covers.ts'
import { splitKey } from '../keys.ts'
import { controllerOf, isTerminating, type Job, keyOf, uidOf } from '../objects.ts'
import { createController } from '../reconcile-loop.ts'
import { BY_OWNER, type Sources } from '../sources.ts'
import { createPodFence } from './fence.ts'
import { decideJob, type JobPlan } from './job-plan.ts'
import { renderPod } from './pod-creation.ts'
import { generatePodName } from './pod-names.ts'

const CATCH_UP_MS = 1_000

export function createJobController(context: NodeContext, sources: Pick<Sources, 'pods' | 'jobs'>): Runnable {
  const { client, clock, random } = context
  const fence = createPodFence(sources.pods)

  async function createPod(job: Job): Promise<void> {
    const uid = uidOf(job)
    const { name } = job.metadata
    const labels = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    }
    const podName = generatePodName(name, random)
    const wanted = renderPod({ name: podName, owner: job, ownerKind: jobs, template: job.spec.template, labels })
    try {
      fence.noteWritten(keyOf(job), await client.create(pods, wanted))
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
    }
  }

  /** The status goes first: an end that was decided must not be undecided because its pods have gone. */
  async function apply(job: Job, plan: JobPlan): Promise<void> {
    if (!covers(job.status, plan.status)) {
      const body = { metadata: { uid: uidOf(job) }, status: plan.status }
      await client.patch(refOf(jobs, job), 'merge', body, { subresource: 'status' })
    }
    for (const pod of plan.delete) {
      await client.delete(refOf(pods, pod), { uid: uidOf(pod) })
      fence.noteDeleted(keyOf(job), pod)
    }
    for (let created = 0; created < plan.create; created += 1) await createPod(job)
    if (plan.isExpired) await client.delete(refOf(jobs, job), { uid: uidOf(job), propagationPolicy: 'Background' })
  }

  return createController({
    ...context,
    name: 'job',
    async reconcile(key) {
      const job = sources.jobs.get(...splitKey(key))
      if (!job || isTerminating(job)) {
        fence.forget(key)
        return undefined
      }
      if (job.spec.completionMode === 'Indexed') {
        context.log.warn('indexed Jobs are not run by the sandbox', { job: key, reason: 'Unsupported' })
        return undefined
      }
      if (!fence.hasCaughtUp(key)) return clock.now() + CATCH_UP_MS
      const owned = sources.pods.byIndex(BY_OWNER, uidOf(job)).filter((pod) => controllerOf(pod)?.uid === uidOf(job))
      const plan = decideJob(job, owned, clock.now())
      await apply(job, plan)
      return plan.wakeAtMs
    },
    watch: (add) => [
      sources.jobs.subscribe(({ object }) => add(keyOf(object))),
      sources.pods.subscribe(({ object }) => {
        const owner = controllerOf(object)
        if (owner?.kind === jobs.kind) add(`${object.metadata.namespace}/${owner.name}`)
      }),
    ],
  })
}
