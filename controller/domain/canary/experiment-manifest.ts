/**
 * The Experiment that a canary step asks for: its templates from the live ReplicaSets, its analyses with the Rollout's values. Equal input gives
 * equal bytes. It must not decide when one is wanted.
 */
import type { Experiment, ExperimentAnalysis, ExperimentStep, ExperimentTemplate } from '../../api/experiment.ts'
import { COMPAT, INSTANCE_ID, POD_TEMPLATE_HASH, REVISION, STEP_INDEX } from '../../api/labels.ts'
import type { PodTemplate } from '../../api/meta.ts'
import type { ReplicaSet } from '../../api/rollout.ts'
import { ATTEMPT } from '../analysis/analyses.ts'
import { resolveArgument } from '../analysis/analysis-runs.ts'
import { sortKeys } from '../analysis/render-run.ts'
import { listContainerPorts } from '../experiment/services.ts'
import { rolloutOwner } from '../render-replica-set.ts'
import type { CanaryView } from './view.ts'

/** As Argo names the first one of a step. */
export const renderExperimentName = ({ world, podHash, revision, stepIndex }: CanaryView): string =>
  `${world.rollout.metadata.name}-${podHash}-${revision}-${stepIndex}`

export type ExperimentOutcome = { readonly experiment: Experiment } | { readonly problem: string }

export function buildExperiment(view: CanaryView, step: ExperimentStep, name: string): ExperimentOutcome {
  const { rollout } = view.world
  const templates: ExperimentTemplate[] = []
  for (const template of step.templates) {
    const source = template.specRef === 'stable' ? view.stableRs : view.newRs
    if (!source) return { problem: `the ${template.specRef} ReplicaSet does not exist yet` }
    if (view.world.compat === 'strict' && getsTrafficInVain(template, source))
      return { problem: `template '${template.name}' has a weight, but no container of its pods names a port for it` }
    templates.push(renderTemplate(template, source))
  }
  const analyses = resolveAnalyses(view, step.analyses ?? [])
  if ('problem' in analyses) return analyses
  const { progressDeadlineSeconds } = rollout.spec
  return {
    experiment: {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Experiment',
      metadata: renderMetadata(view, name),
      spec: {
        templates,
        ...(step.duration === undefined ? {} : { duration: step.duration }),
        ...(progressDeadlineSeconds ? { progressDeadlineSeconds } : {}),
        ...(step.scaleDownDelaySeconds === undefined ? {} : { scaleDownDelaySeconds: step.scaleDownDelaySeconds }),
        ...(analyses.resolved.length === 0 ? {} : { analyses: [...analyses.resolved] }),
        ...(step.dryRun ? { dryRun: step.dryRun } : {}),
        ...(step.analysisRunMetadata ? { analysisRunMetadata: step.analysisRunMetadata } : {}),
      },
    },
  }
}

function renderMetadata(view: CanaryView, name: string): Experiment['metadata'] {
  const { rollout, instanceId } = view.world
  const { namespace, labels, annotations } = rollout.metadata
  const compat = annotations?.[COMPAT]
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: sortKeys({
      ...labels,
      [POD_TEMPLATE_HASH]: view.podHash,
      [STEP_INDEX]: String(view.stepIndex),
      ...(instanceId === undefined ? {} : { [INSTANCE_ID]: instanceId }),
    }),
    annotations: sortKeys({
      [REVISION]: String(view.revision),
      [ATTEMPT]: view.lifecycle.attempt,
      ...(compat === undefined ? {} : { [COMPAT]: compat }),
    }),
    ownerReferences: [rolloutOwner(rollout)],
  }
}

/**
 * Pods as those of the revision, with labels and annotations of the step on top. The revision's hash is left out: the experiment gives its pods
 * one of their own, so that no ReplicaSet or Service of the Rollout selects them.
 */
function renderTemplate(template: ExperimentStep['templates'][number], source: ReplicaSet): ExperimentTemplate {
  const { name, replicas, metadata, weight, service } = template
  const { minReadySeconds } = source.spec
  const selector = withoutHash(template.selector ?? source.spec.selector)
  const needsService = (weight !== undefined && weight !== null) || (service !== undefined && service !== null)
  return {
    name,
    ...(replicas === undefined || replicas === null ? {} : { replicas }),
    ...(minReadySeconds ? { minReadySeconds } : {}),
    selector: { ...selector, matchLabels: { ...selector.matchLabels, ...metadata?.labels } },
    template: renderPods(source.spec.template, metadata),
    ...(needsService ? { service: service?.name ? { name: service.name } : {} } : {}),
  }
}

/** Its Service would have no ports, so it would pass without having had the traffic that was to prove it; Argo goes on like that. */
const getsTrafficInVain = ({ weight }: ExperimentStep['templates'][number], { spec }: ReplicaSet): boolean =>
  (weight ?? 0) > 0 && listContainerPorts(spec.template.spec).length === 0

function renderPods(
  { metadata, spec }: PodTemplate,
  added: ExperimentStep['templates'][number]['metadata'],
): ExperimentTemplate['template'] {
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = metadata?.labels ?? {}
  const annotations = { ...metadata?.annotations, ...added?.annotations }
  return {
    metadata: {
      labels: { ...labels, ...added?.labels },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    ...(spec ? { spec } : {}),
  }
}

type Selector = ReplicaSet['spec']['selector'] | NonNullable<ExperimentStep['templates'][number]['selector']>

function withoutHash(selector: Selector): ExperimentTemplate['selector'] {
  const { [POD_TEMPLATE_HASH]: _hash, ...matchLabels } = selector.matchLabels ?? {}
  const expressions = selector.matchExpressions?.map(({ key, operator, values }) => ({
    key,
    operator,
    ...(values ? { values: [...values] } : {}),
  }))
  return { matchLabels, ...(expressions ? { matchExpressions: expressions } : {}) }
}

type ResolvedAnalyses = { readonly resolved: readonly ExperimentAnalysis[] } | { readonly problem: string }

/** The Rollout's own values are known now; placeholders of the experiment stay for the experiment. */
function resolveAnalyses(view: CanaryView, analyses: readonly ExperimentAnalysis[]): ResolvedAnalyses {
  const source = {
    rollout: view.world.rollout,
    podHash: { latest: view.podHash, stable: view.status.stableRS ?? '' },
  }
  const resolved: ExperimentAnalysis[] = []
  for (const { args = [], ...analysis } of analyses) {
    const outcomes = args.map((argument) => resolveArgument(argument, source))
    const problem = outcomes.find((outcome) => 'problem' in outcome)
    if (problem && 'problem' in problem) return { problem: `analysis '${analysis.name}': ${problem.problem}` }
    const given = outcomes.flatMap((outcome) => ('argument' in outcome ? [outcome.argument] : []))
    resolved.push({ ...analysis, ...(given.length === 0 ? {} : { args: given }) })
  }
  return { resolved }
}
