/**
 * What becomes of objects that say something else than they were told to: they are corrected at once, and who did it is named. Somebody who does it
 * again and again is another controller; fighting it would shake the traffic for as long as both live. So corrections become rare, the fight is
 * told as a Conflict, and what the other writes is what is carried: capacity follows what the objects say, never what we want them to say. The first
 * write of something new that opens nothing, an abort above all, is never held back (L2, S8). It decides neither weights nor routes.
 *
 *   on record     objects say what is wanted | changed by another since  | held until  | then
 *   nothing       yes                        | -                         | -           | nothing
 *   nothing       no                         | no: we want something new | -           | write
 *   nothing       no                         | yes                       | -           | write, and put it on record
 *   some          no                         | no                        | -           | write
 *   some          no                         | at most 5 in a minute     | -           | write, and put it on record
 *   some          no                         | the 6th in a minute       | -           | Conflict: held for a minute; new and opens nothing: write
 *   some          yes                        | none for a minute         | -           | the record goes
 *   held          no, new and opens nothing  | -                         | -           | write
 *   held          no                         | -                         | not yet     | Conflict
 *   held          no                         | -                         | passed      | write; held for twice as long, ten minutes at most
 *   held          yes                        | -                         | not yet     | Conflict stays, nothing to write
 *   held          yes                        | -                         | passed      | the record goes, and with it the Conflict
 */
import type { TrafficIntent } from '../../api/traffic.ts'
import { fnv1a } from '../../argo/pod-hash.ts'
import type { Hold, Part, PlannedEvent } from '../plan.ts'
import type { RouteReading } from '../world.ts'
import { forgetReversals, type Reversals, readReversals } from './reversals.ts'
import type { CanaryView } from './view.ts'

/** More of them within a minute are a fight. */
const MOST_REVERSALS = 5
const WINDOW_MS = 60_000
const FIRST_HOLD_S = 60
const LONGEST_HOLD_S = 600

export interface Drift {
  /** False: the objects stay as somebody else has made them, for now. */
  readonly mayWrite: boolean
  /** Who is corrected by the write, in words; absent when it undoes nobody's changes. */
  readonly corrects?: string
  /** To be on record once the write is made; at once where none may be. */
  readonly record?: Reversals
  readonly part: Part
}

/** What the routers are to say, and how that differs from what they say. */
export interface Wanted {
  readonly intent: TrafficIntent
  /** Readings that do not say it and can be told. */
  readonly unwritten: readonly RouteReading[]
  /** The write gives some Service more than it has. */
  readonly opens: boolean
}

export function judgeDrift(view: CanaryView, wanted: Wanted): Drift {
  const record = readReversals(view.world)
  if (wanted.unwritten.length === 0) return { mayWrite: true, part: record ? calm(view, record) : {} }
  return record?.heldUntilMs === undefined ? correct(view, wanted, record) : holdBack(view, wanted, record)
}

/** A write of the same again is a correction; an abort wants something else than the update before it, though it may look alike. */
const digest = (view: CanaryView, { canary, additional, managedRoutes }: TrafficIntent): string =>
  fnv1a(JSON.stringify([view.mode === 'aborted', canary, additional, managedRoutes])).toString(16)

function calm({ world }: CanaryView, record: Reversals): Part {
  const untilMs = record.heldUntilMs ?? (record.at.at(-1) ?? 0) + WINDOW_MS
  if (world.now >= untilMs) return forgetReversals
  return record.heldUntilMs === undefined ? { wakeAtMs: untilMs } : resting(record)
}

function correct(view: CanaryView, wanted: Wanted, former: Reversals | undefined): Drift {
  const { now } = view.world
  const intent = digest(view, wanted.intent)
  if (!isReversed(view, wanted, former?.intent === intent)) {
    const isNew = former !== undefined && former.intent !== intent
    return { mayWrite: true, ...(isNew ? { record: { ...former, intent } } : {}), part: {} }
  }
  const who = nameOf(wanted.unwritten)
  const at = [...(former?.at ?? []).filter((instant) => now - instant < WINDOW_MS), now]
  const record = { intent, at, who }
  const isFirst = former?.intent !== intent && !wanted.opens
  if (at.length <= MOST_REVERSALS || isFirst) return { mayWrite: true, corrects: who, record, part: {} }
  const held = { ...record, heldUntilMs: now + FIRST_HOLD_S * 1_000, heldSeconds: FIRST_HOLD_S }
  const event: PlannedEvent = { type: 'Warning', ...conflict(held) }
  return { mayWrite: false, record: held, part: { ...resting(held), events: [event] } }
}

function holdBack(view: CanaryView, wanted: Wanted, former: Reversals): Drift {
  const { now } = view.world
  const intent = digest(view, wanted.intent)
  const { heldUntilMs = now, heldSeconds = FIRST_HOLD_S } = former
  if (former.intent !== intent && !wanted.opens)
    return { mayWrite: true, record: { ...former, intent }, part: resting(former) }
  if (now < heldUntilMs) return { mayWrite: false, part: resting(former) }
  const longer = Math.min(heldSeconds * 2, LONGEST_HOLD_S)
  const who = nameOf(wanted.unwritten)
  const record = { intent, at: [now], who, heldUntilMs: now + longer * 1_000, heldSeconds: longer }
  return { mayWrite: true, corrects: who, record, part: resting(record) }
}

const resting = (record: Reversals): Part => ({
  holds: [conflict(record)],
  ...(record.heldUntilMs === undefined ? {} : { wakeAtMs: record.heldUntilMs }),
})

/** One stable sentence: it stands in a condition. */
const conflict = ({ who }: Reversals): Hold => ({
  reason: 'Conflict',
  message: `${who} keeps undoing what the Rollout writes there: corrections become rare until that ends; let it ignore the fields that the Rollout writes`,
})

/**
 * The objects said what is wanted, and somebody else has changed that: status holds what they were last found to say, the record what they were told
 * since. A managed route on record at an object that does not say it any more needs no memory.
 */
function isReversed(view: CanaryView, { intent, unwritten }: Wanted, isToldSince: boolean): boolean {
  const others = unwritten.filter(({ lastWriter }) => lastWriter?.isOurs !== true)
  if (others.length === 0) return false
  if (isToldSince) return true
  const weights = view.status.canary?.weights
  const wasWritten = weights?.canary.weight === intent.canary && isSame(weights?.additional, intent)
  // At rest marks follow the revisions: one that does not fit tells of nobody.
  const isMarked = view.mode === 'updating' && intent.canary > 0
  return others.some(
    ({ programmedCanary, additional = {}, managedRoutes = [], marksFit = true }) =>
      managedRoutes.some(({ intact }) => !intact) ||
      (wasWritten &&
        (programmedCanary !== intent.canary || (isMarked && !marksFit) || !isSame(listed(additional), intent))),
  )
}

interface Weighted {
  readonly serviceName?: string | undefined
  readonly weight: number
}

const listed = (additional: Readonly<Record<string, number>>): readonly Weighted[] =>
  Object.entries(additional).map(([serviceName, weight]) => ({ serviceName, weight }))

function isSame(written: readonly Weighted[] | null | undefined, { additional }: TrafficIntent): boolean {
  const weights = new Map((written ?? []).map(({ serviceName, weight }) => [serviceName, weight]))
  return (
    weights.size === additional.length && additional.every(({ service, weight }) => weights.get(service) === weight)
  )
}

/** Such as `field manager "argocd-controller" of HTTPRoute "web/shop"`. */
function nameOf(unwritten: readonly RouteReading[]): string {
  const found = unwritten.find(({ lastWriter }) => lastWriter?.isOurs === false)
  if (!found?.lastWriter) return `somebody who writes the objects of ${unwritten[0]?.router ?? 'a router'}`
  return `field manager "${found.lastWriter.manager}" of ${found.lastWriter.object}`
}
