/** What every store of objects outside Kubernetes must keep (`controller/traffic/outside.ts`), for any harness. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import {
  hasUnknownOutcome,
  isAlreadyExists,
  isConflict,
  KubeError,
  noAnswerReasons,
  type ObjectRef,
} from '../../../controller/kube/client.ts'
import { apiVersionOf } from '../../../controller/kube/kinds.ts'
import { createGatedStore, isOutside } from '../../../controller/traffic/outside.ts'
import type { RouterWrite } from '../../../controller/traffic/router.ts'
import type { OpenOutside, OutsideHarness } from './harness.ts'

/** The object, once it is known; undefined while unknown or absent. */
const shown = ({ store }: OpenOutside, ref: ObjectRef): KubeObject | undefined => {
  const reading = store.read(ref)
  return reading.known ? reading.object : undefined
}

function patchTo(outside: OpenOutside, ref: ObjectRef, object: KubeObject, content: number): RouterWrite {
  const guard = { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion } as const
  return { do: 'patch', ref, patch: [guard, ...outside.change(object, content)] }
}

export function describeOutside(harness: OutsideHarness): void {
  const given = async (check: (outside: OpenOutside, ref: ObjectRef) => Promise<void>): Promise<void> => {
    const outside = await harness.open()
    try {
      await check(outside, outside.ref(1))
    } finally {
      await outside.close()
    }
  }
  /** One object of content 1, followed and read. */
  const givenOne = (check: (outside: OpenOutside, ref: ObjectRef, object: KubeObject) => Promise<void>) =>
    given(async (outside, ref) => {
      await outside.put(ref, 1)
      outside.store.follow([ref])
      await outside.until(() => shown(outside, ref) !== undefined)
      const object = shown(outside, ref)
      assert.ok(object)
      await check(outside, ref, object)
    })
  const sees = (outside: OpenOutside, ref: ObjectRef, content: number) =>
    outside.until(() => {
      const object = shown(outside, ref)
      return object !== undefined && outside.contentOf(object) === content
    })
  const isUnknown = ({ store }: OpenOutside, ref: ObjectRef) => !store.read(ref).known

  describe(`store of objects outside Kubernetes: ${harness.name}`, () => {
    test('what is not followed is unknown; what is followed becomes known, present or absent, and listeners are told', () =>
      given(async (outside, ref) => {
        const told: string[] = []
        const unsubscribe = outside.store.subscribe(({ name }) => void told.push(name))
        const absent = outside.ref(2)
        await outside.put(ref, 3)
        assert.ok(isUnknown(outside, ref))
        outside.store.follow([ref, absent])
        assert.deepEqual(told, [], 'follow itself tells nothing')
        await sees(outside, ref, 3)
        await outside.until(() => !isUnknown(outside, absent))
        assert.equal(shown(outside, absent), undefined)
        assert.deepEqual(new Set(told), new Set([ref.name, absent.name]))
        unsubscribe()
      }))

    test('an object looks like one of Kubernetes, and its kind says that it is none', () =>
      givenOne(async ({ store }, ref, object) => {
        assert.ok(store.kinds.includes(ref.kind) && store.kinds.every(isOutside))
        assert.deepEqual(
          [object.apiVersion, object.kind, object.metadata.name],
          [apiVersionOf(ref.kind), ref.kind.kind, ref.name],
        )
        assert.notEqual(object.metadata.resourceVersion ?? '', '')
      }))

    test('what others write and delete is seen and told, with another version', () =>
      givenOne(async (outside, ref, object) => {
        const told: string[] = []
        outside.store.subscribe(({ name }) => void told.push(name))
        await outside.put(ref, 2)
        await sees(outside, ref, 2)
        assert.notEqual(shown(outside, ref)?.metadata.resourceVersion, object.metadata.resourceVersion)
        await outside.put(ref, undefined)
        await outside.until(() => !isUnknown(outside, ref) && shown(outside, ref) === undefined)
        assert.ok(told.length >= 2 && told.every((name) => name === ref.name))
      }))

    test('a patch is written, and what it replaced is never shown again', () =>
      givenOne(async (outside, ref, object) => {
        const before: number[] = []
        outside.store.subscribe(() => {
          const now = shown(outside, ref)
          if (now) before.push(outside.contentOf(now))
        })
        await outside.store.write(patchTo(outside, ref, object, 5))
        assert.ok(isUnknown(outside, ref) || shown(outside, ref)?.metadata.resourceVersion !== '')
        const now = shown(outside, ref)
        assert.ok(now === undefined || outside.contentOf(now) === 5)
        assert.equal(await outside.actual(ref), 5)
        await sees(outside, ref, 5)
        assert.deepEqual([...new Set(before)], [5])
      }))

    test('a patch for another version than the one that is there is refused and changes nothing', () =>
      givenOne(async (outside, ref, object) => {
        await outside.put(ref, 2)
        await assert.rejects(outside.store.write(patchTo(outside, ref, object, 5)), isConflict)
        assert.equal(await outside.actual(ref), 2)
        await sees(outside, ref, 2)
      }))

    test('a patch of what was deleted is refused', () =>
      givenOne(async (outside, ref, object) => {
        await outside.put(ref, undefined)
        await assert.rejects(outside.store.write(patchTo(outside, ref, object, 5)), isConflict)
        assert.equal(await outside.actual(ref), undefined)
      }))

    if (harness.createsAndDeletes) {
      test('a creation makes what is not there, and never replaces what is', () =>
        given(async (outside, ref) => {
          outside.store.follow([ref])
          await outside.until(() => !isUnknown(outside, ref))
          await outside.store.write({ do: 'create', ref, object: outside.render(ref, 4) })
          await sees(outside, ref, 4)
          const again = outside.store.write({ do: 'create', ref, object: outside.render(ref, 6) })
          await assert.rejects(again, isAlreadyExists)
          assert.equal(await outside.actual(ref), 4)
        }))

      test('a deletion takes what was read, and nothing newer', () =>
        givenOne(async (outside, ref, object) => {
          await outside.put(ref, 2)
          await assert.rejects(outside.store.write({ do: 'delete', ref, object }), isConflict)
          await sees(outside, ref, 2)
          const current = shown(outside, ref)
          assert.ok(current)
          await outside.store.write({ do: 'delete', ref, object: current })
          assert.equal(await outside.actual(ref), undefined)
          await outside.until(() => !isUnknown(outside, ref) && shown(outside, ref) === undefined)
        }))
    }

    test('a system that does not answer makes everything unknown, in words, until it answers again', () =>
      givenOne(async (outside, ref, object) => {
        await outside.sever()
        await outside.until(() => isUnknown(outside, ref))
        const reading = outside.store.read(ref)
        assert.ok(!reading.known && reading.why !== '')
        await assert.rejects(
          outside.store.write(patchTo(outside, ref, object, 5)),
          (error) => error instanceof KubeError && (error.code === 0 || error.code >= 500),
        )
        await outside.restore()
        await sees(outside, ref, 1)
      }))

    test('a write whose answer got lost leaves the object unknown until it has been read again', () =>
      givenOne(async (outside, ref, object) => {
        outside.loseNextAnswer()
        await assert.rejects(outside.store.write(patchTo(outside, ref, object, 5)), hasUnknownOutcome)
        const now = shown(outside, ref)
        assert.ok(now === undefined || outside.contentOf(now) === 5)
        await sees(outside, ref, 5)
      }))

    test('a process that may not write sends nothing', () =>
      givenOne(async (outside, ref, object) => {
        const isNotLeader = (error: unknown) =>
          error instanceof KubeError && error.reason === noAnswerReasons.notLeader && !hasUnknownOutcome(error)
        const write = patchTo(outside, ref, object, 5)
        await assert.rejects(outside.store.write(write, { isPermitted: () => false }), isNotLeader)
        await assert.rejects(createGatedStore(outside.store, () => false).write(write), isNotLeader)
        assert.equal(await outside.actual(ref), 1)
        await createGatedStore(outside.store, () => true).write(write)
        assert.equal(await outside.actual(ref), 5)
      }))

    test('what is followed no more is unknown, and known again when it is followed anew', () =>
      givenOne(async (outside, ref) => {
        outside.store.follow([outside.ref(2)])
        await outside.until(() => isUnknown(outside, ref))
        await outside.put(ref, 7)
        outside.store.follow([ref])
        await sees(outside, ref, 7)
      }))

    test('after its end nobody is told anything', () =>
      givenOne(async (outside, ref) => {
        let told = 0
        outside.store.subscribe(() => {
          told += 1
        })
        await outside.store.stop()
        await outside.put(ref, 2)
        assert.equal(told, 0)
      }))
  })
}
