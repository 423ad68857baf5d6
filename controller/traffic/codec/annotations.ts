/** Several annotations of one object as one change. It decides none of them. */
import type { KubeObject } from '../../api/meta.ts'
import type { JsonPatchOperation } from '../router.ts'
import { pointer } from './patch.ts'

/** By name; undefined: there is to be none. Names that are not listed stay as they are. */
export type AnnotationChanges = Readonly<Record<string, string | undefined>>

/** Empty when the object says so already. */
export function annotateAll({ metadata }: KubeObject, changes: AnnotationChanges): JsonPatchOperation[] {
  const { annotations: before } = metadata
  const changed = Object.entries(changes).filter(([name, value]) => before?.[name] !== value)
  if (changed.length === 0) return []
  const after = definedOf({ ...before, ...changes })
  if (before === undefined) return [{ op: 'add', path: '/metadata/annotations', value: after }]
  if (Object.keys(after).length === 0) return [{ op: 'remove', path: '/metadata/annotations' }]
  return changed.sort(byName).map(([name, value]) => {
    const path = pointer('metadata', 'annotations', name)
    return value === undefined ? { op: 'remove', path } : { op: 'add', path, value }
  })
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** Sorted, without what is to be none. */
export const definedOf = (changes: AnnotationChanges): Record<string, string> =>
  Object.fromEntries(
    Object.entries(changes)
      .flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))
      .sort(byName),
  )
