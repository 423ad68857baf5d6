/**
 * Builds the AnalysisRun that a rollout wants for a step, in the background or around a blue-green promotion: name, labels, owner, merged
 * templates and arguments. Equal input gives equal bytes. It must not decide when a run is wanted, nor touch secrets.
 */
import type { AnalysisRun, Argument } from '../../api/analysis.ts'
import { COMPAT, INSTANCE_ID, POD_TEMPLATE_HASH, REVISION, ROLLOUT_TYPE, STEP_INDEX } from '../../api/labels.ts'
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts'
import { renderAnalysisProblems, validateAnalysis } from '../../metric-language/validate-analysis.ts'
import { mergeTemplates, type TemplateLookup } from './analysis-templates.ts'
import { readField } from './fields.ts'

export type AnalysisKind = 'Step' | 'Background' | 'PrePromotion' | 'PostPromotion'

export interface AnalysisRunRequest {
  readonly rollout: Rollout
  readonly podHash: { readonly stable: string; readonly latest: string }
  readonly revision: number
  readonly kind: AnalysisKind
  /** Zero-based; needed for kind Step. */
  readonly stepIndex?: number
  readonly analysis: RolloutAnalysis
  readonly templates: TemplateLookup
  /** Value of the instance-id label; absent when the controller serves objects without one. */
  readonly instanceId?: string
  /** Empty for the first run; `.1`, `.2` ... for another one of the same revision and step. */
  readonly nameSuffix: string
}

export type AnalysisRunOutcome = { readonly run: AnalysisRun } | { readonly problem: string }

const LONGEST_NAME = 253
const NAME_PARTS: Readonly<Record<AnalysisKind, (stepIndex: number) => string>> = {
  Step: (stepIndex) => `-${stepIndex}`,
  Background: () => '',
  PrePromotion: () => '-pre',
  PostPromotion: () => '-post',
}

/** `<rollout>-<hash>-<revision>[-<step>|-pre|-post][.<n>]`, as Argo names its runs. */
export function renderAnalysisRunName(
  request: Pick<AnalysisRunRequest, 'rollout' | 'podHash' | 'revision' | 'kind' | 'stepIndex' | 'nameSuffix'>,
): string {
  const part = NAME_PARTS[request.kind](request.stepIndex ?? 0)
  return `${request.rollout.metadata.name}-${request.podHash.latest}-${request.revision}${part}${request.nameSuffix}`
}

/** The run, or one sentence that says which field keeps it from being built. */
export function buildAnalysisRun(request: AnalysisRunRequest): AnalysisRunOutcome {
  const name = renderAnalysisRunName(request)
  if (name.length > LONGEST_NAME) return { problem: `the name ${name} is longer than ${LONGEST_NAME} characters` }
  const outcome = mergeTemplates(request.analysis.templates ?? [], request.templates)
  if ('problem' in outcome) return outcome
  const { merged } = outcome
  const args = resolveArguments(merged.args, request)
  if ('problem' in args) return args
  const spec = {
    metrics: [...merged.metrics],
    ...listUnlessEmpty('args', args.resolved),
    ...listUnlessEmpty('dryRun', [...merged.dryRun, ...(request.analysis.dryRun ?? [])]),
    ...listUnlessEmpty('measurementRetention', [
      ...merged.measurementRetention,
      ...(request.analysis.measurementRetention ?? []),
    ]),
  }
  const problems = validateAnalysis(spec)
  if (problems.length > 0) return { problem: renderAnalysisProblems(problems) }
  return {
    run: { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata: buildMetadata(name, request), spec },
  }
}

function buildMetadata(name: string, request: AnalysisRunRequest): AnalysisRun['metadata'] {
  const { rollout, analysis } = request
  const { name: ownerName, namespace, uid } = rollout.metadata
  const compat = rollout.metadata.annotations?.[COMPAT]
  const labels = {
    ...analysis.analysisRunMetadata?.labels,
    ...rollout.spec.selector?.matchLabels,
    [POD_TEMPLATE_HASH]: request.podHash.latest,
    [ROLLOUT_TYPE]: request.kind,
    ...(request.kind === 'Step' ? { [STEP_INDEX]: String(request.stepIndex ?? 0) } : {}),
    ...(request.instanceId ? { [INSTANCE_ID]: request.instanceId } : {}),
  }
  const annotations = {
    ...analysis.analysisRunMetadata?.annotations,
    ...(compat === undefined ? {} : { [COMPAT]: compat }),
    [REVISION]: String(request.revision),
  }
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    labels: sortKeys(labels),
    annotations: sortKeys(annotations),
    ownerReferences: [
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Rollout',
        name: ownerName,
        uid: uid ?? '',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  }
}

const sortKeys = (map: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))

const listUnlessEmpty = <Key extends string, Item>(key: Key, items: readonly Item[]): Partial<Record<Key, Item[]>> =>
  items.length === 0 ? {} : ({ [key]: [...items] } as Partial<Record<Key, Item[]>>)

type ResolvedArguments = { readonly resolved: readonly Argument[] } | { readonly problem: string }

/**
 * Templates declare arguments and may give defaults; the rollout's values win. What no template declares is ignored, as in Argo. A secret
 * stays a reference: its value must never be stored in a run.
 */
function resolveArguments(declared: readonly Argument[], request: AnalysisRunRequest): ResolvedArguments {
  const resolved: Argument[] = []
  for (const argument of declared) {
    const given = request.analysis.args?.find((candidate) => candidate.name === argument.name)
    const outcome = resolveArgument(given && isGiven(given) ? given : argument, request)
    if ('problem' in outcome) return outcome
    resolved.push(outcome.argument)
  }
  return { resolved }
}

const isGiven = (argument: Argument): boolean => argument.value !== undefined || argument.valueFrom !== undefined

type ResolvedArgument = { readonly argument: Argument } | { readonly problem: string }

function resolveArgument({ name, value, valueFrom }: Argument, request: AnalysisRunRequest): ResolvedArgument {
  if (value !== undefined) return { argument: { name, value } }
  if (valueFrom?.secretKeyRef) return { argument: { name, valueFrom: { secretKeyRef: valueFrom.secretKeyRef } } }
  if (valueFrom?.podTemplateHashValue) {
    const { stable, latest } = request.podHash
    return { argument: { name, value: valueFrom.podTemplateHashValue === 'Stable' ? stable : latest } }
  }
  if (!valueFrom?.fieldRef) return { problem: `args.${name} was not resolved` }
  const field = readField(request.rollout, valueFrom.fieldRef.fieldPath)
  return 'problem' in field ? { problem: `args.${name}: ${field.problem}` } : { argument: { name, value: field.value } }
}
