/** The last look before a risky write: each guard objects to what has changed since the decision, and to nothing else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import type { Action } from '../../../controller/domain/plan.ts'
import type { World } from '../../../controller/domain/world.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { findObjection } from '../../../controller/reconcile/live-guards.ts'
import { blueGreenRollout, rollout } from '../../builders/rollout.ts'
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
    const { slice, ask, canary, world } = await setUp()
    await slice(`${canary.metadata.name}-abcde`)
    assert.equal(await ask(raise), undefined)
    await slice('shop-6ff45c649c-abcde')
    assert.match((await ask(raise)) ?? '', /no ready endpoint/)
    const stable = world.replicaSets.find((rs) => rs !== canary)
    await slice(`${stable?.metadata.name}-abcde`)
    assert.match((await ask(raise)) ?? '', /no ready endpoint of the revision/)
  })

  test('weight is not raised once the Rollout has changed (an abort may have come)', async () => {
    const { slice, ask, canary, put, world } = await setUp()
    await slice(`${canary.metadata.name}-abcde`)
    await put(kinds.rollouts, { ...world.rollout, status: { ...world.rollout.status, abort: true } } as KubeObject)
    assert.equal(await ask(raise), 'the Rollout changed meanwhile')
  })

  test('weight is not raised when an abort comes while endpoints are still being read', async () => {
    const { kube, slice, ask, canary, put, world } = await setUp()
    await slice(`${canary.metadata.name}-abcde`)
    const aborted = { ...world.rollout, status: { ...world.rollout.status, abort: true } } as KubeObject
    kube.before(async (verb) => {
      if (verb !== 'list') return
      kube.before(() => {})
      await put(kinds.rollouts, aborted)
    })
    assert.equal(await ask(raise), 'the Rollout changed meanwhile')
  })

  test('a managed route is opened likewise, and a Service that is not ours with any ready endpoint', async () => {
    const { slice, ask, canary } = await setUp()
    const header = { kind: 'header', name: 'beta', match: [] } as const
    const opening = { ...raise, canary: 20, managedRoutes: [header] }
    const trial = { ...raise, opens: ['trial'], additional: [{ service: 'trial', weight: 5 }] }
    assert.match((await ask(opening)) ?? '', /no ready endpoint of the revision/)
    assert.equal(await ask(trial), 'Service "trial" has no ready endpoint')
    await slice(`${canary.metadata.name}-abcde`)
    assert.deepEqual([await ask(opening), await ask(trial)], [undefined, undefined])
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

  test('a Service is pointed elsewhere only while the route says live what was decided on', async () => {
    const { ask, canary, put, world } = await setUp()
    const select = { do: 'select', service: 'canary', podHash: 'x', replicaSet: canary.metadata.name } as const
    const [seen] = world.routes
    assert.ok(seen)
    const route = (weight: number | undefined) =>
      put(kinds.httpRoutes, {
        metadata: { name: 'shop', namespace: 'web' },
        spec: {
          rules: [
            {
              backendRefs: [
                { name: 'stable', ...(weight === undefined ? {} : { weight: 100 - weight }) },
                { name: 'canary', ...(weight === undefined ? {} : { weight }) },
              ],
            },
          ],
        },
      } as KubeObject)
    await route(seen.programmedCanary)
    assert.equal(await ask(select), undefined)
    await route(50)
    assert.match((await ask(select)) ?? '', /canary weight of argoproj-labs\/gatewayAPI is 50 meanwhile/)
    await route(undefined)
    assert.match((await ask(select)) ?? '', /meanwhile/)
    assert.equal(await ask({ ...select, adopts: true }), undefined)
  })

  test('pods go only while the size that was decided on is still asked for', async () => {
    const { ask, canary, world, put } = await setUp()
    const shrink = (to: number) => ({ do: 'scale', replicaSet: canary, to, annotations: {} }) as const
    const { rollout: seen, services } = world
    const larger = { ...canary, spec: { ...canary.spec, replicas: 3 } }
    const withSpec = (spec: object): World => ({ ...world, rollout: { ...seen, spec: { ...seen.spec, ...spec } } })
    const none = withSpec({ replicas: 0 })
    const unrouted = withSpec({ strategy: { canary: {} } })
    const fewer = { ...shrink(2), replicaSet: larger }
    for (const [action, asked] of [
      [fewer, world],
      [shrink(0), none],
      [shrink(0), unrouted],
    ] as const)
      assert.equal(await ask(action, asked), undefined)
    await put(kinds.rollouts, {
      ...seen,
      metadata: { ...seen.metadata, generation: (seen.metadata.generation ?? 0) + 1 },
    })
    for (const [action, asked] of [
      [fewer, world],
      [shrink(0), none],
      [shrink(0), unrouted],
    ] as const)
      assert.equal(await ask(action, asked), 'the Rollout asks for something else meanwhile')
    const service = services.canary?.service
    await put(kinds.services, { ...service, spec: { ...service?.spec, selector: { app: 'shop' } } } as KubeObject)
    assert.equal(await ask(shrink(0)), undefined, 'what nothing needs any more goes whatever is asked for')
  })

  test('with dynamicStableScale no revision goes to 0 that a Service still has endpoints of', async () => {
    const { ask, canary, world, put, slice } = await setUp()
    const remove = { do: 'scale', replicaSet: canary, to: 0, annotations: {} } as const
    const service = world.services.canary?.service
    await put(kinds.services, { ...service, spec: { ...service?.spec, selector: { app: 'shop' } } } as KubeObject)
    await slice(`${canary.metadata.name}-abcde`)
    assert.equal(await ask(remove), undefined, 'its delay has passed')
    const strategy = { canary: { ...world.rollout.spec.strategy?.canary, dynamicStableScale: true } }
    const dynamic: World = { ...world, rollout: { ...world.rollout, spec: { ...world.rollout.spec, strategy } } }
    assert.match((await ask(remove, dynamic)) ?? '', /has 1 endpoints of ReplicaSet/)
    assert.equal(await ask(remove, { ...dynamic, compat: 'argo' }), undefined)
    await slice('shop-other-abcde')
    assert.equal(await ask(remove, dynamic), undefined)
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

async function setUpBlueGreen() {
  const machine = createMachine({ rollout: blueGreenRollout({ autoPromotionEnabled: false }) })
  machine.run(40_000)
  machine.setImage('shop:2')
  machine.run(20_000)
  const kube = createMemoryKube()
  const world = machine.world()
  const { currentPodHash = '', stableRS = '' } = machine.status()
  const setOf = (hash: string) => {
    const found = world.replicaSets.find((rs) => rs.metadata.labels?.['rollouts-pod-template-hash'] === hash)
    assert.ok(found)
    return found
  }
  const put = async (kind: Parameters<KubeClient['create']>[0], object: KubeObject) => {
    await kube.client.delete(kinds.refOf(kind, object))
    return kube.client.create(kind, object)
  }
  const live = await put(kinds.rollouts, world.rollout)
  for (const rs of world.replicaSets) await put(kinds.replicaSets, rs)
  for (const { service } of Object.values(world.services)) await put(kinds.services, service)
  const point = (name: string, hash: string) => {
    const service = world.services[name]?.service
    const selector = { ...service?.spec.selector, 'rollouts-pod-template-hash': hash }
    return put(kinds.services, { ...service, spec: { ...service?.spec, selector } } as KubeObject)
  }
  const slice = (...pods: string[]) =>
    put(kinds.endpointSlices, {
      metadata: { name: 'active-1', namespace: 'web', labels: { 'kubernetes.io/service-name': 'active' } },
      endpoints: pods.map((name) => ({ conditions: { ready: true }, targetRef: { kind: 'Pod', name } })),
    } as KubeObject)
  const ask = (action: Action) => findObjection(kube.client, world, action, live.metadata.resourceVersion ?? '')
  return { put, point, slice, ask, world, fresh: setOf(currentPodHash), stable: setOf(stableRS) }
}

describe('live guards of blue-green', () => {
  const cutOver = (rs: ReplicaSet) =>
    ({
      do: 'select',
      service: 'active',
      podHash: rs.metadata.labels?.['rollouts-pod-template-hash'] ?? '',
      replicaSet: rs.metadata.name,
    }) as const
  const shrink = (replicaSet: ReplicaSet, to: number) => ({ do: 'scale', replicaSet, to, annotations: {} }) as const
  const withPods = (rs: ReplicaSet, replicas: number, availableReplicas: number) =>
    ({ ...rs, spec: { ...rs.spec, replicas }, status: { replicas, availableReplicas } }) as KubeObject

  test('without a router no revision goes to 0 that a Service names since the decision', async () => {
    const { ask, canary, world, put } = await setUp()
    const remove = { do: 'scale', replicaSet: canary, to: 0, annotations: {} } as const
    const strategy = { canary: { stableService: 'stable', canaryService: 'canary' } }
    const unrouted: World = { ...world, rollout: { ...world.rollout, spec: { ...world.rollout.spec, strategy } } }
    assert.equal(await ask(remove, unrouted), undefined, 'that the canary Service names it was known')
    const [stable, named] = [world.services.stable?.service, world.services.canary?.service]
    await put(kinds.services, { ...stable, spec: { ...stable?.spec, selector: named?.spec.selector } } as KubeObject)
    assert.match((await ask(remove, unrouted)) ?? '', /Service "stable" names ReplicaSet/)
    assert.equal(await ask(remove, { ...unrouted, compat: 'argo' }), undefined)
  })

  test('without a router the stable Service goes ahead only by the Rollout that was decided on', async () => {
    const { ask, canary, world, put } = await setUp()
    const strategy = { canary: { stableService: 'stable', canaryService: 'canary' } }
    const unrouted: World = { ...world, rollout: { ...world.rollout, spec: { ...world.rollout.spec, strategy } } }
    const { currentPodHash: podHash = '', stableRS } = world.rollout.status ?? {}
    const ahead = { do: 'select', service: 'stable', podHash, replicaSet: canary.metadata.name } as const
    assert.equal(await ask(ahead, unrouted), undefined)
    await put(kinds.rollouts, { ...world.rollout, status: { ...world.rollout.status, abort: true } } as KubeObject)
    assert.equal(await ask(ahead, unrouted), 'the Rollout changed meanwhile')
    const back = { ...ahead, podHash: stableRS ?? '', replicaSet: `shop-${stableRS}` }
    assert.equal(await ask(back, unrouted), undefined, 'back to stable whatever came')
    assert.equal(
      await ask({ ...ahead, service: 'canary' }, unrouted),
      undefined,
      'the canary Service is for the new one',
    )
  })

  test('users go forward only to every pod, by the Rollout that was decided on', async () => {
    const { ask, put, fresh, world } = await setUpBlueGreen()
    assert.equal(await ask(cutOver(fresh)), undefined)
    await put(kinds.replicaSets, withPods(fresh, 5, 4))
    assert.match((await ask(cutOver(fresh))) ?? '', /has 4 of 5 pods available/)
    await put(kinds.replicaSets, withPods(fresh, 4, 5))
    assert.match((await ask(cutOver(fresh))) ?? '', /pods available/)
    await put(kinds.replicaSets, withPods(fresh, 6, 6))
    assert.equal(await ask(cutOver(fresh)), undefined, 'one more for a restart')
    await put(kinds.replicaSets, withPods(fresh, 5, 5))
    await put(kinds.rollouts, { ...world.rollout, status: { ...world.rollout.status, abort: true } } as KubeObject)
    assert.equal(await ask(cutOver(fresh)), 'the Rollout changed meanwhile')
  })

  test('users go back to stable as soon as one pod of it is there', async () => {
    const { ask, put, stable, world } = await setUpBlueGreen()
    await put(kinds.replicaSets, withPods(stable, 5, 1))
    await put(kinds.rollouts, { ...world.rollout, status: { ...world.rollout.status, abort: true } } as KubeObject)
    assert.equal(await ask(cutOver(stable)), undefined)
    await put(kinds.replicaSets, withPods(stable, 5, 0))
    assert.match((await ask(cutOver(stable))) ?? '', /no available pod/)
  })

  test('the preview follows without a pod', async () => {
    const { ask, put, fresh } = await setUpBlueGreen()
    await put(kinds.replicaSets, withPods(fresh, 0, 0))
    assert.equal(await ask({ ...cutOver(fresh), service: 'preview' }), undefined)
  })

  test('what the active Service names, or has endpoints of, does not go', async () => {
    const { ask, point, slice, stable, fresh } = await setUpBlueGreen()
    const hash = fresh.metadata.labels?.['rollouts-pod-template-hash'] ?? ''
    assert.match((await ask(shrink(stable, 0))) ?? '', /Service "active" names/)
    await point('active', hash)
    await slice(`${stable.metadata.name}-abcde`)
    assert.match((await ask(shrink(stable, 0))) ?? '', /1 endpoints of ReplicaSet/)
    await slice(`${fresh.metadata.name}-abcde`)
    assert.equal(await ask(shrink(stable, 0)), undefined)
  })

  test('what users have keeps the pods that are wanted; an autoscaler may want fewer', async () => {
    const { ask, stable } = await setUpBlueGreen()
    assert.match((await ask(shrink(stable, 2))) ?? '', /Service "active" names/)
    const larger = { ...stable, spec: { ...stable.spec, replicas: 8 } }
    assert.equal(await ask(shrink(larger, 5)), undefined)
  })

  test('an aborted revision goes although the preview names it', async () => {
    const { ask, fresh } = await setUpBlueGreen()
    assert.equal(await ask(shrink(fresh, 0)), undefined)
  })
})
