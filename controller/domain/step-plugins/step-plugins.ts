/**
 * Step plugins as a decision: answers are read first (their verdict may complete or abort the step), then, once it is settled whether the update
 * goes on, calls are recorded. A call is written to status here and made elsewhere; nothing of it waits inside a pass.
 *
 *   step in force is a plugin, update goes on   entry of this attempt         then
 *   former steps are still being ended          any                           wait: they are ended first
 *   plugin is switched off                      none or open                  entry says disabled; the step is complete
 *   paused                                      any                           begin nothing, ask nothing
 *   not paused                                  none                          begin: record the first call
 *                                               call under way                wait
 *                                               Running, Error                record the next call when the back-off is over
 *                                               halted                        pause until somebody resumes
 *                                               Successful, disabled          the step is complete
 *                                               Failed                        abort
 */
import type { StepEntry } from '../../api/step-plugin-status.ts'
import { STEP_RESULTS } from '../../api/step-result.ts'
import { canonicalJson } from '../../argo/pod-hash.ts'
import type { CanaryView } from '../canary/view.ts'
import type { AbortCause } from '../lifecycle.ts'
import type { Halt } from '../pauses.ts'
import type { Action, Hold, Part } from '../plan.ts'
import { expire, expiresAtMs, foldResults, resume } from './answers.ts'
import { callEnding, nextEnding, planEndings } from './endings.ts'
import { currentRun, dueAtMs, isRun, isUnfinished, recordCall, replace, stepId } from './entries.ts'
import { type StepSituation, situationOf } from './situation.ts'
import { transitionEvents } from './transitions.ts'

export interface PluginInquiry {
  readonly situation: StepSituation
  /** With every answer and every lapse of time accounted for, before anything new is recorded. */
  readonly entries: readonly StepEntry[]
  /** The run of the step in force. */
  readonly run: StepEntry | undefined
}

export const inquirePlugins = (view: CanaryView): PluginInquiry => readAnswers(situationOf(view))

export function readAnswers(situation: StepSituation): PluginInquiry {
  const { now, mode, paused, halted } = situation
  const folded = foldResults(situation)
  const awaited = paused ? undefined : currentRun(situation, folded)
  const timely = folded.map((entry) => (entry === awaited || !isRun(entry) ? expire(entry, now) : entry))
  const recorded = currentRun(situation, situation.entries)
  const run = currentRun(situation, timely)
  const resumed = run && mode === 'updating' && !halted ? resume(run, recorded, now) : run
  return { situation, entries: run && resumed ? replace(timely, run, resumed) : timely, run: resumed }
}

export const isPluginStepDone = ({ run }: PluginInquiry): boolean =>
  run !== undefined && (run.phase === 'Successful' || run.disabled === true)

export function haltByPlugin({ run }: PluginInquiry): readonly Halt[] {
  if (run?.status.halt === undefined) return []
  const why = run.status.halt === 'Errors' ? 'does not answer' : 'is inconclusive'
  const said = run.message === undefined ? '' : ` (${run.message})`
  const subject = `step ${run.index + 1}, ${run.name}, ${why}${said}`
  return [{ reason: 'InconclusiveAnalysisRun', name: `${run.status.id}/${run.executions ?? 0}`, subject }]
}

/** A run that failed takes the update back, in Argo's words; an Error never does. */
export function abortByPlugin({ run }: PluginInquiry): AbortCause | undefined {
  if (run?.phase !== 'Failed') return undefined
  const message = `Step Plugin ${run.index + 1} (${run.name}) failed: ${run.message ?? ''}`
  return { reason: 'StepPluginFailed', message }
}

/** `view` is that of this pass: aborted when it is aborted now. `paused`: people or the spec hold the update after this pass's decisions. */
export function decidePlugins(view: CanaryView, inquiry: PluginInquiry, paused: boolean): Part {
  const { mode, stepIndex, promoteFull } = view
  return recordCalls({ ...inquiry.situation, mode, stepIndex, promoteFull, paused }, inquiry.entries)
}

export function recordCalls(situation: StepSituation, answered: readonly StepEntry[]): Part {
  const planned = planEndings(situation, answered)
  const called = callEnding(planned, situation.now)
  const kept = called.some(isUnfinished) ? called : forgetFormerSteps(situation, called)
  const entries = kept.some(isUnfinished) ? kept : continueRun(situation, kept)
  const changed = canonicalJson(entries) !== canonicalJson(situation.entries)
  const wakeAtMs = nextWake(situation, entries)
  return {
    actions: dropResults(situation, entries),
    // In two steps: what ends in this pass may be forgotten in it.
    events: [...transitionEvents(situation.entries, called), ...transitionEvents(called, entries)],
    holds: holds(entries),
    ...(changed ? { memory: { canary: { stepPluginStatuses: entries.length > 0 ? [...entries] : null } } } : {}),
    ...(wakeAtMs === undefined ? {} : { wakeAtMs }),
  }
}

/** A new attempt or revision starts from nothing; what ended with the update stays to be read. */
function forgetFormerSteps(situation: StepSituation, entries: readonly StepEntry[]): readonly StepEntry[] {
  if (situation.mode === 'superseded') return situation.returning ? entries : []
  if (situation.mode !== 'updating') return entries
  const attempt = stepId(situation, 0).replace(/0$/, '')
  return entries.filter(({ status }) => status.id.startsWith(attempt))
}

function continueRun(situation: StepSituation, entries: readonly StepEntry[]): readonly StepEntry[] {
  const { mode, promoteFull, now, paused, disabled } = situation
  const plugin = situation.steps[situation.stepIndex]?.plugin
  if (mode !== 'updating' || promoteFull || !plugin) return entries
  const run = currentRun(situation, entries)
  const isOff = disabled.includes(plugin.name)
  if (!run) return paused && !isOff ? entries : [...entries, begin(situation, plugin, isOff)]
  if (run.disabled || run.finishedAt !== undefined || run.status.halt !== undefined) return entries
  if (isOff) return replace(entries, run, begin(situation, plugin, true))
  if (paused || run.status.call !== undefined || now < dueAtMs(run)) return entries
  return replace(entries, run, recordCall(run, now))
}

function begin(
  situation: StepSituation,
  { name, config }: { readonly name: string; readonly config?: Readonly<Record<string, unknown>> | undefined },
  disabled: boolean,
): StepEntry {
  const index = situation.stepIndex
  const status = {
    id: stepId(situation, index),
    podHash: situation.podHash,
    task: { plugin: name, verb: 'run' as const, config: { ...config } },
  }
  const entry = { index, name, operation: 'Run' as const, status }
  return disabled ? { ...entry, disabled } : recordCall({ ...entry, phase: 'Running' }, situation.now)
}

/** Answers stay until status has them, and while more of them come anyway: dropping them is a write. */
function dropResults({ results, entries: recorded }: StepSituation, entries: readonly StepEntry[]): readonly Action[] {
  const awaited = new Set(recorded.flatMap(({ status }) => status.call ?? []))
  const moreToCome = entries.some(
    (entry) => isUnfinished(entry) || entry.status.call !== undefined || isAskedAgain(entry),
  )
  if (results.length === 0 || moreToCome || results.some(({ call }) => awaited.has(call))) return []
  return [{ do: 'annotateRollout', annotations: { [STEP_RESULTS]: null } }]
}

const isAskedAgain = (entry: StepEntry): boolean =>
  isRun(entry) && entry.backoff !== undefined && entry.finishedAt === undefined

function nextWake(situation: StepSituation, entries: readonly StepEntry[]): number | undefined {
  const waiting = [nextEnding(entries), situation.paused ? undefined : currentRun(situation, entries)]
  const moments = waiting.flatMap((entry) => {
    if (!entry || entry.finishedAt !== undefined || entry.disabled || entry.status.halt !== undefined) return []
    return [expiresAtMs(entry) ?? [], entry.status.call === undefined ? dueAtMs(entry) : []].flat()
  })
  return moments.length > 0 ? Math.min(...moments) : undefined
}

function holds(entries: readonly StepEntry[]): readonly Hold[] {
  const next = nextEnding(entries)
  if (!next) return []
  const verb = next.operation === 'Terminate' ? 'terminating' : 'undoing'
  const left = entries.filter(isUnfinished).length
  return [{ reason: 'StepPluginEnding', message: `${verb} step ${next.index + 1} (${next.name}), ${left} to go` }]
}

/** For the hold of a step that waits. */
export function describePluginStep({ run, situation, entries }: PluginInquiry): string {
  const step = `step ${situation.stepIndex + 1}`
  if (entries.some(isUnfinished)) return `${step} waits until former steps are ended`
  if (!run) return `${step} begins`
  return run.message === undefined ? `${step} waits for ${run.name}` : `${step} (${run.name}): ${run.message}`
}
