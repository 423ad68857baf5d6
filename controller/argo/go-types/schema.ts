/**
 * Reads the tables of Go structs beside this file: which fields an object has, in which order Go prints them and when it leaves one out. The
 * notation of one struct is a list of fields in Go's order:
 *
 *   name           a string that is left out when empty      name!    printed always
 *   name:int       another type: int, bool, quantity, intOrString, time, raw (any JSON), or the name of a struct, which is printed always
 *   name:*T []T {}T  pointer, list, map with string keys; left out when absent (a pointer) or empty
 *   name:time~     left out when zero                        name+34  since that minor version of k8s.io/api, name-29 until it
 */

export type GoTable = Readonly<Record<string, string>>

const scalars = ['string', 'int', 'bool', 'quantity', 'intOrString', 'time', 'raw'] as const
export type GoScalar = (typeof scalars)[number]

export type GoType =
  | { readonly form: 'scalar'; readonly scalar: GoScalar }
  | { readonly form: 'struct'; readonly name: string }
  | { readonly form: 'pointer' | 'list' | 'map'; readonly of: GoType }

export interface GoField {
  readonly name: string
  readonly type: GoType
  /** What makes Go leave the field out. */
  readonly omit: 'never' | 'empty' | 'zero'
}

/** The fields of each struct at one version, parsed when first asked for. Throws on a struct or a notation that the table does not have. */
export function readGoTable(table: GoTable, minor: number): (struct: string) => readonly GoField[] {
  const known = new Map<string, readonly GoField[]>()
  return (struct) => {
    const before = known.get(struct)
    if (before) return before
    const fields = parseStruct(table[struct], struct, minor)
    known.set(struct, fields)
    return fields
  }
}

const FIELD = /^(?<name>\w+)(?::(?<type>[\w*[\]{}]+))?(?<mark>[!~]?)(?:(?<since>\+\d+)|(?<until>-\d+))?$/

function parseStruct(text: string | undefined, struct: string, minor: number): readonly GoField[] {
  if (text === undefined) throw new Error(`no Go struct ${struct}`)
  return text
    .trim()
    .split(/\s+/)
    .flatMap((part) => {
      const found = FIELD.exec(part)?.groups
      if (!found?.name) throw new Error(`${struct}: cannot read "${part}"`)
      if (minor < Number(found.since ?? 0) || minor > -Number(found.until ?? -Infinity)) return []
      const omit = found.mark === '!' ? 'never' : found.mark === '~' ? 'zero' : 'empty'
      return [{ name: found.name, type: parseType(found.type ?? 'string'), omit } as const]
    })
}

const isScalar = (name: string): name is GoScalar => (scalars as readonly string[]).includes(name)

function parseType(text: string): GoType {
  if (text.startsWith('*')) return { form: 'pointer', of: parseType(text.slice(1)) }
  if (text.startsWith('[]')) return { form: 'list', of: parseType(text.slice(2)) }
  if (text.startsWith('{}')) return { form: 'map', of: parseType(text.slice(2)) }
  return isScalar(text) ? { form: 'scalar', scalar: text } : { form: 'struct', name: text }
}
