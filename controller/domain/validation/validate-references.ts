/**
 * Whether the objects that a Rollout names exist and fit: Services, routers, templates. Words are Argo's where Argo has words. It must not
 * repeat rules about the manifest itself.
 */
import { MANAGED_BY } from '../../api/labels.ts'
import type { RolloutAnalysis } from '../../api/rollout.ts'
import { validateAnalysis } from '../../metric-language/validate-analysis.ts'
import { mergeTemplates, templateKey } from '../analysis/analysis-templates.ts'
import type { World } from '../world.ts'
import type { Problem } from './problem.ts'

export function validateReferences(world: World): readonly Problem[] {
  const canary = world.rollout.spec.strategy?.canary
  const services = [
    { name: canary?.stableService, field: 'spec.strategy.canary.stableService' },
    { name: canary?.canaryService, field: 'spec.strategy.canary.canaryService' },
  ]
  const analyses = [
    { analysis: canary?.analysis, field: 'spec.strategy.canary.analysis' },
    ...(canary?.steps ?? []).map((step, at) => ({
      analysis: step.analysis,
      field: `spec.strategy.canary.steps[${at}].analysis`,
    })),
  ]
  return [
    ...services.flatMap(({ name, field }) => (name === undefined ? [] : validateService(world, name, field))),
    ...analyses.flatMap(({ analysis, field }) => (analysis ? validateTemplates(world, analysis, field) : [])),
  ]
}

function validateService(world: World, name: string, field: string): Problem[] {
  const service = world.services[name]?.service
  if (!service) return [{ field, message: `service "${name}" not found`, fix: 'create the Service' }]
  const owner = service.metadata.annotations?.[MANAGED_BY]
  if (owner !== undefined && owner !== world.rollout.metadata.name)
    return [{ field, message: `Service "${name}" is managed by another Rollout` }]
  const labels = world.rollout.spec.template?.metadata?.labels ?? {}
  const foreign = Object.entries(service.spec.selector ?? {}).find(
    ([key, value]) => key !== 'rollouts-pod-template-hash' && labels[key] !== value,
  )
  return foreign ? [{ field, message: `Service "${name}" has unmatch label "${foreign[0]}" in rollout` }] : []
}

function validateTemplates(world: World, analysis: RolloutAnalysis, field: string): Problem[] {
  const refs = analysis.templates ?? []
  const missing = refs.flatMap((ref, at) => {
    if (world.templates[templateKey(ref)]) return []
    const kind = ref.clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate'
    return [
      {
        field: `${field}.templates[${at}].templateName`,
        message: `${kind} '${ref.templateName}' not found`,
        fix: `create the ${kind}`,
      },
    ]
  })
  return missing.length > 0 || refs.length === 0 ? missing : validateMerged(world, analysis, field)
}

/** What the templates say together, before an update needs them: a run that cannot be built would hold it half-way. */
function validateMerged(world: World, analysis: RolloutAnalysis, field: string): Problem[] {
  const outcome = mergeTemplates(analysis.templates ?? [], world.templates)
  const at = `${field}.templates`
  if ('problem' in outcome)
    return [{ field: at, message: outcome.problem, fix: 'correct the template, or name another one' }]
  const { metrics, dryRun, measurementRetention } = outcome.merged
  const spec = { metrics: [...metrics], dryRun: [...dryRun, ...(analysis.dryRun ?? [])], measurementRetention }
  return validateAnalysis(spec).map((problem) => ({
    field: `${at}: spec.${problem.field}`,
    message: problem.message,
  }))
}
