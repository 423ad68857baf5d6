/**
 * The ReplicaSets of an experiment: made empty, scaled up, and taken away after their delay. A template whose Service still gets traffic keeps
 * its pods whatever the experiment says (S6). It must not judge templates.
 *
 *   wanted   ReplicaSet has   traffic   scale-down-deadline | then
 *   running  none             -         -                   | create it with 0 pods
 *   > 0      another size     -         -                   | scale
 *   > 0      -                -         of a former try     | remove it
 *   0        pods             yes       -                   | keep them
 *   0        pods             no        no delay wanted     | scale to 0
 *   0        pods             no        none yet            | set it
 *   0        pods             no        ahead               | wait
 *   0        pods             no        passed              | scale to 0
 */
import type { TemplateStatus } from '../../api/experiment.ts'
import {
  COMPAT,
  EXPERIMENT_NAME,
  EXPERIMENT_TEMPLATE,
  POD_TEMPLATE_HASH,
  SCALE_DOWN_DEADLINE,
} from '../../api/labels.ts'
import type { OwnerReference, PodTemplate } from '../../api/meta.ts'
import type { ReplicaSet } from '../../api/rollout.ts'
import { parseInstant } from '../../api/scalars.ts'
import { podTemplateHash } from '../../argo/pod-hash.ts'
import type { Hold } from '../plan.ts'
import { specReplicas } from '../replicas.ts'
import { type ExperimentAction, type ExperimentPart, joinParts } from './plan.ts'
import { isTemplateCompleted } from './templates.ts'
import { type ExperimentView, type Possession, stamp, type TemplateFacts } from './view.ts'
import type { ExperimentWorld } from './world.ts'

/** Pods that a template shall have now. */
export const wantedReplicas = (facts: TemplateFacts, status: TemplateStatus | undefined, ended: boolean): number =>
  ended || isTemplateCompleted(status) ? 0 : facts.replicas

/** @param statuses of the templates, as they shall be */
export function decideReplicaSets(
  view: ExperimentView,
  statuses: readonly TemplateStatus[],
  ended: boolean,
): ExperimentPart {
  const parts = view.templates.map((facts, at) => {
    if (!facts.rs) return ended || isTemplateCompleted(statuses[at]) ? {} : create(view, facts)
    const wanted = wantedReplicas(facts, statuses[at], ended)
    return wanted === 0 && facts.replicas > 0 ? takeAway(view, facts) : resize(facts.rs, wanted, facts.isRouted)
  })
  return joinParts(...parts, ...view.strays.map((stray) => takeAway(view, stray)))
}

function create({ world }: ExperimentView, facts: TemplateFacts): ExperimentPart {
  const isDying = world.replicaSets.some((rs) => rs.metadata.annotations?.[EXPERIMENT_TEMPLATE] === facts.template.name)
  const isRefused = world.refusals.some(({ of, name }) => of === 'template' && name === facts.template.name)
  if (isDying || isRefused) return {}
  const replicaSet = renderReplicaSet(world, facts)
  return { actions: [{ do: 'createReplicaSet', replicaSet, template: facts.template.name }] }
}

function resize(rs: ReplicaSet, to: number, isRouted: boolean): ExperimentPart {
  const hasDeadline = rs.metadata.annotations?.[SCALE_DOWN_DEADLINE] !== undefined
  const annotations = hasDeadline ? { [SCALE_DOWN_DEADLINE]: null } : {}
  if (specReplicas(rs) === to)
    return hasDeadline && to > 0 ? { actions: [{ do: 'annotateReplicaSet', replicaSet: rs, annotations }] } : {}
  return to === 0 && isRouted ? { holds: [trafficNotMoved(rs)] } : scale(rs, to, annotations)
}

const trafficNotMoved = ({ metadata }: ReplicaSet): Hold => ({
  reason: 'TrafficNotMoved',
  message: `the Rollout still sends traffic to ReplicaSet ${metadata.name}`,
})

function scale(rs: ReplicaSet, to: number, annotations: Readonly<Record<string, string | null>>): ExperimentPart {
  const from = specReplicas(rs)
  const action: ExperimentAction = { do: 'scale', replicaSet: rs, to, annotations }
  const message = `Scaled ${to > from ? 'up' : 'down'} ReplicaSet ${rs.metadata.name} from ${from} to ${to}`
  return { actions: [action], events: [{ type: 'Normal', reason: 'ScalingReplicaSet', message, action }] }
}

function takeAway({ world, scaleDownDelayMs }: ExperimentView, { rs, isRouted }: Possession): ExperimentPart {
  if (!rs || specReplicas(rs) === 0) return {}
  if (isRouted) return { holds: [trafficNotMoved(rs)] }
  if (scaleDownDelayMs === 0) return scale(rs, 0, {})
  const deadlineMs = parseInstant(rs.metadata.annotations?.[SCALE_DOWN_DEADLINE])
  if (deadlineMs === undefined) {
    const annotations = { [SCALE_DOWN_DEADLINE]: stamp(world.now + scaleDownDelayMs) }
    return { actions: [{ do: 'annotateReplicaSet', replicaSet: rs, annotations }] }
  }
  return world.now >= deadlineMs ? scale(rs, 0, {}) : { wakeAtMs: deadlineMs }
}

export const experimentOwner = ({ experiment }: Pick<ExperimentWorld, 'experiment'>): OwnerReference => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Experiment',
  name: experiment.metadata.name,
  uid: experiment.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
})

/** What marks an object as one template's. */
export const templateMarks = ({ experiment }: Pick<ExperimentWorld, 'experiment'>, template: string) => ({
  [EXPERIMENT_NAME]: experiment.metadata.name,
  [EXPERIMENT_TEMPLATE]: template,
})

function renderReplicaSet(world: ExperimentWorld, { template }: TemplateFacts): ReplicaSet {
  const { name, namespace } = world.experiment.metadata
  const marks = templateMarks(world, template.name)
  const podHash = hashOfTemplate(template.template, marks)
  const labels = { ...template.template.metadata?.labels, [POD_TEMPLATE_HASH]: podHash }
  const { matchLabels, matchExpressions } = template.selector
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${template.name}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: marks,
      ownerReferences: [experimentOwner(world)],
    },
    spec: {
      replicas: 0,
      ...(template.minReadySeconds === undefined ? {} : { minReadySeconds: template.minReadySeconds }),
      selector: {
        ...(matchExpressions ? { matchExpressions: matchExpressions.map(withoutUndefined) } : {}),
        matchLabels: { ...matchLabels, [POD_TEMPLATE_HASH]: podHash },
      },
      template: { ...template.template, metadata: { ...template.template.metadata, labels } },
    },
  }
}

const withoutUndefined = ({
  key,
  operator,
  values,
}: {
  key: string
  operator: string
  values?: string[] | undefined
}) => ({
  key,
  operator,
  ...(values ? { values } : {}),
})

/**
 * The hash of an experiment's pods is like no other: neither that of the Rollout's ReplicaSets, whose selector would else find them, nor that
 * of a second template with the same pods.
 */
function hashOfTemplate(template: PodTemplate, marks: Readonly<Record<string, string>>): string {
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {}
  const annotations = { ...template.metadata?.annotations, ...marks }
  return podTemplateHash({ ...template, metadata: { ...template.metadata, labels, annotations } })
}

export const inheritedCompat = ({ experiment }: Pick<ExperimentWorld, 'experiment'>): Record<string, string> => {
  const compat = experiment.metadata.annotations?.[COMPAT]
  return compat === undefined ? {} : { [COMPAT]: compat }
}
