/**
 * How steps that no longer count are ended: what still runs is terminated, and when the update is taken back, what was begun is undone in reverse
 * order. All endings are recorded at once, before the first call, and then called one at a time; none of it waits for or holds up traffic.
 *
 *   run of the step                the update goes on without it   the update is taken back
 *   Running                        Terminate                       Terminate, Abort
 *   Error (strict)                 Terminate                       Terminate, Abort
 *   Failed for lack of a verdict   Terminate                       Terminate; Abort if it names a compensation
 *   Failed by its own word         -                               Abort if it names a compensation
 *   Successful                     -                               Abort
 *   disabled                       -                               -
 *
 * "Goes on without it": another step, a full promotion, another revision. "Taken back": an abort, or (strict) a spec that went back to stable.
 */
import { formatInstant } from '../../api/scalars.ts'
import { compensationSchema, hasEnding } from '../../api/step-plugin-config.ts'
import type { StepEntry, StepRecord } from '../../api/step-plugin-status.ts'
import {
  currentRun,
  dueAtMs,
  findEntry,
  forgetCall,
  isOpen,
  isRun,
  isUnfinished,
  recordCall,
  replace,
} from './entries.ts'
import type { StepSituation } from './situation.ts'

/** The entries with the endings that are due. */
export function planEndings(situation: StepSituation, entries: readonly StepEntry[]): readonly StepEntry[] {
  const current = currentRun(situation, entries)
  const former = entries.filter((entry) => isRun(entry) && entry !== current)
  const open = former.filter((run) => isOpen(run, situation.compat) && !findEntry(entries, run.status.id, 'Terminate'))
  const undone = isTakenBack(situation)
    ? former.filter((run) => isToBeUndone(run, situation) && !findEntry(entries, run.status.id, 'Abort'))
    : []
  const left = entries.map((entry) =>
    former.includes(entry) && entry.status.call !== undefined ? forgetCall(entry) : entry,
  )
  if (open.length + undone.length === 0) return left
  return [
    ...left,
    ...open.map((run) => ending(run, 'Terminate', situation)),
    ...undone.sort(lastFirst).map((run) => ending(run, 'Abort', situation)),
  ]
}

const isTakenBack = ({ mode, returning, compat }: StepSituation): boolean =>
  mode === 'aborted' || (returning && compat === 'strict')

function isToBeUndone(run: StepEntry, { compat }: StepSituation): boolean {
  if (run.disabled) return false
  if (run.phase === 'Running' || run.phase === 'Successful') return true
  return compensationOf(run) !== undefined || (run.phase === 'Error' && compat === 'strict')
}

function compensationOf({ status }: StepEntry) {
  const parsed = compensationSchema.safeParse(status.task.config?.compensate)
  return parsed.success ? parsed.data : undefined
}

const lastFirst = (a: StepEntry, b: StepEntry): number => b.index - a.index

/** Waiting for its call; or finished already where nothing has to be done. */
function ending(run: StepEntry, operation: 'Terminate' | 'Abort', { now }: StepSituation): StepEntry {
  const { id, podHash, state, task } = run.status
  const { plugin, config = {} } = task
  const compensation = operation === 'Abort' ? compensationOf(run) : undefined
  const own: StepRecord['task'] = { plugin, verb: operation === 'Abort' ? 'abort' : 'terminate', config }
  const entry: StepEntry = {
    index: run.index,
    name: run.name,
    operation,
    phase: 'Running',
    status: {
      id,
      podHash,
      task: compensation ? { plugin: compensation.name, verb: 'run', config: compensation.config ?? {} } : own,
      try: 1,
      ...(compensation || state === undefined ? {} : { state }),
    },
  }
  if (compensation || hasEnding(plugin, operation, config)) return entry
  const at = formatInstant(now)
  return { ...entry, phase: 'Successful', startedAt: at, finishedAt: at }
}

/** The ending whose turn it is: what runs is stopped first, then the last step is undone first. */
export function nextEnding(entries: readonly StepEntry[]): StepEntry | undefined {
  const unfinished = entries.filter(isUnfinished)
  return unfinished.find(({ operation }) => operation === 'Terminate') ?? [...unfinished].sort(lastFirst)[0]
}

/** The entries with the call of the ending whose turn it is, once its back-off is over. */
export function callEnding(entries: readonly StepEntry[], now: number): readonly StepEntry[] {
  const next = nextEnding(entries)
  if (!next || next.status.call !== undefined || now < dueAtMs(next)) return entries
  return replace(entries, next, recordCall(next, now))
}
