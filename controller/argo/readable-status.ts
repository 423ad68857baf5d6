/**
 * A Rollout's status as far as it can be read: where the CRD lets anything through, a field of a wrong shape counts as absent and is written
 * anew. Pure. It must not repair values, nor touch the spec, whose errors are told to its author.
 */
import { type Rollout, rolloutStatusSchema } from '../api/rollout.ts'

/** The same object when its status is well formed. */
export function withReadableStatus(rollout: Rollout): Rollout {
  const { status } = rollout
  if (status === undefined) return rollout
  const parsed = rolloutStatusSchema.safeParse(status)
  if (parsed.success) return rollout
  const unreadable = new Set(parsed.error.issues.map(({ path }) => path[0]))
  const readable = unreadable.has(undefined) ? [] : Object.entries(status).filter(([field]) => !unreadable.has(field))
  return { ...rollout, status: Object.fromEntries(readable) }
}
