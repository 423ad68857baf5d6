/** HTTPProxies as users write them, Contour reports on them and others edit them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute } from '../../../controller/api/traffic.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const ID = 'argoproj-labs/contour'
const SHOP = 'httpproxies.projectcontour.io/web/shop'
const API = 'httpproxies.projectcontour.io/web/api'
const managedRouteNames = ['beta', 'vip', 'shadow']
const router = openRouter(ID, { httpProxies: ['shop'] }, routerContext({ managedRouteNames }))

interface Service {
  readonly name: string
  readonly weight?: unknown
  readonly mirror?: boolean
}
interface Condition {
  readonly prefix?: string
  readonly header?: {
    readonly name: string
    readonly exact?: string
    readonly regex?: string
    readonly present?: boolean
  }
}
interface Route {
  readonly conditions?: readonly Condition[]
  readonly services?: unknown
  readonly timeoutPolicy?: unknown
}
const pair = (stable: unknown, canary: unknown): readonly Service[] => [
  { name: 'stable', weight: stable },
  { name: 'canary', weight: canary },
]
const proxy = (spec: unknown, status?: unknown): KubeObject =>
  ({ metadata: { name: 'shop', namespace: 'web', resourceVersion: '5', generation: 4 }, spec, status }) as KubeObject
const shop = (...routes: readonly Route[]): RouterObjects => ({ [SHOP]: proxy({ routes }) })
const plain: Route = { conditions: [{ prefix: '/' }], services: pair(100, 0) }
const routesOf = (objects: RouterObjects): readonly Route[] =>
  (objects[SHOP] as { readonly spec?: { readonly routes?: readonly Route[] } } | undefined)?.spec?.routes ?? []
const servicesAt = (objects: RouterObjects, at: number) => routesOf(objects)[at]?.services as readonly Service[]

const beta: ManagedRoute = {
  kind: 'header',
  name: 'beta',
  match: [{ headerName: 'x-env', headerValue: { exact: 'canary' } }],
}
const vip = (...match: Extract<ManagedRoute, { kind: 'color' }>['match']): ManagedRoute => ({
  kind: 'color',
  name: 'vip',
  match,
})
const shadow = (percentage: number, ...match: Extract<ManagedRoute, { kind: 'mirror' }>['match']): ManagedRoute => ({
  kind: 'mirror',
  name: 'shadow',
  match,
  percentage,
})
const write = (objects: RouterObjects, canary: number, ...managedRoutes: readonly ManagedRoute[]) =>
  writeTraffic(router, objects, trafficIntent(canary, { managedRoutes }))

/** As the API server keeps an object: keys in its own order. */
const stored = <Value>(value: Value): Value =>
  JSON.parse(JSON.stringify(value), (_, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )

describe('weights of an HTTPProxy', () => {
  for (const [what, routes] of [
    ['has no routes', undefined],
    ['names stable only', [{ services: [{ name: 'stable', weight: 100 }] }]],
    ['names canary only', [{ services: [{ name: 'canary', weight: 100 }] }]],
    ['names each in a route of its own', [{ services: pair(1, 1).slice(0, 1) }, { services: pair(1, 1).slice(1) }]],
    ['mirrors to the canary', [{ services: [{ name: 'stable' }, { name: 'canary', mirror: true }] }]],
    ['holds garbage', [{ services: [null, 7, 'x', {}] }]],
    ['holds no list', [{ services: 'stable' }, { services: { name: 'canary' } }]],
    ['holds no routes but words', ['stable', null]],
  ] as const)
    test(`that ${what}: nothing is written, what is missing is told`, () => {
      const objects = { [SHOP]: proxy({ routes }) }
      const { problem, drivable } = router.read(objects)
      assert.match(problem ?? '', /^HTTPProxy "web\/shop" has no route whose services name both "stable" and "canary"/)
      assert.equal(drivable, false)
      assert.deepEqual(router.render(trafficIntent(20), objects), [])
    })

  test('a list that names one twice is told by its place, and is nobody’s', () => {
    const doubled = { services: [...pair(50, 25), { name: 'canary', weight: 25 }] }
    const objects = shop(doubled, plain)
    assert.match(router.read(objects).problem ?? '', /spec\.routes\[0\]\.services has to name .* once each/)
    assert.deepEqual(routesOf(write(objects, 20))[0], doubled)
  })

  for (const [what, services] of [
    ['missing', [{ name: 'stable' }, { name: 'canary' }]],
    ['not summing up', pair(90, 20)],
    ['no numbers', pair('80', '20')],
    ['broken', pair(79.5, 20.5)],
    ['below zero', pair(120, -20)],
  ] as const)
    test(`that are ${what} cannot be read and are written`, () => {
      const objects = shop({ services })
      assert.equal(router.read(objects).programmedCanary, undefined)
      assert.equal(router.read(write(objects, 20)).programmedCanary, 20)
    })

  test('stand in routes and connections alike, and have to agree', () => {
    const tcpproxy = { services: pair(100, 0) }
    const objects = { [SHOP]: proxy({ routes: [plain, { services: pair(80, 20) }], tcpproxy }) }
    assert.equal(router.read(objects).programmedCanary, undefined)
    const [only, ...others] = router.render(trafficIntent(20), objects)
    assert.deepEqual(others, [])
    assert.deepEqual(only?.do === 'patch' && only.patch.slice(1), [
      { op: 'add', path: '/spec/routes/0/services/0/weight', value: 80 },
      { op: 'add', path: '/spec/routes/0/services/1/weight', value: 20 },
      { op: 'add', path: '/spec/tcpproxy/services/0/weight', value: 80 },
      { op: 'add', path: '/spec/tcpproxy/services/1/weight', value: 20 },
    ])
    assert.equal(router.read(write(objects, 20)).programmedCanary, 20)
  })

  test('of connections alone carry no managed routes', () => {
    const objects = { [SHOP]: proxy({ tcpproxy: { services: pair(80, 20) } }) }
    const { programmedCanary, managedRoutes, problem } = router.read(objects)
    assert.deepEqual([programmedCanary, managedRoutes, problem], [20, undefined, undefined])
    assert.equal(router.read(write(objects, 30, beta)).programmedCanary, 30)
  })

  test('of several HTTPProxies have to agree, and each named twice is written once', () => {
    const both = openRouter(ID, { httpProxies: ['shop', 'api', 'shop'] })
    const objects = { ...shop(plain), [API]: proxy({ routes: [{ services: pair(80, 20) }] }) }
    assert.equal(both.read(objects).programmedCanary, undefined)
    assert.deepEqual(
      both.render(trafficIntent(40), objects).map(({ ref }) => ref.name),
      ['shop', 'api'],
    )
  })
})

describe('a route where a third Service has weight', () => {
  const shared = ([stable, canary]: readonly [unknown, unknown]) =>
    shop({ services: [...pair(stable, canary), { name: 'legacy', weight: 40 }] })

  test('is told by place and Service, and no share is written', () => {
    const { problem, programmedCanary, drivable } = router.read(shared([60, 0]))
    assert.match(problem ?? '', /spec\.routes\[0\]\.services gives weight to "legacy" too: .* all 100/)
    assert.deepEqual([programmedCanary, drivable], [0, true])
    assert.deepEqual(router.render(trafficIntent(20), shared([60, 0])), [])
  })

  test('at rest keeps the shares that the user gave', () =>
    assert.deepEqual(router.render(trafficIntent(0), shared([60, 0])), []))

  for (const [what, before, after] of [
    ['beside stable’s share', [40, 20], [40, 0]],
    ['without one', [0, 60], [100, 0]],
  ] as const)
    test(`loses the canary’s share on an abort, ${what}`, () => {
      const objects = shared(before)
      assert.equal(router.read(objects).programmedCanary, undefined)
      const back = write(objects, 0)
      assert.deepEqual(
        servicesAt(back, 0).map(({ weight }) => weight),
        [...after, 40],
      )
      assert.equal(router.read(back).programmedCanary, 0)
    })

  for (const other of [{ name: 'legacy' }, { name: 'legacy', weight: 0 }, { name: 'audit', weight: 50, mirror: true }])
    test(`is an ordinary one with ${JSON.stringify(other)}`, () => {
      const objects = shop({ services: [...pair(80, 20), other] })
      const { programmedCanary, problem } = router.read(objects)
      assert.deepEqual([programmedCanary, problem], [20, undefined])
    })
})

describe('what Contour reports', () => {
  const valid = (over: object) => ({ conditions: [{ type: 'Valid', status: 'True', observedGeneration: 4, ...over }] })
  for (const [what, status, confirmation, problem] of [
    ['valid, of this generation', valid({}), 'confirmed', undefined],
    ['valid, of a former one', valid({ observedGeneration: 3 }), 'pending', undefined],
    ['invalid, of a former one', valid({ status: 'False', observedGeneration: 3 }), 'pending', undefined],
    ['valid, of no generation', valid({ observedGeneration: undefined }), 'unknown', undefined],
    ['neither', valid({ status: 'Unknown' }), 'pending', undefined],
    [
      'another condition',
      { conditions: [{ type: 'Other', status: 'True', observedGeneration: 4 }] },
      'unknown',
      undefined,
    ],
    ['nothing', undefined, 'unknown', undefined],
    ['garbage', { conditions: 'x' }, 'unknown', undefined],
    [
      'invalid',
      valid({ status: 'False', message: '1 error', errors: [{ message: 'service "canary" not found' }] }),
      'pending',
      'HTTPProxy "web/shop" is refused by Contour: service "canary" not found',
    ],
    [
      'invalid without errors',
      valid({ status: 'False', message: 'orphaned' }),
      'pending',
      'HTTPProxy "web/shop" is refused by Contour: orphaned',
    ],
  ] as const)
    test(`${what}: ${confirmation}`, () => {
      const reading = router.read({ [SHOP]: proxy({ routes: [plain] }, status) })
      assert.deepEqual([reading.confirmation, reading.problem], [confirmation, problem])
    })
})

describe('managed routes', () => {
  const conditionsOf = (route: Route, ...wanted: readonly ManagedRoute[]) =>
    (routesOf(write(shop(route), 0, ...wanted))[0]?.conditions ?? []).flatMap(({ header }) => header ?? [])

  test('are copies of every weighted route, with the canary and the user’s mirrors', () => {
    const audit = { name: 'audit', mirror: true }
    const routes: readonly Route[] = [
      { ...plain, services: [...pair(80, 20), audit] },
      { conditions: [{ prefix: '/admin' }], services: [{ name: 'admin' }] },
      { services: pair(80, 20) },
    ]
    const after = routesOf(write(shop(...routes), 20, beta))
    const header = { name: 'x-env', exact: 'canary' }
    assert.deepEqual(after, [
      { conditions: [{ prefix: '/' }, { header }], services: [{ name: 'canary' }, audit] },
      { conditions: [{ header }], services: [{ name: 'canary' }] },
      ...routes,
    ])
  })

  test('ask for a header exactly once: Contour refuses an object that does so twice', () => {
    const asked = { ...plain, conditions: [{ header: { name: 'X-Env', exact: 'old' } }] }
    assert.deepEqual(conditionsOf(asked, beta).slice(1), [{ name: 'x-env', regex: '^(?:canary)$' }])
    const twice: ManagedRoute = {
      kind: 'header',
      name: 'beta',
      match: [
        { headerName: 'x-env', headerValue: { exact: 'a.b' } },
        { headerName: 'X-Env', headerValue: { exact: 'c' } },
      ],
    }
    assert.deepEqual(conditionsOf(plain, twice), [
      { name: 'x-env', exact: 'a.b' },
      { name: 'X-Env', regex: '^(?:c)$' },
    ])
  })

  test('alternatives of a colour are routes', () => {
    const wanted = vip(
      { cookies: [{ name: 'color', value: { exact: 'blue' } }] },
      { headers: [{ name: 'x', value: { prefix: 'a.' } }] },
    )
    const added = routesOf(write(shop(plain), 0, wanted)).slice(0, 2)
    assert.deepEqual(
      added.map(({ conditions }) => conditions?.[1]?.header),
      [
        { name: 'Cookie', regex: '^(?:(?:.*;\\s*)?color=(?:blue)(?:\\s*;.*)?)$' },
        { name: 'x', regex: '^(?:a\\..*)$' },
      ],
    )
  })

  test('a mirror asks for method and path by pseudo headers, and follows the weights', () => {
    const wanted = shadow(30, {
      method: { exact: 'GET' },
      path: { prefix: '/a.b' },
      headers: { 'x-b': { exact: '1' } },
    })
    const during = write(shop(plain), 20, wanted)
    assert.deepEqual(
      routesOf(during)[0]
        ?.conditions?.slice(1)
        .map(({ header }) => header),
      [
        { name: 'x-b', exact: '1' },
        { name: ':method', exact: 'GET' },
        { name: ':path', regex: '^(?:(?:/a\\.b.*)(?:\\?.*)?)$' },
      ],
    )
    assert.deepEqual(servicesAt(during, 0), [...pair(80, 20), { name: 'canary', mirror: true, weight: 30 }])
    const later = write(during, 50, wanted)
    assert.deepEqual(servicesAt(later, 0), [...pair(50, 50), { name: 'canary', mirror: true, weight: 30 }])
    assert.deepEqual(router.read(later).managedRoutes, [{ route: wanted, intact: true }])
    assert.equal(router.read(write(during, 50)).programmedCanary, 50)
  })

  test('a path is compared without its query', () => {
    const pattern = new RegExp(String(conditionsOf(plain, shadow(100, { path: { exact: '/a' } }))[0]?.regex))
    assert.deepEqual(
      ['/a', '/a?b=c', '/ab', '/a/b', '/b?/a'].filter((path) => pattern.test(path)),
      ['/a', '/a?b=c'],
    )
  })

  test('a mirror of nothing is none: to Contour weight 0 is everything', () =>
    assert.deepEqual(servicesAt(write(shop(plain), 0, shadow(0, {})), 0), pair(100, 0)))

  test('a mirror beside the user’s own cannot be written, and that is told', () => {
    const objects = shop({ services: [...pair(100, 0), { name: 'audit', mirror: true }] })
    const during = write(objects, 0, shadow(100, {}))
    assert.deepEqual(routesOf(during), routesOf(objects))
    assert.match(router.read(during).problem ?? '', /managed route "shadow" cannot be written: .* mirror already/)
    assert.deepEqual(write(during, 0), objects)
  })
})

describe('which of two routes Contour asks first', () => {
  /** Contour's order for routes of one path: a condition on the method, then the number of other conditions on headers. */
  const rank = ({ conditions = [] }: Route): readonly [number, number] => {
    const names = conditions.flatMap(({ header }) => header?.name ?? [])
    const isByMethod = names.includes(':method')
    return [isByMethod ? 1 : 0, names.filter((name) => name !== ':method').length]
  }
  const isBefore = (a: Route, b: Route): boolean => {
    const [one, other] = [rank(a), rank(b)]
    return one[0] === other[0] ? one[1] > other[1] : one[0] > other[0]
  }
  const isMirror = ({ services }: Route): boolean => (services as readonly Service[]).some(({ mirror }) => mirror)
  const byMethod: Route = {
    ...plain,
    conditions: [{ prefix: '/' }, { header: { name: ':method', exact: 'GET' } }],
  }
  const cookie = vip({ cookies: [{ name: 'a', value: { exact: 'b' } }] })

  for (const [what, wanted] of [
    ['a header route before a mirror of everything', [beta, shadow(100, {})]],
    ['a header route before a mirror by method', [beta, cookie, shadow(100, { method: { exact: 'GET' } })]],
    [
      'a header route before one by several headers',
      [beta, shadow(9, { headers: { a: { exact: '1' }, b: { exact: '2' } } })],
    ],
    ['a mirror before a header route', [shadow(100, {}), beta, cookie]],
    ['a mirror before a mirror', [shadow(100, {}), { ...shadow(9, { method: { exact: 'GET' } }), name: 'vip' }]],
  ] as const)
    test(what, () => {
      for (const original of [plain, byMethod]) {
        const routes = routesOf(write(shop(original), 20, ...wanted))
        const base = routes.at(-1)
        const added = routes.slice(0, -1)
        assert.ok(base && added.every((route) => isBefore(route, base)))
        added.forEach((route, at) => {
          const rivals = added.slice(at + 1).filter((later) => isMirror(route) || isMirror(later))
          for (const later of rivals) assert.ok(isBefore(route, later), JSON.stringify([route, later]))
        })
      }
    })

  test('header routes and colours end in the same place: nothing is added for their sake', () => {
    const [first] = routesOf(write(shop(plain), 20, beta, cookie))
    assert.deepEqual(first?.conditions, [{ prefix: '/' }, { header: { name: 'x-env', exact: 'canary' } }])
  })
})

describe('hands in between', () => {
  const during = write(shop(plain), 20, beta)
  const present = (objects: RouterObjects) => router.read(objects).managedRoutes
  const withRoutes = (routes: readonly Route[]): RouterObjects => {
    const object = during[SHOP]
    return object ? { [SHOP]: { ...object, spec: { routes } } as KubeObject } : {}
  }
  const [added = {}, base = {}] = routesOf(during)

  test('an object as the API server keeps it says the same', () => {
    assert.deepEqual(present(stored(during)), [{ route: beta, intact: true }])
    assert.deepEqual(router.render(trafficIntent(20, { managedRoutes: [beta] }), stored(during)), [])
  })

  for (const [what, routes, rest] of [
    ['removes the added route', [base], 1],
    ['sends it elsewhere', [{ ...added, services: [{ name: 'stable' }] }, base], 1],
    ['gives the original a policy', [added, { ...base, timeoutPolicy: { response: '1s' } }], 1],
    ['adds a weighted route', [added, base, { conditions: [{ prefix: '/b' }], services: pair(80, 20) }], 2],
  ] as const)
    test(`somebody ${what}: it is not intact, and mended`, () => {
      const edited = withRoutes(routes)
      assert.deepEqual(present(edited), [{ route: beta, intact: false }])
      const mended = write(edited, 20, beta)
      assert.deepEqual(present(mended), [{ route: beta, intact: true }])
      const back = routesOf(write(mended, 0))
      assert.deepEqual([back.length, back.map(({ services }) => services)], [rest, Array(rest).fill(pair(100, 0))])
    })

  test('a route of the user’s that asks for the same stays his', () => {
    const own = {
      conditions: [{ prefix: '/' }, { header: { name: 'x-env', exact: 'canary' } }],
      services: [{ name: 'canary' }],
    }
    const before = shop(own, plain)
    assert.deepEqual(write(write(before, 20, beta), 0), before)
  })

  test('what was added goes though no route is weighted any more', () => {
    const lost = withRoutes([added, { conditions: [{ prefix: '/' }], services: [{ name: 'stable' }] }])
    assert.equal(router.read(lost).drivable, true)
    assert.equal(routesOf(write(lost, 0)).length, 1)
  })
})

test('HTTPProxies of any shape are read and written without a throw', () => {
  const odd = fc.jsonValue({ maxDepth: 3 })
  const wanted = trafficIntent(20, { managedRoutes: [beta, shadow(50, { path: { exact: '/a' } })] })
  const check = (spec: unknown, status?: unknown): void => {
    const objects = { [SHOP]: proxy(spec, status) }
    assert.equal(typeof router.read(objects).drivable, 'boolean')
    assert.ok(Array.isArray(router.render(wanted, objects)))
  }
  fc.assert(
    fc.property(odd, odd, (first, second) => {
      check(first, second)
      check({ routes: first, tcpproxy: second }, { conditions: [first] })
      check(
        { routes: [plain, first], tcpproxy: { services: second } },
        { conditions: [{ type: 'Valid', status: 'False', observedGeneration: 4, errors: second }] },
      )
      check({ routes: [{ conditions: first, services: pair(80, 20) }, { services: [...pair(80, 20), second] }] })
      check({ routes: [{ conditions: [{ header: first }, second], services: pair(80, 20) }] })
    }),
    { seed: 6, numRuns: 60 },
  )
})
