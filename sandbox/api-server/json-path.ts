/**
 * The part of JSONPath that printer columns use: fields, `['quoted']` fields, indices, `[*]` and `[?(@.field=="value")]`. A
 * path outside of it reads as absent.
 */
import { isObject } from './json.ts'

const step =
  /^(?:\.([A-Za-z0-9_-]+|\*)|\['((?:[^'\\]|\\.)+)'\]|\[(\d+|\*)\]|\[\?\(@\.([A-Za-z0-9_.-]+)\s*==\s*["']([^"']*)["']\)\])/

const readField = (value: unknown, field: string): unknown[] => {
  if (field === '*') return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []
  return isObject(value) && Object.hasOwn(value, field) ? [value[field]] : []
}

const readIndex = (value: unknown, index: string): unknown[] => {
  if (!Array.isArray(value)) return []
  return index === '*' ? value : value.slice(Number(index), Number(index) + 1)
}

const applyStep = (values: readonly unknown[], match: RegExpExecArray): unknown[] => {
  const [, field, quoted, index, filterField, filterValue] = match
  if (field !== undefined) return values.flatMap((value) => readField(value, field.replaceAll('\\.', '.')))
  if (quoted !== undefined) return values.flatMap((value) => readField(value, quoted.replaceAll('\\', '')))
  if (index !== undefined) return values.flatMap((value) => readIndex(value, index))
  return values.flatMap((value) =>
    (Array.isArray(value) ? value : []).filter(
      (item) => isObject(item) && String(item[filterField ?? '']) === filterValue,
    ),
  )
}

/** The first value at `path`, or undefined. */
export const readJsonPath = (object: unknown, path: string): unknown => {
  let values: unknown[] = [object]
  let rest = path.startsWith('.') || path.startsWith('[') ? path : `.${path}`
  while (rest !== '') {
    const match = step.exec(rest.replace(/^\.(?=\[)/, ''))
    if (match === null) return undefined
    values = applyStep(values, match)
    rest = rest.replace(/^\.(?=\[)/, '').slice(match[0].length)
  }
  return values[0]
}
