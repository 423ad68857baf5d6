/**
 * Reads one scalar of an object by the path of a `fieldRef`: the downward-API rules for `metadata`, a plain walk for everything else. It
 * must not guess: a path that leads nowhere is a problem.
 */

export type FieldText = { readonly value: string } | { readonly problem: string }

const LONGEST_PATH = 500
const SUBSCRIPT = /^metadata\.(labels|annotations)\['([^']+)'\]$/
const WHOLE_MAP = /^metadata\.(labels|annotations)$/
const METADATA_SCALARS = new Set(['metadata.name', 'metadata.namespace', 'metadata.uid'])

/** The text of the field at `path` (`metadata.labels['app']`, `status.canary.weights.canary.weight`, `spec.steps[0].setWeight`). */
export function readField(object: unknown, path: string): FieldText {
  if (path.length > LONGEST_PATH) return { problem: `fieldPath is longer than ${LONGEST_PATH} characters` }
  return path === 'metadata' || path.startsWith('metadata.') ? readMetadata(object, path) : readPlain(object, path)
}

/** As in the downward API an absent label or annotation is the empty string. */
function readMetadata(object: unknown, path: string): FieldText {
  if (METADATA_SCALARS.has(path)) return { value: textOf(walk(object, path.split('.'))) ?? '' }
  const subscript = SUBSCRIPT.exec(path)
  if (subscript) return { value: textOf(walk(object, ['metadata', subscript[1] ?? '', subscript[2] ?? ''])) ?? '' }
  const whole = WHOLE_MAP.exec(path)
  if (whole) return { value: renderMap(walk(object, ['metadata', whole[1] ?? ''])) }
  return { problem: `unsupported fieldPath: ${path}` }
}

function renderMap(map: unknown): string {
  if (typeof map !== 'object' || map === null) return ''
  const lines = Object.entries(map).map(([key, value]) => `${key}=${JSON.stringify(String(value))}`)
  return lines.sort().join('\n')
}

function readPlain(object: unknown, path: string): FieldText {
  const segments = path.match(/[^.[\]]+/g) ?? []
  const rebuilt = /^[^.[\]]+(?:\.[^.[\]]+|\[\d+\])*$/.test(path)
  if (!rebuilt) return { problem: `invalid fieldPath: ${path}` }
  const found = walk(object, segments)
  if (found === undefined) return { problem: `fieldPath ${path} leads to nothing` }
  const value = textOf(found)
  return value === undefined ? { problem: `fieldPath ${path} leads to something that is not a scalar` } : { value }
}

function walk(object: unknown, segments: readonly string[]): unknown {
  let current = object
  for (const segment of segments) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined
    current = (current as Readonly<Record<string, unknown>>)[segment]
  }
  return current ?? undefined
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
