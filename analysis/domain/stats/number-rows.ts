/** Rows of as many numbers each, to which more are added at the end: packed by column, so that counts of a long release take a byte or two each. */
import {
  addColumn,
  createNumberStore,
  lengthOf,
  numberAt,
  type PackedNumbers,
  pushNumber,
  RECENT,
  unpackNumbers,
} from './packed-numbers.ts'

export type NumberRows = readonly PackedNumbers[]

export function createNumberRows(width: number): NumberRows {
  const store = createNumberStore(width)
  return Array.from({ length: width }, () => addColumn(store))
}

export const countRows = ([first]: NumberRows): number => (first === undefined ? 0 : lengthOf(first))

/** As many numbers as the rows are wide. */
export function pushRow(rows: NumberRows, numbers: readonly number[]): void {
  for (const [index, column] of rows.entries()) pushNumber(column, numbers[index] ?? 0)
}

/** From a row on; cheap for the newest ones. What `visit` is given is overwritten by the next row. */
export function visitRows(rows: NumberRows, visit: (row: ArrayLike<number>) => void, from = 0): void {
  const count = countRows(rows)
  const row = new Float64Array(rows.length)
  const columns = count - from <= RECENT ? undefined : rows.map(unpackNumbers)
  for (let index = from; index < count; index += 1) {
    for (let place = 0; place < row.length; place += 1) {
      const column = rows[place]
      row[place] = columns?.[place]?.[index] ?? (column && numberAt(column, index)) ?? 0
    }
    visit(row)
  }
}
