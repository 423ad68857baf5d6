/**
 * The fields of Argo's CustomResourceDefinitions (1.8.4, 1.9.1 and its main branch of 2026-08-17), as facts to hold ours against: name, type, what
 * is required. `fields.txt` was derived by `derive.ts`; this reads it.
 */
import { readFileSync } from 'node:fs'

export interface Field {
  readonly name: string
  /** `object`, `open` (an object of anything), `any`, `map`, `array`, `string[:format]`, `integer:int32|int64`, `int-or-string`, ... */
  readonly type: string
  readonly isRequired: boolean
  /** Empty when every text is taken. */
  readonly values: readonly string[]
  /** Of a list the one child is named `[]`, of a map `{}`. */
  readonly children: readonly Field[]
}

interface Draft extends Field {
  readonly children: Draft[]
}

function parseLine(line: string): Draft {
  const [name = '', type = '', ...marks] = line.trim().split(' ')
  const values =
    marks
      .find((mark) => mark.startsWith('enum='))
      ?.slice('enum='.length)
      .split('|') ?? []
  return { name, type, isRequired: marks.includes('required'), values, children: [] }
}

/** By plural, each the root of its objects. */
export function readArgoFields(): Readonly<Record<string, Field>> {
  const roots: Draft[] = []
  const parents: Draft[] = []
  for (const line of readFileSync(new URL('fields.txt', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')) {
    const depth = line.length - line.trimStart().length
    const field = parseLine(line)
    parents.splice(depth)
    const list = depth === 0 ? roots : parents[depth - 1]?.children
    list?.push(field)
    parents.push(field)
  }
  return Object.fromEntries(roots.map((root) => [root.name, root]))
}
