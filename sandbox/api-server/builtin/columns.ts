/** Small parts for Table columns, and the columns every kind has. The columns of each kind are in `kind-columns.ts`. */
import { asObject, readPath, type Stored } from '../json.ts'
import type { Column } from '../resource-type.ts'

const units: readonly (readonly [string, number])[] = [
  ['y', 31_536_000],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
]

/** The age of a timestamp as kubectl shows it: the largest unit, with a second one while that still tells something. */
export const renderAge = (timestamp: unknown, now: number): string => {
  if (typeof timestamp !== 'string') return '<unknown>'
  const seconds = Math.max(0, Math.floor((now - Date.parse(timestamp)) / 1000))
  if (seconds < 120) return `${seconds}s`
  const index = units.findIndex(([, size]) => seconds >= size * 2)
  const [unit, size] = units[index] ?? ['s', 1]
  const [smaller, smallerSize] = units[index + 1] ?? ['s', 1]
  const whole = Math.floor(seconds / size)
  const rest = Math.floor((seconds % size) / smallerSize)
  return whole < 10 && rest > 0 ? `${whole}${unit}${rest}${smaller}` : `${whole}${unit}`
}

export const nameColumn: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  read: (object) => object.metadata.name,
}

export const ageColumn: Column = {
  name: 'Age',
  type: 'string',
  read: (object, now) => renderAge(object.metadata.creationTimestamp, now),
}

export const column = (
  name: string,
  type: 'string' | 'integer',
  read: (object: Stored) => unknown,
  priority = 0,
): Column => ({
  name,
  type,
  priority,
  read,
})

/** A column that shows a field, or `fallback` when it is absent. */
export const fieldColumn = (
  name: string,
  type: 'string' | 'integer',
  path: string,
  fallback: unknown = '<none>',
  priority = 0,
): Column => column(name, type, (object) => readPath(object, path) ?? fallback, priority)

export const numberAt = (object: Stored, path: string): number => Number(readPath(object, path) ?? 0)

export const renderLabels = (labels: unknown): string => {
  const entries = Object.entries(asObject(labels))
  return entries.length === 0 ? '<none>' : entries.map(([key, value]) => `${key}=${String(value)}`).join(',')
}
