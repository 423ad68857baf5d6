/**
 * Whether an Experiment's spec can be obeyed: shape and rules from the manifest alone (`penstock lint` asks the same), then the templates of its
 * analyses. Words are Argo's where Argo has words. Two templates may have the same selector: each one's pods carry a hash of their own.
 */
import {
  type Experiment,
  type ExperimentAnalysis,
  type ExperimentSpec,
  type ExperimentTemplate,
  experimentSpecSchema,
} from '../../api/experiment.ts'
import { parseGoDuration } from '../../api/scalars.ts'
import { validateAnalysis } from '../../metric-language/validate-analysis.ts'
import { mergeTemplates, type TemplateLookup } from '../analysis/analysis-templates.ts'
import { validatePodTemplate } from './pod-template.ts'
import { type Problem, when, whenNegative } from './problem.ts'
import { listShapeProblems } from './shape.ts'

const MOST_TEMPLATES = 50
const DEFAULT_DEADLINE_S = 600
const LONGEST_NAME = 253
/** A Service is a DNS label. */
const LONGEST_SERVICE_NAME = 63
const PATTERN_OF_NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/

/** Empty when the spec can be obeyed. */
export function validateExperiment({ metadata, spec }: Experiment): readonly Problem[] {
  const shape = experimentSpecSchema.safeParse(spec)
  if (!shape.success) return listShapeProblems(shape.error, 'spec')
  return [
    ...validateTimes(spec),
    ...when(spec.templates.length === 0, 'spec.templates', 'names no template', 'add a template'),
    ...when(spec.templates.length > MOST_TEMPLATES, 'spec.templates', `has more than ${MOST_TEMPLATES} templates`),
    ...spec.templates.flatMap((template, at) => validateTemplate(metadata.name, spec, template, at)),
    ...(spec.analyses ?? []).flatMap((analysis, at) => validateName(metadata.name, spec.analyses ?? [], analysis, at)),
  ]
}

function validateTimes(spec: ExperimentSpec): readonly Problem[] {
  const { duration } = spec
  const durationMs = duration ? parseGoDuration(duration) : 0
  return [
    ...when(
      durationMs === undefined || durationMs < 0,
      'spec.duration',
      'is not a duration',
      'a duration such as "30s" or "1h30m"',
    ),
    ...whenNegative(spec.progressDeadlineSeconds, 'spec.progressDeadlineSeconds'),
    ...whenNegative(spec.scaleDownDelaySeconds, 'spec.scaleDownDelaySeconds'),
  ]
}

function validateTemplate(
  experiment: string,
  spec: ExperimentSpec,
  template: ExperimentTemplate,
  at: number,
): readonly Problem[] {
  const field = `spec.templates[${at}]`
  const tooPatient = (template.minReadySeconds ?? 0) > (spec.progressDeadlineSeconds ?? DEFAULT_DEADLINE_S)
  return [
    ...validateTemplateName(experiment, spec, template, at),
    ...validateSelector(template, at),
    ...whenNegative(template.replicas, `${field}.replicas`),
    ...whenNegative(template.minReadySeconds, `${field}.minReadySeconds`),
    ...when(
      tooPatient,
      `${field}.minReadySeconds`,
      `MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index ${at}`,
    ),
    ...validatePodTemplate(template.template, `${field}.template`),
    ...validateServiceName(experiment, spec, template, at),
  ]
}

function validateTemplateName(
  experiment: string,
  { templates }: ExperimentSpec,
  { name }: ExperimentTemplate,
  at: number,
): readonly Problem[] {
  const field = `spec.templates[${at}].name`
  if (name === '')
    return [
      { field, message: `Experiment ${experiment} has empty template name at index ${at}`, fix: 'give it a name' },
    ]
  const isRepeated = templates.findIndex((other) => other.name === name) < at
  return [
    ...when(
      isRepeated,
      field,
      `Experiment ${experiment} has repeated template name '${name}' in templates`,
      'give each template its own name',
    ),
    ...validateObjectName(`${experiment}-${name}`, name, field),
  ]
}

/** Names of templates and analyses become parts of names of objects. */
const validateObjectName = (whole: string, name: string, field: string): readonly Problem[] => [
  ...when(!PATTERN_OF_NAME.test(name), field, `'${name}' cannot be part of an object's name`, 'a-z, 0-9, "-" and "."'),
  ...when(whole.length > LONGEST_NAME, field, `the name ${whole} is longer than ${LONGEST_NAME} characters`),
]

function validateSelector({ selector, template }: ExperimentTemplate, at: number): readonly Problem[] {
  const field = `spec.templates[${at}]`
  const wanted = Object.entries(selector.matchLabels ?? {})
  if (wanted.length + (selector.matchExpressions ?? []).length === 0) {
    const message = `This experiment is selecting all pods at index ${at}. A non-empty selector is required.`
    return [{ field: `${field}.selector`, message, fix: 'add matchLabels' }]
  }
  const labels = template.metadata?.labels ?? {}
  return when(
    wanted.some(([key, value]) => labels[key] !== value && key !== 'rollouts-pod-template-hash'),
    `${field}.template.metadata.labels`,
    '`selector` does not match template `labels`',
    `repeat the labels of ${field}.selector.matchLabels`,
  )
}

const serviceNameOf = (experiment: string, template: ExperimentTemplate): string | undefined =>
  template.service ? template.service.name || `${experiment}-${template.name}` : undefined

function validateServiceName(
  experiment: string,
  { templates }: ExperimentSpec,
  template: ExperimentTemplate,
  at: number,
): readonly Problem[] {
  const name = serviceNameOf(experiment, template)
  if (name === undefined) return []
  const field = `spec.templates[${at}].service.name`
  const isTaken = templates.slice(0, at).some((other) => serviceNameOf(experiment, other) === name)
  return [
    ...when(isTaken, field, `another template has a Service named '${name}' already`),
    ...when(
      name.length > LONGEST_SERVICE_NAME || !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name),
      field,
      `'${name}' cannot be the name of a Service`,
      `at most ${LONGEST_SERVICE_NAME} of a-z, 0-9 and "-", beginning with a letter`,
    ),
  ]
}

function validateName(
  experiment: string,
  analyses: readonly ExperimentAnalysis[],
  { name, templateName }: ExperimentAnalysis,
  at: number,
): readonly Problem[] {
  const field = `spec.analyses[${at}]`
  return [
    ...when(templateName === '', `${field}.templateName`, 'is empty', 'name an AnalysisTemplate'),
    ...when(
      analyses.findIndex((other) => other.name === name) < at,
      `${field}.name`,
      `another analysis is named '${name}' already`,
    ),
    ...validateObjectName(`${experiment}-${name}`, name, `${field}.name`),
  ]
}

interface NamedAnalyses {
  readonly analyses?: readonly Pick<ExperimentAnalysis, 'templateName' | 'clusterScope'>[] | undefined
  readonly dryRun?: ExperimentSpec['dryRun']
}

/** The analysis templates that an experiment, or a step that makes one, names: there, and fit to be measured together. */
export function validateExperimentReferences(
  { analyses = [], dryRun: ownDryRun = [] }: NamedAnalyses,
  lookup: TemplateLookup,
  root = 'spec',
): readonly Problem[] {
  return analyses.flatMap(({ templateName, clusterScope }, at) => {
    const field = `${root}.analyses[${at}].templateName`
    const outcome = mergeTemplates([{ templateName, clusterScope: clusterScope ?? false }], lookup)
    if ('problem' in outcome)
      return [{ field, message: outcome.problem, fix: 'create or correct the template, or name another one' }]
    const { metrics, dryRun, measurementRetention } = outcome.merged
    const rules = { metrics: [...metrics], dryRun: [...dryRun, ...ownDryRun], measurementRetention }
    return validateAnalysis(rules).map((problem) => ({
      field: `${field}: spec.${problem.field}`,
      message: problem.message,
    }))
  })
}
