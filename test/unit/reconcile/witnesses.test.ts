/**
 * Objects outside the cluster that only tell what a router serves: where a store follows them they are heard, and what is not known of them keeps
 * nothing from being written.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { openCaches, watchKeys } from '../../../controller/reconcile/caches.ts'
import { observe } from '../../../controller/reconcile/observe.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { loadBalancers } from '../../../controller/traffic/alb/load-balancer.ts'
import type { OutsideStore } from '../../../controller/traffic/outside.ts'
import { rollout } from '../../builders/rollout.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'
import { createMemoryOutside } from '../../fakes/outside-store.ts'

const ref = { kind: loadBalancers, name: 'web/shop' }
const groups = [
  { ServiceName: 'canary', ServicePort: '80', Weight: 20 },
  { ServiceName: 'stable', ServicePort: '80', Weight: 80 },
]
const ingress = {
  metadata: {
    name: 'shop',
    namespace: 'web',
    annotations: {
      'alb.ingress.kubernetes.io/actions.root': JSON.stringify({
        Type: 'forward',
        ForwardConfig: { TargetGroups: groups },
      }),
    },
  },
  spec: {
    rules: [{ http: { paths: [{ backend: { service: { name: 'root', port: { name: 'use-annotation' } } } }] } }],
  },
} as KubeObject
const served = (canary: number) => ({
  loadBalancers: [
    {
      hostname: 'a',
      arn: 'x/app/name/1',
      name: 'name',
      targetGroups: ['canary', 'stable'].map((name) => ({
        arn: name,
        name,
        resource: `web/shop-${name}:80`,
        healthyTargets: 1,
      })),
      forwards: [{ canary, stable: 100 - canary }],
    },
  ],
})

async function setUp(t: TestContext, stores: readonly OutsideStore[]) {
  const clock = createFakeClock()
  const kube = createMemoryKube()
  const informers = createInformers({ client: kube.client, clock, random: seededRandom(1), log: silentLogger })
  const caches = openCaches(informers, { stores })
  const added: string[] = []
  watchKeys(caches, (key) => void added.push(key))
  t.after(async () => {
    const stopped = informers.stop()
    await clock.advance(60_000)
    await stopped
  })
  const base = rollout({ replicas: 1, routed: true })
  const trafficRouting = { alb: { ingress: 'shop', rootService: 'root', servicePort: 80 } }
  const canary = { ...base.spec.strategy?.canary, trafficRouting }
  await kube.client.create(kinds.ingresses, ingress)
  await kube.client.create(kinds.rollouts, { ...base, spec: { ...base.spec, strategy: { canary } } } as KubeObject)
  informers.start()
  await clock.settle()
  const reading = () => {
    const world = observe('web/shop', { caches, now: () => clock.now(), compat: 'strict', notices: false })
    const [route] = world?.routes ?? []
    assert.ok(route)
    return route
  }
  return { clock, added, reading }
}

describe('a witness of a router', () => {
  test('is not asked for where no store follows it', async (t) => {
    const { reading } = await setUp(t, [])
    const { confirmation, problem, drivable, programmedCanary } = reading()
    assert.deepEqual([confirmation, problem, drivable, programmedCanary], ['unknown', undefined, true, 20])
  })

  test('that is not known confirms nothing, and keeps nothing from being written', async (t) => {
    const memory = createMemoryOutside([loadBalancers])
    memory.sever()
    const { reading } = await setUp(t, [memory.store])
    const { confirmation, problem, drivable, programmedCanary } = reading()
    assert.deepEqual([confirmation, drivable, programmedCanary], ['pending', true, 20])
    assert.equal(problem, 'the load balancer of Ingress "web/shop" is not known: the memory does not answer')
  })

  test('is heard: the Rollout is decided anew, and what it serves is confirmed or not', async (t) => {
    const memory = createMemoryOutside([loadBalancers])
    const { reading, added, clock } = await setUp(t, [memory.store])
    for (const [canary, confirmation] of [
      [10, 'pending'],
      [20, 'confirmed'],
    ] as const) {
      added.length = 0
      memory.put(ref, served(canary))
      await clock.settle()
      assert.deepEqual(added, ['web/shop'])
      assert.equal(reading().confirmation, confirmation)
    }
    assert.deepEqual(
      reading().albs?.map(({ loadBalancer }) => loadBalancer.fullName),
      ['name/1'],
    )
  })
})
