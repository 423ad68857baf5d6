/** The last look before a risky write: each guard objects to what has changed since the decision, and to nothing else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Action } from '../../../controller/domain/plan.ts'
import type { World } from '../../../controller/domain/world.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { findObjection } from '../../../controller/reconcile/live-guards.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'
import { createMachine } from '../../golden/world-machine.ts'

async function setUp(replicas = 5) {
  const machine = createMachine({ rollout: rollout({ replicas, steps: [{ setWeight: 20 }, { pause: {} }] }) })
  machine.run(40_000)
  machine.setImage('shop:2')
  machine.run(20_000)
  const kube = createMemoryKube()
  const world = machine.world()
  const canary = world.replicaSets.find(
    (rs) => rs.metadata.labels?.['rollouts-pod-template-hash'] === world.rollout.status?.currentPodHash,
  )
  assert.ok(canary)
  const put = async (kind: Parameters<KubeClient['create']>[0], object: KubeObject) => {
    await kube.client.delete(kinds.refOf(kind, object))
    return kube.client.create(kind, object)
  }
  const slice = (...pods: string[]) =>
    put(kinds.endpointSlices, {
      metadata: { name: 'canary-1', namespace: 'web', labels: { 'kubernetes.io/service-name': 'canary' } },
      endpoints: pods.map((name) => ({ conditions: { ready: true }, targetRef: { kind: 'Pod', name } })),
    } as KubeObject)
  const live = await put(kinds.rollouts, world.rollout)
  for (const rs of world.replicaSets) await put(kinds.replicaSets, rs)
  for (const { service } of Object.values(world.services)) await put(kinds.services, service)
  const ask = (action: Action, asked: World = world) =>
    findObjection(kube.client, asked, action, live.metadata.resourceVersion ?? '')
  return { kube, world, canary, put, slice, ask }
}

const beside = { additional: [], managedRoutes: [] } as const
const raise = { do: 'route', canary: 50, stable: 50, from: 20, opens: ['canary'], ...beside } as const

describe('live guards', () => {
  test('weight is raised only with a ready endpoint of what the canary Service names', async () => {
    const { slice, ask, canary } = await setUp()
    await slice(`${canary.metadata.name}-abcde`)
    assert.equal(await ask(raise), undefined)
    await slice('shop-6ff45c649c-abcde')
    assert.match((await ask(raise)) ?? '', /no ready endpoint/)
  })

  test('weight is not raised once the Rollout has changed (an abort may have come)', async () => {
    const { slice, ask, canary, put, world } = await setUp()
    await slice(`${canary.metadata.name}-abcde`)
    await put(kinds.rollouts, { ...world.rollout, status: { ...world.rollout.status, abort: true } } as KubeObject)
    assert.equal(await ask(raise), 'the Rollout changed meanwhile')
  })

  test('lowering asks nobody', async () => {
    const { kube, ask } = await setUp()
    kube.before((verb) => assert.fail(verb))
    assert.equal(await ask({ do: 'route', canary: 0, stable: 100, from: 20, opens: [], ...beside }), undefined)
  })

  test('a Service is pointed only at a revision with an available pod, or when no pods are wanted', async () => {
    const { ask, canary, put, world } = await setUp()
    const select = { do: 'select', service: 'canary', podHash: 'x', replicaSet: canary.metadata.name } as const
    assert.equal(await ask(select), undefined)
    await put(kinds.replicaSets, { ...canary, status: { replicas: 1, availableReplicas: 0 } } as KubeObject)
    assert.match((await ask(select)) ?? '', /no available pod/)
    const none = { ...world, rollout: { ...world.rollout, spec: { ...world.rollout.spec, replicas: 0 } } }
    assert.equal(await ask(select, none), undefined)
  })

  test('a revision that a Service names live does not go to 0', async () => {
    const { ask, canary, put, world } = await setUp()
    const remove = { do: 'scale', replicaSet: canary, to: 0, annotations: {} } as const
    assert.match((await ask(remove)) ?? '', /Service "canary" names ReplicaSet/)
    const service = world.services.canary?.service
    await put(kinds.services, { ...service, spec: { ...service?.spec, selector: { app: 'shop' } } } as KubeObject)
    assert.equal(await ask(remove), undefined)
  })
})
