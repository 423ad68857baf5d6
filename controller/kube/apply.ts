/**
 * The few shapes in which this product writes: server-side apply, JSON patch and merge patch, each with a precondition, so that
 * a late or repeated write loses instead of undoing somebody's work (invariant S17). It decides no content.
 */
import type { KubeObject, OwnerReference } from '../api/meta.ts'
import { createBackoff } from '../runtime/backoff.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import {
  isConflict,
  type KubeClient,
  KubeError,
  type ObjectRef,
  type ResourceKind,
  type WriteOptions,
} from './client.ts'
import { apiVersionOf, refOf } from './kinds.ts'

export const fieldManager = 'penstock'

type PatchClient = Pick<KubeClient, 'patch'>

/** At least one of the two: which object, or which version of it, the write was decided for. */
export type Precondition =
  | { readonly uid: string; readonly resourceVersion?: string }
  | { readonly uid?: string; readonly resourceVersion: string }

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/**
 * Server-side apply of the fields in `object`, owned by this product's field manager. `force` takes fields over from other
 * managers; without it a foreign owner is a 409. A `metadata.uid` in the object makes the server refuse a namesake.
 */
export function applyObject<T extends KubeObject>(
  client: PatchClient,
  kind: ResourceKind,
  object: T,
  options: WriteOptions = {},
): Promise<T> {
  const body = { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind }
  return client.patch<T>(refOf(kind, object), 'apply', body, { fieldManager, ...options })
}

/** JSON patch that starts by testing the precondition. A failed test is answered with 422, see {@link isPreconditionFailed}. */
export function applyJsonPatch<T extends KubeObject>(
  client: PatchClient,
  ref: ObjectRef,
  operations: readonly JsonPatchOperation[],
  { precondition, ...options }: WriteOptions & { readonly precondition: Precondition },
): Promise<T> {
  const tests = Object.entries(precondition).map(([field, value]) => ({
    op: 'test' as const,
    path: `/metadata/${field}`,
    value,
  }))
  return client.patch<T>(ref, 'json', [...tests, ...operations], { fieldManager, ...options })
}

/** Merge patch that carries the precondition in its metadata; a difference is answered with 409. */
export function applyMergePatch<T extends KubeObject>(
  client: PatchClient,
  ref: ObjectRef,
  patch: Readonly<Record<string, unknown>> & { readonly metadata?: Readonly<Record<string, unknown>> },
  { precondition, ...options }: WriteOptions & { readonly precondition: Precondition },
): Promise<T> {
  const body = { ...patch, metadata: { ...patch.metadata, ...precondition } }
  return client.patch<T>(ref, 'merge', body, { fieldManager, ...options })
}

/**
 * True when the object is no longer the one the write was decided for: look again, then decide
 * again. Servers say so with 409, and with 422 for a failed JSON patch test and for another uid.
 */
export const isPreconditionFailed = (error: unknown): boolean =>
  isConflict(error) || (error instanceof KubeError && error.code === 422 && preconditionMessage.test(error.message))

/** Exactly what kube-apiserver says: a looser pattern would take an invalid object named `test` for a lost race. */
const preconditionMessage =
  /the server rejected our request due to an error in our request$|metadata\.uid: Invalid value: .*: field is immutable/

/** One path segment of a JSON pointer. */
export const escapeJsonPointer = (segment: string): string => segment.replace(/~/g, '~0').replace(/\//g, '~1')

export interface ConflictRetryOptions {
  readonly clock: Clock
  readonly random: Random
  /** Tries in all; 5 when absent. */
  readonly attempts?: number
}

/**
 * Repeats read-decide-write while it ends in a conflict. Only for writes that are right whatever the other writer did (a
 * person's request, an annotation of ours); a reconciler requeues instead.
 */
export async function retryOnConflict<T>(attempt: () => Promise<T>, options: ConflictRetryOptions): Promise<T> {
  const backoff = createBackoff({ random: options.random, firstMs: 10, maxMs: 1_000 })
  for (let left = options.attempts ?? 5; ; left -= 1) {
    try {
      return await attempt()
    } catch (error) {
      if (left <= 1 || !isPreconditionFailed(error)) throw error
      await options.clock.sleep(backoff.nextDelayMs())
    }
  }
}

/** The reference that makes `owner` the one controller of a child. Throws TypeError for an owner the server has not stored. */
export function renderControllerReference(owner: KubeObject, kind: ResourceKind): OwnerReference {
  const { name, uid } = owner.metadata
  if (uid === undefined) throw new TypeError(`${kind.kind} ${name} has no uid yet and cannot own anything`)
  return { apiVersion: apiVersionOf(kind), kind: kind.kind, name, uid, controller: true, blockOwnerDeletion: true }
}

/** The controlling owner of an object, if it has one. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)
