/** Weights in rules of every shape that users write, and managed routes that ask for what a rule cannot say. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ColorMatch } from '../../../../controller/api/color-step.ts'
import type { ManagedRoute } from '../../../../controller/api/traffic.ts'
import { trafficIntent, writeTraffic } from '../../../builders/router.ts'
import { open, type Route, type Rule, route, SHOP, weighted, weightsOf } from './routes.ts'

const write = (before: readonly Rule[], wanted = trafficIntent(0), router = open()) => {
  const objects = writeTraffic(router, { [SHOP]: route(before) }, wanted)
  return { rules: (objects[SHOP] as Route).spec.rules, reading: router.read(objects) }
}

describe('weights', () => {
  for (const [maxWeight, canary] of [
    [1000, 1],
    [10_000, 25],
    [1_000_000, 1],
  ] as const)
    test(`below one per cent: ${canary} of ${maxWeight}`, () => {
      const router = open({ httpRoute: 'shop' }, { maxWeight })
      const wanted = { ...trafficIntent(0), canary, stable: maxWeight - canary }
      const { rules, reading } = write([weighted(100, 0)], wanted, router)
      assert.deepEqual(weightsOf(route(rules)), [[`stable ${maxWeight - canary}`, `canary ${canary}`]])
      assert.equal(reading.programmedCanary, canary)
    })

  test('the sum is that of the two, whatever other backends have; theirs stay', () => {
    const { rules, reading } = write(
      [{ backendRefs: [{ name: 'legacy', weight: 300 }, ...(weighted().backendRefs ?? []), { name: 'more' }] }],
      trafficIntent(20),
    )
    assert.deepEqual(weightsOf(route(rules)), [['legacy 300', 'stable 80', 'canary 20', 'more undefined']])
    assert.equal(reading.programmedCanary, 20)
  })

  test('every rule that names both gets them; one that names one of the two is let alone', () => {
    const before: readonly Rule[] = [
      weighted(),
      { backendRefs: [{ name: 'stable', weight: 3 }] },
      {
        backendRefs: [
          { name: 'canary', weight: 4 },
          { name: 'other', weight: 5 },
        ],
      },
      weighted(50, 50),
      { filters: [{ type: 'RequestRedirect' }] },
    ]
    const { rules, reading } = write(before, trafficIntent(10))
    assert.deepEqual(weightsOf(route(rules)), [
      ['stable 90', 'canary 10'],
      ['stable 3'],
      ['canary 4', 'other 5'],
      ['stable 90', 'canary 10'],
      [],
    ])
    assert.equal(reading.programmedCanary, 10)
  })

  test('rules that disagree are unreadable until they are written', () => {
    const router = open()
    assert.equal(router.read({ [SHOP]: route([weighted(), weighted(50, 50)]) }).programmedCanary, undefined)
  })

  test('several ports of the two Services carry the same, as often as each other', () => {
    const ports = (weight: number) => [
      ...[80, 81].map((port) => ({ name: 'stable', port, weight: 100 - weight })),
      ...[80, 81].map((port) => ({ name: 'canary', port, weight })),
    ]
    const { rules, reading } = write([{ backendRefs: ports(0) }], trafficIntent(20))
    assert.deepEqual(rules[0]?.backendRefs, ports(20))
    assert.deepEqual([reading.programmedCanary, reading.problem], [20, undefined])
  })

  test('a Service that stands there more often than the other is a problem, and still gets no traffic at 0', () => {
    const twice = [{ name: 'stable' }, { name: 'canary', weight: 9 }, { name: 'canary', weight: 9 }]
    const { rules, reading } = write([{ backendRefs: twice }])
    assert.deepEqual(weightsOf(route(rules)), [['stable 100', 'canary 0', 'canary 0']])
    assert.match(reading.problem ?? '', /names one of "stable" and "canary" more often than the other/)
    assert.equal(reading.drivable, true)
  })

  test('backends of another kind or group are no Services', () => {
    const foreign = [{ name: 'stable', kind: 'ServiceImport', group: 'net.gke.io' }, { name: 'canary' }]
    const { rules, reading } = write([{ backendRefs: foreign }], trafficIntent(20))
    assert.deepEqual(rules[0]?.backendRefs, foreign)
    assert.match(reading.problem ?? '', /no rule whose backendRefs name both/)
  })

  test('filters of a backend stay with it, and go with the canary into a header rule', () => {
    const filters = [{ type: 'RequestHeaderModifier' }]
    const refs = (weighted().backendRefs ?? []).map((ref) => ({ ...ref, filters }))
    const beta: ManagedRoute = {
      kind: 'header',
      name: 'beta',
      match: [{ headerName: 'x', headerValue: { exact: 'y' } }],
    }
    const { rules } = write([{ backendRefs: refs }], trafficIntent(20, { managedRoutes: [beta] }))
    assert.deepEqual(rules[1]?.backendRefs, [{ name: 'canary', port: 80, filters, weight: 1 }])
    assert.deepEqual(
      rules[0]?.backendRefs?.map((ref) => ref.filters),
      [filters, filters],
    )
  })

  for (const rubbish of [
    null,
    'x',
    7,
    [null],
    [7],
    [{ backendRefs: null }],
    [{ backendRefs: [null] }],
    [{ matches: null }],
  ])
    test(`rules that are none are a problem and no crash: ${JSON.stringify(rubbish)}`, () => {
      const object = { ...route([]), spec: { rules: rubbish } } as unknown as Route
      const router = open()
      assert.match(router.read({ [SHOP]: object }).problem ?? '', /no rule whose backendRefs name both/)
      assert.deepEqual(router.render(trafficIntent(10), { [SHOP]: object }), [])
    })
})

describe('what a match can say', () => {
  const headers = (rule: Rule | undefined) =>
    (rule?.matches ?? []).map((match) =>
      'headers' in match ? (match.headers as readonly { name: string; value: string }[]) : [],
    )
  const color = (match: readonly ColorMatch[]): ManagedRoute => ({ kind: 'color', name: 'vip', match })
  const asked = (own: readonly object[], managed: ManagedRoute) =>
    write([{ ...weighted(), matches: own }], trafficIntent(0, { managedRoutes: [managed] }))

  test("a cookie beside a user's own match of cookies cannot be said: the rule is not widened, and the problem tells", () => {
    const own = [{ headers: [{ name: 'cookie', type: 'RegularExpression', value: '.*lang=de.*' }] }]
    const { rules, reading } = asked(own, color([{ cookies: [{ name: 'color', value: { exact: 'b' } }] }]))
    assert.equal(rules.length, 1)
    assert.match(reading.problem ?? '', /managed route "vip" cannot be written/)
  })

  test('where only some of the rules cannot say it, the others do, and the problem stays', () => {
    const managed = color([{ cookies: [{ name: 'color', value: { exact: 'b' } }] }])
    const own = { ...weighted(), matches: [{ headers: [{ name: 'Cookie', type: 'RegularExpression', value: '.*' }] }] }
    const { rules, reading } = write([weighted(), own], trafficIntent(0, { managedRoutes: [managed] }))
    assert.equal(rules.length, 3)
    assert.match(reading.problem ?? '', /cannot be written for all that it asks for/)
  })

  test('two values of one header in one match never become two matches of it', () => {
    const twice: ManagedRoute = {
      kind: 'header',
      name: 'beta',
      match: [
        { headerName: 'x-env', headerValue: { prefix: 'a' } },
        { headerName: 'X-Env', headerValue: { regex: '.*b' } },
      ],
    }
    const { rules, reading } = asked([{}], twice)
    assert.equal(rules.length, 1)
    assert.match(reading.problem ?? '', /managed route "beta" cannot be written/)
  })

  test('the same comparison twice is one', () => {
    const term = { headerName: 'x-env', headerValue: { exact: 'a' } }
    const { rules, reading } = asked([{}], { kind: 'header', name: 'beta', match: [term, term] })
    assert.deepEqual(headers(rules[1]), [[{ type: 'Exact', name: 'x-env', value: 'a' }]])
    assert.equal(reading.problem, undefined)
  })

  test('a rule that asks for another exact value has no such requests, and that is no problem beside one that has', () => {
    const other = { ...weighted(), matches: [{ headers: [{ name: 'x-env', value: 'b' }] }] }
    const beta: ManagedRoute = {
      kind: 'header',
      name: 'beta',
      match: [{ headerName: 'x-env', headerValue: { exact: 'a' } }],
    }
    const { rules, reading } = write([weighted(), other], trafficIntent(0, { managedRoutes: [beta] }))
    assert.deepEqual([rules.length, reading.problem], [3, undefined])
  })

  test('a rule that asks for the very same header gets ours in front of it', () => {
    const same = [{ headers: [{ name: 'X-Env', value: 'a' }] }]
    const { rules } = asked(same, {
      kind: 'header',
      name: 'beta',
      match: [{ headerName: 'x-env', headerValue: { exact: 'a' } }],
    })
    assert.deepEqual(
      rules.map(({ name }) => name),
      ['beta', undefined],
    )
  })

  test('alternatives multiply with the matches of the rule', () => {
    const managed = color([
      { headers: [{ name: 'x-version', value: { exact: '2' } }] },
      { cookies: [{ name: 'color', value: { exact: 'b' } }] },
    ])
    const { rules } = asked([{ path: { value: '/a' } }, { path: { value: '/b' } }], managed)
    assert.equal(rules[1]?.matches?.length, 4)
  })
})
