/** Ticks that nothing can change any more, as sums of each arm. It decides nothing. */
import { createNumberRows, type NumberRows, pushRow, visitRows } from '../stats/number-rows.ts'
import type { GridTick } from './tick-grid.ts'
import type { TickShape } from './tick-shape.ts'

/** By tick: its time, then the numbers of the canary and those of stable. */
export type SettledTicks = NumberRows

type Shape<T> = Pick<TickShape<T>, 'columns' | 'sum' | 'pack' | 'unpack'>

export const createSettledTicks = ({ columns }: { readonly columns: number }): SettledTicks =>
  createNumberRows(1 + 2 * columns)

export function settleTick<T>(settled: SettledTicks, { at, canary, stable }: GridTick<T>, shape: Shape<T>): void {
  pushRow(settled, [at, ...shape.pack(shape.sum(canary)), ...shape.pack(shape.sum(stable))])
}

/** Each arm as one pod without a name. */
export function listSettled<T>(settled: SettledTicks, shape: Shape<T>): GridTick<T>[] {
  const ticks: GridTick<T>[] = []
  visitRows(settled, (row) => {
    ticks.push({
      at: row[0] ?? 0,
      canary: [shape.unpack(row, 1)],
      stable: [shape.unpack(row, 1 + shape.columns)],
    })
  })
  return ticks
}
