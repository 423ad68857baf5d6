/** What a Rollout says about its waits for people and verdicts: how long, and what then. What counts as a wait is decided in `waits.ts`. */
import { WAIT_ACTION, WAIT_DEADLINE } from '../api/labels.ts'
import { parseGoDuration } from '../api/scalars.ts'
import type { World } from './world.ts'

export interface WaitPolicy {
  readonly deadlineMs: number
  readonly action: 'abort' | 'promote'
  /** The deadline as it is written. */
  readonly text: string
}

/** Undefined: wait for ever. */
export function readWaitPolicy({ rollout, compat }: Pick<World, 'rollout' | 'compat'>): WaitPolicy | undefined {
  const { [WAIT_DEADLINE]: text, [WAIT_ACTION]: action } = rollout.metadata.annotations ?? {}
  const deadlineMs = text === undefined ? undefined : parseGoDuration(text)
  if (compat === 'argo' || text === undefined || deadlineMs === undefined || deadlineMs <= 0) return undefined
  return { deadlineMs, action: action === 'promote' ? 'promote' : 'abort', text }
}
