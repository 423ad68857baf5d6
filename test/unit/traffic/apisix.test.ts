/** ApisixRoutes as users write them, as Argo left them, and as others edit what we added. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MANAGED_RULES } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute } from '../../../controller/api/traffic.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const KEY = 'apisixroutes.apisix.apache.org/web/shop'
const BETA = 'apisixroutes.apisix.apache.org/web/beta'
const context = routerContext({ managedRouteNames: ['beta', 'vip'] })
const router = openRouter('apisix', { route: { name: 'shop' } }, context)

interface Expression {
  readonly subject: object
  readonly value: string
}
interface Rule {
  readonly name?: string
  readonly priority?: number
  readonly match?: { readonly paths?: unknown; readonly exprs?: readonly Expression[]; readonly remoteAddrs?: unknown }
  readonly backends?: readonly object[]
}
interface Route extends KubeObject {
  readonly spec?: { readonly http?: unknown; readonly ingressClassName?: string }
  readonly status?: object
}
const metadata = { name: 'shop', namespace: 'web', resourceVersion: '5', generation: 3 }
const pair = (stable: unknown, canary: unknown) => [
  { serviceName: 'stable', servicePort: 80, weight: stable },
  { serviceName: 'canary', servicePort: 'http', weight: canary },
]
const rule: Rule = { name: 'shop', match: { paths: ['/*'] }, backends: pair(100, 0) }
const route = (http: unknown, status?: object): Route => ({
  metadata,
  spec: { ingressClassName: 'apisix', http },
  ...(status ? { status } : {}),
})
const beta: ManagedRoute = {
  kind: 'header',
  name: 'beta',
  match: [
    { headerName: 'x-env', headerValue: { exact: 'canary' } },
    { headerName: 'x-team', headerValue: { prefix: 'a.b' } },
    { headerName: 'x-user', headerValue: { regex: '^1.*' } },
  ],
}
const color = (match: object): ManagedRoute => ({ kind: 'color', name: 'vip', match: [match] })
const managed = (http: unknown, wanted: ManagedRoute = beta): RouterObjects =>
  writeTraffic(router, { [KEY]: route(http) }, trafficIntent(0, { managedRoutes: [wanted] }))
const specOf = (object: KubeObject | undefined) => (object as Route | undefined)?.spec
const rulesOf = (object: KubeObject | undefined) => (specOf(object)?.http ?? []) as readonly Rule[]

describe('weights', () => {
  for (const [what, http] of [
    ['there are no rules', undefined],
    ['no rule has the name', [{ ...rule, name: 'other' }]],
    ['the rule has no backends', [{ name: 'shop' }]],
    ['the rule names stable only', [{ ...rule, backends: pair(100, 0).slice(0, 1) }]],
    ['the rule names the canary twice', [{ ...rule, backends: [...pair(50, 25), ...pair(0, 25).slice(1)] }]],
    ['the rules are garbage', [null, 7, { backends: 'x' }]],
  ] as const)
    test(`${what}: nothing is written, rule and Services are told`, () => {
      const objects = { [KEY]: route(http) }
      const { problem, drivable } = router.read(objects)
      assert.match(problem ?? '', /ApisixRoute "web\/shop": rule "shop" of spec\.http .*"stable" and "canary"/)
      assert.equal(drivable, false)
      assert.deepEqual(router.render(trafficIntent(20), objects), [])
    })

  test('of the rules that can be written are written though one cannot', () => {
    const both = openRouter('apisix', { route: { name: 'shop', rules: ['shop', 'gone'] } }, context)
    const objects = { [KEY]: route([rule]) }
    assert.match(both.read(objects).problem ?? '', /rule "gone"/)
    assert.equal(both.read(objects).drivable, true)
    assert.equal(both.read(writeTraffic(both, objects, trafficIntent(20))).programmedCanary, 20)
  })

  test('rules that disagree cannot be read', () => {
    const both = openRouter('apisix', { route: { name: 'shop', rules: ['shop', 'api'] } }, context)
    const objects = { [KEY]: route([rule, { ...rule, name: 'api', backends: pair(80, 20) }]) }
    assert.equal(both.read(objects).programmedCanary, undefined)
  })

  test('no rules in the configuration, or null as Go writes it, mean the one named like the route', () => {
    for (const rules of [undefined, null])
      assert.equal(
        openRouter('apisix', { route: { name: 'shop', rules } }, context).read({ [KEY]: route([rule]) })
          .programmedCanary,
        0,
      )
  })

  test('a refusal of the generation that is written is told, an older one is not', () => {
    const refused = (observedGeneration: number) =>
      router.read({
        [KEY]: route([rule], {
          conditions: [{ type: 'ResourcesAvailable', status: 'False', observedGeneration, message: 'no such service' }],
        }),
      }).problem
    assert.match(refused(3) ?? '', /"web\/shop" is refused by APISIX: no such service/)
    assert.equal(refused(2), undefined)
  })
})

describe('managed routes', () => {
  test('are owned ApisixRoutes of the named rules alone, one priority above, that keep what is asked for', () => {
    const exprs = [{ subject: { scope: 'Query', name: 'q' }, op: 'Equal', value: 'x' }]
    const http = [
      { name: 'other', backends: [] },
      { ...rule, priority: 4, match: { paths: ['/*'], exprs } },
    ]
    const added = managed(http)[BETA]
    assert.deepEqual(added?.metadata.ownerReferences, [context.owner])
    assert.deepEqual(specOf(added), {
      ingressClassName: 'apisix',
      http: [
        {
          name: 'shop',
          priority: 5,
          match: {
            paths: ['/*'],
            exprs: [
              ...exprs,
              { subject: { scope: 'Header', name: 'x-env' }, op: 'Equal', value: 'canary' },
              { subject: { scope: 'Header', name: 'x-team' }, op: 'RegexMatch', value: '^a\\.b.*' },
              { subject: { scope: 'Header', name: 'x-user' }, op: 'RegexMatch', value: '^1.*' },
            ],
          },
          backends: [{ serviceName: 'canary', servicePort: 'http', weight: 100 }],
        },
      ],
    })
  })

  test('alternatives are rules of their own', () => {
    const wanted: ManagedRoute = {
      kind: 'color',
      name: 'vip',
      match: [{ cookies: [{ name: 'c', value: { prefix: 'v' } }] }, { cidrs: ['10.0.0.0/8'] }],
    }
    const added = rulesOf(managed([rule], wanted)['apisixroutes.apisix.apache.org/web/vip'])
    assert.deepEqual(
      added.map(({ name, match }) => [name, match]),
      [
        [
          'shop',
          { paths: ['/*'], exprs: [{ subject: { scope: 'Cookie', name: 'c' }, op: 'RegexMatch', value: '^(?:v.*)$' }] },
        ],
        ['shop-1', { paths: ['/*'], remoteAddrs: ['10.0.0.0/8'] }],
      ],
    )
  })

  test('an id range of a cookie is one expression', () => {
    const wanted = color({ idRange: { cookie: 'uid', modulo: 10, from: 1, to: 3 } })
    const [added] = rulesOf(managed([rule], wanted)['apisixroutes.apisix.apache.org/web/vip'])
    const [expression] = added?.match?.exprs ?? []
    assert.deepEqual(expression?.subject, { scope: 'Cookie', name: 'uid' })
    const pattern = new RegExp(expression?.value ?? '')
    assert.deepEqual(
      ['1', '3', '13', '4', '10', 'x1', ''].map((id) => pattern.test(id)),
      [true, true, true, false, false, false, false],
    )
  })

  test('that somebody edited or deleted are not intact, and come back', () => {
    const during = managed([rule])
    const added = during[BETA]
    const edited = { metadata: added?.metadata, spec: { http: [] } } as KubeObject
    const { managedRoutes } = router.read({ ...during, [BETA]: edited })
    assert.deepEqual(managedRoutes, [{ route: beta, intact: false }])
    assert.deepEqual(router.read({ ...during, [BETA]: undefined }).managedRoutes, [])
    for (const state of [edited, undefined]) {
      const mended = writeTraffic(router, { ...during, [BETA]: state }, trafficIntent(0, { managedRoutes: [beta] }))
      assert.deepEqual(specOf(mended[BETA]), specOf(added))
      assert.deepEqual(router.read(mended).managedRoutes, [{ route: beta, intact: true }])
    }
  })

  test('follow the rule that they were made from', () => {
    const during = managed([rule])
    const moved = { ...during, [KEY]: route([{ ...rule, match: { paths: ['/new/*'] } }]) }
    assert.equal(router.read(moved).managedRoutes?.[0]?.intact, false)
    const after = writeTraffic(router, moved, trafficIntent(0, { managedRoutes: [beta] }))
    assert.deepEqual(rulesOf(after[BETA])[0]?.match?.paths, ['/new/*'])
  })

  test('of Argo are taken away or written anew', () => {
    const left: KubeObject = {
      metadata: { name: 'beta', namespace: 'web', resourceVersion: '5', ownerReferences: [context.owner] },
    }
    const objects = { [KEY]: route([rule]), [BETA]: left }
    assert.deepEqual(router.read(objects).managedRoutes, [
      { route: { kind: 'header', name: 'beta', match: [] }, intact: false },
    ])
    assert.equal(writeTraffic(router, objects, trafficIntent(0))[BETA], undefined)
    const wanted = trafficIntent(0, { managedRoutes: [beta] })
    assert.deepEqual(router.read(writeTraffic(router, objects, wanted)).managedRoutes, [{ route: beta, intact: true }])
  })

  test('whose name is taken by somebody else’s ApisixRoute are told, and that one stays', () => {
    const foreign: KubeObject = { metadata: { name: 'beta', namespace: 'web', resourceVersion: '5' } }
    const objects = { [KEY]: route([rule]), [BETA]: foreign }
    assert.match(router.read(objects).problem ?? '', /ApisixRoute "web\/beta" is not owned .*managedRoutes/)
    for (const managedRoutes of [[beta], []])
      assert.deepEqual(router.render(trafficIntent(0, { managedRoutes }), objects), [])
  })

  test('go when the user’s ApisixRoute is gone', () => {
    const during = { ...managed([rule]), [KEY]: undefined }
    const { problem, drivable, isGone } = router.read(during)
    assert.match(problem ?? '', /ApisixRoute "web\/shop" not found.*trafficRouting\.apisix\.route\.name/)
    assert.deepEqual([drivable, isGone], [true, false])
    const after = writeTraffic(router, during, trafficIntent(0))
    assert.equal(after[BETA], undefined)
    assert.equal(router.read(after).isGone, true)
  })

  test('that a rule leaves no room for are on record at the user’s object, told, and removed from it', () => {
    const taken = { ...rule, match: { paths: ['/*'], remoteAddrs: ['10.0.0.0/8'] } }
    const wanted = color({ cidrs: ['10.1.0.0/16'] })
    const during = managed([taken], wanted)
    const { problem, managedRoutes } = router.read(during)
    assert.match(problem ?? '', /managed route "vip" does not fit/)
    assert.deepEqual(managedRoutes, [{ route: wanted, intact: true }])
    assert.deepEqual(router.render(trafficIntent(0, { managedRoutes: [wanted] }), during), [])
    const widened = { ...during, [KEY]: { ...during[KEY], spec: route([rule]).spec } as Route }
    assert.equal(router.read(widened).managedRoutes?.[0]?.intact, false)
    const after = writeTraffic(router, widened, trafficIntent(0, { managedRoutes: [wanted] }))
    assert.equal(after[KEY]?.metadata.annotations?.[MANAGED_RULES], undefined)
    assert.equal(router.read(after).problem, undefined)
  })
})
