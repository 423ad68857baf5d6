/** RouteGroups and Ingresses of Skipper, as users write them and others edit them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { ColorMatch } from '../../../controller/api/color-step.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute } from '../../../controller/api/traffic.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const ID = 'penstock/skipper'
const GROUP = 'routegroups.zalando.org/web/shop'
const INGRESS = 'ingresses.networking.k8s.io/web/shop'
const WEIGHTS = 'zalando.org/backend-weights'
const context = routerContext({ managedRouteNames: ['beta', 'vip'] })
const groups = openRouter(ID, { routeGroups: ['shop'] }, context)
const ingresses = openRouter(ID, { ingresses: ['shop'] }, context)

interface Reference {
  readonly backendName: string
  readonly weight?: unknown
}
interface Route {
  readonly pathSubtree?: string
  readonly methods?: readonly string[]
  readonly predicates?: readonly string[]
  readonly filters?: readonly string[]
  readonly backends?: readonly Reference[]
}
interface Spec {
  readonly backends?: unknown
  readonly defaultBackends?: unknown
  readonly routes?: unknown
}
const backends = [
  { name: 'old', type: 'service', serviceName: 'stable', servicePort: 80 },
  { name: 'new', serviceName: 'canary', servicePort: 80 },
  { name: 'new-admin', type: 'service', serviceName: 'canary', servicePort: 81 },
  { name: 'fallback', type: 'network', address: 'https://stable.example', serviceName: 'stable' },
]
const pair = (stable: unknown, canary: unknown): readonly Reference[] => [
  { backendName: 'old', weight: stable },
  { backendName: 'new', weight: canary },
]
const metadata = { name: 'shop', namespace: 'web', resourceVersion: '5' }
const shop = (spec: Spec): RouterObjects => ({ [GROUP]: { metadata, spec: { backends, ...spec } } as KubeObject })
const specOf = (objects: RouterObjects): Spec => (objects[GROUP] as { readonly spec?: Spec } | undefined)?.spec ?? {}
const routesOf = (objects: RouterObjects): readonly Route[] => (specOf(objects).routes ?? []) as readonly Route[]

const beta: ManagedRoute = {
  kind: 'header',
  name: 'beta',
  match: [{ headerName: 'x-env', headerValue: { exact: 'canary' } }],
}
const write = (objects: RouterObjects, canary: number, ...managedRoutes: readonly ManagedRoute[]) =>
  writeTraffic(groups, objects, trafficIntent(canary, { managedRoutes }))

describe('weights of a RouteGroup', () => {
  for (const [what, spec] of [
    ['has no references', {}],
    ['refers to stable only', { defaultBackends: [{ backendName: 'old', weight: 100 }] }],
    ['refers to an address', { defaultBackends: [{ backendName: 'fallback' }, { backendName: 'new' }] }],
    ['refers to nobody', { defaultBackends: [{ backendName: 'stable' }, { backendName: 'canary' }] }],
    ['refers to one Service twice', { defaultBackends: [...pair(50, 25), { backendName: 'new-admin', weight: 25 }] }],
    ['has no backends', { backends: undefined, defaultBackends: pair(100, 0) }],
    ['holds garbage', { backends: [null, 7], defaultBackends: [null, 7, 'x'], routes: 'x' }],
  ] as const)
    test(`that ${what}: nothing is written, what is missing is told`, () => {
      const { problem, drivable } = groups.read(shop(spec))
      assert.match(problem ?? '', /^RouteGroup "web\/shop": spec\.defaultBackends.* "stable" and "canary", once each$/)
      assert.equal(drivable, false)
      assert.deepEqual(groups.render(trafficIntent(20), shop(spec)), [])
    })

  for (const [what, references] of [
    ['missing', [{ backendName: 'old' }, { backendName: 'new' }]],
    ['not summing up', pair(90, 20)],
    ['no numbers', pair('80', '20')],
  ] as const)
    test(`that are ${what} cannot be read and are written`, () => {
      const objects = shop({ defaultBackends: references })
      assert.equal(groups.read(objects).programmedCanary, undefined)
      assert.equal(groups.read(write(objects, 20)).programmedCanary, 20)
    })

  test('stand in the default backends and in routes, which have to agree; other references keep theirs', () => {
    const own = { backends: [{ backendName: 'fallback', weight: 7 }, ...pair(80, 20)] }
    const objects = shop({ defaultBackends: pair(100, 0), routes: [{ pathSubtree: '/' }, own] })
    assert.equal(groups.read(objects).programmedCanary, undefined)
    const after = write(objects, 30)
    assert.deepEqual(specOf(after).defaultBackends, pair(70, 30))
    assert.deepEqual(routesOf(after), [
      { pathSubtree: '/' },
      { backends: [{ backendName: 'fallback', weight: 7 }, ...pair(70, 30)] },
    ])
    assert.equal(groups.read(after).programmedCanary, 30)
  })

  test('of a route alone are enough', () => {
    const objects = shop({ routes: [{ backends: pair(80, 20) }] })
    const { programmedCanary, problem } = groups.read(objects)
    assert.deepEqual([programmedCanary, problem], [20, undefined])
  })
})

describe('managed routes of a RouteGroup', () => {
  const predicatesOf = (match: ColorMatch) =>
    routesOf(
      write(shop({ defaultBackends: pair(100, 0), routes: [{ pathSubtree: '/' }] }), 0, {
        kind: 'color',
        name: 'vip',
        match: [match],
      }),
    )[0]?.predicates

  test('are copies of the weighted routes, with the canary alone and one weight above their shares', () => {
    const routes = [
      { pathSubtree: '/', methods: ['GET'], predicates: ['Host("a")'], filters: ['compress()'] },
      { pathSubtree: '/b', backends: [{ backendName: 'fallback' }] },
      { pathSubtree: '/c', backends: [{ backendName: 'fallback', weight: 7 }, ...pair(100, 0)] },
    ]
    const after = routesOf(write(shop({ defaultBackends: pair(100, 0), routes }), 0, beta))
    const asked = 'Header("x-env", "canary")'
    assert.deepEqual(after, [
      { ...routes[0], predicates: ['Host("a")', asked, 'Weight(1)'], backends: [{ backendName: 'new' }] },
      { pathSubtree: '/c', predicates: [asked, 'Weight(2)'], backends: [{ backendName: 'new' }] },
      ...routes,
    ])
  })

  const asked: readonly (readonly [string, ColorMatch, readonly string[]])[] = [
    ['a prefix', { headers: [{ name: 'x', value: { prefix: 'a.b' } }] }, ['HeaderRegexp("x", "^(?:a\\\\.b.*)$")']],
    ['a regex', { headers: [{ name: 'x', value: { regex: 'a|b' } }] }, ['HeaderRegexp("x", "^(?:a|b)$")']],
    ['a quote', { headers: [{ name: 'x', value: { exact: 'say "a\\b"' } }] }, ['Header("x", "say \\"a\\\\b\\"")']],
    [
      'cookie and addresses',
      { cookies: [{ name: 'color', value: { exact: 'blue' } }], cidrs: ['10.0.0.0/8', '::1/128'] },
      ['Cookie("color", "^(?:blue)$")', 'ClientIP("10.0.0.0/8", "::1/128")'],
    ],
    [
      'an id in a cookie',
      { idRange: { cookie: 'uid', modulo: 10, from: 1, to: 3 } },
      ['Cookie("uid", "^(?:[0-9]*(?:[1-3]))$")'],
    ],
    [
      'an id in a header',
      { idRange: { header: 'x-user', modulo: 10, from: 0, to: 9 } },
      ['HeaderRegexp("x-user", "^(?:[0-9]*(?:[0-9]))$")'],
    ],
  ]
  for (const [what, match, predicates] of asked)
    test(`ask for ${what} in Skipper's words`, () =>
      assert.deepEqual(predicatesOf(match), [...predicates, 'Weight(1)']))

  test('alternatives of a colour are routes', () => {
    const wanted: ManagedRoute = { kind: 'color', name: 'vip', match: [{ cidrs: ['::1/128'] }, { cidrs: ['::2/128'] }] }
    const after = routesOf(write(shop({ defaultBackends: pair(100, 0), routes: [{ pathSubtree: '/' }] }), 0, wanted))
    assert.deepEqual(
      after.map(({ predicates }) => predicates?.[0]),
      ['ClientIP("::1/128")', 'ClientIP("::2/128")', undefined],
    )
  })

  test('what predicates cannot say is told, and leaves no route', () => {
    const wanted: ManagedRoute = { kind: 'mirror', name: 'vip', match: [{}], percentage: 100 }
    const before = shop({ defaultBackends: pair(100, 0) })
    const during = write(before, 0, wanted)
    assert.equal(specOf(during).routes, undefined)
    assert.match(groups.read(during).problem ?? '', /managed route "vip" cannot be written as predicates/)
    assert.deepEqual(write(during, 0), before)
  })
})

describe('a RouteGroup without routes', () => {
  const before = shop({ defaultBackends: pair(100, 0) })
  const during = write(before, 20, beta)
  const copy: Route = { predicates: ['Header("x-env", "canary")', 'Weight(1)'], backends: [{ backendName: 'new' }] }
  const present = (objects: RouterObjects) => groups.read(objects).managedRoutes

  test('goes on to serve all the rest by its default backends, and has none again in the end', () => {
    assert.deepEqual(routesOf(during), [copy, {}])
    assert.deepEqual(specOf(during).defaultBackends, pair(80, 20))
    assert.deepEqual(present(during), [{ route: beta, intact: true }])
    assert.deepEqual(write(during, 0), before)
  })

  test('changes its weights without a word about routes', () => {
    const [only] = groups.render(trafficIntent(30, { managedRoutes: [beta] }), during)
    assert.deepEqual(only?.do === 'patch' && only.patch.map(({ path }) => path), [
      '/metadata/resourceVersion',
      '/spec/defaultBackends/0/weight',
      '/spec/defaultBackends/1/weight',
    ])
  })

  test('that loses the route for the rest is mended', () => {
    const edited = shop({ defaultBackends: pair(80, 20), routes: [copy] })
    const annotated = { [GROUP]: { ...edited[GROUP], metadata: during[GROUP]?.metadata ?? metadata } as KubeObject }
    assert.deepEqual(present(annotated), [{ route: beta, intact: false }])
    assert.deepEqual(routesOf(write(annotated, 20, beta)), [copy, {}])
  })

  test('that gets routes of the user’s keeps these alone', () => {
    const theirs = { pathSubtree: '/cart' }
    const edited = shop({ defaultBackends: pair(80, 20), routes: [copy, {}, theirs] })
    const annotated = { [GROUP]: { ...edited[GROUP], metadata: during[GROUP]?.metadata ?? metadata } as KubeObject }
    assert.deepEqual(present(annotated), [{ route: beta, intact: false }])
    assert.deepEqual(routesOf(write(annotated, 20, beta)), [{ ...theirs, ...copy }, theirs])
    assert.deepEqual(routesOf(write(annotated, 0)), [theirs])
  })
})

describe('an Ingress', () => {
  const path = (service: string, at: string | undefined = '/') => ({
    path: at,
    backend: { service: { name: service } },
  })
  const ingress = (weights: string | undefined, paths: unknown = [path('stable'), path('canary')]): RouterObjects => ({
    [INGRESS]: {
      metadata: { ...metadata, ...(weights === undefined ? {} : { annotations: { [WEIGHTS]: weights } }) },
      spec: { rules: [{ host: 'a', http: { paths } }] },
    } as KubeObject,
  })
  const weightsOf = (objects: RouterObjects) => objects[INGRESS]?.metadata.annotations?.[WEIGHTS]
  const written = (objects: RouterObjects, canary: number) =>
    weightsOf(writeTraffic(ingresses, objects, trafficIntent(canary)))

  for (const [what, paths] of [
    ['no paths', undefined],
    ['garbage', [null, 7, {}]],
    ['stable only', [path('stable')]],
    ['each on a path of its own', [path('stable'), path('canary', '/b')]],
  ] as const)
    test(`with ${what}: nothing is written, what is missing is told`, () => {
      const { problem, drivable } = ingresses.read(ingress('{}', paths ?? null))
      assert.match(problem ?? '', /^Ingress "web\/shop" has no path whose backends name both "stable" and "canary"/)
      assert.equal(drivable, false)
      assert.deepEqual(ingresses.render(trafficIntent(20), ingress('{}', paths ?? null)), [])
    })

  for (const [what, weights, canary] of [
    ['written by us', '{"canary":20,"stable":80}', 20],
    ['written by hand', '{ "stable": 80, "canary": 20.0, "other": 0.5 }', 20],
    ['absent', undefined, undefined],
    ['of stable only', '{"stable":100}', undefined],
    ['not summing up', '{"stable":90,"canary":20}', undefined],
    ['below zero', '{"stable":120,"canary":-20}', undefined],
    ['no numbers', '{"stable":"80","canary":"20"}', undefined],
    ['no object', '[80,20]', undefined],
    ['no JSON', 'stable=80', undefined],
  ] as const)
    test(`whose weights are ${what} is read so, and written`, () => {
      const { programmedCanary, problem, managedRoutes } = ingresses.read(ingress(weights))
      assert.deepEqual([programmedCanary, problem, managedRoutes], [canary, undefined, undefined])
      assert.equal(JSON.parse(written(ingress(weights), 30) ?? '{}').canary, 30)
    })

  test('keeps what others put into the annotation, and its spelling while nothing changes', () => {
    const by = '{ "stable": 80, "other": 0.5, "canary": 20 }'
    assert.equal(written(ingress(by), 20), by)
    assert.equal(written(ingress(by), 0), '{"canary":0,"other":0.5,"stable":100}')
  })

  test('without a path in its rule is one with the same path', () =>
    assert.equal(
      ingresses.read(ingress('{}', [path('stable', ''), { backend: path('canary').backend }])).drivable,
      true,
    ))

  test('beside a RouteGroup follows its weights and leaves the routes to it', () => {
    const both = openRouter(ID, { routeGroups: ['shop'], ingresses: ['shop'] }, context)
    const objects = { ...shop({ defaultBackends: pair(100, 0) }), ...ingress(undefined) }
    const during = writeTraffic(both, objects, trafficIntent(20, { managedRoutes: [beta] }))
    const { programmedCanary, managedRoutes } = both.read(during)
    assert.deepEqual([programmedCanary, managedRoutes], [20, [{ route: beta, intact: true }]])
  })
})

test('RouteGroups and Ingresses of any shape are read and written without a throw', () => {
  const odd = fc.jsonValue({ maxDepth: 3 })
  const both = openRouter(ID, { routeGroups: ['shop'], ingresses: ['shop'] }, context)
  const wanted = trafficIntent(20, { managedRoutes: [beta] })
  const check = (group: unknown, ingress: unknown): void => {
    const annotated = { ...metadata, annotations: { [WEIGHTS]: JSON.stringify(ingress) } }
    const objects = {
      [GROUP]: { metadata, spec: group } as KubeObject,
      [INGRESS]: { metadata: annotated, spec: ingress } as KubeObject,
    }
    assert.equal(typeof both.read(objects).drivable, 'boolean')
    assert.ok(Array.isArray(both.render(wanted, objects)))
  }
  fc.assert(
    fc.property(odd, odd, (first, second) => {
      check(first, second)
      check({ backends: first, defaultBackends: second, routes: first }, { rules: first })
      check({ backends: [...backends, first], defaultBackends: pair(80, 20), routes: second }, { rules: [first] })
      check(
        { backends, defaultBackends: pair(80, 20), routes: [first, { backends: second }] },
        { rules: [{ http: first }] },
      )
      check(
        { backends, defaultBackends: pair(80, 20), routes: [{ predicates: first }] },
        { rules: [{ http: { paths: [first, { backend: second }] } }] },
      )
    }),
    { seed: 7, numRuns: 60 },
  )
})
