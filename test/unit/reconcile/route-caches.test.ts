/**
 * What is known of the objects of routers: kinds are watched from the first Rollout that needs them, and what has not been read is never taken for
 * absent. The whole pass is `pass`; what it concludes from an unknown router is the domain's and tested there.
 */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Rollout, TrafficRouting } from '../../../controller/api/rollout.ts'
import { KubeError, type ObjectRef, type ResourceKind } from '../../../controller/kube/client.ts'
import { createFence } from '../../../controller/kube/fence.ts'
import { createInformers } from '../../../controller/kube/informers.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import { apply } from '../../../controller/reconcile/apply.ts'
import { openCaches, watchKeys } from '../../../controller/reconcile/caches.ts'
import { observe } from '../../../controller/reconcile/observe.ts'
import type { RouteOptions } from '../../../controller/reconcile/route-caches.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { consulKeys } from '../../../controller/traffic/consul-kv/key.ts'
import { rollout } from '../../builders/rollout.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'
import { createMemoryOutside } from '../../fakes/outside-store.ts'

const named = (name: string, trafficRouting?: TrafficRouting): Rollout => {
  const base = rollout({ replicas: 1, routed: true })
  const canary = { ...base.spec.strategy?.canary, ...(trafficRouting ? { trafficRouting } : {}) }
  return { ...base, metadata: { ...base.metadata, name, uid: name }, spec: { ...base.spec, strategy: { canary } } }
}
const through = (id: string, config: Record<string, unknown>): TrafficRouting => ({ plugins: { [id]: config } })
const shop = named('shop')
const unrouted = rollout({ replicas: 1, routed: false })

function setUp(t: TestContext, options: RouteOptions = {}) {
  const clock = createFakeClock()
  const kube = createMemoryKube()
  const lists: string[] = []
  const refused = new Map<string, number>()
  kube.before((verb, target) => {
    if (verb !== 'list') return
    lists.push(target)
    const code = refused.get(target)
    if (code !== undefined) throw new KubeError({ code }, target)
  })
  const informers = createInformers({ client: kube.client, clock, random: seededRandom(1), log: silentLogger })
  const caches = openCaches(informers, options)
  const added: string[] = []
  watchKeys(caches, (key) => void added.push(key))
  t.after(async () => {
    const stopped = informers.stop()
    await clock.advance(60_000)
    await stopped
  })
  const put = async (kind: ResourceKind, object: KubeObject) => {
    await kube.client.create(kind, object)
    await clock.settle()
  }
  const start = async () => {
    informers.start()
    await clock.settle()
  }
  /** Routes are listed when the returned function is called, and not before. */
  const holdRoutes = (): (() => void) => {
    let answer = (): void => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    kube.before((verb, target) => (verb === 'list' && target === httpRoutes ? answered : undefined))
    return () => answer()
  }
  const reading = (key = 'web/shop') => {
    const look = { caches, now: () => clock.now(), compat: 'strict' as const, notices: false }
    const world = observe(key, look)
    const [route] = world?.routes ?? []
    assert.ok(world && route)
    return { ...route, world }
  }
  return { clock, kube, informers, caches, lists, refused, added, put, start, holdRoutes, reading }
}

const isUnknown = { programmedCanary: undefined, confirmation: 'pending', drivable: false }
const httpRoutes = kinds.kindId(kinds.httpRoutes)
const refusals: readonly (readonly [number, RegExp])[] = [
  [
    404,
    /^the cluster serves no HTTPRoute: install the CustomResourceDefinition "httproutes\.gateway\.networking\.k8s\.io" in version v1/,
  ],
  [
    403,
    /^the controller may not list httproutes\.gateway\.networking\.k8s\.io: .* "argoproj-labs\/gatewayAPI" in the value routers$/,
  ],
  [500, /^httproutes\.gateway\.networking\.k8s\.io cannot be listed for now/],
]

describe('kinds of routers', () => {
  test('are not watched while no Rollout names their router', async (t) => {
    const { put, start, lists } = setUp(t)
    await put(kinds.rollouts, unrouted)
    await start()
    assert.ok(lists.includes('services'))
    assert.deepEqual(
      lists.filter((kind) => kind.includes('gateway') || kind.includes('istio') || kind === 'configmaps'),
      [],
    )
  })

  test('are watched from the first Rollout that needs them, and only what its configuration needs', async (t) => {
    const { put, start, lists, reading, clock } = setUp(t)
    await start()
    await put(kinds.rollouts, shop)
    await clock.settle()
    assert.deepEqual(
      lists.filter((kind) => kind.includes('gateway')),
      [httpRoutes],
    )
    assert.match(reading().problem ?? '', /HTTPRoute "web\/shop" not found/)
    assert.equal(reading().isGone, true)
  })

  test('at start the caches of the Rollouts that are there belong to what is waited for', async (t) => {
    const { put, start, informers, caches, holdRoutes, clock, reading } = setUp(t)
    await put(kinds.rollouts, shop)
    const answer = holdRoutes()
    await start()
    assert.equal(caches.rollouts.size(), 1)
    assert.equal(informers.hasSynced(), false, 'the list of routes has no answer yet')
    assert.equal(informers.unready(), undefined, 'which is no reason to be called unready')
    const { programmedCanary, confirmation, drivable, isGone, problem } = reading()
    assert.deepEqual({ programmedCanary, confirmation, drivable }, isUnknown)
    assert.equal(isGone, undefined)
    assert.equal(problem, 'httproutes.gateway.networking.k8s.io has not been listed yet')
    answer()
    await clock.settle()
    assert.equal(informers.hasSynced(), true)
    assert.match(reading().problem ?? '', /not found/)
  })

  for (const [code, problem] of refusals)
    test(`a list that is refused with ${code} is told, holds nothing up, and the Rollout is decided anew when it succeeds`, async (t) => {
      const { put, start, refused, reading, informers, clock, added } = setUp(t)
      refused.set(httpRoutes, code)
      await put(kinds.rollouts, shop)
      await put(kinds.rollouts, { ...unrouted, metadata: { ...unrouted.metadata, name: 'other', uid: 'other' } })
      await start()
      assert.equal(informers.hasSynced(), true)
      const { programmedCanary, confirmation, drivable } = reading()
      assert.deepEqual({ programmedCanary, confirmation, drivable }, isUnknown)
      assert.match(reading().problem ?? '', problem)
      added.length = 0
      refused.clear()
      await clock.advance(31_000)
      assert.match(reading().problem ?? '', /not found/)
      assert.deepEqual([...new Set(added)], ['web/shop'], 'whom it does not concern is left alone')
    })

  test('a change of an object concerns who names it, whatever was opened first', async (t) => {
    const { put, start, added } = setUp(t)
    await start()
    await put(kinds.rollouts, shop)
    await put(kinds.rollouts, named('bank', through('argoproj-labs/gatewayAPI', { httpRoute: 'bank' })))
    added.length = 0
    await put(kinds.httpRoutes, { metadata: { name: 'bank', namespace: 'web' } })
    assert.deepEqual(added, ['web/bank'])
  })

  test('ConfigMaps are watched by label', async (t) => {
    const { put, start, kube, clock } = setUp(t)
    const selectors: (string | undefined)[] = []
    const { list } = kube.client
    kube.client.list = (kind, options) => {
      if (kind === kinds.configMaps) selectors.push(options?.labelSelector)
      return list(kind, options)
    }
    await start()
    await put(kinds.rollouts, named('shop', through('penstock/switch', { configMap: 'switch' })))
    await clock.settle()
    assert.deepEqual(selectors, ['penstock.dev/router'])
  })

  test('an optional kind that is not served holds no objects, as long as another of the router is served', async (t) => {
    const { put, start, refused, reading } = setUp(t)
    const old = [kinds.oldTraefikServices, kinds.oldIngressRoutes].map(kinds.kindId)
    for (const kind of old) refused.set(kind, 404)
    await put(kinds.rollouts, named('shop', { traefik: { weightedTraefikServiceName: 'shop' } }))
    await start()
    assert.match(reading().problem ?? '', /TraefikService .* not found/)
  })

  test('of optional kinds one has to be served', async (t) => {
    const { put, start, refused, reading } = setUp(t)
    for (const kind of [kinds.traefikServices, kinds.ingressRoutes, kinds.oldTraefikServices, kinds.oldIngressRoutes])
      refused.set(kinds.kindId(kind), 404)
    await put(kinds.rollouts, named('shop', { traefik: { weightedTraefikServiceName: 'shop' } }))
    await start()
    assert.match(reading().problem ?? '', /install the CustomResourceDefinition "traefikservices\.traefik\.io"/)
  })

  test('a first list is worth two seconds of patience, from the first question', async (t) => {
    const { put, start, holdRoutes, caches } = setUp(t)
    const answer = holdRoutes()
    await put(kinds.rollouts, shop)
    await start()
    const waits = (nowMs: number) => caches.routes.isFilling(shop, nowMs)
    assert.deepEqual([waits(5_000), waits(6_999), waits(7_000), waits(60_000)], [true, true, false, false])
    assert.equal(caches.routes.isFilling(unrouted, 5_000), false)
    answer()
  })
})

describe('enabled routers', () => {
  test('one that is not enabled holds with the flag and the value to set; its kinds are not watched', async (t) => {
    const { put, start, lists, reading } = setUp(t, { routers: ['nginx'] })
    await put(kinds.rollouts, shop)
    await start()
    const { programmedCanary, confirmation, drivable, problem } = reading()
    assert.deepEqual({ programmedCanary, confirmation, drivable }, isUnknown)
    assert.equal(
      problem,
      'trafficRouting.plugins["argoproj-labs/gatewayAPI"] is not enabled: add "argoproj-labs/gatewayAPI" to the ' +
        "controller's flag --routers (value routers of the chart)",
    )
    assert.ok(!lists.includes(httpRoutes))
  })

  test('an unknown one is unknown, whatever is enabled', async (t) => {
    const { put, start, reading } = setUp(t, { routers: [] })
    await put(kinds.rollouts, named('shop', through('acme/router', {})))
    await start()
    assert.match(reading().problem ?? '', /is not a router that Penstock knows/)
  })
})

describe('objects outside the cluster', () => {
  const keyed = named('shop', through('penstock/consul-kv', { key: 'penstock/web/shop' }))
  const key: ObjectRef = { kind: consulKeys, name: 'penstock/web/shop' }

  async function setUpKey(t: TestContext) {
    const memory = createMemoryOutside([consulKeys])
    const all = setUp(t, { stores: [memory.store] })
    await all.start()
    return { memory, ...all }
  }
  /** Nothing of it is the API server's, so nothing is fenced. */
  function route({ caches, kube, informers, clock, reading }: ReturnType<typeof setUp>, canary: number) {
    const intent = { canary, stable: 100 - canary, additional: [], managedRoutes: [] }
    const action = { do: 'route', from: undefined, opens: [], ...intent } as const
    const plan = { actions: [action], status: {}, events: [], notices: [], holds: [] }
    const fence = createFence({ clock, log: silentLogger, client: kube.client, caches: informers })
    return apply('web/shop', reading().world, plan, { client: kube.client, caches, fence }).then((outcome) => ({
      ...outcome,
      behind: fence.behind('web/shop'),
    }))
  }

  test('are unknown until their store has read them, which decides the Rollout anew', async (t) => {
    const { memory, put, clock, reading, added } = await setUpKey(t)
    memory.sever()
    await put(kinds.rollouts, keyed)
    const { programmedCanary, confirmation, drivable, problem } = reading()
    assert.deepEqual({ programmedCanary, confirmation, drivable }, isUnknown)
    assert.equal(problem, 'keys.consul.outside penstock/web/shop is unknown: the memory does not answer')
    added.length = 0
    memory.restore()
    await clock.settle()
    assert.deepEqual(added, ['web/shop'])
    assert.deepEqual([reading().drivable, reading().problem], [true, undefined])
  })

  test('are written through their store, and what was written is read', async (t) => {
    const all = await setUpKey(t)
    await all.put(kinds.rollouts, keyed)
    const writes = all.kube.writes.length
    const made = await route(all, 0)
    assert.deepEqual([made.done.length, made.failure, made.behind], [1, undefined, []])
    assert.equal(all.reading().programmedCanary, 0)
    await route(all, 5)
    assert.equal(all.reading().programmedCanary, 5)
    assert.deepEqual(
      all.memory.writes.map((write) => write.split(' ')[0]),
      ['create', 'patch'],
    )
    assert.equal(all.kube.writes.length, writes, 'the API server hears of none of it')
    all.memory.put(key, undefined)
    assert.equal(all.reading().programmedCanary, undefined)
  })

  test('a write that comes too late fails the pass; while the object is unknown nothing is written', async (t) => {
    const all = await setUpKey(t)
    await all.put(kinds.rollouts, keyed)
    await route(all, 0)
    const { write } = all.memory.store
    Object.assign(all.memory.store, {
      write: (...args: Parameters<typeof write>) => {
        all.memory.put(key, { json: {} })
        return write(...args)
      },
    })
    const { failure } = await route(all, 5)
    assert.ok(failure?.error instanceof KubeError && failure.error.code === 409)
    const writes = all.memory.writes.length
    all.memory.sever()
    assert.equal((await route(all, 0)).failure, undefined)
    assert.equal(all.memory.writes.length, writes)
  })

  test('a Rollout that is gone is followed for no more', async (t) => {
    const { memory, put, kube, clock } = await setUpKey(t)
    await put(kinds.rollouts, keyed)
    assert.ok(memory.store.read(key).known)
    await kube.client.delete(kinds.refOf(kinds.rollouts, keyed))
    await clock.settle()
    assert.ok(!memory.store.read(key).known)
  })
})
