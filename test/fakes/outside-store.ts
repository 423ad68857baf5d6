/**
 * A system outside Kubernetes with its store, in memory: objects with versions, foreign writes, an outage and a lost answer on demand. It behaves
 * as `controller/traffic/outside.ts` asks, which the contract suite checks.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import { KubeError, noAnswerReasons, type ObjectRef, type ResourceKind } from '../../controller/kube/client.ts'
import { apiVersionOf, describeRef } from '../../controller/kube/kinds.ts'
import {
  applyOutsideWrite,
  type OutsideReading,
  type OutsideStore,
  outsideKind,
} from '../../controller/traffic/outside.ts'

export const boxes = outsideKind('memory', 'boxes', 'Box')

export interface MemoryOutside {
  readonly store: OutsideStore
  /** Every write that took effect, as `verb kind name`. */
  readonly writes: readonly string[]
  /** Somebody else writes: `fields` beside the metadata, or undefined for a deletion. */
  put(ref: ObjectRef, fields: Readonly<Record<string, unknown>> | undefined): void
  get(ref: ObjectRef): KubeObject | undefined
  /** From now on nothing is answered, and what was read is vouched for no longer. */
  sever(): void
  restore(): void
  /** The next write takes effect, but nobody hears of it. */
  loseNextAnswer(): void
}

export function createMemoryOutside(kinds: readonly ResourceKind[] = [boxes]): MemoryOutside {
  const held = new Map<string, KubeObject>()
  const followed = new Map<string, ObjectRef>()
  const readings = new Map<string, OutsideReading>()
  const listeners = new Set<(ref: ObjectRef) => void>()
  const writes: string[] = []
  let version = 0
  let isSevered = false
  let losesAnswer = false
  let isStopped = false

  function refresh(ref: ObjectRef): void {
    const key = describeRef(ref)
    if (isStopped || !followed.has(key)) return
    const next: OutsideReading = isSevered
      ? { known: false, why: 'the memory does not answer' }
      : { known: true, object: held.get(key) }
    if (JSON.stringify(next) === JSON.stringify(readings.get(key))) return
    readings.set(key, next)
    for (const listener of listeners) listener(ref)
  }
  const refreshAll = (): void => {
    for (const ref of followed.values()) refresh(ref)
  }
  function set(ref: ObjectRef, object: KubeObject | undefined): void {
    version += 1
    const key = describeRef(ref)
    if (!object) held.delete(key)
    else {
      const metadata = { ...object.metadata, name: ref.name, resourceVersion: String(version) }
      held.set(key, { ...object, apiVersion: apiVersionOf(ref.kind), kind: ref.kind.kind, metadata })
    }
  }
  const noAnswer = (ref: ObjectRef, reason: string): KubeError => new KubeError({ code: 0, reason }, describeRef(ref))

  return {
    writes,
    get: (ref) => held.get(describeRef(ref)),
    put(ref, fields) {
      set(ref, fields && { metadata: { name: ref.name }, ...fields })
      refresh(ref)
    },
    sever() {
      isSevered = true
      refreshAll()
    },
    restore() {
      isSevered = false
      refreshAll()
    },
    loseNextAnswer() {
      losesAnswer = true
    },
    store: {
      kinds,
      follow(refs) {
        followed.clear()
        for (const ref of refs) followed.set(describeRef(ref), ref)
        for (const key of readings.keys()) if (!followed.has(key)) readings.delete(key)
        queueMicrotask(refreshAll)
      },
      read: (ref) => readings.get(describeRef(ref)) ?? { known: false, why: 'it has not been read yet' },
      async write(write, options) {
        const { ref } = write
        if (isSevered) throw noAnswer(ref, noAnswerReasons.notSent)
        if (options?.isPermitted?.() === false) throw noAnswer(ref, noAnswerReasons.notLeader)
        set(ref, applyOutsideWrite(held.get(describeRef(ref)), write))
        writes.push(`${write.do} ${describeRef(ref)}`)
        if (losesAnswer) {
          losesAnswer = false
          readings.set(describeRef(ref), { known: false, why: 'the answer to a write got lost' })
          queueMicrotask(() => refresh(ref))
          throw noAnswer(ref, noAnswerReasons.lost)
        }
        refresh(ref)
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      async stop() {
        isStopped = true
      },
    },
  }
}
