/** Many seeds as one picture: how they ended, what caught the bad version, and how long it had requests. Pure; equal outcomes give equal pictures. */
import {
  type BrokenInvariant,
  type Catcher,
  catchers,
  type Ending,
  endings,
  type Fate,
  fates,
  type SeedOutcome,
} from './simulator.ts'

export interface Spread {
  readonly count: number
  readonly least: number
  readonly median: number
  readonly p95: number
  readonly most: number
  /** Of the largest value; of several the smallest. */
  readonly seedOfMost: number
}

export interface Tally {
  readonly seeds: number
  readonly ends: readonly {
    readonly fate: Fate
    readonly seeds: number
    readonly by: Readonly<Record<Ending, number>>
  }[]
  readonly endMs: Spread | undefined
  /** Of versions that turned bad while users were on them. */
  readonly exposed: {
    readonly seeds: number
    /** Of those that lost all requests again: milliseconds with requests, and the same in milliseconds of all traffic. */
    readonly ms: Spread | undefined
    readonly wholeMs: Spread | undefined
    /** Seeds in which it still had requests in the end. */
    readonly open: readonly number[]
  }
  /** Of versions that were not good; the times are of those that users felt and that were taken away. */
  readonly caught: readonly { readonly by: Catcher; readonly seeds: number; readonly ms: Spread | undefined }[]
  /** Good versions that did not get through. */
  readonly stopped: readonly { readonly seed: number; readonly by: Catcher; readonly ending: Ending }[]
  readonly broken: readonly (BrokenInvariant & { readonly seed: number })[]
}

export function tallySeeds(outcomes: readonly SeedOutcome[]): Tally {
  const felt = outcomes.filter(({ exposure }) => exposure !== undefined && (exposure.ms > 0 || exposure.isOpen))
  const bad = outcomes.filter(({ fate }) => fate !== 'good')
  const closed = felt.filter(({ exposure }) => exposure?.isOpen === false)
  return {
    seeds: outcomes.length,
    ends: fates.flatMap((fate) => {
      const own = outcomes.filter((one) => one.fate === fate)
      return own.length > 0 ? [{ fate, seeds: own.length, by: countEndings(own) }] : []
    }),
    endMs: spreadOf(
      outcomes.filter(({ ending }) => ending !== 'unfinished'),
      ({ endMs }) => endMs,
    ),
    exposed: {
      seeds: felt.length,
      ms: spreadOf(closed, ({ exposure }) => exposure?.ms ?? 0),
      wholeMs: spreadOf(closed, ({ exposure }) => exposure?.wholeMs ?? 0),
      open: felt.filter(({ exposure }) => exposure?.isOpen).map(({ seed }) => seed),
    },
    caught: catchers.flatMap((by) => {
      const own = bad.filter(({ caughtBy }) => caughtBy === by)
      const ms = spreadOf(
        own.filter((one) => closed.includes(one)),
        ({ exposure }) => exposure?.ms ?? 0,
      )
      return own.length > 0 ? [{ by, seeds: own.length, ms }] : []
    }),
    stopped: outcomes
      .filter(({ fate, ending }) => fate === 'good' && ending !== 'promoted')
      .map(({ seed, caughtBy, ending }) => ({ seed, by: caughtBy, ending })),
    broken: outcomes.flatMap(({ seed, broken }) => broken.map((one) => ({ ...one, seed }))),
  }
}

const countEndings = (outcomes: readonly SeedOutcome[]): Readonly<Record<Ending, number>> => {
  const count = (ending: Ending): number => outcomes.filter((one) => one.ending === ending).length
  const [promoted, back, paused, held, unfinished] = endings.map(count)
  return {
    promoted: promoted ?? 0,
    'rolled back': back ?? 0,
    paused: paused ?? 0,
    held: held ?? 0,
    unfinished: unfinished ?? 0,
  }
}

/** Undefined of nothing. Percentiles are values that occurred. */
function spreadOf(outcomes: readonly SeedOutcome[], read: (outcome: SeedOutcome) => number): Spread | undefined {
  const sorted = [...outcomes].sort((a, b) => read(a) - read(b) || b.seed - a.seed)
  const at = (share: number): number => {
    const outcome = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
    return outcome ? read(outcome) : 0
  }
  const last = sorted.at(-1)
  if (!last) return undefined
  return {
    count: sorted.length,
    least: at(0),
    median: at(0.5),
    p95: at(0.95),
    most: read(last),
    seedOfMost: last.seed,
  }
}
