/**
 * A user's analysis templates as the simulated Prometheus can answer them: each metric asks at an address of its own, so that the answer can be the one
 * its conditions want. What cannot be answered is content, and is said to be. Everything else about the analysis stays the user's.
 */
import { substituteArguments } from '../../analysis/domain/args.ts'
import type { Conditions } from '../../analysis/domain/verdict.ts'
import type { AnalysisTemplate, Argument, Metric } from '../../controller/api/analysis.ts'
import { experimentStepSchema } from '../../controller/api/experiment.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import { mergeTemplates, type TemplateRef, templateKey } from '../../controller/domain/analysis/analysis-templates.ts'
import type { Compat } from '../../controller/domain/world.ts'
import { chooseProvider } from '../../controller/metric-language/analysis-metric.ts'
import { PROMETHEUS_URL } from '../models/outbound.ts'
import { findAnswers, type MetricAnswers } from './metric-answers.ts'

export interface MeasuredTemplates {
  readonly templates: readonly AnalysisTemplate[]
  /** By the path of the metric's address. */
  readonly answers: ReadonlyMap<string, MetricAnswers>
  readonly assumptions: readonly string[]
}

/** What the conditions are judged with where the controller puts in a hash or reads a Secret. */
const STAND_IN = 'simulated'
/** A metric that cannot be answered for asks whether 1 is 1. */
const CONTENT: MetricAnswers = { content: [1], discontent: undefined }

interface Metered {
  readonly metric: Metric
  readonly path: string
  /** Such as `errors of AnalysisTemplate gates`. */
  readonly label: string
  readonly provider: string
}

export function measureTemplates(
  rollout: Rollout,
  templates: readonly AnalysisTemplate[],
  compat: Compat,
): MeasuredTemplates {
  const metered = templates.flatMap(meterMetrics)
  const usages = listUsages(rollout, redirect(templates, metered, isPrometheus), compat)
  const find = (one: Metered): MetricAnswers | undefined => {
    const conditions = usages.get(one.path) ?? []
    return isPrometheus(one) && conditions.length > 0 ? findAnswers(conditions, compat) : undefined
  }
  const found = new Map(metered.map((one) => [one.path, find(one)]))
  const named = metered.filter(({ path }) => usages.has(path))
  return {
    templates: redirect(templates, metered, ({ path }) => found.get(path) !== undefined),
    answers: new Map([...found].map(([path, answers]) => [path, answers ?? CONTENT])),
    assumptions: describe(named, found),
  }
}

const isPrometheus = ({ provider }: Metered): boolean => provider === 'prometheus'

function describe(
  metered: readonly Metered[],
  found: ReadonlyMap<string, MetricAnswers | undefined>,
): readonly string[] {
  const answers = metered.map((one) => ({ ...one, found: found.get(one.path) }))
  const list = (ones: readonly Metered[], why: string): readonly string[] =>
    ones.length > 0 ? [`always content: ${ones.map(({ label }) => label).join(', ')}: ${why}`] : []
  const others = [...new Set(metered.filter((one) => !isPrometheus(one)).map(({ provider }) => provider))]
  const own = answers.filter(isPrometheus)
  return [
    ...others.flatMap((id) =>
      list(
        answers.filter(({ provider }) => provider === id),
        whyContent(id),
      ),
    ),
    ...list(
      own.filter((one) => one.found === undefined),
      'no value was found that satisfies their conditions',
    ),
    ...list(
      own.filter((one) => one.found && one.found.discontent === undefined),
      'no value was found that they refuse',
    ),
    ...own.flatMap(({ label, found: one }) =>
      one?.discontent === undefined
        ? []
        : [
            `${label} is ${JSON.stringify(one.content)} while all is well, ${JSON.stringify(one.discontent)} when it is not`,
          ],
    ),
  ]
}

const whyContent = (provider: string): string =>
  provider === 'penstock/gate'
    ? 'there are no series for a gate to judge (penstock backtest judges them over your own past)'
    : `nobody answers for provider ${provider}`

function meterMetrics({ kind, metadata, spec }: AnalysisTemplate): readonly Metered[] {
  return (spec.metrics ?? []).map((metric, index) => {
    const choice = chooseProvider(metric)
    const provider = 'id' in choice ? choice.id : 'none'
    const path = `/${kind === 'ClusterAnalysisTemplate' ? 'cluster' : 'namespace'}/${metadata.name}/${index}`
    return { metric, path, label: `${metric.name} of ${kind} ${metadata.name}`, provider }
  })
}

/** Every metric at its own address, with the user's conditions where they can be answered. */
function redirect(
  templates: readonly AnalysisTemplate[],
  metered: readonly Metered[],
  isAnswered: (one: Metered) => boolean,
): readonly AnalysisTemplate[] {
  const redirected = new Map(metered.map((one) => [one.metric, (isAnswered(one) ? askAt : contentMetric)(one)]))
  return templates.map((template) => {
    const metrics = template.spec.metrics?.map((metric) => redirected.get(metric) ?? metric)
    return { ...template, spec: { ...template.spec, ...(metrics ? { metrics } : {}) } }
  })
}

/** The user's query, at another address: credentials, headers and ranges of time mean nothing there. */
function askAt({ metric, path }: Metered): Metric {
  const { query, timeout } = metric.provider.prometheus ?? {}
  const prometheus = { address: `${PROMETHEUS_URL}${path}`, ...(query === undefined ? {} : { query }) }
  return { ...metric, provider: { prometheus: { ...prometheus, ...(timeout === undefined ? {} : { timeout }) } } }
}

/** A statistical gate is content when its stage is over. */
function contentMetric({ metric: { failureCondition: _condition, ...metric }, path }: Metered): Metric {
  const choice = chooseProvider(metric)
  const { duration } = (('config' in choice ? choice.config : null) ?? {}) as { readonly duration?: unknown }
  const isStage = 'id' in choice && choice.id === 'penstock/gate' && typeof duration === 'string'
  return {
    ...metric,
    ...(isStage && metric.initialDelay === undefined ? { initialDelay: duration } : {}),
    successCondition: 'result[0] == 1',
    provider: { prometheus: { address: `${PROMETHEUS_URL}${path}`, query: 'vector(1)' } },
  }
}

interface NamedTemplates {
  readonly refs: readonly TemplateRef[]
  readonly args: readonly Argument[]
}

/** Wherever the Rollout names templates. */
function listNamed({ spec }: Rollout): readonly NamedTemplates[] {
  const { canary, blueGreen } = spec.strategy ?? {}
  const steps = canary?.steps ?? []
  const analyses = [
    canary?.analysis,
    ...steps.map(({ analysis }) => analysis),
    blueGreen?.prePromotionAnalysis,
    blueGreen?.postPromotionAnalysis,
  ].flatMap((analysis) => (analysis ? [{ refs: analysis.templates ?? [], args: analysis.args ?? [] }] : []))
  const experiments = steps.flatMap(({ experiment }) => experimentStepSchema.safeParse(experiment).data?.analyses ?? [])
  return [
    ...analyses,
    ...experiments.map(({ templateName, clusterScope, args }) => ({
      refs: [{ templateName, ...(clusterScope === undefined ? {} : { clusterScope }) }],
      args: args ?? [],
    })),
  ]
}

/** The conditions of each metric that is asked, by the path of its address, as each place that names it has them. */
function listUsages(
  rollout: Rollout,
  templates: readonly AnalysisTemplate[],
  compat: Compat,
): ReadonlyMap<string, readonly Conditions[]> {
  const lookup = Object.fromEntries(templates.map((template) => [keyOf(template), template]))
  const usages = new Map<string, Conditions[]>()
  for (const { refs, args } of listNamed(rollout)) {
    const outcome = mergeTemplates(refs, lookup)
    if ('problem' in outcome) continue
    const values = valuesOf(outcome.merged.args, args)
    for (const metric of outcome.merged.metrics) {
      const path = pathOf(metric)
      const substituted = substituteArguments(metric, values, compat)
      const { successCondition, failureCondition } = 'metric' in substituted ? substituted.metric : metric
      usages.set(path, [...(usages.get(path) ?? []), { successCondition, failureCondition }])
    }
  }
  return usages
}

const pathOf = ({ provider }: Metric): string => new URL(provider.prometheus?.address ?? PROMETHEUS_URL).pathname

function valuesOf(declared: readonly Argument[], given: readonly Argument[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const { name, value, valueFrom } of [...declared, ...given]) {
    const text = value ?? (valueFrom ? STAND_IN : undefined)
    if (text !== undefined) values.set(name, text)
  }
  return values
}

const keyOf = ({ kind, metadata: { name } }: AnalysisTemplate): string =>
  templateKey({ templateName: name, ...(kind === 'ClusterAnalysisTemplate' ? { clusterScope: true } : {}) })
