/**
 * Tells what a pass found: one merge patch of the changed status fields, then events and counters. The patch carries the resourceVersion the pass
 * was decided from; a conflict means somebody was faster and is not worth a word.
 */
import { type AnalysisRun, type AnalysisRunStatus, isCompleted } from '../../controller/api/analysis.ts'
import { applyMergePatch, isPreconditionFailed } from '../../controller/kube/apply.ts'
import { hasUnknownOutcome, KubeError } from '../../controller/kube/client.ts'
import { analysisRuns, apiVersionOf, refOf } from '../../controller/kube/kinds.ts'
import type { RunWorld } from '../domain/decide.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import type { RunDeps } from './deps.ts'

export type ReportOutcome = 'written' | 'unchanged' | 'conflict' | 'gone' | 'refused'

/** Throws KubeError when a later try may help. */
export async function report(
  key: string,
  { run, mode }: Pick<RunWorld, 'run' | 'mode'>,
  status: AnalysisRunStatus,
  deps: RunDeps,
): Promise<ReportOutcome> {
  const patch = renderStatusPatch(run.status, status)
  if (!patch) return 'unchanged'
  const ref = refOf(analysisRuns, run)
  try {
    // AnalysisRun has no status subresource in Argo's CRD.
    const written = await applyMergePatch<AnalysisRun>(
      deps.client,
      ref,
      { status: patch },
      { precondition: { resourceVersion: run.metadata.resourceVersion ?? '' } },
    )
    deps.fence.recordWrite(key, ref, written)
  } catch (error) {
    if (hasUnknownOutcome(error)) deps.fence.recordUnknown(key, ref)
    return classify(error, key, deps)
  }
  announce(run, status, mode, deps)
  return 'written'
}

/** What repeating cannot cure waits for another spec instead of being repeated for ever. */
function classify(error: unknown, key: string, deps: RunDeps): ReportOutcome {
  if (isPreconditionFailed(error)) return 'conflict'
  if (!(error instanceof KubeError)) throw error
  if (error.code === 404) return 'gone'
  if (error.code !== 400 && error.code !== 413 && error.code !== 422) throw error
  deps.log.error('the status of an AnalysisRun was refused', { reason: 'StatusRefused', analysisRun: key, error })
  return 'refused'
}

/** The fields that differ; one that is gone is set to null. Undefined when nothing differs. */
export function renderStatusPatch(
  before: AnalysisRunStatus | undefined,
  after: AnalysisRunStatus,
): Readonly<Record<string, unknown>> | undefined {
  const [old, next]: readonly Readonly<Record<string, unknown>>[] = [before ?? {}, after]
  const patch: Record<string, unknown> = {}
  for (const field of new Set([...Object.keys(old ?? {}), ...Object.keys(next ?? {})])) {
    const value = next?.[field]
    if (JSON.stringify(old?.[field]) !== JSON.stringify(value)) patch[field] = value ?? null
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}

/** Argo's events; ours say why as well, which Argo's readers would have to look up. */
function announce(run: AnalysisRun, status: AnalysisRunStatus, mode: VerdictMode, deps: RunDeps): void {
  const target = { ...run, apiVersion: apiVersionOf(analysisRuns), kind: analysisRuns.kind }
  const tell = (subject: 'Metric' | 'AnalysisRun', phase: string, said: string, why: string | undefined): void => {
    const type = phase === 'Failed' || phase === 'Error' ? 'Warning' : 'Normal'
    deps.events.record(target, type, `${subject}${phase}`, mode === 'strict' && why ? `${said}: ${why}` : said)
  }
  for (const result of status.metricResults ?? []) {
    const before = run.status?.metricResults?.find((known) => known.name === result.name)
    if (!isCompleted(result.phase) || before?.phase === result.phase) continue
    tell('Metric', result.phase, `Metric '${result.name}' Completed. Result: ${result.phase}`, result.message)
  }
  if (!isCompleted(status.phase) || run.status?.phase === status.phase) return
  tell('AnalysisRun', status.phase, `Analysis Completed. Result: ${status.phase}`, status.message)
  deps.log.info('an analysis run completed', {
    namespace: run.metadata.namespace ?? '',
    analysisRun: run.metadata.name,
    reason: `AnalysisRun${status.phase}`,
    verdict: status.message,
  })
}
