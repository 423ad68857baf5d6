/** Mappings and their copies: when one is made, what it says, when it goes, and whose it is. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute, TrafficIntent } from '../../../controller/api/traffic.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const KEY = 'mappings.getambassador.io/web/shop'
const COPY = 'mappings.getambassador.io/web/shop-canary'
const OTHER = 'ambassadormappings.x.getambassador.io/web/shop'
const context = routerContext({ managedRouteNames: ['beta', 'vip'] })
const router = openRouter('ambassador', { mappings: ['shop'] }, context)

interface Mapping extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>
}
const spec = { hostname: 'shop.example', prefix: '/', service: 'stable:80', timeout_ms: 4000 }
const mapping = (said: object = spec, meta: object = {}): Mapping => ({
  apiVersion: 'getambassador.io/v2',
  kind: 'Mapping',
  metadata: { name: 'shop', namespace: 'web', resourceVersion: '5', labels: { team: 'a' }, ...meta },
  spec: said as Mapping['spec'] & object,
})
const specOf = (object: KubeObject | undefined) => (object as Mapping | undefined)?.spec
const copyOf = (said: object, owned = true): Mapping =>
  mapping(said, { name: 'shop-canary', ...(owned ? { ownerReferences: [context.owner] } : {}) })
const canary = { ...spec, service: 'canary:80' }
const done: TrafficIntent = { ...trafficIntent(0), tidy: true }

describe('the copy of a Mapping', () => {
  test('is made for the first weight: owned, of the same version, without its original’s labels', () => {
    const objects = { [KEY]: mapping() }
    assert.deepEqual(router.render(trafficIntent(0), objects), [])
    assert.equal(router.read(objects).programmedCanary, 0)
    assert.deepEqual(writeTraffic(router, objects, trafficIntent(5))[COPY], {
      apiVersion: 'getambassador.io/v2',
      kind: 'Mapping',
      metadata: {
        name: 'shop-canary',
        namespace: 'web',
        ownerReferences: [context.owner],
        resourceVersion: '5',
        generation: 1,
      },
      spec: { ...canary, weight: 5 },
    })
  })

  for (const [service, wanted] of [
    ['stable', 'canary'],
    ['stable.web', 'canary.web'],
    ['https://stable.web.svc.cluster.local:8443', 'https://canary.web.svc.cluster.local:8443'],
    ['stable.web:80', 'canary.web:80'],
  ] as const)
    test(`sends to ${wanted} where the original sends to ${service}`, () => {
      const after = writeTraffic(router, { [KEY]: mapping({ ...spec, service }) }, trafficIntent(5))
      assert.equal(specOf(after[COPY])?.service, wanted)
    })

  test('goes back to 0 first, and goes once nothing comes to it', () => {
    const objects = { [KEY]: mapping(), [COPY]: copyOf({ ...canary, weight: 50 }) }
    assert.equal(router.read(objects).isUntidy, undefined)
    for (const intent of [trafficIntent(0), done]) {
      const [write] = router.render(intent, objects)
      assert.deepEqual(write?.do === 'patch' && write.patch.slice(1), [{ op: 'add', path: '/spec/weight', value: 0 }])
    }
    const idle = writeTraffic(router, objects, trafficIntent(0))
    assert.deepEqual([router.read(idle).programmedCanary, router.read(idle).isUntidy], [0, true])
    assert.deepEqual(router.render(trafficIntent(0), idle), [])
    const after = writeTraffic(router, idle, done)
    assert.equal(after[COPY], undefined)
    assert.deepEqual(
      [router.read(after).programmedCanary, router.read(after).drivable, router.read(after).isUntidy],
      [0, true, undefined],
    )
  })

  test('follows its original', () => {
    const objects = { [KEY]: mapping({ ...spec, prefix: '/new/' }), [COPY]: copyOf({ ...canary, weight: 20 }) }
    assert.equal(router.read(objects).programmedCanary, undefined)
    const after = writeTraffic(router, objects, trafficIntent(20))
    assert.deepEqual(specOf(after[COPY]), { ...canary, prefix: '/new/', weight: 20 })
    assert.equal(router.read(after).programmedCanary, 20)
  })

  for (const weight of [undefined, -1, 0.5, 101, '20', null])
    test(`of weight ${weight} cannot be read and is written`, () => {
      const objects = { [KEY]: mapping(), [COPY]: copyOf({ ...canary, weight }) }
      assert.equal(router.read(objects).programmedCanary, undefined)
      assert.equal(router.read(writeTraffic(router, objects, trafficIntent(20))).programmedCanary, 20)
    })

  test('of nobody that says what ours would is Argo’s, and taken over', () => {
    const objects = { [KEY]: mapping(), [COPY]: copyOf({ ...canary, weight: 20 }, false) }
    assert.deepEqual([router.read(objects).programmedCanary, router.read(objects).problem], [20, undefined])
    const after = writeTraffic(router, objects, trafficIntent(40))
    assert.deepEqual(after[COPY]?.metadata.ownerReferences, [context.owner])
    assert.equal(specOf(after[COPY])?.weight, 40)
  })

  for (const [whose, copy] of [
    ['nobody, that says something else', copyOf({ ...canary, prefix: '/test/', weight: 20 }, false)],
    ['another Rollout', mapping(canary, { name: 'shop-canary', ownerReferences: [{ ...context.owner, uid: 'x' }] })],
  ] as const)
    test(`of ${whose}, is told and never written`, () => {
      const objects = { [KEY]: mapping(), [COPY]: copy }
      const { problem, drivable } = router.read(objects)
      assert.match(problem ?? '', /Mapping "web\/shop-canary" is not owned by the Rollout/)
      assert.equal(drivable, false)
      for (const intent of [trafficIntent(20), done]) assert.deepEqual(router.render(intent, objects), [])
    })
})

describe('a Mapping that cannot be shared', () => {
  for (const [what, said, words] of [
    ['sets a weight', { ...spec, weight: 50 }, /"web\/shop": spec\.weight must not be set/],
    [
      'sends to another Service',
      { ...spec, service: 'stable-old' },
      /spec\.service has to be the stable Service "stable"/,
    ],
    ['sends to another namespace', { ...spec, service: 'stable.other:80' }, /spec\.service has to be/],
    ['sends nowhere', { prefix: '/' }, /spec\.service has to be/],
    ['is garbage', 7, /spec\.service has to be/],
  ] as const)
    test(`because it ${what}: no copy is made, and one that is there goes back to 0`, () => {
      const base = { ...mapping(), spec: said } as Mapping
      const alone = { [KEY]: base }
      assert.match(router.read(alone).problem ?? '', words)
      assert.equal(router.read(alone).drivable, false)
      assert.deepEqual(router.render(trafficIntent(20), alone), [])
      const objects = { [KEY]: base, [COPY]: copyOf({ ...canary, weight: 20 }) }
      assert.equal(router.read(objects).drivable, true)
      assert.equal(specOf(writeTraffic(router, objects, trafficIntent(0))[COPY])?.weight, 0)
    })

  test('because it is gone: the copy would get everything, and is deleted at weight 0', () => {
    const objects = { [COPY]: copyOf({ ...canary, weight: 20 }) }
    const { problem, drivable } = router.read(objects)
    assert.match(problem ?? '', /Mapping "web\/shop" not found: .*trafficRouting\.ambassador\.mappings/)
    assert.equal(drivable, true)
    assert.deepEqual(router.render(trafficIntent(20), objects), [])
    const after = writeTraffic(router, objects, trafficIntent(0))
    assert.equal(after[COPY], undefined)
    assert.deepEqual([router.read(after).drivable, router.read(after).isGone], [false, true])
  })
})

test('a Mapping of the other group is copied there, one of both in both', () => {
  const other = { ...mapping(), apiVersion: 'x.getambassador.io/v3alpha1', kind: 'AmbassadorMapping' }
  const one = writeTraffic(router, { [OTHER]: other }, trafficIntent(5))
  assert.equal(one[`${OTHER}-canary`]?.kind, 'AmbassadorMapping')
  assert.equal(router.read(one).programmedCanary, 5)
  const both = writeTraffic(router, { [OTHER]: other, [KEY]: mapping() }, trafficIntent(5))
  assert.deepEqual([specOf(both[COPY])?.weight, specOf(both[`${OTHER}-canary`])?.weight], [5, 5])
})

test('a long name leaves room for the suffix, as in Argo', () => {
  const long = openRouter('ambassador', { mappings: ['m'.repeat(250)] }, context)
  assert.equal(long.targets[1]?.name, `${'m'.repeat(246)}-canary`)
})

describe('managed routes', () => {
  const header = (name: string, headerValue: { exact?: string; prefix?: string; regex?: string }): ManagedRoute => ({
    kind: 'header',
    name: 'beta',
    match: [{ headerName: name, headerValue }],
  })
  const managed = (wanted: ManagedRoute, said: object = spec): RouterObjects =>
    writeTraffic(router, { [KEY]: mapping(said) }, trafficIntent(0, { managedRoutes: [wanted] }))
  const BETA = `${KEY}-route-beta`

  for (const [what, value, field] of [
    ['exact', { exact: 'a.b' }, { headers: { 'x-env': 'a.b' } }],
    ['prefix', { prefix: 'a.b' }, { regex_headers: { 'x-env': 'a\\.b.*' } }],
    ['regex', { regex: 'a.b' }, { regex_headers: { 'x-env': 'a.b' } }],
  ] as const)
    test(`by ${what} value are copies that ask for the header, without a weight`, () => {
      assert.deepEqual(specOf(managed(header('x-env', value))[BETA]), { ...canary, ...field })
    })

  test('keep the headers that the original asks for, and go when they are not wanted', () => {
    const said = { ...spec, headers: { 'x-tenant': 'a', 'X-Env': 'canary' } }
    const during = managed(header('x-env', { exact: 'canary' }), said)
    assert.deepEqual(specOf(during[BETA])?.headers, said.headers)
    assert.equal(writeTraffic(router, during, trafficIntent(0))[BETA], undefined)
  })

  test('by another value of a header that the original asks for are told, for no Mapping written, not tried for ever', () => {
    const both = openRouter('ambassador', { mappings: ['shop', 'api'] }, context)
    const wanted = trafficIntent(0, { managedRoutes: [header('x-env', { exact: 'canary' })] })
    const objects = {
      [KEY]: mapping(),
      'mappings.getambassador.io/web/api': mapping({ ...spec, regex_headers: { 'x-env': '.*' } }, { name: 'api' }),
    }
    const during = writeTraffic(both, objects, wanted)
    assert.equal(during[BETA], undefined)
    assert.match(both.read(during).problem ?? '', /managed route "beta" does not fit/)
    assert.deepEqual(both.read(during).managedRoutes, [{ route: wanted.managedRoutes[0], intact: true }])
    assert.deepEqual(both.render(wanted, during), [])
    const after = writeTraffic(both, during, trafficIntent(0))
    assert.deepEqual(after[KEY]?.metadata.annotations ?? {}, {})
  })

  test('each alternative of a colour is a copy', () => {
    const wanted: ManagedRoute = {
      kind: 'color',
      name: 'vip',
      match: [{ headers: [{ name: 'x', value: { exact: '1' } }] }, { cookies: [{ name: 'c', value: { exact: '2' } }] }],
    }
    const during = managed(wanted)
    assert.deepEqual(specOf(during[`${KEY}-route-vip`])?.headers, { x: '1' })
    assert.deepEqual(Object.keys((specOf(during[`${KEY}-route-vip-1`])?.regex_headers ?? {}) as object), ['Cookie'])
    assert.deepEqual(router.read(during).managedRoutes, [{ route: wanted, intact: true }])
    assert.deepEqual(router.read({ ...during, [`${KEY}-route-vip-1`]: undefined }).managedRoutes, [
      { route: wanted, intact: false },
    ])
  })
})
