import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import { configMaps, replicaSets } from '../../../controller/kube/kinds.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'

const key = 'shop/checkout'
const ref = { kind: replicaSets, namespace: 'shop', name: 'checkout-abc' }
const child: KubeObject = { metadata: { name: 'checkout-abc', namespace: 'shop' } }

async function setUp() {
  const clock = createFakeClock()
  const kube = createMemoryKube()
  const informers = createInformers({ client: kube.client, clock, random: seededRandom(3), log: silentLogger })
  const cache = informers.for(replicaSets)
  const fence = createFence({ clock, log: silentLogger, client: kube.client, caches: informers })
  informers.start()
  await clock.settle()
  const isBehind = (): boolean => fence.behind(key).length > 0
  return { clock, kube, informers, cache, fence, isBehind }
}

describe('read-your-writes fence', () => {
  test('nothing written: nothing is behind', async () => {
    const { isBehind, informers } = await setUp()
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a created object is waited for, and its appearance lets go', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    kube.holdWatches()
    fence.recordWrite(key, ref, await kube.client.create(replicaSets, child))
    await clock.settle()
    assert.deepEqual(fence.behind(key), [ref])
    assert.deepEqual(fence.behind('shop/other'), [], 'other rollouts are not held up')
    kube.releaseWatches()
    await clock.settle()
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a patched object is waited for up to its resourceVersion, compared as a number', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    await kube.client.create(replicaSets, child)
    for (let write = 0; write < 8; write += 1) await kube.client.patch(ref, 'merge', { spec: { replicas: write } })
    await clock.settle()
    kube.holdWatches()
    const written = await kube.client.patch(ref, 'merge', { spec: { replicas: 99 } })
    assert.equal(written.metadata.resourceVersion, '10', '9 is cached: as text it would be the newer one')
    fence.recordWrite(key, ref, written)
    await clock.settle()
    assert.equal(isBehind(), true)
    kube.releaseWatches()
    await clock.settle()
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a write whose object is gone again is done once the kind has been seen beyond it', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    kube.holdWatches()
    fence.recordWrite(key, ref, await kube.client.create(replicaSets, child))
    await kube.client.delete(ref)
    kube.releaseWatches()
    await clock.settle()
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a deleted object is waited for by uid: absence, a successor and a deletionTimestamp all let go', async () => {
    const { clock, kube, cache, fence, isBehind, informers } = await setUp()
    const created = await kube.client.create(replicaSets, child)
    await clock.settle()
    kube.holdWatches()
    const uid = created.metadata.uid ?? ''
    await kube.client.delete(ref, { uid })
    fence.recordDelete(key, ref, uid)
    await clock.settle()
    assert.equal(isBehind(), true)
    kube.releaseWatches()
    await clock.settle()
    assert.equal(isBehind(), false, 'absent')

    await kube.client.create(replicaSets, child)
    await clock.settle()
    fence.recordDelete(key, ref, uid)
    assert.equal(isBehind(), false, 'a successor of the same name')

    fence.recordDelete(key, ref, cache.get('shop', 'checkout-abc')?.metadata.uid ?? '')
    assert.equal(isBehind(), true)
    await kube.client.patch(ref, 'merge', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })
    await clock.settle()
    assert.equal(isBehind(), false, 'finalizers keep it, its end is seen')
    await informers.stop()
  })

  test('an unknown outcome is never over by itself; a live read settles it, applied or not', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    await kube.client.create(replicaSets, child)
    await clock.settle()
    fence.recordUnknown(key, ref)
    await clock.advance(60_000)
    assert.equal(isBehind(), true, 'time alone proves nothing')
    await fence.catchUp(key)
    assert.equal(isBehind(), false, 'not applied: the cache shows what the server has')

    kube.holdWatches()
    await kube.client.patch(ref, 'merge', { spec: { replicas: 5 } })
    fence.recordUnknown(key, ref)
    await fence.catchUp(key)
    assert.equal(isBehind(), true, 'applied, and not yet in the cache')
    await clock.advance(2_000)
    assert.equal(isBehind(), false, 'the list that catchUp asked for has brought it')
    await informers.stop()
  })

  test('an unknown creation that never happened lets go after a live read', async () => {
    const { kube, fence, isBehind, informers } = await setUp()
    fence.recordUnknown(key, ref)
    assert.equal(isBehind(), true)
    await fence.catchUp(key)
    assert.equal(isBehind(), false)
    assert.deepEqual(kube.writes, [])
    await informers.stop()
  })

  test('every write of a pass is waited for, whichever is seen first', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    const other = { ...ref, name: 'checkout-def' }
    fence.recordWrite(key, ref, await kube.client.create(replicaSets, child))
    await clock.settle()
    kube.holdWatches()
    fence.recordWrite(key, ref, await kube.client.patch(ref, 'merge', { spec: { replicas: 2 } }))
    const sibling = { metadata: { ...child.metadata, name: other.name } }
    fence.recordWrite(key, other, await kube.client.create(replicaSets, sibling))
    assert.deepEqual(fence.behind(key), [ref, other])
    kube.releaseWatches()
    await clock.settle()
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a write that is recorded during a live read stands', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    await kube.client.create(replicaSets, child)
    await clock.settle()
    fence.recordUnknown(key, ref)
    kube.holdWatches()
    let answer = (): void => {}
    const { get } = kube.client
    Object.assign(kube.client, {
      async get(...args: Parameters<typeof get>) {
        const live = await get(...args)
        await new Promise<void>((resolve) => {
          answer = resolve
        })
        return live
      },
    })
    const reading = fence.catchUp(key)
    await clock.settle()
    fence.recordWrite(key, ref, await kube.client.patch(ref, 'merge', { spec: { replicas: 7 } }))
    answer()
    await reading
    assert.equal(isBehind(), true, 'what was read is older')
    kube.releaseWatches()
    await clock.settle()
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a failed live read leaves the key behind', async () => {
    const { kube, fence, isBehind, informers } = await setUp()
    fence.recordUnknown(key, ref)
    kube.before((verb) => {
      if (verb === 'get') throw new Error('no answer')
    })
    await assert.rejects(fence.catchUp(key))
    assert.equal(isBehind(), true)
    await informers.stop()
  })

  test('a watch that stays behind for 15 s is overtaken by a list instead of blocking for ever', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    kube.holdWatches()
    fence.recordWrite(key, ref, await kube.client.create(replicaSets, child))
    await clock.advance(14_000)
    await fence.catchUp(key)
    await clock.advance(500)
    assert.equal(isBehind(), true, 'the watch gets its time')
    await clock.advance(1_000)
    await fence.catchUp(key)
    await clock.advance(2_000)
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a conflict waits for the version that won, and lists when the watch has lost it', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    const created = await kube.client.create(replicaSets, child)
    await clock.settle()
    kube.holdWatches()
    await kube.client.patch(ref, 'merge', { spec: { replicas: 7 } })
    fence.recordConflict(key, ref, created.metadata.resourceVersion ?? '')
    await fence.catchUp(key)
    assert.equal(isBehind(), true, 'what lost is not decided again')
    await clock.advance(2_500)
    await fence.catchUp(key)
    await clock.advance(2_000)
    assert.equal(isBehind(), false, 'the list shows it though the watch does not')
    await informers.stop()
  })

  test('a conflict whose winner is seen already holds up nothing', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    const created = await kube.client.create(replicaSets, child)
    await kube.client.patch(ref, 'merge', { spec: { replicas: 7 } })
    await clock.settle()
    fence.recordConflict(key, ref, created.metadata.resourceVersion ?? '')
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a cache that is older than what lost does not show the winner', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    await kube.client.create(replicaSets, child)
    await clock.settle()
    kube.holdWatches()
    const own = await kube.client.patch(ref, 'merge', { spec: { replicas: 7 } })
    fence.recordConflict(key, ref, own.metadata.resourceVersion ?? '')
    assert.equal(isBehind(), true)
    await clock.advance(2_500)
    await fence.catchUp(key)
    assert.equal(isBehind(), true, 'nobody was newer, but our own write is not seen either')
    await clock.advance(2_000)
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('a write that was refused though nothing newer is there is tried again', async () => {
    const { clock, kube, fence, isBehind, informers } = await setUp()
    const created = await kube.client.create(replicaSets, child)
    await clock.settle()
    fence.recordConflict(key, ref, created.metadata.resourceVersion ?? '')
    assert.equal(isBehind(), true)
    await clock.advance(2_500)
    await fence.catchUp(key)
    assert.equal(isBehind(), false)
    await informers.stop()
  })

  test('kinds without a cache are not waited for, and a forgotten key is free', async () => {
    const { kube, fence, isBehind, informers } = await setUp()
    const map = { kind: configMaps, namespace: 'shop', name: 'x' }
    fence.recordWrite(key, map, await kube.client.create(configMaps, { metadata: { name: 'x', namespace: 'shop' } }))
    assert.equal(isBehind(), false)
    fence.recordUnknown(key, ref)
    fence.forget(key)
    assert.equal(isBehind(), false)
    await informers.stop()
  })
})
