/** Which objects outside the cluster are followed, for whom, and through which store. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KubeError, type ObjectRef } from '../../../controller/kube/client.ts'
import { openOutside } from '../../../controller/reconcile/outside-objects.ts'
import { type OutsideStore, outsideKind } from '../../../controller/traffic/outside.ts'
import { boxes, createMemoryOutside } from '../../fakes/outside-store.ts'

const crates = outsideKind('other', 'crates', 'Crate')
const box = (name: string): ObjectRef => ({ kind: boxes, name })
const crate = (name: string): ObjectRef => ({ kind: crates, name })
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** A store that tells what it is asked to follow. */
function noting(store: OutsideStore) {
  const followed: string[][] = []
  const follow = (refs: readonly ObjectRef[]) => {
    followed.push(refs.map(({ name }) => name))
    store.follow(refs)
  }
  return { followed, store: { ...store, follow } }
}

function setUp() {
  const memory = createMemoryOutside()
  const other = createMemoryOutside([crates])
  const first = noting(memory.store)
  const second = noting(other.store)
  return { memory, other, first, second, outside: openOutside([first.store, second.store]) }
}

describe('objects outside the cluster', () => {
  test('each store follows all that Rollouts name of its kinds, told once when many name at the same time', async () => {
    const { outside, first, second } = setUp()
    outside.name('web/b', [box('two'), crate('x')])
    outside.name('web/a', [box('two'), box('one')])
    await settled()
    assert.deepEqual([first.followed, second.followed], [[['one', 'two']], [['x']]])
  })

  test('naming the same again tells nobody; what nobody names any more is dropped', async () => {
    const { outside, first } = setUp()
    outside.name('web/a', [box('one')])
    outside.name('web/b', [box('one'), box('two')])
    await settled()
    outside.name('web/a', [box('one')])
    await settled()
    assert.equal(first.followed.length, 1)
    outside.name('web/b', [])
    await settled()
    outside.name('web/a', [])
    await settled()
    assert.deepEqual(first.followed, [['one', 'two'], ['one'], []])
  })

  test('readings, writes and changes go through the store of the kind', async () => {
    const { outside, memory, other } = setUp()
    memory.put(box('one'), { value: 1 })
    other.put(crate('x'), { value: 2 })
    const told: string[] = []
    const unsubscribe = outside.subscribe(({ name }) => void told.push(name))
    outside.name('web/a', [box('one'), crate('x')])
    await settled()
    assert.deepEqual(told, ['one', 'x'])
    const reading = outside.read(crate('x'))
    assert.ok(reading.known && reading.object)
    await outside.write({ do: 'delete', ref: crate('x'), object: reading.object }, {})
    assert.deepEqual([memory.writes, other.writes], [[], ['delete crates.other.outside x']])
    unsubscribe()
    memory.put(box('one'), { value: 3 })
    assert.deepEqual(told, ['one', 'x', 'x'])
  })

  test('without a store an object is unknown, and cannot be written', async () => {
    const outside = openOutside([])
    outside.name('web/a', [box('one')])
    await settled()
    const reading = outside.read(box('one'))
    assert.match(reading.known ? '' : reading.why, /nothing connects this controller to it/)
    const write = outside.write({ do: 'delete', ref: box('one'), object: { metadata: { name: 'one' } } }, {})
    await assert.rejects(write, (error) => error instanceof KubeError && error.code === 404)
  })
})
