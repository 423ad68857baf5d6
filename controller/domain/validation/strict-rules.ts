/**
 * Where a valid Rollout would go another way than under Argo Rollouts, because we read evidence strictly: for people who change controllers. None
 * of it makes a manifest invalid, and `compat: argo` takes all of it back.
 *
 *   a metric of an analysis that gates                    Argo                     strict
 *   without a condition, no Job and no gate               always passes            is no evidence: pauses
 *   with failureCondition only                            passes on empty, NaN     is no evidence: pauses
 *   with a guard such as len(result) == 0 || ...          as the guard says        is no evidence: pauses
 *   whose limits are not below its count                  may pass on no success   one measurement must succeed
 *   spec.rollbackWindow                                   any recent revision      only one that was promoted here skips its steps
 */
import type { Metric } from '../../api/analysis.ts'
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts'
import { judgesItself, readInt } from '../../metric-language/analysis-metric.ts'
import { findNoDataGuards } from '../../metric-language/no-data-guards.ts'
import { mergeTemplates, type TemplateLookup } from '../analysis/analysis-templates.ts'

export interface StrictEffect {
  /** Path from the Rollout's root. */
  readonly field: string
  readonly message: string
}

export function listStrictEffects(rollout: Rollout, templates: TemplateLookup): readonly StrictEffect[] {
  const analyses = analysesOf(rollout).flatMap(({ field, analysis }) => ofAnalysis(field, analysis, templates))
  const window = rollout.spec.rollbackWindow?.revisions ?? 0
  if (window <= 0) return analyses
  const message =
    'revisions that were promoted before the takeover are not known as such: going back to one takes its steps once more'
  return [...analyses, { field: 'spec.rollbackWindow', message }]
}

interface NamedAnalysis {
  readonly field: string
  readonly analysis: RolloutAnalysis
}

function analysesOf({ spec }: Rollout): readonly NamedAnalysis[] {
  const { canary, blueGreen } = spec.strategy ?? {}
  const named = (field: string, analysis: RolloutAnalysis | undefined): readonly NamedAnalysis[] =>
    analysis ? [{ field: `spec.strategy.${field}`, analysis }] : []
  return [
    ...named('canary.analysis', canary?.analysis),
    ...(canary?.steps ?? []).flatMap(({ analysis }, index) => named(`canary.steps[${index}].analysis`, analysis)),
    ...named('blueGreen.prePromotionAnalysis', blueGreen?.prePromotionAnalysis),
    ...named('blueGreen.postPromotionAnalysis', blueGreen?.postPromotionAnalysis),
  ]
}

/** Nothing about templates that are missing or contradict each other: validation tells of them. */
function ofAnalysis(field: string, analysis: RolloutAnalysis, templates: TemplateLookup): readonly StrictEffect[] {
  const outcome = mergeTemplates(analysis.templates ?? [], templates)
  if ('problem' in outcome) return []
  const dry = new Set([...(analysis.dryRun ?? []), ...outcome.merged.dryRun].map(({ metricName }) => metricName))
  return outcome.merged.metrics
    .filter((metric) => !dry.has(metric.name))
    .flatMap((metric) => listMetricEffects(metric).map((why) => ({ field, message: `metric "${metric.name}" ${why}` })))
}

/** What follows `metric "x"` in a sentence, for a metric that gates. */
export function listMetricEffects(metric: Metric): readonly string[] {
  // The end of a Job is its verdict, and a gate has rules of its own.
  if (judgesItself(metric)) return ofLimits(metric)
  const { successCondition, failureCondition } = metric
  if (!successCondition && !failureCondition)
    return ['has no condition: Argo passes whatever it answers, here it is no evidence and the update pauses']
  const onlyFailure = successCondition
    ? []
    : ['has only a failureCondition: no data passes in Argo, here the update pauses until a person decides']
  return [...onlyFailure, ...ofGuards(metric), ...ofLimits(metric)]
}

/** The guard is not reached here: what is not there is no evidence before any condition is asked. */
function ofGuards({ successCondition = '', failureCondition = '' }: Metric): readonly string[] {
  const told = (guards: readonly string[], field: string, argo: string): readonly string[] =>
    guards.map(
      (guard) => `answers for missing data (${guard} in ${field}): that ${argo} in Argo, here the update pauses`,
    )
  return [
    ...told(findNoDataGuards(successCondition), 'successCondition', 'may pass'),
    ...told(findNoDataGuards(failureCondition), 'failureCondition', 'may fail the update'),
  ]
}

/** With a number of successes in a row to reach, the count alone passes nothing in Argo either. */
function ofLimits(metric: Metric): readonly string[] {
  const count = readInt(metric.count) ?? 0
  if (count <= 0 || (readInt(metric.consecutiveSuccessLimit) ?? 0) > 0) return []
  const limits = (['failureLimit', 'inconclusiveLimit'] as const).filter(
    (name) => (readInt(metric[name]) ?? 0) >= count,
  )
  return limits.map(
    (name) =>
      `may reach its count of ${count} without one success (${name} ${metric[name]}): that passes in Argo, not here`,
  )
}
