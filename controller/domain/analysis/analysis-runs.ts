/**
 * The AnalysisRun that a rollout wants for a step, in the background or around a blue-green promotion: name, labels, owner, and where its
 * arguments come from. It must not decide when a run is wanted, nor touch secrets.
 */
import type { AnalysisRun, Argument } from '../../api/analysis.ts'
import { COMPAT, INSTANCE_ID, POD_TEMPLATE_HASH, REVISION, ROLLOUT_TYPE, STEP_INDEX } from '../../api/labels.ts'
import type { Rollout, RolloutAnalysis } from '../../api/rollout.ts'
import type { TemplateLookup } from './analysis-templates.ts'
import { readField } from './fields.ts'
import { type AnalysisRunOutcome, type ResolvedArgument, renderAnalysisRun, sortKeys } from './render-run.ts'

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

export type ArgumentSource = Pick<AnalysisRunRequest, 'rollout' | 'podHash'>

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
  const { analysis } = request
  return renderAnalysisRun({
    metadata: buildMetadata(renderAnalysisRunName(request), request),
    refs: analysis.templates ?? [],
    lookup: request.templates,
    given: analysis.args ?? [],
    resolve: (argument) => resolveArgument(argument, request),
    dryRun: analysis.dryRun ?? [],
    measurementRetention: analysis.measurementRetention ?? [],
  })
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

/** The value of an argument as a rollout gives it: a text, a hash of its revisions, or a field of its own. A secret stays a reference. */
export function resolveArgument({ name, value, valueFrom }: Argument, source: ArgumentSource): ResolvedArgument {
  if (value !== undefined) return { argument: { name, value } }
  if (valueFrom?.secretKeyRef) return { argument: { name, valueFrom: { secretKeyRef: valueFrom.secretKeyRef } } }
  if (valueFrom?.podTemplateHashValue) {
    const { stable, latest } = source.podHash
    return { argument: { name, value: valueFrom.podTemplateHashValue === 'Stable' ? stable : latest } }
  }
  if (!valueFrom?.fieldRef) return { problem: `args.${name} was not resolved` }
  const field = readField(source.rollout, valueFrom.fieldRef.fieldPath)
  return 'problem' in field ? { problem: `args.${name}: ${field.problem}` } : { argument: { name, value: field.value } }
}
