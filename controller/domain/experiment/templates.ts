/**
 * How each template is doing: its counts, and whether it is on its way, running, or over. It must not scale anything, nor conclude from one
 * template on the whole experiment.
 *
 *   first row that holds                            | status
 *   completed already                               | as it was
 *   its ReplicaSet or Service was refused           | Error
 *   the experiment ends                             | Successful
 *   all pods available, duration over               | Successful
 *   all pods available                              | Running
 *   nothing changed for progressDeadlineSeconds     | Failed
 *   otherwise                                       | Progressing (also at the end of the duration: it must end healthy)
 */
import type { TemplateStatus } from '../../api/experiment.ts'
import { parseInstant } from '../../api/scalars.ts'
import { availableReplicas, createdReplicas } from '../replicas.ts'
import { podHashOf } from '../revisions.ts'
import { type ExperimentView, stamp, type TemplateFacts } from './view.ts'

const COMPLETED = new Set<string | undefined>(['Successful', 'Failed', 'Error'])

export const isTemplateCompleted = (status: TemplateStatus | undefined): boolean => COMPLETED.has(status?.status)

export const hasTemplateFailed = (status: TemplateStatus | undefined): boolean =>
  status?.status === 'Failed' || status?.status === 'Error'

/** @param ending everything of the experiment is to end, whatever the templates say */
export const judgeTemplates = (view: ExperimentView, ending: boolean): readonly TemplateStatus[] =>
  view.templates.map((facts) => judgeTemplate(view, facts, ending))

function judgeTemplate(view: ExperimentView, facts: TemplateFacts, ending: boolean): TemplateStatus {
  const { recorded, template } = facts
  const counts = countPods(facts)
  const verdict = isTemplateCompleted(recorded) ? keep(recorded) : assess(view, facts, ending)
  const changed =
    recorded?.status !== verdict.status ||
    Object.entries(counts).some(([count, value]) => recorded?.[count as keyof typeof counts] !== value)
  return {
    name: template.name,
    ...counts,
    ...(recorded?.collisionCount ? { collisionCount: recorded.collisionCount } : {}),
    ...verdict,
    lastTransitionTime: changed ? stamp(view.world.now) : (recorded?.lastTransitionTime ?? stamp(view.world.now)),
    ...describeService(facts),
  }
}

const countPods = ({ rs }: TemplateFacts) => ({
  replicas: createdReplicas(rs),
  updatedReplicas: createdReplicas(rs),
  readyReplicas: rs?.status?.readyReplicas ?? 0,
  availableReplicas: rs?.status?.availableReplicas ?? 0,
})

/** A Service and the pods behind it are known together: routers need both. */
const describeService = ({ rs, service }: TemplateFacts) =>
  rs && service ? { serviceName: service.metadata.name, podTemplateHash: podHashOf(rs) } : {}

interface Verdict {
  readonly status: string
  readonly message?: string
}

const keep = (recorded: TemplateStatus | undefined): Verdict => ({
  status: recorded?.status ?? '',
  ...(recorded?.message === undefined ? {} : { message: recorded.message }),
})

function assess(view: ExperimentView, facts: TemplateFacts, ending: boolean): Verdict {
  const { name } = facts.template
  const refusal = view.world.refusals.find((one) => one.of === 'template' && one.name === name)
  if (refusal) return { status: 'Error', message: refusal.message }
  if (ending) return { status: 'Successful' }
  if (isComplete(facts)) return { status: view.durationOver ? 'Successful' : 'Running' }
  const atMs = deadlineOf(view, facts)
  if (atMs !== undefined && view.world.now > atMs) {
    const message = `Template '${name}' exceeded its progressDeadlineSeconds (${view.progressDeadlineS})`
    return { status: 'Failed', message }
  }
  return { status: 'Progressing', ...describeTrouble(facts) }
}

const isComplete = ({ rs, replicas }: TemplateFacts): boolean => rs !== undefined && availableReplicas(rs) === replicas

/** Why pods are missing, when Kubernetes says it: a quota, for instance. */
function describeTrouble({ rs }: TemplateFacts): { readonly message?: string } {
  const failure = rs?.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  return failure?.message === undefined ? {} : { message: failure.message.slice(0, 500) }
}

/** Epoch milliseconds at which a template without its pods fails; undefined before it was first seen, and once it has its pods. */
export function deadlineOf(view: ExperimentView, facts: TemplateFacts): number | undefined {
  if (isTemplateCompleted(facts.recorded) || isComplete(facts)) return undefined
  const sinceMs = parseInstant(facts.recorded?.lastTransitionTime)
  return sinceMs === undefined ? undefined : sinceMs + view.progressDeadlineS * 1000
}
