/**
 * What an answer makes of the entry that waits for it, and what the lack of one does. An answer counts once: with it the call leaves the entry.
 *
 *   operation   answer         entry becomes                                          called again
 *   Run         Successful     Successful, finished                                   -
 *   Run         Failed         Failed, finished: the update is taken back             -
 *   Run         Running        Running                                                after the wish, at least 10 s, 30 s without one
 *   Run         Error          Error; strict: the fifth in a row halts for people     after 30 s, the same request
 *   Run         Inconclusive   Running, halted: who resumes decides that it passed    -
 *   ending      Successful     Successful, finished                                   -
 *   ending      Running        Running                                                as a run
 *   ending      any other      Failed or Error; the fifth finishes it                 after 30 s; a Failed one as a new request
 *   any         none in time   Failed, finished                                       -
 */
import { formatInstant, parseInstant } from '../../api/scalars.ts'
import { SHORTEST_POLL_SECONDS, stepTimeoutMs } from '../../api/step-plugin-config.ts'
import type { StepEntry } from '../../api/step-plugin-status.ts'
import type { StepResult } from '../../api/step-result.ts'
import { forgetCall, isRun, isUnfinished } from './entries.ts'
import type { StepSituation } from './situation.ts'

const DEFAULT_BACKOFF_SECONDS = 30
const ERROR_BACKOFF = '30s'
/** Errors in a row after which a run halts for people, and unsuccessful answers after which an ending is given up. */
export const MOST_FAILURES = 5
/** An ending that names no time of its own. */
const ENDING_TIMEOUT_MS = 3_600_000

/** Every entry with the answer that it waits for; answers that nobody waits for change nothing. */
export const foldResults = ({ entries, results, compat }: StepSituation): readonly StepEntry[] =>
  entries.map((entry) => {
    const result = results.find(({ call }) => call === entry.status.call)
    if (entry.status.call === undefined || !result) return entry
    const answered = answer(entry, result)
    return isRun(entry) ? foldRun(answered, result, compat) : foldEnding(answered, result)
  })

/** What every answer changes. */
function answer(entry: StepEntry, { message, at, state }: StepResult): StepEntry {
  const { message: _message, ...rest } = forgetCall(entry)
  return {
    ...rest,
    ...(message === undefined || message === '' ? {} : { message }),
    updatedAt: at,
    executions: (entry.executions ?? 0) + 1,
    status: { ...rest.status, ...(state === undefined ? {} : { state }) },
  }
}

function foldRun(entry: StepEntry, result: StepResult, compat: StepSituation['compat']): StepEntry {
  const { errors = 0 } = entry.status
  switch (result.phase) {
    case 'Successful':
    case 'Failed':
      return { ...finish(entry, result.phase, result.at), status: { ...entry.status, ended: true } }
    case 'Running':
      return nextTurn(entry, result)
    case 'Inconclusive':
      return { ...entry, phase: 'Running', status: { ...entry.status, ended: true, halt: 'Inconclusive' } }
    case 'Error': {
      const halts = compat === 'strict' && errors + 1 >= MOST_FAILURES
      const status = { ...entry.status, errors: errors + 1, ...(halts ? { halt: 'Errors' as const } : {}) }
      return { ...entry, phase: 'Error', backoff: ERROR_BACKOFF, status }
    }
  }
}

function foldEnding(entry: StepEntry, result: StepResult): StepEntry {
  if (result.phase === 'Successful') return finish(entry, 'Successful', result.at)
  if (result.phase === 'Running') return nextTurn(entry, result)
  const phase = result.phase === 'Error' ? 'Error' : 'Failed'
  const { try: tries = 1, errors = 0 } = entry.status
  if (tries + errors >= MOST_FAILURES) return finish(entry, phase, result.at)
  if (phase === 'Error')
    return { ...entry, phase, backoff: ERROR_BACKOFF, status: { ...entry.status, errors: errors + 1 } }
  const { state: _state, turn: _turn, ...status } = entry.status
  return { ...entry, phase, backoff: ERROR_BACKOFF, status: { ...status, try: tries + 1 } }
}

const finish = (entry: StepEntry, phase: 'Successful' | 'Failed' | 'Error', finishedAt: string): StepEntry => ({
  ...entry,
  phase,
  finishedAt,
})

/** Called again later, as a new request; the errors before it are forgiven to a run. */
function nextTurn(entry: StepEntry, { afterSeconds = DEFAULT_BACKOFF_SECONDS }: StepResult): StepEntry {
  const { errors, turn = 1, ...status } = entry.status
  const backoff = `${Math.ceil(Math.max(afterSeconds, SHORTEST_POLL_SECONDS))}s`
  const kept = isRun(entry) || errors === undefined ? {} : { errors }
  return { ...entry, phase: 'Running', backoff, status: { ...status, ...kept, turn: turn + 1 } }
}

/** When the entry is given up for lack of a verdict; undefined: never, or not while people are asked. */
export function expiresAtMs(entry: StepEntry): number | undefined {
  const startedMs = parseInstant(entry.startedAt)
  const { task, halt, ended } = entry.status
  const isOver = isRun(entry) ? entry.finishedAt !== undefined || ended === true : !isUnfinished(entry)
  if (startedMs === undefined || halt !== undefined || isOver) return undefined
  const timeoutMs = stepTimeoutMs(task.plugin, task.config ?? {}) ?? (isRun(entry) ? undefined : ENDING_TIMEOUT_MS)
  return timeoutMs === undefined ? undefined : startedMs + timeoutMs
}

export function expire(entry: StepEntry, now: number): StepEntry {
  const atMs = expiresAtMs(entry)
  if (atMs === undefined || now < atMs) return entry
  const seconds = Math.round((atMs - (parseInstant(entry.startedAt) ?? atMs)) / 1000)
  const last = entry.message === undefined ? '' : `; last heard: ${entry.message}`
  return {
    ...finish(forgetCall(entry), 'Failed', formatInstant(now)),
    message: `no verdict within ${seconds} s${last}`,
  }
}

/**
 * A halted run after somebody has resumed: without a verdict that person's word is the verdict; after errors the plugin is asked again. `recorded`
 * is the entry as status has it: a halt of this very pass has not been seen by anybody.
 */
export function resume(entry: StepEntry, recorded: StepEntry | undefined, now: number): StepEntry {
  const { halt, errors: _errors, ...status } = entry.status
  if (halt === undefined || recorded?.status.halt === undefined) return entry
  const at = formatInstant(now)
  if (halt === 'Errors') return { ...entry, startedAt: at, phase: 'Running', backoff: '0s', status }
  return { ...finish(entry, 'Successful', at), message: 'resumed after an inconclusive answer', status }
}
