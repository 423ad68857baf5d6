/**
 * Who writes the objects of a router, by what the API server keeps of their field managers: who changed them last, and which of those that the
 * Rollout does not own name this controller. Renders the one patch that takes our name out. It must not interpret what the objects say.
 */
import type { FieldManagerEntry, KubeObject } from '../api/meta.ts'
import type { LastWriter, RouteReading } from '../domain/world.ts'
import { fieldManager } from '../kube/apply.ts'
import type { ObjectRef } from '../kube/client.ts'
import { kindId, refOf } from '../kube/kinds.ts'
import { isOutside } from '../traffic/outside.ts'
import type { JsonPatchOperation, Router, RouterObjects, RouterWrite } from '../traffic/router.ts'

interface Found {
  readonly ref: ObjectRef
  readonly object: KubeObject
}

/** The API server's own way to say "nobody"; an empty list would be taken for no answer. */
const NOBODY = [{}]

export function readManagers(
  router: Router,
  objects: RouterObjects,
  ownerUid: string | undefined,
): Pick<RouteReading, 'lastWriter' | 'held'> {
  const found = foundIn(router, objects)
  const lastWriter = lastOf(found)
  const held = found.filter(({ object }) => isHeld(object, ownerUid)).map(({ ref }) => labelOf(ref))
  return { ...(lastWriter ? { lastWriter } : {}), ...(held.length > 0 ? { held } : {}) }
}

/** One write for each object that several share and that names us; what others wrote, and their entries, stay. */
export const renderReleases = (
  router: Router,
  objects: RouterObjects,
  ownerUid: string | undefined,
): readonly RouterWrite[] =>
  foundIn(router, objects).flatMap(({ ref, object }) =>
    isHeld(object, ownerUid) ? [{ do: 'patch', ref, patch: releaseOf(object) } as const] : [],
  )

function foundIn({ targets, selections = [] }: Router, objects: RouterObjects): readonly Found[] {
  const kinds = new Map([...targets, ...selections].map(({ kind }) => [kindId(kind), kind]))
  return Object.entries(objects).flatMap(([key, object]) => {
    const kind = kinds.get(key.slice(0, key.indexOf('/')))
    return object && kind && !isOutside(kind) ? [{ ref: refOf(kind, object), object }] : []
  })
}

const labelOf = ({ kind, namespace = '', name }: ObjectRef): string => `${kind.kind} "${namespace}/${name}"`

const isOurs = ({ manager }: FieldManagerEntry): boolean => manager === fieldManager

function isHeld({ metadata }: KubeObject, ownerUid: string | undefined): boolean {
  const isOwned = (metadata.ownerReferences ?? []).some(({ uid }) => uid === ownerUid)
  return !isOwned && (metadata.managedFields ?? []).some(isOurs)
}

/**
 * Times are whole seconds: of two in the same one it was the other's, for who corrects is the one that has just been changed. Status has writers of its
 * own, who change nothing that a router was told.
 */
function lastOf(found: readonly Found[]): LastWriter | undefined {
  const writers = found.flatMap(({ ref, object }) =>
    (object.metadata.managedFields ?? []).flatMap((entry) => {
      const { manager, time = '', subresource } = entry
      if (manager === undefined || subresource) return []
      return [{ isOurs: isOurs(entry), manager, object: labelOf(ref), time }]
    }),
  )
  const [last] = writers.sort((a, b) => compare(b.time, a.time) || Number(a.isOurs) - Number(b.isOurs))
  return last && { isOurs: last.isOurs, manager: last.manager, object: last.object }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function releaseOf({ metadata }: KubeObject): readonly JsonPatchOperation[] {
  const entries = metadata.managedFields ?? []
  const path = '/metadata/managedFields'
  const guard = { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion ?? '' } as const
  if (entries.every(isOurs)) return [guard, { op: 'replace', path, value: NOBODY }]
  // From the end, so that what is left keeps its place.
  const removals = entries
    .flatMap((entry, at) => (isOurs(entry) ? [at] : []))
    .reverse()
    .flatMap((at): JsonPatchOperation[] => [
      { op: 'test', path: `${path}/${at}/manager`, value: fieldManager },
      { op: 'remove', path: `${path}/${at}` },
    ])
  return [guard, ...removals]
}
