/**
 * Builds an AnalysisRun from templates, whoever owns it: merges what is named, resolves the arguments as the owner says, validates the whole.
 * Equal input gives equal bytes. It must not know Rollouts or Experiments, nor touch secrets.
 */
import type { AnalysisRun, AnalysisRunSpec, Argument } from '../../api/analysis.ts'
import { renderAnalysisProblems, validateAnalysis } from '../../metric-language/validate-analysis.ts'
import { findRepeatedRule, mergeTemplates, type TemplateLookup, type TemplateRef } from './analysis-templates.ts'

export type ResolvedArgument = { readonly argument: Argument } | { readonly problem: string }

export interface RunRequest {
  /** Name, namespace, labels, annotations and owner, as they shall be. */
  readonly metadata: AnalysisRun['metadata']
  readonly refs: readonly TemplateRef[]
  readonly lookup: TemplateLookup
  /** What the owner gives; it wins over the templates' defaults. */
  readonly given: readonly Argument[]
  readonly resolve: (argument: Argument) => ResolvedArgument
  readonly dryRun: NonNullable<AnalysisRunSpec['dryRun']>
  readonly measurementRetention: NonNullable<AnalysisRunSpec['measurementRetention']>
}

export type AnalysisRunOutcome = { readonly run: AnalysisRun } | { readonly problem: string }

const LONGEST_NAME = 253

/** The run, or one sentence that says which field keeps it from being built. */
export function renderAnalysisRun(request: RunRequest): AnalysisRunOutcome {
  const { name } = request.metadata
  if (name.length > LONGEST_NAME) return { problem: `the name ${name} is longer than ${LONGEST_NAME} characters` }
  const outcome = mergeTemplates(request.refs, request.lookup)
  if ('problem' in outcome) return outcome
  const { merged } = outcome
  const args = resolveArguments(merged.args, request)
  if ('problem' in args) return args
  // The owner's rules come first: of several that match the last one counts, and the template's own is nearer to its metrics.
  const dryRun = [...request.dryRun, ...merged.dryRun]
  const retention = [...request.measurementRetention, ...merged.measurementRetention]
  const repeated = findRepeatedRule(dryRun, 'Dry-Run') ?? findRepeatedRule(retention, 'Measurement Retention')
  if (repeated !== undefined) return { problem: repeated }
  const spec = {
    metrics: [...merged.metrics],
    ...listUnlessEmpty('args', args.resolved),
    ...listUnlessEmpty('dryRun', dryRun),
    ...listUnlessEmpty('measurementRetention', retention),
  }
  const problems = validateAnalysis(spec)
  if (problems.length > 0) return { problem: renderAnalysisProblems(problems) }
  return { run: { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata: request.metadata, spec } }
}

/** Labels and annotations in an order of their own, so that equal content is equal text. */
export const sortKeys = (map: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))

const listUnlessEmpty = <Key extends string, Item>(key: Key, items: readonly Item[]): Partial<Record<Key, Item[]>> =>
  items.length === 0 ? {} : ({ [key]: [...items] } as Partial<Record<Key, Item[]>>)

type ResolvedArguments = { readonly resolved: readonly Argument[] } | { readonly problem: string }

/**
 * Templates declare arguments and may give defaults; the owner's values win. What no template declares is ignored, as in Argo. A secret stays a
 * reference: its value must never be stored in a run.
 */
function resolveArguments(declared: readonly Argument[], { given, resolve }: RunRequest): ResolvedArguments {
  const resolved: Argument[] = []
  for (const argument of declared) {
    const own = given.find((candidate) => candidate.name === argument.name)
    const outcome = resolve(own && isGiven(own) ? own : argument)
    if ('problem' in outcome) return outcome
    resolved.push(outcome.argument)
  }
  return { resolved }
}

const isGiven = (argument: Argument): boolean => argument.value !== undefined || argument.valueFrom !== undefined
