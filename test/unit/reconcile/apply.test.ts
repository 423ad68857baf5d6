/** Writes of a pass: in order, one risky one, stopped at the first failure, and remembered when their answer got lost. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Action, Plan } from '../../../controller/domain/plan.ts'
import { KubeError, type ObjectRef } from '../../../controller/kube/client.ts'
import type { Fence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { apply } from '../../../controller/reconcile/apply.ts'
import { openCaches } from '../../../controller/reconcile/caches.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { rollout } from '../../builders/rollout.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'
import { createMachine } from '../../golden/world-machine.ts'

async function setUp() {
  const machine = createMachine({ rollout: rollout({ routed: false, steps: [{ setWeight: 20 }, { pause: {} }] }) })
  machine.run(40_000)
  machine.setImage('shop:2')
  machine.run(20_000)
  const kube = createMemoryKube()
  const observed = machine.world()
  await kube.client.create(kinds.rollouts, observed.rollout)
  const replicaSets = await Promise.all(observed.replicaSets.map((rs) => kube.client.create(kinds.replicaSets, rs)))
  const noted: string[] = []
  const note = (what: string) => (_key: string, ref: ObjectRef) => void noted.push(`${what} ${ref.name}`)
  const fence: Fence = {
    recordWrite: note('written'),
    recordDelete: note('deleted'),
    recordUnknown: note('unknown'),
    recordConflict: note('conflict'),
    behind: () => [],
    catchUp: async () => {},
    forget() {},
  }
  const informers = createInformers({
    client: kube.client,
    clock: createFakeClock(),
    random: seededRandom(1),
    log: silentLogger,
  })
  const world = { ...observed, replicaSets }
  const plan = (...actions: Action[]): Plan => ({ actions, status: {}, events: [], notices: [], holds: [] })
  const run = (...actions: Action[]) =>
    apply('web/shop', world, plan(...actions), { client: kube.client, caches: openCaches(informers), fence })
  const scale = (at: number, to: number): Action => {
    const replicaSet = replicaSets[at]
    assert.ok(replicaSet)
    return { do: 'scale', replicaSet, to, annotations: {} }
  }
  return { kube, noted, run, scale, world }
}

describe('apply', () => {
  test('of two risky writes the second is left for the next pass, harmless ones are made', async () => {
    const { run, scale, kube } = await setUp()
    const outcome = await run(scale(0, 1), scale(1, 0), scale(1, 9))
    assert.deepEqual([outcome.done.length, outcome.deferred.length], [2, 1])
    assert.equal(kube.writes.filter((write) => write.startsWith('patch')).length, 2)
  })

  test('a failure stops the pass and is handed back', async () => {
    const { run, scale, kube, noted } = await setUp()
    kube.before((verb) => {
      if (verb === 'patch') throw new KubeError({ code: 403, reason: 'Forbidden' }, 'patch')
    })
    const first = scale(0, 9)
    const outcome = await run(first, scale(1, 9))
    assert.equal(outcome.failure?.action, first)
    assert.deepEqual([outcome.done, noted], [[], []])
  })

  test('a write whose answer got lost is remembered as unknown', async () => {
    const { run, scale, kube, noted } = await setUp()
    kube.after(() => {
      throw new KubeError({ code: 0, reason: 'ConnectionLost' }, 'patch')
    })
    const outcome = await run(scale(0, 9))
    assert.ok(outcome.failure)
    assert.match(noted.join(), /^unknown shop-/)
  })

  test('a write that was decided on an older version loses, and its view is remembered as old', async () => {
    const { run, scale, kube, world, noted } = await setUp()
    const [rs] = world.replicaSets
    assert.ok(rs)
    await kube.client.patch(kinds.refOf(kinds.replicaSets, rs), 'merge', { spec: { replicas: 3 } })
    const { failure } = await run(scale(0, 9))
    assert.ok(failure?.error instanceof KubeError && failure.error.code === 409)
    assert.match(noted.join(), /^conflict shop-/)
  })

  test('creating what a crashed pass has created is success, but only when it is ours', async () => {
    const { run, world, kube } = await setUp()
    const [rs] = world.replicaSets
    assert.ok(rs)
    const again = await run({ do: 'createReplicaSet', replicaSet: rs })
    assert.equal(again.done.length, 1)
    const ownerReferences = (rs.metadata.ownerReferences ?? []).map((owner) => ({ ...owner, uid: 'another' }))
    const foreign = { ...rs, metadata: { ...rs.metadata, ownerReferences } }
    assert.ok((await run({ do: 'createReplicaSet', replicaSet: foreign })).failure)
    assert.equal(kube.writes.filter((write) => write.startsWith('create replicasets')).length, world.replicaSets.length)
  })

  test('a refused ReplicaSet does not keep traffic and pods from going back (L2)', async () => {
    const { run, scale, kube, world } = await setUp()
    kube.before((verb) => {
      if (verb === 'create') throw new KubeError({ code: 403, reason: 'Forbidden', message: 'denied' }, 'create')
    })
    const [known] = world.replicaSets
    assert.ok(known)
    const replicaSet = { ...known, metadata: { ...known.metadata, name: 'shop-new' } }
    const outcome = await run({ do: 'createReplicaSet', replicaSet }, scale(0, 3))
    assert.deepEqual([outcome.done.length, outcome.failure?.action.do], [1, 'createReplicaSet'])
  })

  test('a ReplicaSet that is still being deleted is not taken for the one that is wanted', async () => {
    const { run, kube, world } = await setUp()
    const [known] = world.replicaSets
    assert.ok(known)
    const held = {
      ...known.metadata,
      name: 'shop-held',
      deletionTimestamp: '2026-01-01T00:00:00Z',
      finalizers: ['a/b'],
    }
    const replicaSet = { ...known, metadata: { ...known.metadata, name: 'shop-held' } }
    await kube.client.create(kinds.replicaSets, { ...known, metadata: held })
    const outcome = await run({ do: 'createReplicaSet', replicaSet })
    assert.match(String(outcome.failure?.error), /shop-held is being deleted, which waits for a\/b/)
  })
})
