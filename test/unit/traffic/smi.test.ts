/** TrafficSplits as Argo, people and API servers leave them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const KEY = 'trafficsplits.split.smi-spec.io/web/shop'
const { owner } = routerContext()
const router = openRouter('smi', {})

const split = (backends: unknown, over: object = {}): KubeObject =>
  ({
    apiVersion: 'split.smi-spec.io/v1alpha4',
    kind: 'TrafficSplit',
    metadata: { name: 'shop', namespace: 'web', resourceVersion: '5', ownerReferences: [owner] },
    spec: { service: 'stable', backends },
    ...over,
  }) as KubeObject

const pair = (canary: unknown, stable: unknown) => [
  { service: 'canary', weight: canary },
  { service: 'stable', weight: stable },
]
const read = (object: KubeObject) => router.read({ [KEY]: object })

describe('a TrafficSplit that is not there', () => {
  test('is made, owned by the Rollout, named like it, its root the stable Service, in Argo’s order', () => {
    const wanted = trafficIntent(5, { additional: [{ service: 'trial', weight: 7 }] })
    assert.deepEqual(router.render(wanted, {}), [
      {
        do: 'create',
        ref: router.targets[0],
        object: {
          apiVersion: 'split.smi-spec.io/v1alpha4',
          kind: 'TrafficSplit',
          metadata: { name: 'shop', namespace: 'web', ownerReferences: [owner] },
          spec: {
            service: 'stable',
            backends: [
              { service: 'canary', weight: 5 },
              { service: 'trial', weight: 7 },
              { service: 'stable', weight: 88 },
            ],
          },
        },
      },
    ])
  })

  test('carries nobody knows what, and is made at weight 0 too', () => {
    assert.deepEqual(router.read({}), { programmedCanary: undefined, confirmation: 'unknown', drivable: true })
    assert.equal(router.render(trafficIntent(0), {}).length, 1)
  })

  test('empty names in the configuration count as absent', () => {
    const named = openRouter('smi', { rootService: '', trafficSplitName: '' })
    assert.deepEqual(named.targets, router.targets)
    assert.deepEqual(named.render(trafficIntent(0), {}), router.render(trafficIntent(0), {}))
  })
})

describe('a TrafficSplit of somebody else', () => {
  for (const [whose, ownerReferences] of [
    ['nobody', undefined],
    ['another Rollout of the same name', [{ ...owner, uid: 'other' }]],
  ] as const)
    test(`of ${whose} is told and never written`, () => {
      const metadata = { name: 'shop', namespace: 'web', ...(ownerReferences ? { ownerReferences } : {}) }
      const object = split(pair(0, 100), { metadata })
      const { problem, drivable } = read(object)
      assert.match(problem ?? '', /"web\/shop" is not owned by the Rollout.*trafficRouting\.smi\.trafficSplitName/)
      assert.equal(drivable, false)
      assert.deepEqual(router.render(trafficIntent(20), { [KEY]: object }), [])
    })
})

describe('weights', () => {
  for (const [what, backends] of [
    ['missing', undefined],
    ['no list', 'x'],
    ['of one Service only', [{ service: 'canary', weight: 100 }]],
    ['with null in it', [null, ...pair(20, 80)]],
    ['with a Service twice', [...pair(20, 40), { service: 'stable', weight: 40 }]],
    ['without a number', pair(undefined, 100)],
    ['negative', pair(-5, 105)],
    ['broken', pair(0.5, 99.5)],
    ['not summing up', pair(20, 70)],
    ['in milli', pair('20000m', '80')],
  ] as const)
    test(`${what} cannot be read and are rewritten`, () => {
      const object = split(backends)
      assert.equal(read(object).programmedCanary, undefined)
      assert.equal(read(object).drivable, true)
      const after = writeTraffic(router, { [KEY]: object }, trafficIntent(20))
      assert.equal(router.read(after).programmedCanary, 20)
    })

  test('a TrafficSplit without a spec gets one', () => {
    const after = writeTraffic(router, { [KEY]: split([], { spec: undefined }) }, trafficIntent(20))
    assert.equal(router.read(after).programmedCanary, 20)
  })

  test('another root Service is put right', () => {
    const object = split(pair(20, 80), { spec: { service: 'other', backends: pair(20, 80) } })
    assert.equal(read(object).programmedCanary, undefined)
    const [write] = router.render(trafficIntent(20), { [KEY]: object })
    assert.deepEqual(write?.do === 'patch' && write.patch.slice(1), [
      { op: 'add', path: '/spec/service', value: 'stable' },
    ])
  })

  test('text, as Argo writes v1alpha1, stays text', () => {
    const object = split(pair('20', '80'), { apiVersion: 'split.smi-spec.io/v1alpha1' })
    assert.equal(read(object).programmedCanary, 20)
    const [write] = router.render(trafficIntent(0), { [KEY]: object })
    assert.deepEqual(write?.do === 'patch' && write.patch.at(-1), {
      op: 'add',
      path: '/spec/backends',
      value: pair('0', '100'),
    })
  })

  test('experiments are read back, and a backend that nobody asked for goes', () => {
    const object = split([...pair(5, 90), { service: 'trial', weight: 5 }])
    assert.deepEqual(read(object).additional, { trial: 5 })
    const after = writeTraffic(router, { [KEY]: object }, trafficIntent(5))
    assert.deepEqual(router.read(after).additional, {})
  })

  test('of another total are read by it', () => {
    const fine = openRouter('smi', {}, routerContext({ maxWeight: 1000 }))
    assert.equal(fine.read({ [KEY]: split(pair(5, 995)) }).programmedCanary, 5)
    assert.equal(read(split(pair(5, 995))).programmedCanary, undefined)
  })
})
