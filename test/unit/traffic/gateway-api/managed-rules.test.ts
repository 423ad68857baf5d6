/**
 * Gateway API routes as they are found and as they are left: managed rules, added backends, and above all everybody else's rules. Objects are
 * written as users and API servers write them.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MANAGED_RULES } from '../../../../controller/api/labels.ts'
import type { KubeObject } from '../../../../controller/api/meta.ts'
import type { ManagedRoute, TrafficIntent } from '../../../../controller/api/traffic.ts'
import { gatewayApi } from '../../../../controller/traffic/gateway-api.ts'
import type { Router, RouterContext } from '../../../../controller/traffic/router.ts'
import { routerContext, trafficIntent, writeTraffic } from '../../../builders/router.ts'

interface Rule {
  readonly name?: string
  readonly matches?: readonly object[]
  readonly filters?: readonly object[]
  readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[]
}
interface Route extends KubeObject {
  readonly spec: { readonly rules: readonly Rule[] }
}

const KEY = 'httproutes.gateway.networking.k8s.io/web/shop'
const context = routerContext({ managedRouteNames: ['beta', 'gamma', 'shadow'] })
const beta: ManagedRoute = {
  kind: 'header',
  name: 'beta',
  match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }],
}
const gamma: ManagedRoute = {
  kind: 'header',
  name: 'gamma',
  match: [{ headerName: 'x-gamma', headerValue: { prefix: 'a.b' } }],
}
const shadow: ManagedRoute = { kind: 'mirror', name: 'shadow', match: [{ method: { exact: 'GET' } }], percentage: 25 }

function open(config: object = { httpRoute: 'shop' }, over: Partial<RouterContext> = {}): Router {
  const router = gatewayApi.configure(config, { ...context, ...over })
  if ('problem' in router) throw new Error(router.problem)
  return router
}

/** Weights in the shape that users write, with what an API server adds by itself. */
const weighted: Rule = {
  matches: [{ path: { type: 'PathPrefix', value: '/' } }],
  backendRefs: [
    { name: 'stable', port: 80, weight: 100 },
    { name: 'canary', port: 80, weight: 0 },
  ] as Rule['backendRefs'] & object,
}
const route = (rules: readonly Rule[], annotations?: Record<string, string>): Route => ({
  metadata: { name: 'shop', namespace: 'web', resourceVersion: '1', ...(annotations ? { annotations } : {}) },
  spec: { rules },
})

/** As the API server holds what was written: defaults added, names dropped when the CRD does not know them. */
function store(written: Route, keepsNames: boolean): Route {
  const rules = written.spec.rules.map(({ name, ...rule }) => ({
    ...rule,
    ...(keepsNames && name !== undefined ? { name } : {}),
    matches: (rule.matches ?? [{}]).map((match) => ({ path: { type: 'PathPrefix', value: '/' }, ...match })),
    backendRefs: (rule.backendRefs ?? []).map((ref) => ({ group: '', kind: 'Service', weight: 1, ...ref })),
  }))
  return { ...written, spec: { ...written.spec, rules } }
}

function write(router: Router, before: Route, wanted: TrafficIntent, keepsNames = true): Route {
  return store(writeTraffic(router, { [KEY]: before }, wanted)[KEY] as Route, keepsNames)
}

const read = (router: Router, object: Route) => router.read({ [KEY]: object })
const rulesOf = (object: Route): readonly Rule[] => object.spec.rules
const namesOf = (object: Route) => rulesOf(object).map(({ name }) => name)

describe('header routes', () => {
  for (const keepsNames of [true, false])
    test(`stand behind the user's rules as the plugin puts them, are read back, written once and taken back whole (names ${keepsNames ? 'kept' : 'dropped'})`, () => {
      const router = open()
      const before = store(route([weighted]), keepsNames)
      const wanted = trafficIntent(20, { managedRoutes: [gamma, beta] })
      const after = write(router, before, wanted, keepsNames)
      assert.deepEqual(
        rulesOf(after).map(({ matches }) => JSON.stringify(matches).match(/x-\w+/)?.[0]),
        [undefined, 'x-gamma', 'x-beta'],
      )
      const reading = read(router, after)
      assert.deepEqual(reading.managedRoutes, [
        { route: gamma, intact: true },
        { route: beta, intact: true },
      ])
      assert.equal(reading.programmedCanary, 20)
      assert.deepEqual(router.render(wanted, { [KEY]: after }), [], 'writing it again writes nothing')
      const back = write(router, after, trafficIntent(0), keepsNames)
      assert.deepEqual(back.spec, before.spec)
      assert.deepEqual(back.metadata.annotations ?? {}, {}, 'an empty annotation goes')
    })

  test('send to the canary alone, and their weight follows nobody (GW#158)', () => {
    const router = open()
    const one = write(router, store(route([weighted]), true), trafficIntent(20, { managedRoutes: [beta] }))
    const two = write(router, one, trafficIntent(60, { managedRoutes: [beta] }))
    assert.deepEqual(
      rulesOf(two).map(({ backendRefs }) => backendRefs?.map(({ name, weight }) => `${name} ${weight}`)),
      [['stable 40', 'canary 60'], ['canary 1']],
    )
  })

  test('a second one does not replace the first (GW#215), in the order of managedRoutes', () => {
    const router = open()
    const one = write(router, store(route([weighted]), true), trafficIntent(0, { managedRoutes: [beta] }))
    const two = write(router, one, trafficIntent(0, { managedRoutes: [gamma, beta] }))
    assert.deepEqual(namesOf(two), [undefined, 'gamma', 'beta'])
  })

  test('narrow every weighted rule, with its matches, filters and headers', () => {
    const filters = [{ type: 'URLRewrite' }]
    const api = {
      ...weighted,
      matches: [{ path: { type: 'PathPrefix', value: '/api' }, headers: [{ name: 'x-tenant', value: 't' }] }],
      filters,
    }
    const after = write(open(), store(route([weighted, api]), true), trafficIntent(0, { managedRoutes: [beta] }))
    const [, , first, second] = rulesOf(after)
    assert.deepEqual([first?.name, second?.name], ['beta', 'beta-1'])
    assert.deepEqual(second?.filters, filters)
    assert.deepEqual(second?.matches, [
      {
        path: { type: 'PathPrefix', value: '/api' },
        headers: [
          { name: 'x-tenant', value: 't' },
          { type: 'Exact', name: 'x-beta', value: 'yes' },
        ],
      },
    ])
  })

  test('a prefix becomes a quoted expression', () => {
    const [, own] = rulesOf(write(open(), store(route([weighted]), true), trafficIntent(0, { managedRoutes: [gamma] })))
    assert.deepEqual(own?.matches, [
      {
        path: { type: 'PathPrefix', value: '/' },
        headers: [{ type: 'RegularExpression', name: 'x-gamma', value: 'a\\.b.*' }],
      },
    ])
  })

  test('a rule that asks for another value of the header has no such requests', () => {
    const taken = { ...weighted, matches: [{ headers: [{ name: 'X-Beta', value: 'no' }] }] }
    const router = open()
    const after = write(router, store(route([taken]), true), trafficIntent(0, { managedRoutes: [beta] }))
    assert.equal(rulesOf(after).length, 1)
    assert.match(read(router, after).problem ?? '', /managed route "beta" cannot be written/)
    assert.deepEqual(router.render(trafficIntent(0, { managedRoutes: [beta] }), { [KEY]: after }), [])
  })

  test('routes of a list take them only when they say so; routes named alone always do', () => {
    const listed = open({ httpRoutes: [{ name: 'shop' }] })
    const plain = store(route([weighted]), true)
    assert.deepEqual(listed.render(trafficIntent(0, { managedRoutes: [beta] }), { [KEY]: plain }), [])
    assert.equal(listed.read({ [KEY]: plain }).managedRoutes, undefined)
    const willing = open({ httpRoutes: [{ name: 'shop', useHeaderRoutes: true }] })
    assert.deepEqual(willing.read({ [KEY]: plain }).managedRoutes, [])
  })
})

describe('what is ours and what is not', () => {
  const theirs: Rule = {
    matches: [{ headers: [{ name: 'x-always', value: 'canary' }] }],
    backendRefs: [{ name: 'canary' }],
  }

  test("a user's rule for the canary alone stays through all of it (GW#217)", () => {
    const router = open()
    const before = store(route([theirs, weighted]), true)
    const during = write(router, before, trafficIntent(30, { managedRoutes: [beta] }))
    assert.deepEqual(during.spec.rules[0], before.spec.rules[0])
    assert.deepEqual(write(router, during, trafficIntent(0)).spec, before.spec)
  })

  for (const keepsNames of [true, false])
    test(`a rule that somebody deleted is missed and comes back (names ${keepsNames ? 'kept' : 'dropped'})`, () => {
      const router = open()
      const wanted = trafficIntent(0, { managedRoutes: [beta] })
      const during = write(router, store(route([weighted]), keepsNames), wanted, keepsNames)
      const damaged = { ...during, spec: { rules: during.spec.rules.slice(0, 1) } }
      assert.deepEqual(read(router, damaged).managedRoutes, [{ route: beta, intact: false }])
      assert.deepEqual(write(router, damaged, wanted, keepsNames).spec, during.spec)
    })

  test('a rule of ours that somebody edits is put right; where a narrower rule stands is all the same', () => {
    const router = open()
    const wanted = trafficIntent(0, { managedRoutes: [beta] })
    const during = write(router, store(route([weighted]), true), wanted)
    const [base, own] = during.spec.rules
    assert.ok(own && base, 'two rules')
    const edited = { ...own, matches: [{ headers: [{ name: 'x-beta', value: 'no' }] }] }
    const damaged = { ...during, spec: { rules: [base, edited] } }
    assert.deepEqual(read(router, damaged).managedRoutes, [{ route: beta, intact: false }])
    assert.deepEqual(write(router, damaged, wanted).spec, during.spec)
    const moved = { ...during, spec: { rules: [own, base] } }
    assert.deepEqual(read(router, moved).managedRoutes, [{ route: beta, intact: true }])
  })

  test('a condition, filter or field more makes it another rule', () => {
    const router = open()
    const wanted = trafficIntent(0, { managedRoutes: [beta, shadow] })
    for (const keepsNames of [true, false]) {
      const during = write(router, store(route([weighted]), keepsNames), wanted, keepsNames)
      const [base, own, mirror] = during.spec.rules
      assert.ok(base && own && mirror, 'three rules')
      const [match] = own.matches ?? []
      for (const more of [
        { matches: [{ ...match, method: 'POST' }] },
        { filters: [{ type: 'ResponseHeaderModifier' }] },
        { timeouts: { request: '1s' } },
      ]) {
        const damaged: Route = { ...during, spec: { rules: [base, { ...own, ...more }, mirror] } }
        assert.deepEqual(
          read(router, damaged).managedRoutes?.map(({ intact }) => intact),
          [false, true],
          JSON.stringify(more),
        )
      }
    }
  })

  test('two of ours that fit the same requests keep their order', () => {
    const router = open()
    const wanted = trafficIntent(0, { managedRoutes: [gamma, beta] })
    const during = write(router, store(route([weighted]), true), wanted)
    const [base, first, second] = during.spec.rules
    assert.ok(base && first && second, 'three rules')
    const swapped = { ...during, spec: { rules: [base, second, first] } }
    assert.ok(
      read(router, swapped).managedRoutes?.some(({ intact }) => !intact),
      'the swap is seen',
    )
    assert.deepEqual(write(router, swapped, wanted).spec, during.spec)
  })

  test('a rule that fits no less than the weighted one stands in front of it, and all of ours with it', () => {
    const router = open()
    const all: ManagedRoute = { kind: 'mirror', name: 'shadow', match: [{}], percentage: 100 }
    const wanted = trafficIntent(0, { managedRoutes: [beta, all] })
    const during = write(router, store(route([weighted]), true), wanted)
    assert.deepEqual(namesOf(during), ['beta', 'shadow', undefined])
    const [one, two, base] = during.spec.rules
    assert.ok(one && two && base, 'three rules')
    const moved = { ...during, spec: { rules: [one, base, two] } }
    assert.equal(read(router, moved).managedRoutes?.[1]?.intact, false)
    assert.deepEqual(write(router, moved, wanted).spec, during.spec)
  })

  test('a rule follows when the user changes the weighted rule that it narrows', () => {
    const router = open()
    const wanted = trafficIntent(0, { managedRoutes: [beta] })
    const during = write(router, store(route([weighted]), true), wanted)
    const [, own] = during.spec.rules
    const moved = { ...weighted, matches: [{ path: { type: 'PathPrefix', value: '/v2' } }] }
    const changed = store({ ...during, spec: { rules: [moved, ...(own ? [own] : [])] } }, true)
    assert.deepEqual(read(router, changed).managedRoutes, [{ route: beta, intact: false }])
    const after = write(router, changed, wanted)
    assert.match(JSON.stringify(rulesOf(after)[1]), /\/v2/)
    assert.equal(rulesOf(after).length, 2)
  })

  test('rules of a former spec go (GW#151), also those that the public plugin left, by their names', () => {
    const router = open()
    const left = {
      name: 'gamma',
      matches: [{ headers: [{ name: 'x', value: 'y' }] }],
      backendRefs: [{ name: 'canary' }],
    }
    const before = store(route([left, weighted]), true)
    assert.equal(read(router, before).managedRoutes?.[0]?.intact, false)
    const after = write(router, before, trafficIntent(0, { managedRoutes: [beta] }))
    assert.deepEqual(namesOf(after), [undefined, 'beta'])
    assert.deepEqual(namesOf(write(router, after, trafficIntent(0))), [undefined])
  })

  test('two Rollouts share a route without touching each other', () => {
    const other = {
      ...weighted,
      backendRefs: [
        { name: 'a', weight: 50 },
        { name: 'b', weight: 50 },
      ],
    }
    const mine = open()
    const yours = open({ httpRoute: 'shop' }, { rollout: 'blog', stableService: 'a', canaryService: 'b' })
    const before = store(route([weighted, other]), true)
    const one = write(mine, before, trafficIntent(10, { managedRoutes: [beta] }))
    const two = write(yours, one, trafficIntent(40, { managedRoutes: [gamma] }))
    assert.deepEqual(mine.read({ [KEY]: two }).managedRoutes, [{ route: beta, intact: true }])
    assert.deepEqual(yours.read({ [KEY]: two }).managedRoutes, [{ route: gamma, intact: true }])
    const three = write(mine, two, trafficIntent(0))
    assert.deepEqual(namesOf(three), [undefined, undefined, 'gamma'])
    assert.deepEqual(Object.keys(JSON.parse(three.metadata.annotations?.[MANAGED_RULES] ?? '{}')), ['web/blog'])
  })

  for (const text of ['', '{', '[]', '{"web/shop": 7}', '{"web/shop": {"routes": [{}]}}'])
    test(`an unreadable annotation claims nothing: ${text || 'empty'}`, () => {
      const damaged = store(route([theirs, weighted], { [MANAGED_RULES]: text }), true)
      assert.deepEqual(read(open(), damaged).managedRoutes, [])
      assert.equal(rulesOf(write(open(), damaged, trafficIntent(0))).length, 2)
    })
})

describe('mirror routes', () => {
  test('share as the weighted rule does, follow its weights, and copy to the canary', () => {
    const router = open()
    const during = write(router, store(route([weighted]), true), trafficIntent(20, { managedRoutes: [shadow] }))
    const [, mirror] = rulesOf(during)
    assert.deepEqual(mirror?.filters, [
      {
        type: 'RequestMirror',
        requestMirror: { backendRef: { group: '', kind: 'Service', name: 'canary', port: 80 }, percent: 25 },
      },
    ])
    assert.deepEqual(mirror?.matches, [{ path: { type: 'PathPrefix', value: '/' }, method: 'GET' }])
    assert.deepEqual(
      mirror?.backendRefs?.map(({ name, weight }) => [name, weight]),
      [
        ['stable', 80],
        ['canary', 20],
      ],
    )
    const wanted = trafficIntent(50, { managedRoutes: [shadow] })
    const after = write(router, during, wanted)
    assert.equal(read(router, after).programmedCanary, 50)
    assert.deepEqual(read(router, after).managedRoutes, [{ route: shadow, intact: true }])
    assert.deepEqual(router.render(wanted, { [KEY]: after }), [])
    assert.equal(rulesOf(write(router, after, trafficIntent(0))).length, 1)
  })

  test('a path is narrowed, never widened', () => {
    const api = { ...weighted, matches: [{ path: { type: 'PathPrefix', value: '/api' } }] }
    const pathOf = (path: Readonly<Record<string, string>>) => {
      const managed: ManagedRoute = { kind: 'mirror', name: 'shadow', match: [{ path }], percentage: 100 }
      const after = write(open(), store(route([api]), true), trafficIntent(0, { managedRoutes: [managed] }))
      return rulesOf(after).find(({ name }) => name === 'shadow')?.matches?.[0]
    }
    assert.deepEqual(pathOf({ prefix: '/api/v1' }), { path: { type: 'PathPrefix', value: '/api/v1' } })
    assert.deepEqual(pathOf({ exact: '/api/ok' }), { path: { type: 'Exact', value: '/api/ok' } })
    assert.deepEqual(pathOf({ prefix: '/' }), { path: { type: 'PathPrefix', value: '/api' } }, 'the narrower one stays')
    assert.equal(pathOf({ prefix: '/apiary' }), undefined)
    assert.equal(pathOf({ regex: '/.*' }), undefined)
  })
})

describe('added backends', () => {
  const added = [{ service: 'trial', weight: 5, port: 8080 }]

  test('come with a weight beside the two and go without a trace', () => {
    const router = open()
    const before = store(route([weighted]), true)
    const wanted = trafficIntent(20, { additional: added })
    const during = write(router, before, wanted)
    assert.deepEqual(
      rulesOf(during)[0]?.backendRefs?.map(({ name, weight }) => [name, weight]),
      [
        ['stable', 75],
        ['canary', 20],
        ['trial', 5],
      ],
    )
    const reading = read(router, during)
    assert.deepEqual([reading.programmedCanary, reading.additional], [20, { trial: 5 }])
    assert.deepEqual(router.render(wanted, { [KEY]: during }), [])
    assert.deepEqual(write(router, during, trafficIntent(0)).spec, before.spec)
  })

  test("a user's third backend keeps its weight", () => {
    const three = {
      ...weighted,
      backendRefs: [...(weighted.backendRefs ?? []), { name: 'other', weight: 7 }],
    }
    const router = open()
    const before = store(route([three]), true)
    const after = write(router, write(router, before, trafficIntent(20, { additional: added })), trafficIntent(0))
    assert.deepEqual(after.spec, before.spec)
  })
})

describe('weights that say nothing', () => {
  const bad: readonly (readonly [string, unknown, unknown])[] = [
    ['missing', undefined, undefined],
    ['one is missing', 100, undefined],
    ['too much', 100, 50],
    ['negative', 105, -5],
    ['above the maximum', -20, 120],
  ]
  for (const [name, stable, canary] of bad)
    test(`${name}: unreadable, and written anew`, () => {
      const refs = [
        { name: 'stable', weight: stable },
        { name: 'canary', weight: canary },
      ] as Rule['backendRefs'] & object
      const router = open()
      const before = route([{ backendRefs: refs }])
      assert.equal(read(router, before).programmedCanary, undefined)
      assert.equal(read(router, write(router, before, trafficIntent(10))).programmedCanary, 10)
    })
})

describe('GRPCRoutes', () => {
  const key = 'grpcroutes.gateway.networking.k8s.io/web/shop'
  const before = route([
    { matches: [{ method: { service: 'shop.v1.Cart' } }], backendRefs: weighted.backendRefs ?? [] },
  ])
  const during = (managedRoutes: readonly ManagedRoute[]) => {
    const router = open({ grpcRoute: 'shop' })
    const objects = writeTraffic(router, { [key]: before }, trafficIntent(10, { managedRoutes }))
    return { rules: rulesOf(objects[key] as Route), problem: router.read(objects).problem }
  }

  test('carry weights and header routes', () => {
    const { rules, problem } = during([beta])
    assert.deepEqual(rules[1]?.matches, [
      { method: { service: 'shop.v1.Cart' }, headers: [{ type: 'Exact', name: 'x-beta', value: 'yes' }] },
    ])
    assert.deepEqual([rules.length, problem], [2, undefined])
  })

  test('mirror what a header tells, and say that they know no paths and methods of HTTP', () => {
    const byHeader: ManagedRoute = {
      kind: 'mirror',
      name: 'shadow',
      percentage: 100,
      match: [{ headers: { 'x-copy': { exact: 'yes' } } }],
    }
    const { rules } = during([byHeader])
    assert.deepEqual(
      rules[1]?.filters?.map((filter) => ('type' in filter ? filter.type : '')),
      ['RequestMirror'],
    )
    const refused = during([shadow])
    assert.equal(refused.rules.length, 1)
    assert.match(refused.problem ?? '', /GRPCRoute "web\/shop": managed route "shadow" cannot be written/)
  })
})
