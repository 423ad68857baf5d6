/**
 * The port to objects that routers drive and no API server holds: keys in Consul, target groups of AWS. A store follows the objects that it is
 * asked for and answers from memory, as a cache of the cluster does; what it has not read is unknown, never absent. It interprets nothing: what
 * an object means is the router's business, when to write the domain's.
 *
 * An object looks like one of Kubernetes: `apiVersion`, `kind`, `metadata.name` (and `metadata.namespace` when its kind is namespaced) are those of
 * its reference, `metadata.resourceVersion` is the system's own version (Consul's ModifyIndex, or a digest where the system has none), and the
 * content stands in fields of the router's choice. Routers render writes for it exactly as for a cluster's: JSON patches guarded by
 * resourceVersion (`codec/patch.ts`), creations, deletions. Selections name no such kinds: only what is addressed can be followed.
 *
 *   a store must                                                                                 | because
 *   read what it follows again and again, by blocking query or by polling, until `stop`          | foreign changes have to be seen
 *   tell its listeners after each change of a reading, known or unknown, and never inside `follow` | a Rollout is decided anew when told
 *   answer unknown, in words, once it has not heard of an object for longer than it can vouch for | an old answer must not be taken for the truth
 *   refuse with 409 what was rendered for another version                                        | two writers never undo each other
 *   answer after a write with what was written, something newer, or unknown                      | a pass must not act on what it has replaced
 *   answer unknown after a write of unknown outcome, until it has read again                     | the same
 */
import { applyPatch, type Operation } from 'rfc6902'
import type { KubeObject } from '../api/meta.ts'
import { KubeError, noAnswerReasons, type ObjectRef, type ResourceKind } from '../kube/client.ts'
import { describeRef } from '../kube/kinds.ts'
import type { RouterWrite } from './router.ts'

const SUFFIX = '.outside'

/** A kind outside Kubernetes: its group names the system. @example outsideKind('consul', 'keys', 'Key') */
export const outsideKind = (system: string, plural: string, kind: string): ResourceKind => ({
  group: `${system}${SUFFIX}`,
  version: 'v1',
  plural,
  kind,
  namespaced: false,
})

/** Whether a store holds the objects of this kind; no API server may be asked for them. */
export const isOutside = ({ group }: ResourceKind): boolean => group.endsWith(SUFFIX)

/** `object` undefined: it is known not to exist. `why` is part of a sentence, such as `Consul does not answer (connection refused)`. */
export type OutsideReading =
  | { readonly known: true; readonly object: KubeObject | undefined }
  | { readonly known: false; readonly why: string }

export interface OutsideWriteOptions {
  /** Asked just before the bytes leave; false fails the write with reason NotLeader. */
  readonly isPermitted?: () => boolean
  /** Takes traffic away from the canary: waits for no rate limit. */
  readonly urgent?: boolean
}

export interface OutsideStore {
  /** Made by {@link outsideKind}. No two stores hold the same kind. */
  readonly kinds: readonly ResourceKind[]
  /** All objects that have to be known from now on, of its kinds, each once; replaces the last list. What was dropped may be forgotten. */
  follow(refs: readonly ObjectRef[]): void
  /** At once, from memory. What is not followed is unknown. */
  read(ref: ObjectRef): OutsideReading
  /**
   * Resolves when the system has taken it. Rejects with KubeError: code 409 when the object is not the one that the write was rendered for
   * (reason AlreadyExists for a creation), 401 or 403 without the right, code 0 or 5xx when nobody knows (`hasUnknownOutcome`).
   */
  write(write: RouterWrite, options?: OutsideWriteOptions): Promise<void>
  /** `listener` hears of every object whose reading has changed. Returns the unsubscriber. */
  subscribe(listener: (ref: ObjectRef) => void): () => void
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

/**
 * What an object is to be after a write; undefined: gone. `metadata.resourceVersion` is the one that the write was rendered for: the system has to
 * be asked to replace exactly that. Throws KubeError 409 when `current` is not the object that the write was rendered for.
 */
export function applyOutsideWrite(current: KubeObject | undefined, write: RouterWrite): KubeObject | undefined {
  if (write.do === 'create') {
    if (current) throw conflict(write, 'AlreadyExists', 'it exists already')
    return write.object
  }
  if (!current) throw conflict(write, 'Conflict', 'it does not exist any more')
  const { resourceVersion = '' } = current.metadata
  const guard = write.do === 'delete' ? write.object.metadata.resourceVersion : guardOf(write.patch)
  if (guard !== resourceVersion)
    throw conflict(write, 'Conflict', `it is at version ${resourceVersion}, not ${String(guard)}`)
  if (write.do === 'delete') return undefined
  const next = structuredClone(current)
  const failed = applyPatch(next, [...write.patch] as Operation[]).find((failure) => failure !== null)
  if (failed) throw conflict(write, 'Conflict', failed.message)
  return next
}

/** Routers guard every patch; one without a guard fits nothing. */
const guardOf = (patch: Extract<RouterWrite, { do: 'patch' }>['patch']): unknown => {
  const guard = patch.find(({ path }) => path === '/metadata/resourceVersion')
  return guard && 'value' in guard ? guard.value : undefined
}

const conflict = ({ do: verb, ref }: RouterWrite, reason: string, message: string): KubeError =>
  new KubeError({ code: 409, reason, message }, `${verb} ${describeRef(ref)}`)

/** A store whose writes pass only while `mayWrite` says so, as those to the cluster do. Reads always pass. */
export const createGatedStore = (store: OutsideStore, mayWrite: () => boolean): OutsideStore => ({
  ...store,
  async write(write, options) {
    if (!mayWrite()) {
      const message = 'this process may not write now'
      throw new KubeError(
        { code: 0, reason: noAnswerReasons.notLeader, message },
        `${write.do} ${describeRef(write.ref)}`,
      )
    }
    return store.write(write, { ...options, isPermitted: mayWrite })
  },
})
