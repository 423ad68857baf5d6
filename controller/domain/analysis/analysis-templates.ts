/**
 * Flattens references to (cluster) analysis templates into one spec: nested templates in the order they are named, each once, with rules for
 * what may not meet. Pure given a lookup. A template that names itself, however indirectly, is a problem and not an endless walk.
 */

import type { z } from 'zod'
import type { templateRefSchema } from '../../api/analysis.ts'
import {
  type AnalysisTemplate,
  type AnalysisTemplateSpec,
  type Argument,
  analysisTemplateSpecSchema,
  type Metric,
} from '../../api/analysis.ts'

export type TemplateRef = z.infer<typeof templateRefSchema>
/** Templates of the rollout's namespace by `<name>`, and of the cluster by `cluster/<name>`; nested ones included. */
export type TemplateLookup = Readonly<Record<string, AnalysisTemplate>>

export interface MergedTemplates {
  readonly metrics: readonly Metric[]
  readonly args: readonly Argument[]
  readonly dryRun: NonNullable<AnalysisTemplateSpec['dryRun']>
  readonly measurementRetention: NonNullable<AnalysisTemplateSpec['measurementRetention']>
}
export type MergeOutcome = { readonly merged: MergedTemplates } | { readonly problem: string }

const MOST_TEMPLATES = 100

class MergeProblem extends Error {}

const kindOf = (ref: TemplateRef): string => (ref.clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate')
const describe = (ref: TemplateRef): string => `${kindOf(ref)} '${ref.templateName}'`

/** Where a {@link TemplateLookup} holds what `ref` names. */
export const templateKey = (ref: TemplateRef): string =>
  ref.clusterScope ? `cluster/${ref.templateName}` : ref.templateName

/** One spec from all that `refs` name, directly or not. */
export function mergeTemplates(refs: readonly TemplateRef[], lookup: TemplateLookup): MergeOutcome {
  try {
    const specs = collectSpecs(refs, lookup)
    return {
      merged: {
        metrics: mergeMetrics(specs),
        args: specs.flatMap((spec) => spec.args ?? []).reduce(mergeArgument, []),
        dryRun: mergeRules(specs, (spec) => spec.dryRun, 'Dry-Run'),
        measurementRetention: mergeRules(specs, (spec) => spec.measurementRetention, 'Measurement Retention'),
      },
    }
  } catch (error) {
    if (error instanceof MergeProblem) return { problem: error.message }
    throw error
  }
}

function collectSpecs(refs: readonly TemplateRef[], lookup: TemplateLookup): readonly AnalysisTemplateSpec[] {
  const collected = new Map<string, AnalysisTemplateSpec>()
  const visit = (ref: TemplateRef, path: readonly string[]): void => {
    const id = describe(ref)
    if (path.includes(id)) throw new MergeProblem(`${id} refers to itself: ${[...path, id].join(' → ')}`)
    if (collected.has(id)) return
    if (collected.size >= MOST_TEMPLATES)
      throw new MergeProblem(`more than ${MOST_TEMPLATES} templates are referred to`)
    const spec = readSpec(ref, lookup)
    collected.set(id, spec)
    for (const nested of spec.templates ?? []) visit(nested, [...path, id])
  }
  for (const ref of refs) visit(ref, [])
  return [...collected.values()]
}

function readSpec(ref: TemplateRef, lookup: TemplateLookup): AnalysisTemplateSpec {
  const key = templateKey(ref)
  const template = Object.hasOwn(lookup, key) ? lookup[key] : undefined
  if (!template) throw new MergeProblem(`${describe(ref)} not found`)
  const parsed = analysisTemplateSpecSchema.safeParse(template.spec)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new MergeProblem(`${describe(ref)} is invalid: spec.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

function mergeMetrics(specs: readonly AnalysisTemplateSpec[]): readonly Metric[] {
  const metrics = specs.flatMap((spec) => spec.metrics ?? [])
  const names = new Set<string>()
  for (const metric of metrics) {
    if (names.has(metric.name)) throw new MergeProblem(`two metrics have the same name '${metric.name}'`)
    names.add(metric.name)
  }
  return metrics
}

/**
 * The same argument may be declared by several templates as long as at most one text is given; a text wins over a reference, as in Argo. Two
 * references are a problem, where Argo takes the last.
 */
function mergeArgument(merged: readonly Argument[], added: Argument): readonly Argument[] {
  const known = merged.find((argument) => argument.name === added.name)
  if (!known) return [...merged, added]
  if (!isGiven(added) || (known.value !== undefined && added.value === undefined)) return merged
  if (!isGiven(known) || (known.value === undefined && added.value !== undefined))
    return merged.map((argument) => (argument === known ? added : argument))
  if (known.value === added.value && JSON.stringify(known.valueFrom) === JSON.stringify(added.valueFrom)) return merged
  const shown = [known, added].map(({ value, valueFrom }) => `'${value ?? JSON.stringify(valueFrom)}'`).join(', ')
  throw new MergeProblem(`Argument \`${added.name}\` specified multiple times with different values: ${shown}`)
}

const isGiven = (argument: Argument): boolean => argument.value !== undefined || argument.valueFrom !== undefined

function mergeRules<Rule extends MetricRule>(
  specs: readonly AnalysisTemplateSpec[],
  read: (spec: AnalysisTemplateSpec) => readonly Rule[] | undefined,
  named: RuleName,
): Rule[] {
  const rules = specs.flatMap((spec) => read(spec) ?? [])
  const problem = findRepeatedRule(rules, named)
  if (problem) throw new MergeProblem(problem)
  return rules
}

interface MetricRule {
  readonly metricName: string
}
type RuleName = 'Dry-Run' | 'Measurement Retention'

/** Two rules with the same text, as a sentence of Argo's. */
export function findRepeatedRule(rules: readonly MetricRule[], named: RuleName): string | undefined {
  const names = rules.map(({ metricName }) => metricName)
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  return repeated === undefined ? undefined : `two ${named} metric rules have the same name '${repeated}'`
}
