/** Ticks that nothing can change any more, as sums of each arm. It decides nothing. */
import { addRow, createNumberRows, type NumberRows } from '../stats/number-rows.ts'
import type { GridTick } from './tick-grid.ts'
import type { TickShape } from './tick-shape.ts'

/** By tick: its time, then the numbers of the canary and those of stable. */
export type SettledTicks = NumberRows

type Shape<T> = Pick<TickShape<T>, 'columns' | 'sum' | 'pack' | 'unpack'>

export const createSettledTicks = ({ columns }: { readonly columns: number }): SettledTicks =>
  createNumberRows(1 + 2 * columns)

export function settleTick<T>(settled: SettledTicks, { at, canary, stable }: GridTick<T>, shape: Shape<T>): void {
  const begin = addRow(settled)
  settled.cells[begin] = at
  settled.cells.set(shape.pack(shape.sum(canary)), begin + 1)
  settled.cells.set(shape.pack(shape.sum(stable)), begin + 1 + shape.columns)
}

/** Each arm as one pod without a name. */
export function listSettled<T>({ count, cells, width }: SettledTicks, shape: Shape<T>): GridTick<T>[] {
  const ticks: GridTick<T>[] = []
  for (let begin = 0; begin < count * width; begin += width)
    ticks.push({
      at: cells[begin] ?? 0,
      canary: [shape.unpack(cells, begin + 1)],
      stable: [shape.unpack(cells, begin + 1 + shape.columns)],
    })
  return ticks
}
