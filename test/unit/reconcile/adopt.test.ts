/** Orphans and namesakes, from the API server's objects to the writes: what `observe` shows, and what adopting and letting go leave behind. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { OwnerReference } from '../../../controller/api/meta.ts'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import { decide } from '../../../controller/domain/decide.ts'
import type { World } from '../../../controller/domain/world.ts'
import type { Fence } from '../../../controller/kube/fence.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { apply, type Outcome } from '../../../controller/reconcile/apply.ts'
import { observe } from '../../../controller/reconcile/observe.ts'
import { snapshotCaches } from '../../../controller/reconcile/snapshot.ts'
import { NEW, OLD, replicaSetOf, statusOf, templateOf } from '../../builders/left-by-argo.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'

const fence: Fence = {
  recordWrite() {},
  recordDelete() {},
  recordUnknown() {},
  recordConflict() {},
  behind: () => [],
  catchUp: async () => {},
  forget() {},
}

const deployment: OwnerReference = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  name: 'shop',
  uid: 'uid-d',
  controller: true,
}

/** A Rollout in the middle of an update, created anew, and ReplicaSets whose owners are as given. */
async function setUp(owners: Readonly<Record<string, readonly OwnerReference[]>>) {
  const kube = createMemoryKube()
  const base = rollout({ routed: false, steps: [{ setWeight: 20 }, { pause: {} }] })
  const shop = { ...base, spec: { ...base.spec, template: templateOf('shop:2') } }
  const stored = await kube.client.create(kinds.rollouts, { ...shop, status: statusOf(shop, { currentStepIndex: 0 }) })
  const sets = [
    replicaSetOf({ image: 'shop:1', replicas: 5, revision: 1 }),
    replicaSetOf({ image: 'shop:2', replicas: 1, revision: 2 }),
  ]
  for (const rs of sets) {
    const ownerReferences = owners[rs.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''] ?? []
    await kube.client.create(kinds.replicaSets, { ...rs, metadata: { ...rs.metadata, ownerReferences } })
  }
  async function look(): Promise<World> {
    const caches = await snapshotCaches(kube.client, 'web')
    const world = observe('web/shop', { caches, now: () => 0, compat: 'strict', notices: false })
    assert.ok(world)
    return world
  }
  async function pass(): Promise<Outcome> {
    const world = await look()
    return apply('web/shop', world, decide(world), {
      client: kube.client,
      caches: await snapshotCaches(kube.client, 'web'),
      fence,
    })
  }
  const ownersOf = async (hash: string): Promise<readonly string[]> => {
    const rs = await kube.client.get<ReplicaSet>({ kind: kinds.replicaSets, namespace: 'web', name: `shop-${hash}` })
    return (rs?.metadata.ownerReferences ?? []).map(({ uid }) => uid)
  }
  return { kube, look, pass, ownersOf, uid: stored.metadata.uid ?? '' }
}

describe('ReplicaSets that nobody controls', () => {
  test('are seen, adopted, and then its own', async () => {
    const { look, pass, ownersOf, uid } = await setUp({})
    assert.deepEqual(
      (await look()).strangers?.map(({ metadata }) => metadata.name).sort(),
      [`shop-${OLD}`, `shop-${NEW}`].sort(),
    )
    const outcome = await pass()
    assert.deepEqual(
      outcome.done.map((action) => action.do),
      ['adoptReplicaSet', 'adoptReplicaSet'],
    )
    assert.deepEqual([await ownersOf(OLD), await ownersOf(NEW)], [[uid], [uid]])
    const { replicaSets, strangers } = await look()
    assert.deepEqual([replicaSets.length, strangers?.length], [2, 0])
  })

  test('keep the owners that do not control', async () => {
    const { pass, ownersOf, uid } = await setUp({ [NEW]: [{ ...deployment, controller: false }] })
    await pass()
    assert.deepEqual(await ownersOf(NEW), ['uid-d', uid])
  })

  test('are left alone when the Rollout went away meanwhile', async () => {
    const { kube, look, ownersOf } = await setUp({})
    const world = await look()
    const uid = world.rollout.metadata.uid ?? ''
    await kube.client.delete(
      { kind: kinds.rollouts, namespace: 'web', name: 'shop' },
      { uid, propagationPolicy: 'Orphan' },
    )
    const caches = await snapshotCaches(kube.client, 'web')
    const outcome = await apply('web/shop', world, decide(world), { client: kube.client, caches, fence })
    assert.deepEqual([outcome.done.length, outcome.deferred.length], [0, 2])
    assert.deepEqual(await ownersOf(NEW), [])
  })
})

test('a namesake of another owner is seen and not touched', async () => {
  const { look, pass, ownersOf } = await setUp({ [NEW]: [deployment] })
  assert.deepEqual((await look()).strangers?.length, 2)
  await pass()
  assert.deepEqual(await ownersOf(NEW), ['uid-d'])
})
