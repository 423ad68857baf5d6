/** How the suite handles a store of objects outside Kubernetes and the system behind it. Types only. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ObjectRef } from '../../../controller/kube/client.ts'
import type { OutsideStore } from '../../../controller/traffic/outside.ts'
import type { JsonPatchOperation } from '../../../controller/traffic/router.ts'

/** One store on one fresh system. Contents are told apart by a number, 1 to 9: a weight, for instance. */
export interface OpenOutside {
  readonly store: OutsideStore
  /** An object by number: each names another one. */
  ref(index: number): ObjectRef
  /** What a router would create with this content; its metadata names it. */
  render(ref: ObjectRef, content: number): KubeObject
  /** The content of an object as the store shows it. */
  contentOf(object: KubeObject): number
  /** What a router would change to come to this content, without the guard. */
  change(object: KubeObject, content: number): readonly JsonPatchOperation[]
  /** Somebody else writes, or deletes (undefined). */
  put(ref: ObjectRef, content: number | undefined): Promise<void>
  /** What the system really holds. */
  actual(ref: ObjectRef): Promise<number | undefined>
  /** The system stops answering; the harness lets so much time pass that the store may vouch for nothing any more. */
  sever(): Promise<void>
  restore(): Promise<void>
  /** The next write takes effect and its answer gets lost. */
  loseNextAnswer(): void
  /** Waits, with a bound, until it holds; moves the clock of a store on virtual time. */
  until(condition: () => boolean): Promise<void>
  close(): Promise<void>
}

export interface OutsideHarness {
  readonly name: string
  /** False when its routers only patch: the suite then creates and deletes nothing through the store. */
  readonly createsAndDeletes: boolean
  open(): Promise<OpenOutside>
}
