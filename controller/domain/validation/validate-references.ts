/**
 * Whether the objects that a Rollout names exist and fit: Services and analysis templates, of either strategy. Words are Argo's where Argo has
 * words. It must not repeat rules about the manifest itself; routers speak for their own objects, and a workload is resolved before this.
 */
import { experimentStepSchema } from '../../api/experiment.ts'
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../../api/labels.ts'
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts'
import { readInt } from '../../metric-language/analysis-metric.ts'
import { validateAnalysis } from '../../metric-language/validate-analysis.ts'
import { type MergedTemplates, mergeTemplates, templateKey } from '../analysis/analysis-templates.ts'
import type { World } from '../world.ts'
import { type Problem, when } from './problem.ts'
import { validateExperimentReferences } from './validate-experiment.ts'

export function validateReferences(world: World): readonly Problem[] {
  return [
    ...listServices(world.rollout).flatMap(({ name, field }) => (name ? validateService(world, name, field) : [])),
    ...listAnalyses(world.rollout).flatMap((named) => validateTemplates(world, named)),
    ...validateExperimentSteps(world),
  ]
}

function listServices({ spec }: Rollout): readonly { readonly name: string | undefined; readonly field: string }[] {
  const { canary, blueGreen } = spec.strategy ?? {}
  const at = 'spec.strategy'
  return [
    { name: canary?.stableService, field: `${at}.canary.stableService` },
    { name: canary?.canaryService, field: `${at}.canary.canaryService` },
    { name: canary?.pingPong?.pingService, field: `${at}.canary.pingPong.pingService` },
    { name: canary?.pingPong?.pongService, field: `${at}.canary.pingPong.pongService` },
    { name: blueGreen?.activeService, field: `${at}.blueGreen.activeService` },
    { name: blueGreen?.previewService, field: `${at}.blueGreen.previewService` },
  ]
}

interface NamedAnalysis {
  readonly analysis: RolloutAnalysis
  readonly field: string
  /** A background analysis may go on until the update ends; the others are waited for. */
  readonly isBackground: boolean
}

function listAnalyses({ spec }: Rollout): readonly NamedAnalysis[] {
  const { canary, blueGreen } = spec.strategy ?? {}
  const at = 'spec.strategy'
  const background = [{ analysis: canary?.analysis, field: `${at}.canary.analysis`, isBackground: true }]
  const awaited = [
    ...(canary?.steps ?? []).map(({ analysis }, index) => ({
      analysis,
      field: `${at}.canary.steps[${index}].analysis`,
      isBackground: false,
    })),
    ...(['prePromotionAnalysis', 'postPromotionAnalysis'] as const).map((name) => ({
      analysis: blueGreen?.[name],
      field: `${at}.blueGreen.${name}`,
      isBackground: false,
    })),
  ]
  return [...background, ...awaited].flatMap(({ analysis, ...rest }) => (analysis ? [{ analysis, ...rest }] : []))
}

function validateExperimentSteps({ rollout, templates }: World): readonly Problem[] {
  return (rollout.spec.strategy?.canary?.steps ?? []).flatMap(({ experiment }, index) => {
    if (experiment === undefined) return []
    const step = experimentStepSchema.safeParse(experiment)
    const field = `spec.strategy.canary.steps[${index}].experiment`
    return step.success ? validateExperimentReferences(step.data, templates, field) : []
  })
}

function validateService(world: World, name: string, field: string): readonly Problem[] {
  const service = world.services[name]?.service
  if (!service) return [{ field, message: `service "${name}" not found`, fix: 'create the Service' }]
  const owner = service.metadata.annotations?.[MANAGED_BY]
  if (owner !== undefined && owner !== world.rollout.metadata.name)
    return [{ field, message: `Service "${name}" is managed by another Rollout` }]
  const labels = world.rollout.spec.template?.metadata?.labels ?? {}
  const foreign = Object.entries(service.spec.selector ?? {}).find(
    ([key, value]) => key !== POD_TEMPLATE_HASH && labels[key] !== value,
  )
  return foreign ? [{ field, message: `Service "${name}" has unmatch label "${foreign[0]}" in rollout` }] : []
}

function validateTemplates(world: World, named: NamedAnalysis): readonly Problem[] {
  const refs = named.analysis.templates ?? []
  const missing = refs.flatMap((ref, at) => {
    if (world.templates[templateKey(ref)]) return []
    const kind = ref.clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate'
    return [
      {
        field: `${named.field}.templates[${at}].templateName`,
        message: `${kind} '${ref.templateName}' not found`,
        fix: `create the ${kind}`,
      },
    ]
  })
  return missing.length > 0 || refs.length === 0 ? missing : readMerged(world.templates, named)
}

type Templates = World['templates']

interface Judged {
  readonly templates: Templates
  readonly field: string
  readonly problems: readonly Problem[]
}

/** The last judgement of each analysis of a manifest that cannot change: it holds while the templates are the same objects. */
const judged = new WeakMap<RolloutAnalysis, Judged>()

function readMerged(templates: Templates, named: NamedAnalysis): readonly Problem[] {
  const { analysis, field } = named
  const known = judged.get(analysis)
  if (known?.field === field && haveSame(known.templates, templates)) return known.problems
  const problems = validateMerged(templates, named)
  if (Object.isFrozen(analysis) && Object.values(templates).every(Object.isFrozen))
    judged.set(analysis, { templates, field, problems })
  return problems
}

function haveSame(known: Templates, now: Templates): boolean {
  const names = Object.keys(now)
  return names.length === Object.keys(known).length && names.every((name) => known[name] === now[name])
}

/** What the templates say together, before an update needs them: a run that cannot be built would hold it half-way. */
function validateMerged(templates: Templates, named: NamedAnalysis): readonly Problem[] {
  const { analysis, field } = named
  const outcome = mergeTemplates(analysis.templates ?? [], templates)
  const at = `${field}.templates`
  if ('problem' in outcome)
    return [{ field: at, message: outcome.problem, fix: 'correct the template, or name another one' }]
  const { metrics, dryRun, measurementRetention } = outcome.merged
  const spec = { metrics: [...metrics], dryRun: [...dryRun, ...(analysis.dryRun ?? [])], measurementRetention }
  const wrong = validateAnalysis(spec).map((problem) => ({
    field: `${at}: spec.${problem.field}`,
    message: problem.message,
  }))
  return [
    ...wrong,
    ...(named.isBackground ? findMissingArgs(outcome.merged, named) : findEndless(outcome.merged, named)),
  ]
}

/** A metric with an interval and no count: nothing that waits for it would ever go on. A count that an argument gives is told by the run. */
function findEndless({ metrics }: MergedTemplates, { analysis, field }: NamedAnalysis): readonly Problem[] {
  const names = (analysis.templates ?? []).map(({ templateName }) => templateName).join(', ')
  return metrics.flatMap(({ name, interval, count }) =>
    when(
      Boolean(interval) && (count === undefined || readInt(count) === 0),
      `${field}.templates`,
      `AnalysisTemplate ${names} has metric ${name} which runs indefinitely. Invalid value for count: ${count ?? '<nil>'}`,
      'give the metric a count',
    ),
  )
}

function findMissingArgs({ args }: MergedTemplates, { analysis, field }: NamedAnalysis): readonly Problem[] {
  const given = new Set((analysis.args ?? []).map(({ name }) => name))
  return args.flatMap(({ name, value, valueFrom }) =>
    when(
      value === undefined && valueFrom === undefined && !given.has(name),
      `${field}.templates`,
      'missing analysis arguments in rollout spec',
      `give "${name}" a value in ${field}.args`,
    ),
  )
}
