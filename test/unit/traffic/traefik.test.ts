/** TraefikServices and IngressRoutes of both groups, as users write them and others edit them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MANAGED_RULES } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute } from '../../../controller/api/traffic.ts'
import { ingressRoutes } from '../../../controller/kube/kinds.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const SERVICE = 'traefikservices.traefik.io/web/shop'
const ROUTE = 'ingressroutes.traefik.io/web/front'
const OLD_SERVICE = 'traefikservices.traefik.containo.us/web/shop'
const OLD_ROUTE = 'ingressroutes.traefik.containo.us/web/front'

const config = { weightedTraefikServiceName: 'shop' }
const router = openRouter('traefik', config)
const managing = openRouter('traefik', config, routerContext({ managedRouteNames: ['beta', 'vip'] }))

const metadata = (name: string) => ({ name, namespace: 'web', resourceVersion: '5' })
const weighted = (services: unknown): KubeObject =>
  ({ metadata: metadata('shop'), spec: { weighted: { services } } }) as KubeObject
const pair = (stable: unknown, canary: unknown) => [
  { name: 'stable', port: 80, weight: stable },
  { name: 'canary', port: 'http', scheme: 'h2c', weight: canary },
]
interface Route {
  readonly match?: string
  readonly priority?: number
  readonly syntax?: string
  readonly services?: readonly object[]
}
const toShop = [{ kind: 'TraefikService', name: 'shop' }]
const front = (routes: readonly Route[]): KubeObject =>
  ({ metadata: metadata('front'), spec: { routes } }) as KubeObject
const plain: Route = { match: 'Host(`a`)', services: toShop }

const beta: ManagedRoute = {
  kind: 'header',
  name: 'beta',
  match: [
    { headerName: 'x-env', headerValue: { exact: 'canary' } },
    { headerName: 'x-team', headerValue: { prefix: 'a.b' } },
  ],
}
const routesOf = (objects: RouterObjects, key = ROUTE) =>
  (objects[key] as { readonly spec?: { readonly routes: readonly Route[] } } | undefined)?.spec?.routes ?? []
const managed = (routes: readonly Route[], wanted: ManagedRoute = beta, key = ROUTE): RouterObjects => {
  const service = key === ROUTE ? SERVICE : OLD_SERVICE
  const objects = { [service]: weighted(pair(100, 0)), [key]: front(routes) }
  return writeTraffic(managing, objects, trafficIntent(0, { managedRoutes: [wanted] }))
}

describe('weights of a TraefikService', () => {
  for (const [what, services] of [
    ['is not there', undefined],
    ['names stable only', [{ name: 'stable', weight: 100 }]],
    ['names canary only', [{ name: 'canary', weight: 100 }]],
    ['names one of them twice', [...pair(50, 25), { name: 'canary', port: 81, weight: 25 }]],
    ['names namesakes of another namespace', pair(50, 50).map((one) => ({ ...one, namespace: 'other' }))],
    ['names TraefikServices', pair(50, 50).map((one) => ({ ...one, kind: 'TraefikService' }))],
    ['holds garbage', [null, 7, 'x', {}]],
  ] as const)
    test(`that ${what}: nothing is written, field and Services are told`, () => {
      const objects = { [SERVICE]: weighted(services) }
      const { problem, drivable } = router.read(objects)
      assert.match(problem ?? '', /TraefikService "web\/shop": spec\.weighted\.services .*"stable" and "canary"/)
      assert.equal(drivable, false)
      assert.deepEqual(router.render(trafficIntent(20), objects), [])
    })

  for (const [what, services] of [
    ['missing', [{ name: 'stable' }, { name: 'canary' }]],
    ['not summing up', pair(90, 20)],
    ['no numbers', pair('80', '20')],
    ['broken', pair(79.5, 20.5)],
  ] as const)
    test(`that are ${what} cannot be read and are written`, () => {
      const objects = { [SERVICE]: weighted(services) }
      assert.equal(router.read(objects).programmedCanary, undefined)
      assert.equal(router.read(writeTraffic(router, objects, trafficIntent(20))).programmedCanary, 20)
    })

  test('a Service of the Rollout’s namespace may say so', () => {
    const services = pair(80, 20).map((one) => ({ ...one, kind: 'Service', namespace: 'web' }))
    assert.equal(router.read({ [SERVICE]: weighted(services) }).programmedCanary, 20)
  })

  test('in the older group alone are driven there, in both groups alike', () => {
    const old = { [OLD_SERVICE]: weighted(pair(80, 20)) }
    assert.equal(router.read(old).programmedCanary, 20)
    const both = { ...old, [SERVICE]: weighted(pair(100, 0)) }
    assert.equal(router.read(both).programmedCanary, undefined)
    assert.deepEqual(
      router.render(trafficIntent(20), both).map(({ ref }) => ref.kind.group),
      ['traefik.io'],
    )
  })
})

describe('managed routes', () => {
  test('are copies of the routes that send to the TraefikService alone, one above their priority', () => {
    const routes: readonly Route[] = [
      plain,
      { match: 'Host(`b`)', services: [...toShop, { name: 'other' }] },
      { match: 'Host(`c`)', services: [{ kind: 'TraefikService', name: 'other' }] },
      { match: 'Host(`d`)', services: [{ name: 'shop' }] },
      { match: 'Host(`ü`)', priority: 7, services: toShop },
    ]
    const after = routesOf(managed(routes))
    const said = 'Header(`x-env`, `canary`) && HeaderRegexp(`x-team`, `^(?:a\\.b.*)$`)'
    const services = [{ name: 'canary', port: 'http', scheme: 'h2c' }]
    assert.deepEqual(after, [
      { match: `(Host(\`a\`)) && (${said})`, priority: 10, services },
      { match: `(Host(\`ü\`)) && (${said})`, priority: 8, services },
      ...routes,
    ])
  })

  for (const [why, route, key] of [
    ['syntax says so', { ...plain, syntax: 'v2' }, ROUTE],
    ['its own rule has a matcher of v2', { ...plain, match: 'HeadersRegexp(`x`, `y`)' }, ROUTE],
    ['its group is the older one', plain, OLD_ROUTE],
  ] as const)
    test(`speak Traefik v2 where ${why}`, () => {
      const color = (match: object): ManagedRoute => ({ kind: 'color', name: 'vip', match: [match] })
      const cidrs = ['10.0.0.0/8', '192.168.0.0/16']
      const [added] = routesOf(managed([route], color({ cidrs }), key), key)
      assert.ok(added?.match?.endsWith(' && (ClientIP(`10.0.0.0/8`, `192.168.0.0/16`))'), added?.match)
      const [exact] = routesOf(managed([route], color({ headers: [{ name: 'x', value: { exact: 'y' } }] }), key), key)
      assert.ok(exact?.match?.endsWith(' && (Headers(`x`, `y`))'), exact?.match)
    })

  test('of v3 in the older group when the route says so', () => {
    const [added] = routesOf(managed([{ ...plain, syntax: 'v3' }], beta, OLD_ROUTE), OLD_ROUTE)
    assert.ok(added?.match?.includes('Header(`x-env`'))
  })

  test('alternatives are joined by or, conditions by and, a backtick is quoted', () => {
    const wanted: ManagedRoute = {
      kind: 'color',
      name: 'vip',
      match: [{ headers: [{ name: 'x', value: { exact: 'a`b' } }], cidrs: ['10.0.0.0/8'] }, { cidrs: ['::1/128'] }],
    }
    const [added] = routesOf(managed([plain], wanted))
    assert.equal(
      added?.match,
      '(Host(`a`)) && ((Header(`x`, "a`b") && ClientIP(`10.0.0.0/8`)) || (ClientIP(`::1/128`)))',
    )
  })

  test('that somebody removed or edited are not intact, and come back', () => {
    const during = managed([plain])
    const [added] = routesOf(during)
    for (const routes of [[plain], [{ ...added, services: [{ name: 'stable' }] }, plain]]) {
      const object = during[ROUTE]
      const edited = { ...during, [ROUTE]: { ...object, metadata: object?.metadata, spec: { routes } } as KubeObject }
      assert.deepEqual(managing.read(edited).managedRoutes, [{ route: beta, intact: false }])
      const mended = writeTraffic(managing, edited, trafficIntent(0, { managedRoutes: [beta] }))
      assert.deepEqual(routesOf(mended), [added, plain])
    }
  })

  test('follow a route that its user changes', () => {
    const during = managed([plain])
    const [added] = routesOf(during)
    const moved = { ...plain, match: 'Host(`z`)' }
    const object = during[ROUTE]
    const edited = {
      ...during,
      [ROUTE]: { metadata: object?.metadata, spec: { routes: [added, moved] } } as KubeObject,
    }
    assert.equal(managing.read(edited).managedRoutes?.[0]?.intact, false)
    const after = routesOf(writeTraffic(managing, edited, trafficIntent(0, { managedRoutes: [beta] })))
    assert.deepEqual([after.length, after[0]?.match?.startsWith('(Host(`z`))')], [2, true])
  })

  test('are taken from an IngressRoute that no longer sends to the TraefikService', () => {
    const during = managed([plain])
    const object = during[ROUTE]
    const [added] = routesOf(during)
    const away = { match: 'Host(`a`)', services: [{ name: 'other' }] }
    const edited = { ...during, [ROUTE]: { metadata: object?.metadata, spec: { routes: [added, away] } } as KubeObject }
    const [selection] = managing.selections ?? []
    assert.ok(edited[ROUTE] && selection?.selects(edited[ROUTE], during))
    const after = writeTraffic(managing, edited, trafficIntent(0))
    assert.deepEqual(routesOf(after), [away])
    assert.equal(after[ROUTE]?.metadata.annotations?.[MANAGED_RULES], undefined)
  })

  test('are asked for of IngressRoutes that concern the TraefikService only, once it is there', () => {
    const [selection] = managing.selections ?? []
    assert.equal(selection?.kind, ingressRoutes)
    const found = { [SERVICE]: weighted(pair(100, 0)) }
    for (const [candidate, selected] of [
      [front([plain]), true],
      [front([{ match: 'x', services: [{ kind: 'TraefikService', name: 'shop', namespace: 'other' }] }]), false],
      [front([]), false],
      [{ metadata: metadata('x') }, false],
      [{ metadata: metadata('x'), spec: { routes: [null, 'x', { services: 'x' }] } } as KubeObject, false],
    ] as const)
      assert.equal(selection?.selects(candidate, found), selected)
    assert.equal(selection?.selects(front([plain]), {}), false)
  })

  test('have nowhere to go without an IngressRoute: told when the Rollout reserves names, else not', () => {
    const objects = { [SERVICE]: weighted(pair(100, 0)) }
    assert.match(managing.read(objects).problem ?? '', /IngressRoute .*TraefikService "web\/shop" alone not found/)
    assert.equal(router.read(objects).problem, undefined)
    assert.equal(router.read(objects).managedRoutes, undefined)
  })

  test('that cannot be said are on record and told, not tried for ever', () => {
    const wanted: ManagedRoute = {
      kind: 'color',
      name: 'vip',
      match: [{ idRange: { header: 'x', modulo: 7, from: 0, to: 1 } }],
    }
    const during = managed([plain], wanted)
    const { problem, managedRoutes } = managing.read(during)
    assert.match(problem ?? '', /IngressRoute "web\/front": managed route "vip" cannot be written/)
    assert.deepEqual(managedRoutes, [{ route: wanted, intact: true }])
    assert.deepEqual(routesOf(during), [plain])
  })
})
