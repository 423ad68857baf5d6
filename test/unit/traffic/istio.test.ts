/** VirtualServices as people and other controllers write them, and what Istio's router reads from them and writes into them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute, TrafficIntent } from '../../../controller/api/traffic.ts'
import type { Router, RouterContext, RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const VS = 'virtualservices.networking.istio.io'

interface Share {
  readonly destination: {
    readonly host?: string
    readonly subset?: string
    readonly port?: { readonly number: number }
  }
  readonly weight?: number
}
type Route = Readonly<Record<string, unknown>> & { readonly name?: string; readonly route?: readonly Share[] }
interface Spec {
  readonly http?: readonly Route[]
  readonly tls?: readonly Route[]
  readonly tcp?: readonly Route[]
}

const to = (host: string, weight?: number): Share => ({
  destination: { host },
  ...(weight === undefined ? {} : { weight }),
})
const pair = (canary = 0): readonly Share[] => [to('stable', 100 - canary), to('canary', canary)]

const virtualService = (spec: object, name = 'shop', namespace = 'web'): RouterObjects => ({
  [`${VS}/${namespace}/${name}`]: {
    metadata: { name, namespace, resourceVersion: '5' },
    spec: { hosts: ['shop'], ...spec },
  } as KubeObject,
})
const specOf = (objects: RouterObjects, key = `${VS}/web/shop`): Spec =>
  (objects[key] as unknown as { readonly spec: Spec }).spec
const open = (config: object = { virtualService: { name: 'shop' } }, context: Partial<RouterContext> = {}): Router =>
  openRouter('istio', config, routerContext({ managedRouteNames: ['beta', 'shadow'], ...context }))
const named = (config: object) => open({ virtualService: { name: 'shop', ...config } })
const patchOf = (router: Router, objects: RouterObjects, intent: TrafficIntent) =>
  router.render(intent, objects).flatMap((write) => (write.do === 'patch' ? write.patch.slice(1) : []))
const weightsIn = (routes: readonly Route[] | undefined): unknown =>
  routes?.map(({ route = [] }) => route.map(({ weight }) => weight))

describe('istio: routes that carry weights', () => {
  test('the only http route needs no name, and only two weights are written', () => {
    const objects = virtualService({ http: [{ timeout: '3s', route: pair() }] })
    assert.deepEqual(patchOf(open(), objects, trafficIntent(20)), [
      { op: 'add', path: '/spec/http/0/route/0/weight', value: 80 },
      { op: 'add', path: '/spec/http/0/route/1/weight', value: 20 },
    ])
  })

  test('routes by name, the others stay', () => {
    const http = ['a', 'b', 'c'].map((name) => ({ name, route: pair() }))
    const after = writeTraffic(named({ routes: ['c', 'a'] }), virtualService({ http }), trafficIntent(30))
    assert.deepEqual(weightsIn(specOf(after).http), [
      [70, 30],
      [100, 0],
      [70, 30],
    ])
  })

  test('tls by port and hosts in any order, tcp by port, each of several that fit', () => {
    const tls = [
      { match: [{ port: 443, sniHosts: ['a'] }], route: [to('other')] },
      {
        match: [
          { port: 443, sniHosts: ['b'] },
          { port: 443, sniHosts: ['a'] },
        ],
        route: pair(),
      },
      {
        match: [
          { port: 443, sniHosts: ['a', 'b'] },
          { port: 444, sniHosts: ['a'] },
        ],
        route: pair(),
      },
    ]
    const tcp = [
      { match: [{ port: 1 }], route: pair() },
      { match: [{ port: 2 }], route: pair() },
      { match: [{ port: 1 }], route: pair() },
    ]
    const router = named({ tlsRoutes: [{ port: 443, sniHosts: ['a', 'b'] }], tcpRoutes: [{ port: 1 }] })
    const after = writeTraffic(router, virtualService({ tls, tcp }), trafficIntent(30))
    assert.deepEqual(weightsIn(specOf(after).tls), [[undefined], [70, 30], [100, 0]])
    assert.deepEqual(weightsIn(specOf(after).tcp), [
      [70, 30],
      [100, 0],
      [70, 30],
    ])
    assert.deepEqual(router.read(after).managedRoutes, undefined)
  })

  test('Services by short name, with the namespace and in full; a VirtualService of another namespace only so', () => {
    for (const suffix of ['', '.web', '.web.svc', '.web.svc.cluster.local']) {
      const http = [{ route: [to(`stable${suffix}`, 100), to(`canary${suffix}`, 0)] }]
      assert.equal(open().read(virtualService({ http })).programmedCanary, 0, suffix)
      const elsewhere = open({ virtualService: { name: 'shop.edge' } }).read(virtualService({ http }, 'shop', 'edge'))
      assert.equal(elsewhere.programmedCanary, suffix === '' ? undefined : 0, suffix)
    }
    const short = open({ virtualService: { name: 'shop.edge' } }).read(
      virtualService({ http: [{ route: pair() }] }, 'shop', 'edge'),
    )
    assert.match(short.problem ?? '', /from another namespace its host is "canary.web.svc.cluster.local"/)
  })

  test('several VirtualServices are driven together and have to agree', () => {
    const router = open({ virtualServices: [{ name: 'shop' }, { name: 'admin' }] })
    const of = (admin: number) => ({
      ...virtualService({ http: [{ route: pair(20) }] }),
      ...virtualService({ http: [{ route: pair(admin) }] }, 'admin'),
    })
    assert.equal(router.read(of(20)).programmedCanary, 20)
    assert.equal(router.read(of(30)).programmedCanary, undefined)
    assert.deepEqual(
      router.render(trafficIntent(20), of(30)).map(({ ref }) => ref.name),
      ['admin'],
    )
  })
})

const problems: readonly (readonly [name: string, config: object, spec: object, problem: string | RegExp])[] = [
  [
    'no route at all',
    {},
    { http: [] },
    'Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService',
  ],
  [
    'a named route that is not there',
    { routes: ['primary'] },
    { http: [{ name: 'other', route: pair() }] },
    "Istio VirtualService has invalid HTTP routes. Error: HTTP Route 'primary' is not found in the defined Virtual Service.",
  ],
  [
    'several http routes and no name',
    {},
    {
      http: [
        { name: 'a', route: pair() },
        { name: 'b', route: pair() },
      ],
    },
    'Istio VirtualService has invalid HTTP routes. Error: spec.http[] should be set in VirtualService and it must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.routes',
  ],
  [
    'several tls routes and no port',
    {},
    { tls: [{ route: pair() }, { route: pair() }] },
    'Istio VirtualService has invalid TLS routes. Error: spec.tls[] should be set in VirtualService and it must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.tlsRoutes',
  ],
  [
    'a tls route that is not there',
    { tlsRoutes: [{ port: 443 }] },
    { tls: [{ match: [{ port: 443, sniHosts: ['a'] }], route: pair() }] },
    'Istio VirtualService has invalid TLS routes. Error: No matching TLS routes found in the defined Virtual Service.',
  ],
  [
    'a tcp route that is not there',
    { tcpRoutes: [{ port: 1 }] },
    { tcp: [{ route: pair() }] },
    'Istio VirtualService has invalid TCP routes. Error: No matching TCP routes found in the defined Virtual Service.',
  ],
  [
    'no canary',
    {},
    { http: [{ route: [to('stable', 100)] }] },
    "Istio VirtualService has invalid HTTP routes. Error: Canary Service 'canary' not found in route (spec.http[0])",
  ],
  [
    'no stable',
    {},
    { tcp: [{ route: [to('canary', 100)] }] },
    "Istio VirtualService has invalid TCP routes. Error: Stable Service 'stable' not found in route (spec.tcp[0])",
  ],
  [
    'a third destination with a weight',
    {},
    { http: [{ route: [...pair(), to('other', 7)] }] },
    'spec.http[0] sends to "other" (weight 7) besides canary and stable: remove that destination, or name its subset in destinationRule.additionalSubsetNames',
  ],
  [
    'the canary twice',
    {},
    { http: [{ route: [...pair(), to('canary.web', 7)] }] },
    /sends to "canary.web" \(weight 7\)/,
  ],
  ['a shape that is not Istio’s', {}, { http: { route: 'x' } }, 'spec is not that of a VirtualService'],
]

describe('istio: what cannot be driven is told in words', () => {
  for (const [name, config, spec, problem] of problems)
    test(name, () => {
      const reading = named(config).read(virtualService(spec))
      if (typeof problem === 'string') assert.equal(reading.problem, `VirtualService "web/shop": ${problem}`)
      else assert.match(reading.problem ?? '', problem)
    })

  test('routes that are right still follow, so that an abort reaches them', () => {
    const objects = virtualService({ http: [{ route: pair(20) }], tcp: [{ route: [to('canary', 100)] }] })
    const reading = open().read(objects)
    assert.deepEqual([reading.drivable, reading.programmedCanary], [true, 20])
    assert.deepEqual(weightsIn(specOf(writeTraffic(open(), objects, trafficIntent(0))).http), [[100, 0]])
  })

  test('a destination without a weight of its own is left alone, and so is one that has', () => {
    const objects = virtualService({
      http: [{ route: [...pair(), to('other')] }],
      tcp: [{ route: [...pair(), to('other', 7)] }],
    })
    const after = specOf(writeTraffic(open(), objects, trafficIntent(20)))
    assert.deepEqual([weightsIn(after.http), weightsIn(after.tcp)], [[[80, 20, undefined]], [[80, 20, 7]]])
    assert.equal(open().read(virtualService({ http: [{ route: [...pair(), to('other')] }] })).problem, undefined)
  })

  for (const [name, route] of Object.entries({
    'missing weights': [to('stable'), to('canary')],
    'weights that do not add up': [to('stable', 90), to('canary', 20)],
    'negative weights': [to('stable', 120), to('canary', -20)],
  }))
    test(`${name} are unreadable, and written`, () => {
      const objects = virtualService({ http: [{ route }] })
      assert.equal(open().read(objects).programmedCanary, undefined)
      assert.deepEqual(weightsIn(specOf(writeTraffic(open(), objects, trafficIntent(0))).http), [[100, 0]])
    })
})

type MirrorMatch = Extract<ManagedRoute, { kind: 'mirror' }>['match'][number]

const beta: ManagedRoute = {
  kind: 'header',
  name: 'beta',
  match: [
    { headerName: 'X-Beta', headerValue: { exact: 'yes' } },
    { headerName: 'x-team', headerValue: { prefix: 'qa-' } },
  ],
}
const shadow: ManagedRoute = {
  kind: 'mirror',
  name: 'shadow',
  match: [
    { method: { exact: 'GET' }, path: { prefix: '/api' }, headers: { 'x-b': { regex: '.+' }, 'X-A': { exact: '1' } } },
  ],
  percentage: 20,
}
const kept = {
  timeout: '3s',
  retries: { attempts: 3 },
  corsPolicy: { allowOrigins: [{ exact: 'https://shop' }] },
  rewrite: { uri: '/v2' },
  headers: { request: { set: { a: 'b' } } },
}
const withManaged = (...managedRoutes: readonly ManagedRoute[]): TrafficIntent => trafficIntent(20, { managedRoutes })

describe('istio: managed routes', () => {
  const port = { number: 8080 }
  const both = [
    { destination: { host: 'stable', port }, weight: 100 },
    { destination: { host: 'canary', port }, weight: 0 },
  ]
  const objects = virtualService({ http: [{ name: 'primary', ...kept, route: both }] })

  test('a header route is one of the canary alone, keeps what the user wrote, and compares in lower case', () => {
    const [first, second] = specOf(writeTraffic(open(), objects, withManaged(beta))).http ?? []
    assert.deepEqual(first, {
      name: 'beta',
      match: [{ headers: { 'x-beta': { exact: 'yes' } } }, { headers: { 'x-team': { prefix: 'qa-' } } }],
      ...kept,
      route: [{ destination: { host: 'canary', port }, weight: 100 }],
    })
    assert.deepEqual(second, {
      name: 'primary',
      ...kept,
      route: [
        { destination: { host: 'stable', port }, weight: 80 },
        { destination: { host: 'canary', port }, weight: 20 },
      ],
    })
  })

  test('a mirror shares as the weighted route does, and follows its weights field by field', () => {
    const router = open()
    const during = writeTraffic(router, objects, withManaged(shadow))
    const [first] = specOf(during).http ?? []
    assert.deepEqual(first, {
      name: 'shadow',
      match: [
        {
          method: { exact: 'GET' },
          uri: { prefix: '/api' },
          headers: { 'x-a': { exact: '1' }, 'x-b': { regex: '.+' } },
        },
      ],
      ...kept,
      route: [
        { destination: { host: 'stable', port }, weight: 80 },
        { destination: { host: 'canary', port }, weight: 20 },
      ],
      mirror: { host: 'canary', port },
      mirrorPercentage: { value: 20 },
    })
    assert.deepEqual(
      patchOf(router, during, { ...withManaged(shadow), canary: 40, stable: 60 }).map((one) => one.path),
      [0, 1].flatMap((route) => [0, 1].map((at) => `/spec/http/${route}/route/${at}/weight`)),
    )
  })

  test('they stand in the order that is asked for, in front of the first weighted route and behind what is before it', () => {
    const http = [
      { name: 'health', match: [{ uri: { exact: '/health' } }], route: [to('other')] },
      { name: 'primary', match: [{ uri: { prefix: '/shop' } }], route: pair() },
      { name: 'rest', route: pair() },
    ]
    const router = named({ routes: ['primary', 'rest'] })
    const during = writeTraffic(router, virtualService({ http }), withManaged(beta, { ...shadow, match: [{}] }))
    const names = (of: RouterObjects) => specOf(of).http?.map(({ name }) => name)
    assert.deepEqual(names(during), ['health', 'beta', 'beta', 'shadow', 'shadow', 'primary', 'rest'])
    const matches = specOf(during).http?.map(({ match }) => JSON.stringify(match))
    assert.equal(
      matches?.[1],
      '[{"uri":{"prefix":"/shop"},"headers":{"x-beta":{"exact":"yes"}}},{"uri":{"prefix":"/shop"},"headers":{"x-team":{"prefix":"qa-"}}}]',
    )
    assert.deepEqual(matches?.slice(3, 5), ['[{"uri":{"prefix":"/shop"}}]', undefined])
    const turned = writeTraffic(router, during, withManaged({ ...shadow, match: [{}] }, beta))
    assert.deepEqual(names(turned), ['health', 'shadow', 'shadow', 'beta', 'beta', 'primary', 'rest'])
    assert.deepEqual(specOf(writeTraffic(router, turned, trafficIntent(0))).http, writeWeights(http))
  })

  const writeWeights = (http: readonly Route[]) => http.map((route) => ({ ...route, route: route.route }))

  for (const [name, damage] of Object.entries({
    'its match is edited': (http: Route[]) => [{ ...http[0], match: [{}] }, ...http.slice(1)],
    'its weight is edited': (http: Route[]) => [{ ...http[0], route: [to('canary', 7)] }, ...http.slice(1)],
    'it is removed': (http: Route[]) => http.slice(1),
    'it is moved behind': (http: Route[]) => [...http.slice(1), ...http.slice(0, 1)],
    'it is there twice': (http: Route[]) => [...http.slice(0, 1), ...http],
  }))
    test(`a header route is not intact when ${name}, and repaired`, () => {
      const router = open()
      const during = writeTraffic(router, objects, withManaged(beta))
      assert.deepEqual(router.read(during).managedRoutes, [{ route: beta, intact: true }])
      const broken = structuredClone(during)
      Object.assign(specOf(broken), { http: damage([...(specOf(broken).http ?? [])]) })
      assert.deepEqual(
        router.read(broken).managedRoutes?.map(({ intact }) => intact),
        [false],
      )
      assert.deepEqual(specOf(writeTraffic(router, broken, withManaged(beta))), specOf(during))
    })

  test('what Argo left under a managed name is ours: it does not count, and goes', () => {
    const left = { name: 'beta', match: [{ headers: { a: { exact: 'b' } } }], route: [to('canary', 100)] }
    const found = virtualService({ http: [left, { name: 'primary', route: pair(20) }] })
    const reading = open().read(found)
    assert.deepEqual([reading.programmedCanary, reading.problem], [20, undefined])
    assert.deepEqual(reading.managedRoutes, [{ route: { kind: 'header', name: 'beta', match: [] }, intact: false }])
    assert.deepEqual(specOf(writeTraffic(open(), found, trafficIntent(20))).http, [
      { name: 'primary', route: pair(20) },
    ])
  })

  for (const [name, primary] of Object.entries({
    'another value of the same header': {
      match: [{ headers: { 'x-beta': { exact: 'no' }, 'x-team': { exact: 'a' } } }],
    },
  }))
    test(`a match that does not fit ${name} is told, and nothing is written for it`, () => {
      const found = virtualService({ http: [{ name: 'primary', ...primary, route: pair() }] })
      const during = writeTraffic(open(), found, withManaged(beta))
      assert.deepEqual(
        specOf(during).http?.map((route) => route.name),
        ['primary'],
      )
      assert.match(open().read(during).problem ?? '', /managed route "beta" cannot be written/)
    })

  test('a mirror of the user’s is not replaced', () => {
    const found = virtualService({ http: [{ mirror: { host: 'audit' }, route: pair() }] })
    const during = writeTraffic(open(), found, withManaged(shadow))
    assert.deepEqual(specOf(during).http, [{ mirror: { host: 'audit' }, route: pair(20) }])
    assert.match(open().read(during).problem ?? '', /or they have a mirror already/)
  })

  test('paths and methods are narrowed only where it is certain what both fit', () => {
    const rows: readonly (readonly [base: object, wanted: MirrorMatch, both: object | undefined])[] = [
      [{ uri: { prefix: '/' } }, { path: { prefix: '/api' } }, { uri: { prefix: '/api' } }],
      [{ uri: { prefix: '/api/v1' } }, { path: { prefix: '/api' } }, { uri: { prefix: '/api/v1' } }],
      [{ uri: { exact: '/api/x' } }, { path: { prefix: '/api' } }, { uri: { exact: '/api/x' } }],
      [{ uri: { prefix: '/api' } }, { path: { exact: '/api/x' } }, { uri: { exact: '/api/x' } }],
      [{ uri: { regex: '/a.*' } }, { path: { regex: '/a.*' } }, { uri: { regex: '/a.*' } }],
      [{ uri: { prefix: '/a' } }, { path: { regex: '/b.*' } }, undefined],
      [{ uri: { prefix: '/a' } }, { path: { prefix: '/b' } }, undefined],
      [{ method: { exact: 'GET' } }, { method: { exact: 'GET' } }, { method: { exact: 'GET' } }],
      [{ method: { exact: 'GET' } }, { method: { exact: 'POST' } }, undefined],
      [{ port: 80 }, { method: { exact: 'GET' } }, { port: 80, method: { exact: 'GET' } }],
    ]
    for (const [base, wanted, expected] of rows) {
      const found = virtualService({ http: [{ match: [base], route: pair() }] })
      const route: ManagedRoute = { kind: 'mirror', name: 'shadow', match: [wanted], percentage: 100 }
      const [first] = specOf(writeTraffic(open(), found, withManaged(route))).http ?? []
      assert.deepEqual(
        first?.name === 'shadow' ? first.match : undefined,
        expected && [expected],
        JSON.stringify([base, wanted]),
      )
    }
  })

  test('a colour that compares one header twice cannot be said', () => {
    const route: ManagedRoute = {
      kind: 'color',
      name: 'beta',
      match: [
        {
          cookies: [
            { name: 'a', value: { exact: '1' } },
            { name: 'b', value: { exact: '2' } },
          ],
        },
      ],
    }
    const during = writeTraffic(open(), objects, withManaged(route))
    assert.match(open().read(during).problem ?? '', /managed route "beta" cannot be written/)
  })
})

describe('istio: experiments', () => {
  const trial = (weight: number, more: object = {}) =>
    trafficIntent(10, { additional: [{ service: 'trial', weight, ...more }] })

  test('a destination is added behind the user’s, weighted, and taken away', () => {
    const objects = virtualService({ http: [{ route: [...pair(), to('other')] }] })
    const during = writeTraffic(open(), objects, trial(20))
    assert.deepEqual(specOf(during).http?.[0]?.route, [
      to('stable', 70),
      to('canary', 10),
      to('other'),
      to('trial', 20),
    ])
    assert.deepEqual(open().read(during).additional, { trial: 20 })
    assert.deepEqual(
      patchOf(open(), during, trial(30)).map(({ path }) => path),
      ['/spec/http/0/route/0/weight', '/spec/http/0/route/3/weight'],
    )
    const after = writeTraffic(open(), during, trafficIntent(0))
    assert.deepEqual([specOf(after), after[`${VS}/web/shop`]?.metadata.annotations], [specOf(objects), undefined])
  })

  test('host and port are named as the user names them', () => {
    const full = (host: string) => ({
      destination: { host: `${host}.web.svc.cluster.local`, port: { number: 80 } },
      weight: 0,
    })
    const objects = virtualService({ http: [{ route: [full('stable'), full('canary')] }] })
    const added = (more: object) =>
      specOf(writeTraffic(open(), objects, trial(20, more))).http?.[0]?.route?.[2]?.destination
    assert.deepEqual(added({}), { host: 'trial.web.svc.cluster.local', port: { number: 80 } })
    assert.deepEqual(added({ port: 8080 }), { host: 'trial.web.svc.cluster.local', port: { number: 8080 } })
  })

  test('one that Argo added is taken over with the weight that is asked for', () => {
    const objects = virtualService({ http: [{ route: [to('stable', 70), to('canary', 10), to('trial', 20)] }] })
    const during = writeTraffic(open(), objects, trial(20))
    assert.deepEqual(
      specOf(during).http?.[0]?.route?.map(({ weight }) => weight),
      [70, 10, 20],
    )
    assert.equal(open().read(during).problem, undefined)
    assert.deepEqual(specOf(writeTraffic(open(), during, trafficIntent(0))).http?.[0]?.route, pair())
  })
})
