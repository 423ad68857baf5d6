/** How a router's change of one object is written: fields by JSON pointer, on the condition that the object is the one that was read. */
import type { KubeObject } from '../../api/meta.ts'
import type { ObjectRef } from '../../kube/client.ts'
import type { JsonPatchOperation, RouterWrite } from '../router.ts'

/** A JSON pointer to a field; keys may contain any character. */
export const pointer = (...path: readonly (string | number)[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

/** None when nothing changes. The API server answers 409 to a resourceVersion that is not the object's any more. */
export function patchOf(ref: ObjectRef, object: KubeObject, changes: readonly JsonPatchOperation[]): RouterWrite[] {
  return changes.length === 0 ? [] : [{ do: 'patch', ref, patch: guarded(object, changes) }]
}

export const guarded = (object: KubeObject, changes: readonly JsonPatchOperation[]): readonly JsonPatchOperation[] =>
  changes.length === 0
    ? []
    : [{ op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion ?? '' }, ...changes]

/**
 * Sets (a string) or removes (undefined) one annotation of an object that exists; nothing when it says so already.
 * @example annotate(ingress, 'nginx.ingress.kubernetes.io/canary-weight', '20')
 */
export const annotate = (object: KubeObject, name: string, value: string | undefined): JsonPatchOperation[] =>
  setEntry(object, 'annotations', name, value)

/** The same for a label. */
export const label = (object: KubeObject, name: string, value: string | undefined): JsonPatchOperation[] =>
  setEntry(object, 'labels', name, value)

function setEntry(
  { metadata }: KubeObject,
  field: 'annotations' | 'labels',
  name: string,
  value: string | undefined,
): JsonPatchOperation[] {
  const entries = metadata[field]
  const before = entries?.[name]
  if (before === value) return []
  const path = pointer('metadata', field, name)
  if (value === undefined) {
    const isLast = Object.keys(entries ?? {}).length === 1
    return [{ op: 'remove', path: isLast ? `/metadata/${field}` : path }]
  }
  if (entries === undefined) return [{ op: 'add', path: `/metadata/${field}`, value: { [name]: value } }]
  return [{ op: 'add', path, value }]
}
