/** Who may write: S17. */
import { ABORT_REQUESTS } from '../../controller/api/abort-request.ts'
import type { WriteCause } from './cause.ts'
import { type Invariant, isWriteOf } from './invariant.ts'

/** Courtesies: an Event is about the past, and the Lease is its own fence. */
const UNFENCED = ['events', 'leases']

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function hasPrecondition({ body }: WriteCause): boolean {
  if (Array.isArray(body))
    return body.some(
      (operation) => isObject(operation) && /^\/metadata\/(resourceVersion|uid)$/.test(String(operation.path)),
    )
  if (!isObject(body)) return false
  const holders = [
    body.metadata,
    body.preconditions,
    isObject(body.deleteOptions) ? body.deleteOptions.preconditions : {},
    body,
  ]
  return holders.some(
    (holder) => isObject(holder) && (holder.resourceVersion !== undefined || holder.uid !== undefined),
  )
}

/** The alert receiver stores intents from every replica, so that no alert is lost in a change of leaders; the leader alone obeys them. */
const isIntent = ({ plural, body }: WriteCause): boolean =>
  plural === 'rollouts' && JSON.stringify(Object.keys(annotationsOf(body))) === JSON.stringify([ABORT_REQUESTS])

function annotationsOf(body: unknown): object {
  const metadata = isObject(body) && isObject(body.metadata) ? body.metadata : {}
  return isObject(metadata.annotations) ? metadata.annotations : {}
}

/** A creation is guarded by its name. */
export const S17: Invariant = {
  id: 'S17',
  words:
    'Every write names the version or the identity of what it changes, and none leaves a process after another one has taken the Lease.',
  check(_before, after, context) {
    const { cause } = context
    if (cause.kind !== 'write' || isWriteOf(context, ...UNFENCED)) return undefined
    if (cause.verb !== 'create' && !hasPrecondition(cause))
      return `${cause.verb} ${cause.plural}/${cause.name} names neither resourceVersion nor uid`
    const { holder, sinceMs } = after.lease
    if (holder === undefined || holder === cause.by || cause.sentMs <= sinceMs || isIntent(cause)) return undefined
    return `${cause.by} wrote ${cause.plural}/${cause.name} ${cause.sentMs - sinceMs} ms after ${holder} took the Lease`
  },
}
