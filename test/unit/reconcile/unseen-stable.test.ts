/** A stable revision that is on record and not in view: deleted, or unseen by a leader whose caches are old. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicaSet, Rollout } from '../../../controller/api/rollout.ts'
import type { World } from '../../../controller/domain/world.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { isStableUnseen } from '../../../controller/reconcile/unseen-stable.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'
import { createMachine } from '../../golden/world-machine.ts'

/** In the middle of an update, as the API server has it; `seen` is as a cache has it that missed the stable ReplicaSet. */
async function setUp() {
  const machine = createMachine({ rollout: rollout({ steps: [{ setWeight: 20 }, { pause: {} }] }) })
  machine.run(40_000)
  machine.setImage('shop:2')
  machine.run(20_000)
  const world = machine.world()
  const { stableRS } = machine.status()
  const kube = createMemoryKube()
  for (const rs of world.replicaSets) await kube.client.create(kinds.replicaSets, rs)
  const isStable = ({ metadata }: ReplicaSet) => metadata.labels?.['rollouts-pod-template-hash'] === stableRS
  const stable = world.replicaSets.find(isStable)
  assert.ok(stable)
  const seen: World = { ...world, replicaSets: world.replicaSets.filter((rs) => rs !== stable) }
  const awaited: string[] = []
  const fence = { recordWrite: (key: string, { name }: { name: string }) => void awaited.push(`${key}: ${name}`) }
  let lists = 0
  kube.before((verb) => {
    if (verb === 'list') lists += 1
  })
  const ask = (asked: World) => isStableUnseen('web/shop', asked, { client: kube.client, fence })
  return { world, seen, stable, kube, awaited, ask, lists: () => lists }
}

const withRollout = (world: World, change: (rollout: Rollout) => object): World => ({
  ...world,
  rollout: { ...world.rollout, ...change(world.rollout) },
})

describe('a stable revision on record', () => {
  test('that is in view costs no call', async () => {
    const { world, ask, lists } = await setUp()
    assert.equal(await ask(world), false)
    assert.equal(lists(), 0)
  })

  test('that is there and not in view is waited for', async () => {
    const { seen, stable, awaited, ask } = await setUp()
    assert.equal(await ask(seen), true)
    assert.deepEqual(awaited, [`web/shop: ${stable.metadata.name}`])
  })

  test('that somebody deleted is waited for no longer', async () => {
    const { seen, stable, kube, awaited, ask } = await setUp()
    await kube.client.delete(kinds.refOf(kinds.replicaSets, stable))
    assert.equal(await ask(seen), false)
    assert.deepEqual(awaited, [])
  })

  test('that is nothing a ReplicaSet could be called is nobody, and nobody is asked for it', async () => {
    const { seen, ask, lists } = await setUp()
    for (const stableRS of [{}, 7, 'not a label', 'a'.repeat(64)]) {
      const odd = withRollout(seen, ({ status }) => ({ status: { ...status, stableRS } }))
      assert.equal(await ask(odd), false)
    }
    assert.equal(lists(), 0)
  })

  test('is not waited for by an abort, nor before there is one', async () => {
    const { seen, ask, lists } = await setUp()
    const aborted = withRollout(seen, ({ status }) => ({ status: { ...status, abort: true } }))
    const { stableRS: _, ...first } = seen.rollout.status ?? {}
    assert.equal(await ask(aborted), false)
    assert.equal(await ask(withRollout(seen, () => ({ status: first }))), false)
    assert.equal(lists(), 0)
  })
})
