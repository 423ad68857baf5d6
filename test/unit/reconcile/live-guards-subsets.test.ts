/** The last look before a risky write where subsets of one Service play the two parts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Action } from '../../../controller/domain/plan.ts'
import type { Compat } from '../../../controller/domain/world.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { findObjection } from '../../../controller/reconcile/live-guards.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'
import { createMachine } from '../../golden/world-machine.ts'

const destinationRule = { name: 'shop', canarySubsetName: 'canary', stableSubsetName: 'stable' }
const trafficRouting = { istio: { virtualService: { name: 'shop' }, destinationRule } }
const strategy = { canary: { dynamicStableScale: true, steps: [{ setWeight: 20 }, { pause: {} }], trafficRouting } }

/** In mid-flight: the canary subset names the new revision. */
async function setUp(compat: Compat = 'strict') {
  const machine = createMachine({ rollout: rollout({ spec: { strategy } }), compat })
  machine.run(90_000)
  machine.setImage('shop:2')
  machine.run(90_000)
  const world = machine.world()
  const { currentPodHash, stableRS } = world.rollout.status ?? {}
  const find = (hash = '') => {
    const found = world.replicaSets.find((rs) => rs.metadata.labels?.['rollouts-pod-template-hash'] === hash)
    assert.ok(found)
    return found
  }
  const kube = createMemoryKube()
  const put = async (kind: Parameters<KubeClient['create']>[0], object: KubeObject) => {
    await kube.client.delete(kinds.refOf(kind, object))
    return kube.client.create(kind, object)
  }
  const live = await put(kinds.rollouts, world.rollout)
  for (const { service } of Object.values(world.services)) await put(kinds.services, service)
  const subset = (name: string, hash = '') => ({ name, labels: { app: 'shop', 'rollouts-pod-template-hash': hash } })
  return {
    canary: find(currentPodHash),
    stable: find(stableRS),
    hashes: { canary: currentPodHash, stable: stableRS },
    rule: (stable?: string, canary?: string) =>
      put(kinds.destinationRules, {
        metadata: { name: 'shop', namespace: 'web' },
        spec: { host: 'shop', subsets: [subset('stable', stable), subset('canary', canary)] },
      } as KubeObject),
    slice: (pod: string) =>
      put(kinds.endpointSlices, {
        metadata: { name: 'shop-1', namespace: 'web', labels: { 'kubernetes.io/service-name': 'shop' } },
        endpoints: [{ conditions: { ready: true }, targetRef: { kind: 'Pod', name: pod } }],
      } as KubeObject),
    ask: (action: Action) => findObjection(kube.client, world, action, live.metadata.resourceVersion ?? ''),
  }
}

const raise = {
  do: 'route',
  canary: 50,
  stable: 50,
  from: 20,
  opens: ['shop'],
  additional: [],
  managedRoutes: [],
} as const

describe('live guards with subsets', () => {
  test('weight is raised only with a ready endpoint of what the canary subset names', async () => {
    const { canary, stable, slice, ask } = await setUp()
    await slice(`${stable.metadata.name}-abcde`)
    assert.match((await ask(raise)) ?? '', /Service "shop" has no ready endpoint of the revision/)
    await slice(`${canary.metadata.name}-abcde`)
    assert.equal(await ask(raise), undefined)
  })

  test('no revision goes to 0 while a subset names it now, whatever was seen', async () => {
    const { canary, hashes, rule, ask } = await setUp()
    const retire = { do: 'scale', replicaSet: canary, to: 0, annotations: {} } as const
    await rule(hashes.stable, hashes.canary)
    assert.equal(await ask(retire), `subset "canary" of Service "shop" names ReplicaSet "${canary.metadata.name}"`)
    await rule(hashes.stable, hashes.stable)
    assert.equal(await ask(retire), undefined)
  })

  test('nor the stable one, unless Argo would take its last pod', async () => {
    for (const [compat, objection] of [
      ['strict', /subset "stable"/],
      ['argo', /^$/],
    ] as const) {
      const { stable, hashes, rule, ask } = await setUp(compat)
      await rule(hashes.stable, hashes.canary)
      assert.match((await ask({ do: 'scale', replicaSet: stable, to: 0, annotations: {} })) ?? '', objection)
    }
  })
})
