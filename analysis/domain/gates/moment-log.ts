/** What the gate on latency has read, tick by tick, to be read again from the start: counts at each edge, and the shift of the tail. */
import { countRows, createNumberRows, pushRow, visitRows } from '../stats/number-rows.ts'
import { listNumbers, PAIR_WIDTH, type PairSeries, readPair } from '../stats/pair-log.ts'
import type { LatencyMoment } from './latency-hypothesis.ts'

export interface MomentLog {
  push(moment: LatencyMoment): void
  forEach(visit: (moment: LatencyMoment) => void): void
  /** The ticks that count at one edge. */
  readonly pairsAt: (edge: number) => PairSeries
}

/** Stands for a shift that a tick does not have, and for a pair of which an arm had no request. */
const NONE = Number.NaN
const NO_PAIR = Array.from({ length: PAIR_WIDTH }, () => NONE)

export function createMomentLog(edges: number): MomentLog {
  const rows = createNumberRows(2 + edges * PAIR_WIDTH)
  const everyEdge = Array.from({ length: edges }, (_, edge) => edge)

  function readEdge(row: ArrayLike<number>, edge: number) {
    const pair = readPair(row, 2 + edge * PAIR_WIDTH)
    return Number.isNaN(pair.at) ? undefined : pair
  }

  return {
    push({ at, shift = NONE, counts }) {
      const pairs = everyEdge.flatMap((edge) => {
        const pair = counts[edge]
        return pair === undefined ? NO_PAIR : listNumbers(pair)
      })
      pushRow(rows, [at, shift, ...pairs])
    },
    forEach(visit) {
      visitRows(rows, (row) => {
        const shift = row[1] ?? NONE
        visit({
          at: row[0] ?? 0,
          counts: everyEdge.map((edge) => readEdge(row, edge)),
          shift: Number.isNaN(shift) ? undefined : shift,
        })
      })
    },
    pairsAt: (edge) => ({
      length: countRows(rows),
      forEach(visit, from) {
        visitRows(
          rows,
          (row) => {
            const pair = readEdge(row, edge)
            if (pair !== undefined) visit(pair)
          },
          from,
        )
      },
    }),
  }
}
