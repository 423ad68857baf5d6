/** A workload controller on a cache that lags behind its own writes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCache } from '../../../controller/kube/cache.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createPodFence } from '../../../sandbox/node/controllers/fence.ts'
import type { Pod } from '../../../sandbox/node/objects.ts'
import { buildPod } from './pods.ts'

const at = (name: string, resourceVersion: string, meta: object = {}): Pod =>
  buildPod({ name, meta: { resourceVersion, ...meta } })

describe('pod fence', () => {
  test('waits until a created pod was seen, and only its own owner waits', () => {
    const cache = createCache<Pod>({ name: 'pods', log: silentLogger })
    cache.replace([], '10')
    const fence = createPodFence(cache)
    fence.noteWritten('shop/web', at('b', '13'))
    fence.noteWritten('shop/web', at('a', '12'))
    assert.equal(fence.hasCaughtUp('shop/other'), true)
    assert.equal(fence.hasCaughtUp('shop/web'), false)
    cache.upsert(at('a', '12'))
    assert.equal(fence.hasCaughtUp('shop/web'), false)
    cache.upsert(at('b', '13'))
    assert.equal(fence.hasCaughtUp('shop/web'), true)
  })

  test('waits until a deleted pod is leaving or gone', () => {
    const cache = createCache<Pod>({ name: 'pods', log: silentLogger })
    cache.replace([at('a', '5'), at('b', '6')], '10')
    const fence = createPodFence(cache)
    fence.noteDeleted('shop/web', at('a', '5'))
    fence.noteDeleted('shop/web', at('b', '6'))
    assert.equal(fence.hasCaughtUp('shop/web'), false)
    cache.upsert(at('a', '11', { deletionTimestamp: '2026-01-01T00:00:00Z' }))
    assert.equal(fence.hasCaughtUp('shop/web'), false)
    cache.remove(at('b', '12'))
    assert.equal(fence.hasCaughtUp('shop/web'), true)
  })
})
