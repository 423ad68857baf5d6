/** The counts of both arms, tick by tick, to be read again from the start. */
import type { PairCounts } from './arms.ts'
import { addRow, createNumberRows } from './number-rows.ts'

/** Whatever can be read pair by pair, in order; more may come at its end. */
export interface PairSeries {
  /** Places, of which some may have no pair. */
  readonly length: number
  /** From a place on. Nothing that `visit` is given may be kept. */
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

/** Numbers of a pair as they are written into a row. */
export const PAIR_WIDTH = 5

export function createPairLog(): PairLog {
  const rows = createNumberRows(PAIR_WIDTH)
  return {
    push(pair) {
      const begin = addRow(rows)
      writePair(rows.cells, begin, pair)
    },
    get length() {
      return rows.count
    },
    forEach(visit, from = 0) {
      const pair = { at: 0, canaryBad: 0, canaryTotal: 0, stableBad: 0, stableTotal: 0 }
      for (let begin = from * PAIR_WIDTH; begin < rows.count * PAIR_WIDTH; begin += PAIR_WIDTH) {
        readPair(rows.cells, begin, pair)
        visit(pair)
      }
    },
  }
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

export function writePair(cells: Float64Array, begin: number, pair: PairCounts): void {
  cells[begin] = pair.at
  cells[begin + 1] = pair.canaryBad
  cells[begin + 2] = pair.canaryTotal
  cells[begin + 3] = pair.stableBad
  cells[begin + 4] = pair.stableTotal
}

export function readPair(cells: Float64Array, begin: number, pair: Writable<PairCounts>): void {
  pair.at = cells[begin] ?? 0
  pair.canaryBad = cells[begin + 1] ?? 0
  pair.canaryTotal = cells[begin + 2] ?? 0
  pair.stableBad = cells[begin + 3] ?? 0
  pair.stableTotal = cells[begin + 4] ?? 0
}
