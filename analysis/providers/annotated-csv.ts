/**
 * InfluxDB's annotated CSV: the values of the column `_value`, row by row over all tables. A text, no stream: the transport has bounded it. It must
 * not decide what missing values mean; they are null.
 */
import type { Value } from '../../controller/metric-language/expression/syntax.ts'

export interface FluxValues {
  /** Up to the place where reading ended. */
  readonly values: readonly Value[]
  /** Why it ended early: the answer's own error, or text that is no annotated CSV. */
  readonly problem?: string
}

interface Table {
  readonly types: readonly string[]
  readonly defaults: readonly string[]
  /** Unknown until the row of names. */
  readonly names?: readonly string[]
  readonly width: number
}

const NO_ANNOTATIONS = 'the answer has no annotations'

/** Never throws. */
export function readFluxValues(text: string): FluxValues {
  const rows = splitRows(text)
  if (!rows) return { values: [], problem: 'the answer is no CSV' }
  const values: Value[] = []
  let table: Table | undefined
  for (const row of rows) {
    if (row.length <= 1) continue
    const [first = '', ...cells] = row
    if (first.startsWith('#')) {
      table = annotate(table, first, cells)
      continue
    }
    if (!table) return { values, problem: NO_ANNOTATIONS }
    if (cells.length !== table.width)
      return { values, problem: `a row has ${cells.length} columns, its table ${table.width}` }
    if (!table.names) table = { ...table, names: cells }
    else if (table.names[0] === 'error') return { values, problem: cells[0] || 'unknown query error' }
    else {
      const value = readCell(table, cells)
      if (value === undefined) return { values, problem: 'a value is not of the type that its column has' }
      values.push(value)
    }
  }
  return !table && rows.length > 0 ? { values, problem: NO_ANNOTATIONS } : { values }
}

/** An annotation after rows begins a new table. */
function annotate(open: Table | undefined, annotation: string, cells: readonly string[]): Table {
  const table =
    open && !open.names && open.width === cells.length ? open : { types: [], defaults: [], width: cells.length }
  if (annotation === '#datatype') return { ...table, types: cells }
  return annotation === '#default' ? { ...table, defaults: cells } : table
}

/** Null where there is no such column or nothing in it; undefined for what cannot be read. */
function readCell({ types, defaults, names = [] }: Table, cells: readonly string[]): Value | undefined {
  const index = names.indexOf('_value')
  const text = cells[index] || defaults[index] || ''
  if (text === '') return null
  switch (types[index]) {
    case 'double':
      return readDouble(text)
    case 'long':
    case 'unsignedLong':
      return /^-?\d+$/.test(text) ? Number(text) : undefined
    case 'boolean':
      return text.toLowerCase() !== 'false'
    case 'string':
    case 'duration':
    case 'base64Binary':
    case 'dateTime:RFC3339':
    case 'dateTime:RFC3339Nano':
      return text
    default:
      return undefined
  }
}

function readDouble(text: string): number | undefined {
  if (/^nan$/i.test(text)) return Number.NaN
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const number = Number(text)
  return Number.isNaN(number) ? undefined : number
}

/** Rows of cells as RFC 4180 has them; undefined when a quote stays open. Empty lines are no rows. */
function splitRows(text: string): readonly (readonly string[])[] | undefined {
  const rows: string[][] = []
  let row: string[] = []
  const cell = /("(?:[^"]|"")*"|[^",\r\n][^,\r\n]*|)(,|\r?\n|$)/y
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text)
    if (!found) return undefined
    const [, content = '', end] = found
    row.push(content.startsWith('"') ? content.slice(1, -1).replaceAll('""', '"') : content)
    if (end === ',') {
      if (cell.lastIndex === text.length) row.push('')
      else continue
    }
    if (row.length > 1 || row[0] !== '') rows.push(row)
    row = []
  }
  return rows
}
