/**
 * A Rollout's status as far as it can be read: where the CRD lets anything through, a field of a wrong shape counts as absent and is written
 * anew. Pure. It must not repair values, nor touch the spec, whose errors are told to its author.
 */
import { onceFrozen } from '../api/once-frozen.ts'
import { type Rollout, type RolloutStatus, rolloutStatusSchema } from '../api/rollout.ts'

/** The same object when its status is well formed. */
export function withReadableStatus(rollout: Rollout): Rollout {
  const { status } = rollout
  if (status === undefined) return rollout
  const readable = isRecord(status) ? readStatus(status) : readOf(status)
  return readable === status ? rollout : { ...rollout, status: readable }
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The same object when it is well formed. */
function readOf(status: RolloutStatus): RolloutStatus {
  const parsed = rolloutStatusSchema.safeParse(status)
  if (parsed.success) return status
  const unreadable = new Set(parsed.error.issues.map(({ path }) => path[0]))
  const readable = unreadable.has(undefined) ? [] : Object.entries(status).filter(([field]) => !unreadable.has(field))
  return Object.fromEntries(readable)
}

const readStatus = onceFrozen(readOf)
