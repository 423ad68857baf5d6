/**
 * How often stable's events come at which hour: what weeks of hourly sums teach, for a release that is held against the hours before it. Of two weeks or
 * more it is the hour of the week, of two days or more the hour of the day; else nothing, and one rate stands for all hours. Hours are UTC: where clocks
 * change, two days are an hour off. Pure; it must not judge.
 *
 *   rate of a slot     ρ_s = Σ events / Σ requests of all hours in it
 *   expected in hour i      = (events / requests of the hours before) · ρ_s(i) / (mean ρ of the hours before, by their requests) · requests
 *
 * φ is that of every hour known, held in just this way against the hours before it, without its own share in ρ: what campaigns and unlike weeks add.
 */
import { calibrateShape, type ExpectedTick } from '../stats/before-after.ts'
import type { Count } from '../stats/ticks.ts'

/** Of all pods together. */
export interface HourCount extends Count {
  /** End of the hour, epoch milliseconds; whole hours. */
  readonly at: number
}

export interface HourShape {
  readonly kind: 'hourOfWeek' | 'hourOfDay'
  /** Weeks or days that each of the coming hours was seen in, at least. */
  readonly periods: number
  /** By slot: events per request over those of the hours before the release; null where no hour of it had requests. */
  readonly ratios: readonly (number | null)[]
  /** At least 1. */
  readonly phi: number
}

export const HOUR_MS = 3_600_000
const SLOTS = { hourOfWeek: 168, hourOfDay: 24 } as const
/** Release and bake: hours that have to be known. */
const COMING_HOURS = 24
const FEWEST_PERIODS = 2
const DIGITS = 4

export interface BeforeHours {
  /** When the release began, epoch milliseconds. */
  readonly since: number
  /** How much of the time before it the rate was taken from. */
  readonly beforeMs: number
}

/** Undefined where one rate has to do. */
export function learnHours(hours: readonly HourCount[], order: BeforeHours): HourShape | undefined {
  const past = hours.filter(({ at, total }) => at <= order.since && total > 0)
  return learnKind(past, 'hourOfWeek', order) ?? learnKind(past, 'hourOfDay', order)
}

/** Over the rate of the hours before; undefined where that is not known. 1 without a shape. */
export function ratioAt(shape: HourShape | undefined, at: number): number | undefined {
  if (shape === undefined) return 1
  return shape.ratios[slotOf(at, SLOTS[shape.kind])] ?? undefined
}

/** What ends on the hour belongs to the one before. */
const slotOf = (at: number, slots: number): number => (Math.ceil(at / HOUR_MS) - 1) % slots

function learnKind(
  hours: readonly HourCount[],
  kind: HourShape['kind'],
  { since, beforeMs }: BeforeHours,
): HourShape | undefined {
  const slots = SLOTS[kind]
  const known = sumSlots(hours, slots)
  const coming = Array.from({ length: COMING_HOURS }, (_, hour) => known[slotOf(since + 1 + hour * HOUR_MS, slots)])
  const periods = Math.min(...coming.map((slot) => slot?.hours ?? 0))
  if (periods < FEWEST_PERIODS) return undefined
  const rateOf = (at: number): number | undefined => rateIn(known[slotOf(at, slots)])
  const level = meanRate(
    hours.filter(({ at }) => at > since - beforeMs),
    ({ at }) => rateOf(at),
  )
  const phi = measurePhi(hours, known, Math.max(1, Math.round(beforeMs / HOUR_MS)))
  if (level === undefined || level === 0 || phi === undefined) return undefined
  return { kind, periods, ratios: known.map((slot) => round(rateIn(slot), level)), phi }
}

interface Slot extends Count {
  readonly hours: number
}

function sumSlots(hours: readonly HourCount[], slots: number): readonly Slot[] {
  const sums = Array.from({ length: slots }, () => ({ bad: 0, total: 0, hours: 0 }))
  for (const { at, bad, total } of hours) {
    const sum = sums[slotOf(at, slots)]
    if (!sum) continue
    sum.bad += bad
    sum.total += total
    sum.hours += 1
  }
  return sums
}

const rateIn = (slot: Count | undefined): number | undefined =>
  slot && slot.total > 0 ? slot.bad / slot.total : undefined

const round = (rate: number | undefined, level: number): number | null =>
  rate === undefined ? null : Number((rate / level).toPrecision(DIGITS))

/** By requests; undefined where no hour is known. */
function meanRate(hours: readonly HourCount[], rateOf: (hour: HourCount) => number | undefined): number | undefined {
  let [events, requests] = [0, 0]
  for (const hour of hours) {
    const rate = rateOf(hour)
    if (rate !== undefined) [events, requests] = [events + rate * hour.total, requests + hour.total]
  }
  return requests > 0 ? events / requests : undefined
}

/** Every hour against as many hours before it, each without its own share in the rates. */
function measurePhi(hours: readonly HourCount[], known: readonly Slot[], before: number): number | undefined {
  const others = ({ at, bad, total }: HourCount): number | undefined => {
    const slot = known[slotOf(at, known.length)]
    return slot && rateIn({ bad: slot.bad - bad, total: slot.total - total })
  }
  const ascending = hours.toSorted((one, other) => one.at - other.at)
  const ticks = ascending.flatMap((hour, index): readonly ExpectedTick[] => {
    const level = ascending.slice(Math.max(0, index - before), index)
    const [first] = level
    const usual = meanRate(level, others)
    const rate = others(hour)
    if (!first || hour.at - first.at > before * HOUR_MS || !usual || rate === undefined) return []
    const seen = rateIn(sumCounts(level)) ?? 0
    return [{ ...hour, expected: ((seen * rate) / usual) * hour.total }]
  })
  return calibrateShape(ticks)
}

const sumCounts = (counts: readonly Count[]): Count =>
  counts.reduce((sum, { bad, total }) => ({ bad: sum.bad + bad, total: sum.total + total }), { bad: 0, total: 0 })
