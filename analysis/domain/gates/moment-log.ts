/** What the gate on latency has read, tick by tick, to be read again from the start: counts at each edge, and the shift of the tail. */
import type { PairCounts } from '../stats/arms.ts'
import { addRow, createNumberRows } from '../stats/number-rows.ts'
import { PAIR_WIDTH, type PairSeries, readPair, writePair } from '../stats/pair-log.ts'
import type { LatencyMoment } from './latency-hypothesis.ts'

export interface MomentLog {
  push(moment: LatencyMoment): void
  /** Nothing that `visit` is given may be kept. */
  forEach(visit: (moment: LatencyMoment) => void): void
  /** The ticks that count at one edge. */
  readonly pairsAt: (edge: number) => PairSeries
}

/** Stands for a shift, or for the time of a pair, that a tick does not have. */
const NONE = Number.NaN

export function createMomentLog(edges: number): MomentLog {
  const rows = createNumberRows(2 + edges * PAIR_WIDTH)
  const { width } = rows
  const pairOf = (edge: number): number => 2 + edge * PAIR_WIDTH

  function push({ at, shift, counts }: LatencyMoment): void {
    const begin = addRow(rows)
    rows.cells[begin] = at
    rows.cells[begin + 1] = shift ?? NONE
    for (let edge = 0; edge < edges; edge += 1) {
      const pair = counts[edge]
      if (pair === undefined) rows.cells[begin + pairOf(edge)] = NONE
      else writePair(rows.cells, begin + pairOf(edge), pair)
    }
  }

  /** Undefined where one of the arms had no request. */
  function read<T extends PairCounts>(begin: number, edge: number, pair: T): T | undefined {
    readPair(rows.cells, begin + pairOf(edge), pair)
    return Number.isNaN(pair.at) ? undefined : pair
  }

  return {
    push,
    forEach(visit) {
      const pairs = Array.from({ length: edges }, emptyPair)
      for (let begin = 0; begin < rows.count * width; begin += width) {
        const shift = rows.cells[begin + 1] ?? NONE
        const counts = pairs.map((pair, edge) => read(begin, edge, pair))
        visit({ at: rows.cells[begin] ?? 0, counts, shift: Number.isNaN(shift) ? undefined : shift })
      }
    },
    pairsAt: (edge) => ({
      length: rows.count,
      forEach(visit, from = 0) {
        const pair = emptyPair()
        for (let begin = from * width; begin < rows.count * width; begin += width)
          if (read(begin, edge, pair) !== undefined) visit(pair)
      },
    }),
  }
}

const emptyPair = () => ({ at: 0, canaryBad: 0, canaryTotal: 0, stableBad: 0, stableTotal: 0 })
