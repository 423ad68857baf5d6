/** The configuration of the public plugin, as its users write it: names, lists, selectors, and what of it is refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../../controller/api/meta.ts'
import { gatewayApi } from '../../../../controller/traffic/gateway-api.ts'
import { type Router, type RouterObjects, refKey } from '../../../../controller/traffic/router.ts'
import { routerContext, trafficIntent, writeTraffic } from '../../../builders/router.ts'
import { keyOf, open, route, SHOP, weighted, weightsOf } from './routes.ts'

const targetsOf = (router: Router): readonly string[] => router.targets.map(refKey)

describe('routes by name', () => {
  const table: readonly (readonly [string, object, readonly string[]])[] = [
    [
      'one of each kind',
      { tlsRoute: 'd', tcpRoute: 'c', grpcRoute: 'b', httpRoute: 'a' },
      ['http a', 'grpc b', 'tcp c', 'tls d'],
    ],
    [
      'lists, then the one that is named alone',
      { httpRoutes: [{ name: 'a' }, { name: 'b' }], httpRoute: 'c' },
      ['http a', 'http b', 'http c'],
    ],
    ['each once, however often it is named', { tcpRoutes: [{ name: 'a' }, { name: 'a' }], tcpRoute: 'a' }, ['tcp a']],
    [
      'empty names, null and empty lists name nothing',
      { httpRoute: 'a', grpcRoute: '', tcpRoute: null, tlsRoutes: [], httpRoutes: null },
      ['http a'],
    ],
  ]
  for (const [title, config, expected] of table)
    test(title, () => {
      assert.deepEqual(
        targetsOf(open(config)).map((key) => key.replace(/routes\.gateway\.networking\.k8s\.io\/web\//, ' ')),
        expected,
      )
    })

  test('in the namespace of the configuration, which may be empty for that of the Rollout', () => {
    assert.deepEqual(targetsOf(open({ httpRoute: 'shop', namespace: 'infra' })), [keyOf('httproutes', 'shop', 'infra')])
    assert.deepEqual(targetsOf(open({ httpRoute: 'shop', namespace: '' })), [SHOP])
  })

  test('a route of another namespace names the Services with theirs', () => {
    const router = open({ httpRoute: 'shop', namespace: 'infra' })
    const key = keyOf('httproutes', 'shop', 'infra')
    const refs = [
      { name: 'stable', namespace: 'web', port: 80, weight: 100 },
      { name: 'canary', namespace: 'web', port: 80, weight: 0 },
    ]
    const there = route([{ backendRefs: refs }], {}, { namespace: 'infra' })
    const after = writeTraffic(
      router,
      { [key]: there },
      trafficIntent(30, { additional: [{ service: 'trial', weight: 5 }] }),
    )
    assert.deepEqual(weightsOf(after[key]), [['stable 65', 'canary 30', 'trial 5']])
    assert.match(JSON.stringify(after[key]), /"namespace":"web","name":"trial"|"name":"trial","namespace":"web"/)
    const namesakes = route([weighted()], {}, { namespace: 'infra' })
    assert.match(router.read({ [key]: namesakes }).problem ?? '', /HTTPRoute "infra\/shop" has no rule/)
  })

  for (const [kind, plural] of [
    ['tcpRoute', 'tcproutes'],
    ['tlsRoute', 'tlsroutes'],
  ] as const)
    test(`${kind}: weights and experiments, and never a header route`, () => {
      const router = open({ [kind]: 'shop' })
      const key = keyOf(plural)
      const before: RouterObjects = { [key]: route([weighted()]) }
      const header = {
        kind: 'header',
        name: 'beta',
        match: [{ headerName: 'x', headerValue: { exact: 'y' } }],
      } as const
      const wanted = trafficIntent(20, { managedRoutes: [header], additional: [{ service: 'trial', weight: 5 }] })
      const during = writeTraffic(router, before, wanted)
      assert.deepEqual(weightsOf(during[key]), [['stable 75', 'canary 20', 'trial 5']])
      const { programmedCanary, additional, managedRoutes } = router.read(during)
      assert.deepEqual(
        { programmedCanary, additional, managedRoutes },
        { programmedCanary: 20, additional: { trial: 5 }, managedRoutes: undefined },
      )
      assert.deepEqual(writeTraffic(router, during, trafficIntent(0)), before)
    })

  test('header routes go where one mention of the route says so', () => {
    const takes = (config: object) => open(config).read({ [SHOP]: route([weighted()]) }).managedRoutes !== undefined
    assert.deepEqual(
      [
        takes({ httpRoutes: [{ name: 'shop' }] }),
        takes({ httpRoutes: [{ name: 'shop', useHeaderRoutes: true }] }),
        takes({ httpRoutes: [{ name: 'shop' }], httpRoute: 'shop' }),
        takes({ httpRouteSelector: { matchLabels: {} } }),
      ],
      [false, true, true, false],
    )
  })
})

describe('routes by their labels', () => {
  const labelled = (name: string, labels: Record<string, string>): KubeObject =>
    route([weighted()], {}, { name, labels })
  const select = (router: Router, candidates: readonly KubeObject[]) =>
    candidates
      .filter((candidate) => router.selections?.some((one) => one.selects(candidate, {})))
      .map(({ metadata }) => metadata.name)
  const candidates = [
    labelled('a', { app: 'shop', tier: 'front' }),
    labelled('b', { app: 'shop' }),
    labelled('c', { app: 'blog' }),
  ]

  const table: readonly (readonly [object, readonly string[]])[] = [
    [{ matchLabels: { app: 'shop' } }, ['a', 'b']],
    [{ matchLabels: { app: 'shop' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, ['b']],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['blog', 'x'] }] }, ['c']],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front'] }] }, ['b', 'c']],
    [{ matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, ['a']],
    [{}, ['a', 'b', 'c']],
  ]
  for (const [selector, names] of table)
    test(`${JSON.stringify(selector)} finds ${names.join(', ')}`, () => {
      assert.deepEqual(select(open({ httpRouteSelector: selector }), candidates), names)
    })

  test('all of them carry the same, in the order of their names, and a named one is not written twice', () => {
    const router = open({ httpRoute: 'b', httpRouteSelector: { matchLabels: { app: 'shop' } } })
    const objects = Object.fromEntries(
      candidates.slice(0, 2).map((one) => [keyOf('httproutes', one.metadata.name), one]),
    )
    assert.deepEqual(
      router.render(trafficIntent(10), objects).map(({ ref }) => ref.name),
      ['b', 'a'],
    )
    const during = writeTraffic(router, objects, trafficIntent(10))
    assert.equal(router.read(during).programmedCanary, 10)
    assert.equal(router.read({ ...during, [keyOf('httproutes', 'a')]: candidates[0] }).programmedCanary, undefined)
  })

  test('none found is a problem that names the selector', () => {
    const reading = open({ grpcRouteSelector: { matchLabels: { app: 'shop' } } }).read({})
    assert.match(reading.problem ?? '', /GRPCRoute with the labels of grpcRouteSelector not found in namespace "web"/)
    assert.deepEqual([reading.drivable, reading.confirmation], [false, 'unknown'])
  })

  test('a route that loses its labels in the midst of an update is brought to rest before it is let go', () => {
    const router = open({ httpRouteSelector: { matchLabels: { app: 'shop' } } })
    const key = keyOf('httproutes', 'b')
    const during = writeTraffic(router, { [key]: candidates[1] }, trafficIntent(40))
    const relabelled = route(
      (during[key] as ReturnType<typeof route>).spec.rules,
      {},
      { ...during[key]?.metadata, labels: {} },
    )
    assert.deepEqual(select(router, [relabelled]), ['b'])
    const after = writeTraffic(router, { [key]: relabelled }, trafficIntent(0))
    assert.deepEqual(weightsOf(after[key]), [['stable 100', 'canary 0']])
    const [left] = Object.values(after)
    assert.ok(left, 'the route is still there')
    assert.deepEqual(select(router, [left]), [])
  })
})

describe('what is refused names its field', () => {
  const table: readonly (readonly [object, string])[] = [
    [{}, 'httpRoute, httpRoutes'],
    [{ namespace: 'web', httpRoute: '' }, 'names no route'],
    [{ httpRoute: ['a'] }, '.httpRoute:'],
    [{ tcpRoutes: [{ name: '' }] }, '.tcpRoutes.0.name'],
    [{ grpcRoutes: [{ name: 'a', useHeaderRoutes: 'yes' }] }, '.grpcRoutes.0.useHeaderRoutes'],
    [{ tlsRouteSelector: 'app=shop' }, '.tlsRouteSelector'],
    [
      { httpRouteSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] } },
      '.matchExpressions.0.values',
    ],
    [{ httpRoute: 'a', disableInProgressLabel: 'true' }, '.disableInProgressLabel'],
    [{ httpRoute: 'a', inProgressLabelKey: 'not a key' }, '.inProgressLabelKey'],
    [{ httpRoute: 'a', inProgressLabelValue: `${'v'.repeat(64)}` }, '.inProgressLabelValue'],
  ]
  for (const [config, field] of table)
    test(JSON.stringify(config), () => {
      const outcome = gatewayApi.configure(config, routerContext())
      const problem = 'problem' in outcome ? outcome.problem : 'taken'
      assert.ok(problem.includes(field), problem)
    })
})
