/** The counts of both arms, tick by tick, to be read again from the start. */
import type { PairCounts } from './arms.ts'
import { countRows, createNumberRows, pushRow, visitRows } from './number-rows.ts'

/** Whatever can be read pair by pair, in order; more may come at its end. */
export interface PairSeries {
  /** Places, of which some may have no pair. */
  readonly length: number
  /** From a place on. */
  forEach(visit: (pair: PairCounts) => void, from?: number): void
}

export const pairsOf = (pairs: readonly PairCounts[]): PairSeries => ({
  length: pairs.length,
  forEach: (visit, from = 0) => {
    for (const pair of pairs.slice(from)) visit(pair)
  },
})

export interface PairLog extends PairSeries {
  push(pair: PairCounts): void
}

export function createPairLog(): PairLog {
  const rows = createNumberRows(PAIR_WIDTH)
  return {
    push: (pair) => {
      pushRow(rows, listNumbers(pair))
    },
    get length() {
      return countRows(rows)
    },
    forEach(visit, from) {
      visitRows(
        rows,
        (row) => {
          visit(readPair(row, 0))
        },
        from,
      )
    },
  }
}

/** A pair as numbers of a row, */
export const PAIR_WIDTH = 5

export const listNumbers = ({ at, canaryBad, canaryTotal, stableBad, stableTotal }: PairCounts): readonly number[] => [
  at,
  canaryBad,
  canaryTotal,
  stableBad,
  stableTotal,
]

/** and back. */
export const readPair = (row: ArrayLike<number>, begin: number): PairCounts => ({
  at: row[begin] ?? 0,
  canaryBad: row[begin + 1] ?? 0,
  canaryTotal: row[begin + 2] ?? 0,
  stableBad: row[begin + 3] ?? 0,
  stableTotal: row[begin + 4] ?? 0,
})
