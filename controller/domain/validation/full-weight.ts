/**
 * Analyses that compare the two versions where stable has no traffic: nothing could be decided there, and the release would wait for a person. It knows
 * templates only by what it is given, and those of the chart by name; of any other it says nothing. It must not look into queries: a metric compares when
 * it uses an argument that stands for stable.
 *
 *   analysis                              a metric that uses stable's hash       a gate on events that does
 *   of a step at full weight              is told                                is not: it has stable's hours before
 *   in the background from there on       is told                                is not
 *   after a blue-green promotion          is told                                is not
 *   anywhere else, or in a dry run        is not                                 is not
 */
import type { AnalysisTemplate, Metric } from '../../api/analysis.ts'
import { analysisTemplateSpecSchema } from '../../api/analysis.ts'
import type { KubeObject } from '../../api/meta.ts'
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts'
import { chooseProvider } from '../../metric-language/analysis-metric.ts'
import { mergeTemplates, type TemplateLookup, type TemplateRef, templateKey } from '../analysis/analysis-templates.ts'
import { weightAt } from '../canary/steps.ts'
import type { Problem } from './problem.ts'

/** Metrics of the chart's gates that compare errors, latencies or events at the same time, for manifests that come without them. */
export const CHART_COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  'cluster/triple-gate': ['error-rate', 'p99-latency'],
  'cluster/error-rate-spike': ['error-rate-spike'],
  'cluster/p99-latency': ['p99-latency'],
  'cluster/business-events': ['business-events'],
}

/** The spec must be valid. */
export const warnOfFullWeight = (rollout: Rollout, templates: TemplateLookup): readonly Problem[] =>
  listPlaces(rollout).flatMap((place) => warnOfPlace(place, templates))

/** Templates among other objects, as the Rollout names them. */
export function collectTemplates({ metadata }: Rollout, others: readonly KubeObject[]): TemplateLookup {
  const lookup: Record<string, AnalysisTemplate> = {}
  for (const other of others) {
    const clusterScope = other.kind === 'ClusterAnalysisTemplate'
    const isReachable = clusterScope || (metadata.namespace ?? '') === (other.metadata.namespace ?? '')
    if (!isReachable || (!clusterScope && other.kind !== 'AnalysisTemplate')) continue
    const { data: spec } = analysisTemplateSpecSchema.safeParse((other as { readonly spec?: unknown }).spec)
    const { name } = other.metadata
    if (spec) lookup[templateKey({ templateName: name, clusterScope })] = { ...other, metadata: { name }, spec }
  }
  return lookup
}

interface Place {
  readonly field: string
  readonly analysis: RolloutAnalysis
  readonly fix: string
}

const EVENTS = 'a gate on events is held against the hours before, and may stay'
const OF_CANARY = `judge them at less, for example setWeight: 95, or in a background analysis; ${EVENTS}`
const OF_BLUE_GREEN = `judge them by a promise of their own, such as an SLO; ${EVENTS}`

function listPlaces({ spec }: Rollout): readonly Place[] {
  const { canary, blueGreen } = spec.strategy ?? {}
  const { analysis: background } = canary ?? {}
  const steps = canary?.steps ?? []
  const most = canary?.trafficRouting?.maxTrafficWeight ?? 100
  const isFull = (index: number): boolean => weightAt(steps, index, most) >= most
  const startingStep = background?.startingStep ?? 0
  const startsLate = startingStep > 0 && steps.slice(startingStep).every((_, index) => isFull(startingStep + index))
  const after = blueGreen?.postPromotionAnalysis
  const field = 'spec.strategy'
  return [
    ...steps.flatMap(({ analysis }, index) =>
      analysis && isFull(index)
        ? [{ field: `${field}.canary.steps[${index}].analysis`, analysis, fix: OF_CANARY }]
        : [],
    ),
    ...(background && startsLate ? [{ field: `${field}.canary.analysis`, analysis: background, fix: OF_CANARY }] : []),
    ...(after ? [{ field: `${field}.blueGreen.postPromotionAnalysis`, analysis: after, fix: OF_BLUE_GREEN }] : []),
  ]
}

function warnOfPlace({ field, analysis, fix }: Place, templates: TemplateLookup): readonly Problem[] {
  const dry = new Set((analysis.dryRun ?? []).map(({ metricName }) => metricName))
  return (analysis.templates ?? []).flatMap((ref, index) => {
    const names = listComparisons(ref, analysis, templates).filter((name) => !dry.has(name))
    if (names.length === 0) return []
    const [noun, verb] = names.length === 1 ? ['metric', 'compares'] : ['metrics', 'compare']
    const message = `${noun} ${names.join(', ')} ${verb} with stable, which has no traffic by then: nothing is decided, and the update waits for a person`
    return [{ field: `${field}.templates[${index}].templateName`, message, fix }]
  })
}

function listComparisons(ref: TemplateRef, analysis: RolloutAnalysis, templates: TemplateLookup): readonly string[] {
  const outcome = mergeTemplates([ref], templates)
  if ('problem' in outcome) return templates[templateKey(ref)] ? [] : (CHART_COMPARISONS[templateKey(ref)] ?? [])
  const stable = (analysis.args ?? []).flatMap(({ name, valueFrom }) =>
    valueFrom?.podTemplateHashValue === 'Stable' ? [name] : [],
  )
  const dry = new Set(outcome.merged.dryRun.map(({ metricName }) => metricName))
  return outcome.merged.metrics
    .filter((metric) => !dry.has(metric.name) && uses(metric, stable) && !isGateOnEvents(metric))
    .map(({ name }) => name)
}

function uses({ provider }: Metric, names: readonly string[]): boolean {
  const used = [...JSON.stringify(provider).matchAll(/\{\{\s*args\.([\w.-]+)\s*\}\}/g)].map(([, name]) => name)
  return used.some((name) => name !== undefined && names.includes(name))
}

function isGateOnEvents(metric: Metric): boolean {
  const choice = chooseProvider(metric)
  if (!('id' in choice) || choice.id !== 'penstock/gate') return false
  return (choice.config as { readonly gate?: unknown } | null)?.gate === 'events'
}
