/**
 * The stores of objects outside Kubernetes as one: which objects Rollouts name, what is known of them, and the way to write them. It must not
 * interpret an object.
 */
import { KubeError, type ObjectRef, type ResourceKind } from '../kube/client.ts'
import { describeRef, kindId } from '../kube/kinds.ts'
import type { OutsideReading, OutsideStore, OutsideWriteOptions } from '../traffic/outside.ts'
import type { RouterWrite } from '../traffic/router.ts'

export interface OutsideObjects {
  /** What a Rollout names from now on; the stores hear of it all together, once the caller is done. */
  name(rollout: string, refs: readonly ObjectRef[]): void
  /** Whether a store follows objects of this kind. */
  holds(kind: ResourceKind): boolean
  read(ref: ObjectRef): OutsideReading
  write(write: RouterWrite, options: OutsideWriteOptions): Promise<void>
  subscribe(listener: (ref: ObjectRef) => void): () => void
}

const UNCONNECTED = 'nothing connects this controller to it; the page of the router names the flags'

export function openOutside(stores: readonly OutsideStore[]): OutsideObjects {
  const storeOf = new Map(stores.flatMap((store) => store.kinds.map((kind) => [kindId(kind), store] as const)))
  const named = new Map<string, readonly ObjectRef[]>()
  let isScheduled = false

  function followAll(): void {
    isScheduled = false
    const all = new Map([...named.values()].flat().map((ref) => [describeRef(ref), ref]))
    const sorted = [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref)
    for (const store of stores) store.follow(sorted.filter(({ kind }) => storeOf.get(kindId(kind)) === store))
  }

  return {
    name(rollout, refs) {
      const before = (named.get(rollout) ?? []).map(describeRef).join()
      if (before === refs.map(describeRef).join()) return
      if (refs.length === 0) named.delete(rollout)
      else named.set(rollout, refs)
      // At start every Rollout comes in the same moment.
      if (!isScheduled) queueMicrotask(followAll)
      isScheduled = true
    },
    holds: (kind) => storeOf.has(kindId(kind)),
    read: (ref) => storeOf.get(kindId(ref.kind))?.read(ref) ?? { known: false, why: UNCONNECTED },
    async write(write, options) {
      const store = storeOf.get(kindId(write.ref.kind))
      if (!store) throw new KubeError({ code: 404, message: UNCONNECTED }, `${write.do} ${describeRef(write.ref)}`)
      await store.write(write, options)
    },
    subscribe(listener) {
      const subscriptions = stores.map((store) => store.subscribe(listener))
      return () => {
        for (const unsubscribe of subscriptions) unsubscribe()
      }
    },
  }
}
