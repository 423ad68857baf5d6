/** One pass as a whole: what is written in which order, what a refusal does, and that the steady state is silent. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Rollout } from '../../../controller/api/rollout.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { setUp } from './one-rollout.ts'

describe('one pass', () => {
  test('objects first, then annotations, then status, then events', async (t) => {
    const { kube, told, pass } = await setUp(t)
    const from = kube.writes.length
    kube.before((verb) => {
      if (verb !== 'get') assert.deepEqual(told, [], 'nothing is told before it is stored')
    })
    await pass()
    const [first, ...rest] = kube.writes.slice(from).map((write) => write.split(' ').slice(0, 2).join(' '))
    assert.match(first ?? '', /^create replicasets/)
    assert.equal(rest.length, 2)
    assert.ok(rest.every((write) => write.startsWith('patch rollouts')))
    assert.equal(told[0], 'RolloutAddedToInformer')
  })

  test('a refused write is told on the Rollout, with the words of the API server', async (t) => {
    const { kube, told, pass } = await setUp(t)
    kube.before((verb, target) => {
      if (verb === 'create' && target.startsWith('replicasets'))
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: pods' }, 'create')
    })
    await assert.rejects(pass(), /create ReplicaSet .* failed/)
    assert.equal(told.at(-1), 'ReplicaSetCreateError')
    const progressing = async () =>
      (
        await kube.client.get<Rollout>({ kind: kinds.rollouts, namespace: 'web', name: 'shop' })
      )?.status?.conditions?.find(({ type }) => type === 'Progressing')
    const first = await progressing()
    assert.deepEqual([first?.status, first?.reason], ['False', 'ReplicaSetCreateError'])
    assert.match(first?.message ?? '', /^Failed to create new replica set "shop-\w+": .*exceeded quota: pods/)
    const from = kube.writes.length
    await assert.rejects(pass(), /create ReplicaSet .* failed/)
    assert.equal(kube.writes.length, from, 'the same refusal is not written again')
    kube.before(() => {})
    await pass()
    await pass()
    assert.equal((await progressing())?.status, 'True')
  })

  test('a refusal without end is told as a loop, held back, and forgotten once it is over', async (t) => {
    const { kube, told, pass, clock } = await setUp(t)
    kube.before((verb, target) => {
      if (verb === 'create' && target.startsWith('replicasets'))
        throw new KubeError({ code: 403, reason: 'Forbidden', message: 'exceeded quota: pods' }, 'create')
    })
    const stuck = async () =>
      (
        await kube.client.get<Rollout>({ kind: kinds.rollouts, namespace: 'web', name: 'shop' })
      )?.status?.conditions?.find(({ type }) => type === 'Stuck')
    const waits: unknown[] = []
    for (let passes = 0; passes < 12; passes++) {
      await pass().catch((error: { retryAfterMs?: number }) => waits.push(error.retryAfterMs))
      await clock.advance(400)
    }
    assert.match((await stuck())?.message ?? '', /create ReplicaSet shop-\w+ failed: .*exceeded quota/)
    assert.equal(told.filter((reason) => reason === 'HotLoop').length, 1)
    assert.deepEqual([waits[0], waits.at(-1)], [undefined, 10_000])
    kube.before(() => {})
    await pass()
    await pass()
    assert.equal(await stuck(), undefined)
  })

  test('nothing is decided from a view older than the last write', async (t) => {
    const { kube, pass } = await setUp(t)
    kube.holdWatches()
    await pass()
    const from = kube.writes.length
    assert.deepEqual(await pass(), { requeueAfterMs: 200 })
    assert.equal(kube.writes.length, from)
    kube.releaseWatches()
  })

  test('the steady state writes nothing', async (t) => {
    const { kube, pass } = await setUp(t)
    for (let passes = 0; passes < 8; passes++) await pass()
    const from = kube.writes.length
    await pass()
    assert.equal(kube.writes.length, from)
  })
})
