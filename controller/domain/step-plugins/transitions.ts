/** What is told of step plugins: a change of phase, once, in Argo's words. A run that succeeded is told as the completed step. */
import type { StepEntry } from '../../api/step-plugin-status.ts'
import type { PlannedEvent } from '../plan.ts'
import { findEntry, isRun } from './entries.ts'

export const transitionEvents = (before: readonly StepEntry[], after: readonly StepEntry[]): readonly PlannedEvent[] =>
  after.flatMap((entry) => {
    const former = findEntry(before, entry.status.id, entry.operation)
    return hasNews(entry, former) ? [render(entry)] : []
  })

/** An ending that goes on is no news; one that is given up is, though its phase stays. */
function hasNews(entry: StepEntry, former: StepEntry | undefined): boolean {
  if (entry.phase === undefined) return false
  const isOther = entry.phase !== former?.phase
  if (isRun(entry)) return isOther && entry.phase !== 'Successful'
  return entry.phase !== 'Running' && (isOther || entry.finishedAt !== former?.finishedAt)
}

function render({ name, index, operation, phase, message, finishedAt }: StepEntry): PlannedEvent {
  const type = phase === 'Failed' || phase === 'Error' ? 'Warning' : 'Normal'
  const step = `Step plugin ${name} (step ${index + 1})`
  if (operation === 'Run')
    return { type, reason: 'StepPluginTransition', message: `${step} transitioned to ${phase ?? ''}` }
  const verb = operation === 'Abort' ? 'aborted' : 'terminated'
  const why = type === 'Warning' && message !== undefined ? `: ${message}` : ''
  const rest = type === 'Warning' && finishedAt === undefined ? '; trying again' : ''
  return { type, reason: 'StepPluginTransition', message: `${step} ${verb} (${phase ?? ''})${why}${rest}` }
}
