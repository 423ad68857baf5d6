/** App Mesh’s objects as users write them: the way from a VirtualService to its weights, and which pods a VirtualNode may stand for when. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MANAGED_BY, POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { RouterContext, RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const GROUP = 'appmesh.k8s.aws'
const SERVICE = `virtualservices.${GROUP}/web/shop`
const ROUTER = `virtualrouters.${GROUP}/web/shop`
const OLD = `virtualnodes.${GROUP}/web/old`
const NEW = `virtualnodes.${GROUP}/web/new`

const virtualNodeGroup = { canaryVirtualNodeRef: { name: 'new' }, stableVirtualNodeRef: { name: 'old' } }
const open = (over: Partial<RouterContext> = {}, routes?: readonly string[]) =>
  openRouter('appMesh', { virtualService: { name: 'shop', routes }, virtualNodeGroup }, routerContext(over))
const router = open()

const object = (name: string, spec: unknown, annotations?: Record<string, string>): KubeObject =>
  ({
    metadata: { name, namespace: 'web', resourceVersion: '5', ...(annotations ? { annotations } : {}) },
    spec,
  }) as KubeObject
const provided = (virtualRouterRef: unknown) => object('shop', { provider: { virtualRouter: { virtualRouterRef } } })
const target = (name: string, weight: unknown, namespace?: string) => ({
  virtualNodeRef: { name, ...(namespace === undefined ? {} : { namespace }) },
  weight,
})
const both = (canary: unknown, stable: unknown) => [target('new', canary), target('old', stable)]
const route = (weightedTargets: unknown, name = 'pages', field = 'httpRoute') => ({
  name,
  [field]: { match: { prefix: '/' }, action: { weightedTargets } },
})
const node = (name: string, podSelector: unknown, annotations?: Record<string, string>) =>
  object(name, { podSelector }, annotations)
const selecting = (name: string, hash: string, annotations?: Record<string, string>) =>
  node(name, { matchLabels: { app: 'shop', [POD_TEMPLATE_HASH]: hash } }, annotations)

const mesh = (routes: unknown = [route(both(0, 100))], more: RouterObjects = {}): RouterObjects => ({
  [SERVICE]: provided({ name: 'shop' }),
  [ROUTER]: object('shop', { routes }),
  [OLD]: node('old', { matchLabels: { app: 'shop' } }),
  [NEW]: node('new', { matchLabels: { app: 'shop' } }),
  ...more,
})

describe('the way to the weights', () => {
  for (const [what, service, words] of [
    ['names a VirtualNode', object('shop', { provider: { virtualNode: {} } }), /virtualRouterRef has to name/],
    [
      'names a VirtualRouter of another namespace',
      provided({ name: 'shop', namespace: 'other' }),
      /of namespace "web"/,
    ],
    ['names none', object('shop', {}), /VirtualService "web\/shop": spec\.provider\.virtualRouter/],
    ['names one that is not there', provided({ name: 'gone' }), /VirtualRouter "web\/gone" not found/],
  ] as const)
    test(`ends where the VirtualService ${what}`, () => {
      const objects = { ...mesh(), [SERVICE]: service }
      const { problem, drivable, programmedCanary } = router.read(objects)
      assert.match(problem ?? '', words)
      assert.deepEqual([drivable, programmedCanary], [false, undefined])
      assert.deepEqual(router.render(trafficIntent(20), objects), [])
    })

  test('asks for the VirtualRouter that the VirtualService names, and no other', () => {
    const [selection] = router.selections ?? []
    const found = { [SERVICE]: provided({ name: 'shop', namespace: '' }) }
    const names = ['shop', 'other'].map((name) => selection?.selects(object(name, {}), found))
    assert.deepEqual(names, [true, false])
    assert.equal(selection?.selects(object('shop', {}), {}), false)
  })

  test('a VirtualNode that is missing is told, and the weights are driven', () => {
    const objects = mesh([route(both(20, 80))], { [NEW]: undefined })
    const { problem, drivable } = router.read(objects)
    assert.match(problem ?? '', /VirtualNode "web\/new" not found: .*virtualNodeGroup/)
    assert.equal(drivable, true)
    assert.equal(router.read(writeTraffic(router, objects, trafficIntent(0))).programmedCanary, 0)
  })
})

describe('weights', () => {
  for (const field of ['httpRoute', 'http2Route', 'grpcRoute', 'tcpRoute'])
    test(`of a ${field} are driven`, () => {
      const objects = mesh([route(both(0, 100), 'pages', field)])
      assert.equal(router.read(writeTraffic(router, objects, trafficIntent(20))).programmedCanary, 20)
    })

  for (const [what, routes] of [
    ['there are no routes', undefined],
    ['a route names stable only', [route([target('old', 100)])]],
    ['a route has a third target', [route([...both(20, 70), target('other', 10)])]],
    ['a route names them in another namespace', [route([target('new', 0, 'other'), target('old', 100, 'other')])]],
    ['the routes are garbage', [null, 7, { name: 'x', httpRoute: 'x' }]],
  ] as const)
    test(`${what}: nothing is written, and what is needed is told`, () => {
      const objects = mesh(routes ?? null)
      const { problem, drivable } = router.read(objects)
      assert.match(problem ?? '', /VirtualRouter "web\/shop".* has to have two weightedTargets, "old" and "new"/)
      assert.equal(drivable, false)
      assert.deepEqual(router.render(trafficIntent(20), objects), [])
    })

  for (const pair of [both(0, 90), both('0', '100'), both(0.5, 99.5), both(undefined, 100)])
    test(`of ${JSON.stringify(pair.map(({ weight }) => weight))} cannot be read and are written`, () => {
      const objects = mesh([route(pair)])
      assert.equal(router.read(objects).programmedCanary, undefined)
      assert.equal(router.read(writeTraffic(router, objects, trafficIntent(20))).programmedCanary, 20)
    })

  test('of named routes only; a name that no route has is told', () => {
    const objects = mesh([route(both(0, 100)), route(both(33, 67), 'other')])
    const after = writeTraffic(open({}, ['pages']), objects, trafficIntent(20))
    const { routes } = (after[ROUTER] as { readonly spec?: { readonly routes: readonly unknown[] } }).spec ?? {}
    assert.deepEqual(routes, [route(both(20, 80)), route(both(33, 67), 'other')])
    assert.match(open({}, ['pages', 'gone']).read(objects).problem ?? '', /route "gone"/)
  })

  test('of routes that name neither VirtualNode are nobody’s business', () => {
    const objects = mesh([route(both(0, 100)), route([target('x', 1)], 'other')])
    assert.equal(router.read(objects).problem, undefined)
  })
})

const revision = (podHash: string, hasPods = true) => ({ podHash, hasPods, annotations: {} })
const hashes = (objects: RouterObjects) =>
  [OLD, NEW].map((key) => {
    const { podSelector } =
      (objects[key] as { spec?: { podSelector?: { matchLabels?: object } } } | undefined)?.spec ?? {}
    return Object.entries(podSelector?.matchLabels ?? {}).find(([name]) => name === POD_TEMPLATE_HASH)?.[1]
  })

describe('which pods a VirtualNode stands for', () => {
  const nodes = (old: string, fresh: string) => ({ [OLD]: selecting('old', old), [NEW]: selecting('new', fresh) })
  const a = revision('a')
  const b = revision('b')

  for (const [what, revisions, stablePodHash, before, canary, after] of [
    ['no revision yet', [], undefined, ['x', 'y'], 0, ['x', 'y']],
    [
      'the first revision is stable’s from the start',
      [revision('a', false)],
      undefined,
      ['x', 'y'],
      0,
      ['a', 'canary-hash'],
    ],
    ['no update', [a], 'a', ['x', 'y'], 0, ['a', 'canary-hash']],
    ['an update, before it has pods', [a, revision('b', false)], 'a', ['a', 'canary-hash'], 0, ['a', 'b']],
    ['an update in flight', [a, b], 'a', ['a', 'b'], 50, ['a', 'b']],
    ['a third revision while the second has weight', [a, b, revision('c', false)], 'a', ['a', 'b'], 50, ['a', 'b']],
    ['a third revision once the second has none', [a, b, revision('c', false)], 'a', ['a', 'b'], 0, ['a', 'c']],
    ['promoted, everything at the canary', [a, b], 'b', ['a', 'b'], 100, ['b', 'b']],
    ['promoted, everything back', [a, b], 'b', ['b', 'b'], 0, ['b', 'canary-hash']],
    ['promoted, stable was never moved and has weight', [a, b], 'b', ['a', 'b'], 0, ['a', 'canary-hash']],
    [
      'the same, once the former revision has no pods',
      [revision('a', false), b],
      'b',
      ['a', 'b'],
      0,
      ['b', 'canary-hash'],
    ],
    ['weights unreadable, the named pods there', [a, b], 'b', ['a', 'a'], 'x', ['a', 'a']],
  ] as const)
    test(what, () => {
      const context = { revisions, ...(stablePodHash === undefined ? {} : { stablePodHash }) }
      const weights = canary === 'x' ? both('x', 'x') : both(canary, 100 - canary)
      const objects = mesh([route(weights)], nodes(before[0], before[1]))
      const isSame = JSON.stringify(before) === JSON.stringify(after)
      assert.equal(open(context).read(objects).marksFit, isSame ? undefined : false)
      const written = writeTraffic(open(context), objects, trafficIntent(canary === 'x' ? 0 : canary))
      assert.deepEqual(hashes(written), after)
    })

  test('the stable VirtualNode is written before the weight that comes back to it', () => {
    const objects = mesh([route(both(100, 0))], nodes('a', 'b'))
    const writes = open({ revisions: [a, b], stablePodHash: 'b' }).render(trafficIntent(0), objects)
    assert.deepEqual(
      writes.map(({ ref }) => `${ref.kind.kind} ${ref.name}`),
      ['VirtualNode old', 'VirtualRouter shop'],
    )
  })

  test('is marked as the Rollout’s; another Rollout’s mark is told and stays', () => {
    const written = writeTraffic(open({ revisions: [a], stablePodHash: 'a' }), mesh(), trafficIntent(0))
    assert.equal(written[OLD]?.metadata.annotations?.[MANAGED_BY], 'shop')
    const foreign = mesh(undefined, { [OLD]: selecting('old', 'x', { [MANAGED_BY]: 'cart' }) })
    const other = open({ revisions: [a], stablePodHash: 'a' })
    assert.match(other.read(foreign).problem ?? '', /VirtualNode "web\/old" is managed by another Rollout, "cart"/)
    assert.equal(hashes(writeTraffic(other, foreign, trafficIntent(0)))[0], 'x')
  })

  for (const podSelector of [undefined, {}, { matchLabels: {} }])
    test(`a selector of ${JSON.stringify(podSelector)} gets the label`, () => {
      const objects = mesh(undefined, { [OLD]: node('old', podSelector) })
      const written = writeTraffic(open({ revisions: [a], stablePodHash: 'a' }), objects, trafficIntent(0))
      assert.equal(hashes(written)[0], 'a')
    })
})
