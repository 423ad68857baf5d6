/**
 * What became of a release and why, read from the objects that everybody can read: the Rollout, its AnalysisRuns and the stored alert.
 * Pure. It reads what was recorded and must not guess.
 */
import { readAbortRequests } from '../../controller/api/abort-request.ts'
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import { type GateVerdict, readGateVerdict } from '../../controller/api/verdict.ts'
import { gateMetrics } from './plot.ts'

export type Outcome =
  | { readonly outcome: 'promoted' }
  | { readonly outcome: 'aborted'; readonly cause: string; readonly message: string }
  /** A person is asked. */
  | { readonly outcome: 'paused'; readonly cause: string }

const gates: readonly string[] = gateMetrics

/** The gates that ended runs of this revision so. */
export function listGates(
  runs: readonly AnalysisRun[],
  podHash: string,
  phase: 'Failed' | 'Inconclusive',
): readonly string[] {
  const own = runs.filter((run) => run.metadata.labels?.[POD_TEMPLATE_HASH] === podHash && run.status?.phase === phase)
  // A run whose metrics cannot be read is Inconclusive.
  const ended = own
    .flatMap((run) => run.status?.metricResults ?? [])
    .filter((result) => result.phase === phase || (phase === 'Inconclusive' && result.phase === 'Error'))
  return [...new Set(ended.map((result) => result.name))].filter((name) => gates.includes(name))
}

export interface ToldVerdict {
  /** Name of the gate's metric. */
  readonly metric: string
  readonly verdict: GateVerdict
}

/** The last word of each gate on each stage of this revision, oldest first. */
export function listVerdicts(runs: readonly AnalysisRun[], podHash: string): readonly ToldVerdict[] {
  const own = runs.filter(({ metadata }) => metadata.labels?.[POD_TEMPLATE_HASH] === podHash)
  return own
    .toSorted((one, other) =>
      (one.metadata.creationTimestamp ?? '').localeCompare(other.metadata.creationTimestamp ?? ''),
    )
    .flatMap(({ status }) => status?.metricResults ?? [])
    .flatMap(({ name, measurements }) => {
      const verdict = readGateVerdict(measurements?.at(-1))
      return verdict ? [{ metric: name, verdict }] : []
    })
}

/** Undefined while the release of `podHash` is under way. */
export function readOutcome(rollout: Rollout, runs: readonly AnalysisRun[], podHash: string): Outcome | undefined {
  const { status } = rollout
  if (status?.currentPodHash !== podHash) return undefined
  if (status.abort === true)
    return { outcome: 'aborted', cause: readCause(rollout, runs, podHash), message: status.message ?? '' }
  const undecided = status.pauseConditions?.some(({ reason }) => reason === 'InconclusiveAnalysisRun') ?? false
  if (undecided) return { outcome: 'paused', cause: listGates(runs, podHash, 'Inconclusive').join(', ') }
  return status.stableRS === podHash && status.phase === 'Healthy' ? { outcome: 'promoted' } : undefined
}

function readCause(rollout: Rollout, runs: readonly AnalysisRun[], podHash: string): string {
  const requests = readAbortRequests(rollout.metadata.annotations)
  if (requests.some((request) => request.podHash === podHash && request.action === 'abort')) return 'alert'
  const failed = listGates(runs, podHash, 'Failed')
  return failed.length > 0 ? failed.join(', ') : 'by hand'
}
