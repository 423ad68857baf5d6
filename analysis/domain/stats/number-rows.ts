/** Rows of as many numbers each, in one array that grows at its end: a tenth of what objects would take, and nothing for the collector to visit. */

export interface NumberRows {
  count: number
  cells: Float64Array
  readonly width: number
}

const GROWTH = 1.25
const LEAST_GROWTH = 8

export const createNumberRows = (width: number): NumberRows => ({ count: 0, cells: new Float64Array(0), width })

/** Where the new row begins in {@link NumberRows.cells}: it has zeros only. */
export function addRow(rows: NumberRows): number {
  const begin = rows.count * rows.width
  rows.count += 1
  if (rows.cells.length < begin + rows.width) {
    const cells = new Float64Array((Math.ceil(rows.count * GROWTH) + LEAST_GROWTH) * rows.width)
    cells.set(rows.cells)
    rows.cells = cells
  }
  return begin
}
