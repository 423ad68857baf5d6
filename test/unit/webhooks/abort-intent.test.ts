import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ABORT_REQUEST_LIMIT, type AbortRequest, readAbortRequests } from '../../../controller/api/abort-request.ts'
import { KubeError, type ObjectRef } from '../../../controller/kube/client.ts'
import { type AbortBreaker, createAbortBreaker } from '../../../webhooks/abort-breaker.ts'
import { mergeRequests, storeAlertIntent } from '../../../webhooks/abort-intent.ts'
import type { Alert } from '../../../webhooks/alertmanager.ts'
import { defaultAlertMapping } from '../../../webhooks/mapping.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { createRolloutStore } from '../../fakes/rollout-store.ts'
import { bothReplicaSets, replicaSet, T0, updatingRollout } from './alert-objects.ts'

const alert = (more: Partial<Alert> = {}): Alert => ({
  status: 'firing',
  labels: { alertname: 'High' },
  annotations: {},
  startsAtMs: T0 + 60_000,
  fingerprint: 'f1',
  ...more,
})
const named = (more: Partial<Alert> = {}) => ({ alert: alert(more), target: { namespace: 'shop', name: 'checkout' } })

function setUp(breaker: AbortBreaker = createAbortBreaker({ limit: 20, windowMs: 60_000 })) {
  const store = createRolloutStore()
  store.put(updatingRollout(), bothReplicaSets)
  const clock = createFakeClock(T0 + 90_000)
  const deps = { client: store.client, cache: store, clock, mapping: defaultAlertMapping, breaker }
  const never = new AbortController()
  const take = (...alerts: ReturnType<typeof named>[]) => storeAlertIntent(alerts, deps, never.signal)
  const requests = () => readAbortRequests(store.live('shop', 'checkout')?.metadata.annotations)
  return { store, deps, take, requests }
}

describe('storing what an alert asks for', () => {
  test('one write carries all alerts of a rollout and the resourceVersion that was decided on', async () => {
    const { store, take, requests } = setUp()
    const before = store.live('shop', 'checkout')?.metadata.resourceVersion
    const decisions = await take(
      named(),
      named({ fingerprint: 'f2' }),
      named({ status: 'resolved', fingerprint: 'f3' }),
    )
    assert.deepEqual(
      decisions.map(({ decision }) => decision),
      ['abort', 'abort', 'ignored'],
    )
    assert.equal(store.patches.length, 1)
    assert.equal((store.patches[0] as { metadata: { resourceVersion: string } }).metadata.resourceVersion, before)
    assert.equal(requests().length, 2)
  })

  test('the same post again writes nothing', async () => {
    const { store, take } = setUp()
    await take(named())
    const again = await take(named())
    assert.deepEqual(again, [{ decision: 'ignored', reason: 'Duplicate' }])
    assert.equal(store.patches.length, 1)
  })

  test('the same alert twice in one post is stored once', async () => {
    const { take, requests } = setUp()
    await take(named(), named())
    assert.equal(requests().length, 1)
  })

  test('a conflict is decided anew on what is true then', async () => {
    const { store, take, requests } = setUp()
    store.freezeCache()
    store.put(updatingRollout({ annotations: { other: 'kept' } }))
    const [first] = await take(named())
    assert.equal(first?.decision, 'abort')
    assert.equal(store.patches.length, 2)
    assert.equal(requests().length, 1)
    assert.equal(store.live('shop', 'checkout')?.metadata.annotations?.other, 'kept')
  })

  test('a rollout that completed meanwhile is left alone', async () => {
    const { store, take, requests } = setUp()
    store.freezeCache()
    store.put(updatingRollout({ status: { stableRS: 'canary1' } }))
    assert.deepEqual(await take(named()), [{ decision: 'ignored', reason: 'NoUpdate' }])
    assert.deepEqual(requests(), [])
  })

  test('a rollout that was deleted meanwhile is unknown', async () => {
    const { store, take } = setUp()
    store.freezeCache()
    store.remove('shop', 'checkout')
    assert.deepEqual(await take(named()), [{ decision: 'ignored', reason: 'UnknownRollout' }])
  })

  test('a replica that is behind does not leave alone from memory what has to be obeyed', async () => {
    const rows: readonly (readonly [string, ReturnType<typeof updatingRollout>])[] = [
      ['the update began meanwhile', updatingRollout({ status: { stableRS: 'canary1' } })],
      ['it was tried again meanwhile', updatingRollout({ status: { abort: true } })],
      ['another revision was on its way', updatingRollout({ status: { currentPodHash: 'older' } })],
    ]
    for (const [title, before] of rows) {
      const { store, take, requests } = setUp()
      store.put(before, bothReplicaSets)
      store.freezeCache()
      store.put(updatingRollout())
      const labels = { alertname: 'High', rollouts_pod_template_hash: 'canary1' }
      const [first] = await take(named({ labels }))
      assert.equal(first?.decision, 'abort', title)
      assert.equal(requests().length, 1, title)
    }
  })

  test('a replica whose cache lacks the ReplicaSet of the canary looks for it', async () => {
    const { store, deps, requests } = setUp()
    const ours = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'checkout', uid: 'uid-checkout' }
    const canary = replicaSet('canary1', '2026-01-01T00:00:00Z', 2)
    const live = { ...canary, metadata: { ...canary.metadata, ownerReferences: [{ ...ours, controller: true }] } }
    store.put(updatingRollout(), bothReplicaSets.slice(0, 1))
    const get = async (ref: ObjectRef) => (ref.name === 'checkout-canary1' ? live : store.client.get(ref))
    const client = { ...store.client, get } as typeof store.client
    const [first] = await storeAlertIntent([named()], { ...deps, client }, new AbortController().signal)
    assert.equal(first?.decision, 'abort')
    assert.equal(requests().length, 1)
  })

  test('a replica that is cut off knows nothing, and says so', async () => {
    const { store, deps } = setUp()
    store.put(updatingRollout({ status: { stableRS: 'canary1' } }))
    const get = () => Promise.reject(new KubeError({ code: 0, reason: 'ConnectionLost' }, 'GET'))
    const cutOff = { ...deps, client: { ...store.client, get } }
    const signal = new AbortController().signal
    await assert.rejects(storeAlertIntent([named()], cutOff, signal), /ConnectionLost/)
    const resolved = [named({ status: 'resolved' })]
    assert.deepEqual(await storeAlertIntent(resolved, cutOff, signal), [{ decision: 'ignored', reason: 'Resolved' }])
  })

  test('a refusal of the API server is an error, never a decision', async () => {
    const { store, take } = setUp()
    store.beforePatch = () => {
      throw new KubeError({ code: 403, reason: 'Forbidden' }, 'PATCH')
    }
    await assert.rejects(take(named()), /Forbidden/)
  })

  test('conflicts without end are an error', async () => {
    const { store, take } = setUp()
    store.beforePatch = () => store.put(updatingRollout())
    await assert.rejects(take(named()), /Conflict/)
    assert.equal(store.patches.length, 8)
  })

  test('an open breaker pauses', async () => {
    const { take, requests } = setUp({ admits: () => false })
    const [first] = await take(named())
    assert.equal(first?.decision, 'pause')
    assert.equal(first?.reason, 'MassAlert')
    assert.equal(requests()[0]?.action, 'pause')
  })

  test('the breaker is not asked for what does not abort', async () => {
    const { take } = setUp({
      admits: () => {
        throw new Error('asked')
      },
    })
    await take(named({ status: 'resolved' }))
  })
})

describe('the ring of requests', () => {
  const request = (id: string, more: Partial<AbortRequest> = {}): AbortRequest => ({
    id,
    action: 'abort',
    podHash: 'canary1',
    revision: 2,
    receivedAt: '2026-01-01T00:00:00Z',
    reason: 'AlertFiring',
    message: '',
    ...more,
  })
  const many = (count: number, prefix: string, more: Partial<AbortRequest> = {}) =>
    Array.from({ length: count }, (_, i) => request(`${prefix}${i}`, more))
  const ids = (requests: readonly AbortRequest[]) => requests.map(({ id }) => id)

  test('former revisions leave first, then the oldest', () => {
    const kept = mergeRequests([...many(18, 'now'), ...many(5, 'old', { podHash: 'older' })], [request('new')])
    assert.equal(kept.length, ABORT_REQUEST_LIMIT)
    assert.deepEqual(ids(kept), ['old4', ...ids(many(18, 'now')), 'new'])
  })
  test('a flood in one post keeps its abort', () => {
    const kept = mergeRequests(many(5, 'known'), [...many(50, 'pause', { action: 'pause' }), request('abort')])
    assert.equal(kept.length, ABORT_REQUEST_LIMIT)
    assert.equal(kept[0]?.id, 'abort')
  })
  test('an abort takes the place of the pause of the same episode', () => {
    const kept = mergeRequests([request('a', { action: 'pause' })], [request('a')])
    assert.deepEqual(kept, [request('a')])
  })
})

describe('the breaker against mass aborts', () => {
  test('counts distinct rollouts within the window', () => {
    const breaker = createAbortBreaker({ limit: 2, windowMs: 1000 })
    assert.ok(breaker.admits('a', 0))
    assert.ok(breaker.admits('b', 500))
    assert.ok(breaker.admits('a', 900))
    assert.ok(!breaker.admits('c', 999))
    assert.ok(breaker.admits('c', 1000))
    assert.ok(!breaker.admits('a', 1001))
  })
})
