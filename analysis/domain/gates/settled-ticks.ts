/** Ticks that nothing can change any more, as sums of each arm, in one array that grows at its end. It decides nothing. */
import type { GridTick } from './tick-grid.ts'
import type { TickShape } from './tick-shape.ts'

export interface SettledTicks {
  count: number
  /** By tick: its time, then the numbers of the canary and those of stable. */
  cells: Float64Array
}

type Shape<T> = Pick<TickShape<T>, 'columns' | 'sum' | 'pack' | 'unpack'>

const GROWTH = 1.25
const LEAST_GROWTH = 8

export const createSettledTicks = (): SettledTicks => ({ count: 0, cells: new Float64Array(0) })

export function settleTick<T>(settled: SettledTicks, { at, canary, stable }: GridTick<T>, shape: Shape<T>): void {
  const row = rowOf(shape)
  const begin = settled.count * row
  settled.count += 1
  if (settled.cells.length < begin + row) {
    const cells = new Float64Array((Math.ceil(settled.count * GROWTH) + LEAST_GROWTH) * row)
    cells.set(settled.cells)
    settled.cells = cells
  }
  settled.cells[begin] = at
  settled.cells.set(shape.pack(shape.sum(canary)), begin + 1)
  settled.cells.set(shape.pack(shape.sum(stable)), begin + 1 + shape.columns)
}

/** Each arm as one pod without a name. */
export function listSettled<T>({ count, cells }: SettledTicks, shape: Shape<T>): GridTick<T>[] {
  const ticks: GridTick<T>[] = []
  const row = rowOf(shape)
  for (let begin = 0; begin < count * row; begin += row)
    ticks.push({
      at: cells[begin] ?? 0,
      canary: [shape.unpack(cells, begin + 1)],
      stable: [shape.unpack(cells, begin + 1 + shape.columns)],
    })
  return ticks
}

const rowOf = ({ columns }: Shape<never>): number => 1 + 2 * columns
