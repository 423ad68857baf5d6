/** Routes that come with a Rollout: one that could carry no weight is told before an update waits for it; what does not come with it is left alone. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { CanaryStrategy, Rollout } from '../../../controller/api/rollout.ts'
import { checkRoutes } from '../../../controller/traffic/check-routes.ts'
import { rollout } from '../../builders/rollout.ts'

const PLUGIN = 'argoproj-labs/gatewayAPI'
const at = (config: Record<string, unknown>, canary: Partial<CanaryStrategy> = {}): Rollout =>
  rollout({ canary: { trafficRouting: { plugins: { [PLUGIN]: config } }, ...canary } })

interface Shape {
  readonly kind?: string
  readonly apiVersion?: string
  readonly metadata?: Partial<KubeObject['metadata']>
  readonly namespace?: string
}

const route = (names: readonly string[], { metadata, namespace, ...over }: Shape = {}): KubeObject =>
  ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    ...over,
    metadata: { name: 'shop', ...metadata },
    spec: { rules: [{ backendRefs: names.map((name) => ({ name, port: 80, ...(namespace ? { namespace } : {}) })) }] },
    status: { parents: [{ conditions: [{ type: 'Accepted', status: 'False', reason: 'Old' }] }] },
  }) as KubeObject

const both = ['stable', 'canary']
const one = { httpRoute: 'shop' }
const missing =
  'HTTPRoute "web/shop" has no rule whose backendRefs name both "stable" and "canary": add both to one rule'

const rows: readonly (readonly [string, Rollout, KubeObject, readonly string[]])[] = [
  ['both Services in one rule', at(one), route(both), []],
  ['the canary is missing', at(one), route(['stable']), [`httpRoute ${missing}`]],
  ['the stable is missing', at(one), route(['canary', 'other']), [`httpRoute ${missing}`]],
  [
    'in a list',
    at({ httpRoutes: [{ name: 'a' }, { name: 'shop' }] }),
    route(['stable']),
    [`httpRoutes[1].name ${missing}`],
  ],
  [
    'found by its labels',
    at({ httpRouteSelector: { matchLabels: { app: 'shop' } } }),
    route(['stable'], { metadata: { labels: { app: 'shop' } } }),
    [`httpRouteSelector ${missing}`],
  ],
  [
    'a GRPCRoute',
    at({ grpcRoute: 'shop' }),
    route(['stable'], { kind: 'GRPCRoute' }),
    [`grpcRoute ${missing.replace('HTTP', 'GRPC')}`],
  ],
  [
    'the other parts of ping-pong',
    at(one, { pingPong: { pingService: 'ping', pongService: 'pong' } }),
    route(both),
    [`httpRoute ${missing.replace('stable', 'pong').replace('canary', 'ping')}`],
  ],
  [
    'one Service more often',
    at(one),
    route([...both, 'canary']),
    [
      'httpRoute HTTPRoute "web/shop": a rule names one of "stable" and "canary" more often than the other: name each as often, or once',
    ],
  ],
  ['nobody names it', at({ httpRoute: 'other' }), route(['stable']), []],
  ['another kind of that name', at(one), route(['stable'], { kind: 'TCPRoute' }), []],
  ['another group', at(one), route(['stable'], { apiVersion: 'example.com/v1' }), []],
  ['another namespace', at(one), route(['stable'], { metadata: { namespace: 'other' } }), []],
  [
    'the namespace of the plugin, which backendRefs have to leave',
    at({ ...one, namespace: 'edge' }),
    route(both, { namespace: 'web' }),
    [],
  ],
  [
    'a spec that is no route',
    at(one),
    { ...route(both), spec: { rules: 'all' } } as KubeObject,
    [`httpRoute ${missing}`],
  ],
  ['another router', rollout({ canary: { trafficRouting: { plugins: { other: one } } } }), route(['stable']), []],
  ['no router', rollout({ routed: false }), route(['stable']), []],
]

describe('routes that come with a Rollout', () => {
  for (const [name, subject, object, expected] of rows)
    test(name, () => {
      const found = checkRoutes(subject, [object]).map(({ field, message }) => {
        const prefix = `spec.strategy.canary.trafficRouting.plugins["${PLUGIN}"].`
        assert.ok(field.startsWith(prefix), field)
        return `${field.slice(prefix.length)} ${message}`
      })
      assert.deepEqual(found, expected)
    })

  test('nothing is said of a route that does not come with it', () => {
    assert.deepEqual(checkRoutes(at(one), []), [])
  })

  test('a namespace that is left open is no mistake', () => {
    const { namespace: _namespace, ...metadata } = at(one).metadata
    const open = { ...at(one), metadata }
    assert.deepEqual(checkRoutes(open, [route(both, { namespace: 'web' })]), [])
    assert.deepEqual(checkRoutes(open, [route(both)]), [])
    assert.equal(checkRoutes(open, [route(['stable'])]).length, 1)
  })
})
