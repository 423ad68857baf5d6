/** The marks of an update: the label of the public plugin, and the claim that keeps two Rollouts off the same traffic. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MANAGED_RULES } from '../../../../controller/api/labels.ts'
import type { ManagedRoute } from '../../../../controller/api/traffic.ts'
import type { RouterObjects } from '../../../../controller/traffic/router.ts'
import { trafficIntent, writeTraffic } from '../../../builders/router.ts'
import { keyOf, open, route, SHOP, weighted, weightsOf } from './routes.ts'

const LABEL = 'rollouts.argoproj.io/gatewayapi-canary'
const labelsOf = (objects: RouterObjects, key = SHOP) => objects[key]?.metadata.labels
const beta: ManagedRoute = {
  kind: 'header',
  name: 'beta',
  match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }],
}

const withoutLabel = (object: RouterObjects[string]) => {
  const { labels: _labels, ...metadata } = object?.metadata ?? { name: 'shop' }
  return { ...object, metadata }
}

describe('the label of an update', () => {
  const atRest = { [SHOP]: route([weighted()]) }

  for (const [title, wanted] of [
    ['weight', trafficIntent(5)],
    ['a header route at weight 0', trafficIntent(0, { managedRoutes: [beta] })],
    ['an experiment', trafficIntent(0, { additional: [{ service: 'trial', weight: 5 }] })],
    ['everything', trafficIntent(100)],
  ] as const)
    test(`is there with ${title}, and gone without a trace at rest (GW#208)`, () => {
      const router = open()
      const during = writeTraffic(router, atRest, wanted)
      assert.deepEqual(labelsOf(during), { [LABEL]: 'in-progress' })
      assert.equal(router.read(during).marksFit, undefined)
      assert.deepEqual(writeTraffic(router, during, trafficIntent(0)), atRest)
    })

  test('is set where the route itself carries something', () => {
    const router = open({ httpRoute: 'shop', httpRoutes: [{ name: 'plain' }] })
    const objects = { ...atRest, [keyOf('httproutes', 'plain')]: route([weighted()], {}, { name: 'plain' }) }
    const during = writeTraffic(router, objects, trafficIntent(0, { managedRoutes: [beta] }))
    assert.deepEqual(
      [labelsOf(during), labelsOf(during, keyOf('httproutes', 'plain'))],
      [{ [LABEL]: 'in-progress' }, undefined],
    )
  })

  test('with key and value of the configuration; empty ones are the defaults', () => {
    const named = open({ httpRoute: 'shop', inProgressLabelKey: 'example.com/busy', inProgressLabelValue: 'yes' })
    assert.deepEqual(labelsOf(writeTraffic(named, atRest, trafficIntent(5))), { 'example.com/busy': 'yes' })
    const empty = open({ httpRoute: 'shop', inProgressLabelKey: '', inProgressLabelValue: '' })
    assert.deepEqual(labelsOf(writeTraffic(empty, atRest, trafficIntent(5))), { [LABEL]: 'in-progress' })
  })

  test('not at all where it is disabled', () => {
    const router = open({ httpRoute: 'shop', disableInProgressLabel: true })
    const during = writeTraffic(router, atRest, trafficIntent(5))
    assert.deepEqual([labelsOf(during), router.read(during).marksFit], [undefined, undefined])
  })

  test('other labels, and a value that the user gave it, stay', () => {
    const router = open()
    for (const labels of [{ team: 'a' }, { [LABEL]: 'never', team: 'a' }]) {
      const before = { [SHOP]: route([weighted()], {}, { labels }) }
      const during = writeTraffic(router, before, trafficIntent(5))
      assert.deepEqual(labelsOf(during), { [LABEL]: 'in-progress', ...labels })
      assert.deepEqual([router.read(before).marksFit, router.read(during).marksFit], [undefined, undefined])
      assert.deepEqual(writeTraffic(router, during, trafficIntent(0)), before)
    }
  })

  for (const [title, object] of [
    ['left behind at rest', route([weighted()], {}, { labels: { [LABEL]: 'in-progress' } })],
    ['taken away in the midst of an update', withoutLabel(writeTraffic(open(), atRest, trafficIntent(20))[SHOP])],
  ] as const)
    test(`${title}: the reading says so, and a write of the same weights puts it right`, () => {
      const router = open()
      const reading = router.read({ [SHOP]: object })
      assert.equal(reading.marksFit, false)
      const after = writeTraffic(router, { [SHOP]: object }, trafficIntent(reading.programmedCanary ?? -1))
      assert.equal(router.read(after).marksFit, undefined)
      assert.deepEqual(weightsOf(after[SHOP]), weightsOf(object))
    })

  test('traffic that another controller has shifted is not written for the marks alone', () => {
    const reading = open().read({ [SHOP]: route([weighted(80, 20)]) })
    assert.deepEqual([reading.programmedCanary, reading.marksFit], [20, undefined])
  })

  test('after a ping-pong promotion, which writes no weight, the marks go', () => {
    const during = writeTraffic(open(), atRest, trafficIntent(100))
    const promoted = open({ httpRoute: 'shop' }, { stableService: 'canary', canaryService: 'stable' })
    const reading = promoted.read(during)
    assert.deepEqual([reading.programmedCanary, reading.marksFit], [0, false])
    const after = writeTraffic(promoted, during, trafficIntent(0))
    assert.deepEqual([labelsOf(after), after[SHOP]?.metadata.annotations], [undefined, undefined])
    assert.deepEqual(weightsOf(after[SHOP]), [['stable 0', 'canary 100']])
  })
})

describe('two Rollouts on one route', () => {
  const theirs = {
    backendRefs: [
      { name: 'blog-stable', weight: 100 },
      { name: 'blog-canary', weight: 0 },
    ],
  }
  const mine = () => open()
  const blog = () =>
    open({ httpRoute: 'shop' }, { rollout: 'blog', stableService: 'blog-stable', canaryService: 'blog-canary' })
  const atRest = { [SHOP]: route([weighted(), theirs]) }

  test('the label stays until the last of them is at rest', () => {
    const both = writeTraffic(blog(), writeTraffic(mine(), atRest, trafficIntent(10)), trafficIntent(50))
    const one = writeTraffic(mine(), both, trafficIntent(0))
    assert.deepEqual(labelsOf(one), { [LABEL]: 'in-progress' })
    assert.equal(mine().read(one).marksFit, undefined)
    assert.deepEqual(writeTraffic(blog(), one, trafficIntent(0)), atRest)
  })

  test('pairs in one rule keep to their own weights', () => {
    const shared = { [SHOP]: route([{ backendRefs: [...(weighted().backendRefs ?? []), ...theirs.backendRefs] }]) }
    const both = writeTraffic(blog(), writeTraffic(mine(), shared, trafficIntent(10)), trafficIntent(50))
    assert.deepEqual(weightsOf(both[SHOP]), [['stable 90', 'canary 10', 'blog-stable 50', 'blog-canary 50']])
    assert.deepEqual([mine().read(both).programmedCanary, blog().read(both).programmedCanary], [10, 50])
  })

  test('managed routes of the same name get names of their own, and go with their Rollout', () => {
    const one = writeTraffic(mine(), atRest, trafficIntent(0, { managedRoutes: [beta] }))
    const two = writeTraffic(blog(), one, trafficIntent(0, { managedRoutes: [beta] }))
    const names = (objects: RouterObjects) =>
      (objects[SHOP] as ReturnType<typeof route>).spec.rules.map(({ name }) => name)
    assert.deepEqual(names(two), [undefined, undefined, 'beta', 'beta-1'])
    for (const router of [mine(), blog()])
      assert.deepEqual(router.read(two).managedRoutes, [{ route: beta, intact: true }])
    const three = writeTraffic(mine(), two, trafficIntent(0))
    assert.deepEqual(names(three), [undefined, undefined, 'beta-1'])
    assert.deepEqual(blog().read(three).managedRoutes, [{ route: beta, intact: true }])
    assert.deepEqual(writeTraffic(blog(), three, trafficIntent(0)), atRest)
  })

  test('mirrors of a rule that they share come to an end', () => {
    const shared = { [SHOP]: route([{ backendRefs: [...(weighted().backendRefs ?? []), ...theirs.backendRefs] }]) }
    const mirror: ManagedRoute = { kind: 'mirror', name: 'vip', match: [{ method: { exact: 'GET' } }], percentage: 100 }
    const wanted = trafficIntent(0, { managedRoutes: [mirror] })
    const two = writeTraffic(blog(), writeTraffic(mine(), shared, wanted), wanted)
    assert.equal((two[SHOP] as ReturnType<typeof route>).spec.rules.length, 3)
    assert.deepEqual([mine().render(wanted, two), blog().render(wanted, two)], [[], []])
    const back = writeTraffic(blog(), writeTraffic(mine(), two, trafficIntent(0)), trafficIntent(0))
    assert.deepEqual(back, shared)
  })

  test('between the same Services: the second one holds, names the first and writes nothing', () => {
    const first = open({ httpRoute: 'shop' }, { rollout: 'first' })
    const during = writeTraffic(first, atRest, trafficIntent(30))
    const reading = mine().read(during)
    assert.match(reading.problem ?? '', /Rollout "web\/first" is shifting traffic of "stable" here/)
    assert.match(reading.problem ?? '', new RegExp(MANAGED_RULES))
    assert.deepEqual([reading.drivable, reading.programmedCanary], [false, undefined])
    assert.deepEqual(mine().render(trafficIntent(0), during), [])
    const after = writeTraffic(first, during, trafficIntent(0))
    assert.equal(mine().read(after).problem, undefined)
  })

  test('Services of the same names in another namespace are others', () => {
    const first = open({ httpRoute: 'shop', namespace: 'web' }, { rollout: 'first', namespace: 'other' })
    const refs = (namespace: string) => (weighted().backendRefs ?? []).map((ref) => ({ ...ref, namespace }))
    const shared = { [SHOP]: route([{ backendRefs: refs('other') }, { backendRefs: refs('web') }]) }
    const during = writeTraffic(first, shared, trafficIntent(30))
    assert.deepEqual([mine().read(during).problem, mine().read(during).programmedCanary], [undefined, 0])
  })
})
