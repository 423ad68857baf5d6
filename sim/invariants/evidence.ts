/** What verdicts rest on and for whom they count: S11 to S14. They hold for Penstock's own reading; `compat: argo` asks for another one. */
import type { AnalysisRun, MetricResult } from '../../controller/api/analysis.ts'
import type { RolloutStatus } from '../../controller/api/rollout.ts'
import type { World } from '../cluster/world.ts'
import { type Context, type Invariant, isWriteOf } from './invariant.ts'
import { isCompat, podHashOf, rolloutOf, statusOf, stepsOf } from './reading.ts'

/** Creation is told in whole seconds. */
const SECOND_MS = 1_000

/** Runs of one kind that were made in this try of this revision. */
function runsOf(
  world: World,
  { history, epochMs = 0 }: Context,
  kind: string,
  stepIndex?: number,
): readonly AnalysisRun[] {
  const { currentPodHash } = statusOf(world)
  return [...world.analysisRuns.values()].filter(({ metadata }) => {
    const bornMs = Date.parse(metadata.creationTimestamp ?? '') - epochMs
    const isOfStep = stepIndex === undefined || metadata.labels?.['step-index'] === String(stepIndex)
    return (
      metadata.labels?.['rollout-type'] === kind &&
      isOfStep &&
      podHashOf({ metadata }) === currentPodHash &&
      bornMs >= history.attemptMs - SECOND_MS
    )
  })
}

const isIn = (runs: readonly AnalysisRun[], ...phases: readonly string[]): boolean =>
  runs.some(({ status }) => phases.includes(status?.phase ?? ''))

const abortWords = ({ conditions }: RolloutStatus): string =>
  (conditions ?? []).find(({ reason }) => reason === 'RolloutAborted')?.message ?? ''

const KINDS = ['Step', 'Background', 'PrePromotion', 'PostPromotion']

function checkAbort(before: World, after: World, context: Context): string | undefined {
  const [was, is] = [statusOf(before), statusOf(after)]
  const isNew = is.abort === true && (was.abort !== true || was.abortedAt !== is.abortedAt)
  if (!isNew || !/ analysis phase error\/failed/.test(abortWords(is)) || abortWords(is).includes('Experiment'))
    return undefined
  const isFound = KINDS.some((kind) => isIn(runsOf(before, context, kind), 'Failed', 'Error'))
  return isFound ? undefined : `aborted for an analysis, but no run of this try has failed: ${abortWords(is)}`
}

/** A step that asks for evidence was passed by us; people may skip it. */
function checkStep(before: World, after: World, context: Context): string | undefined {
  const [was, is] = [statusOf(before), statusOf(after)]
  const index = was.currentStepIndex ?? 0
  const isPassed = (is.currentStepIndex ?? 0) === index + 1 && is.promoteFull !== true && was.promoteFull !== true
  if (!isPassed || was.abort || is.abort || !stepsOf(before)[index]?.analysis) return undefined
  return isIn(runsOf(before, context, 'Step', index), 'Successful')
    ? undefined
    : `step ${index} asks for an analysis and was passed without a Successful run of its own`
}

/** A promotion after the cutover that asks for evidence; a way back and a full promotion ask for none. */
function checkPromotion(before: World, after: World, context: Context): string | undefined {
  const [was, is] = [statusOf(before), statusOf(after)]
  const { blueGreen } = rolloutOf(before)?.spec.strategy ?? {}
  const isPromoted = was.stableRS !== undefined && was.stableRS !== is.stableRS && is.stableRS === was.currentPodHash
  if (!isPromoted || !blueGreen?.postPromotionAnalysis || was.promoteFull || isWayBack(before)) return undefined
  return isIn(runsOf(before, context, 'PostPromotion'), 'Successful')
    ? undefined
    : 'promoted without a Successful run after the cutover'
}

/** What the spec asks for is older than stable: it has been there before. */
function isWayBack(world: World): boolean {
  const { currentPodHash, stableRS } = statusOf(world)
  const born = (hash: string | undefined): string =>
    [...world.replicaSets.values()].find((rs) => podHashOf(rs) === hash)?.metadata.creationTimestamp ?? ''
  return born(currentPodHash) < born(stableRS)
}

export const S11: Invariant = {
  id: 'S11',
  words:
    'A verdict counts only for the revision, step and try that it was asked for: no other run passes a step, promotes or aborts.',
  check(before, after, context) {
    if (!isWriteOf(context, 'rollouts') || isCompat(after)) return undefined
    if (statusOf(before).currentPodHash !== statusOf(after).currentPodHash) return undefined
    return (
      checkAbort(before, after, context) ?? checkStep(before, after, context) ?? checkPromotion(before, after, context)
    )
  },
}

/** The run that this write completes, if it does. */
function findCompleted(before: World, after: World, context: Context): AnalysisRun | undefined {
  const { cause } = context
  if (!isWriteOf(context, 'analysisruns') || cause.kind !== 'write' || isCompat(after)) return undefined
  const [was, is] = [before.analysisRuns.get(cause.name), after.analysisRuns.get(cause.name)]
  return was?.status?.phase === is?.status?.phase ? undefined : is
}

const resultsOf = ({ status }: AnalysisRun): readonly MetricResult[] =>
  (status?.metricResults ?? []).filter(({ dryRun }) => dryRun !== true)

/** Numbers and lists of numbers; `NaN` and nothing at all are no data. */
const isData = (value: string | undefined): boolean =>
  value !== undefined && /\d/.test(value) && !/NaN|Inf/i.test(value)

const hasMeasured = ({ measurements }: MetricResult, phase: string): boolean =>
  (measurements ?? []).some((one) => one.phase === phase && isData(one.value))

export const S12: Invariant = {
  id: 'S12',
  words: 'An analysis is Successful only when each of its metrics has measured something, and something that passed.',
  check(before, after, context) {
    const run = findCompleted(before, after, context)
    if (run?.status?.phase !== 'Successful') return undefined
    const results = resultsOf(run)
    const empty = results.find((result) => !hasMeasured(result, 'Successful'))
    if (results.length === 0) return `${run.metadata.name} is Successful and has measured nothing`
    return empty && `${run.metadata.name} is Successful, but "${empty.name}" has measured nothing that passed`
  },
}

export const S13: Invariant = {
  id: 'S13',
  words: 'A metrics provider that is down or has no data promotes nothing and aborts nothing.',
  check(before, after, context) {
    const run = findCompleted(before, after, context)
    const phase = run?.status?.phase
    if (!run || (phase !== 'Failed' && phase !== 'Error')) return undefined
    const hasFailed = resultsOf(run).some((result) => hasMeasured(result, 'Failed'))
    return hasFailed ? undefined : `${run.metadata.name} is ${phase}, and no measurement of it has failed`
  },
}

export const S14: Invariant = {
  id: 'S14',
  words: 'Another revision begins anew: no step, pause, abort or promotion of the one before counts for it.',
  check(before, after, context) {
    const [was, is] = [statusOf(before), statusOf(after)]
    if (!isWriteOf(context, 'rollouts') || was.currentPodHash === undefined) return undefined
    if (was.currentPodHash === is.currentPodHash || is.stableRS === undefined) return undefined
    if (is.abort || is.promoteFull)
      return `revision ${is.currentPodHash} begins ${is.abort ? 'aborted' : 'promoted in full'}`
    if ((is.pauseConditions ?? []).length > 0) return `revision ${is.currentPodHash} begins with a pause of another one`
    const count = stepsOf(after).length
    const isSkipping = is.currentPodHash === is.stableRS || rolloutOf(after)?.spec.rollbackWindow !== undefined
    const index = is.currentStepIndex ?? 0
    return index === 0 || (index === count && isSkipping)
      ? undefined
      : `revision ${is.currentPodHash} begins at step ${index}`
  },
}
