/** Consul's custom resources as users, consul-k8s and the public plugin write them, and what is made of them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MANAGED_BY, MANAGED_SUBSETS } from '../../../controller/api/labels.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { consul } from '../../../controller/traffic/consul.ts'
import type { RouterContext, RouterObjects, RouterRevision } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const META = 'consul.hashicorp.com/service-meta-version'
const revision = (podHash: string, version: string | undefined, hasPods = true): RouterRevision => ({
  podHash,
  annotations: version === undefined ? {} : { [META]: version },
  hasPods,
})
const TWO = [revision('aaa', '1'), revision('bbb', '2')]

const keyOf = (plural: string) => `${plural}.consul.hashicorp.com/web/shop`
const [RESOLVER, SPLITTER, ROUTER] = ['serviceresolvers', 'servicesplitters', 'servicerouters'].map(keyOf) as [
  string,
  string,
  string,
]
const SYNCED = { conditions: [{ type: 'Synced', status: 'True' }] }
type Consul = KubeObject & { readonly spec?: object; readonly status?: object }
const objectOf = (spec: object | undefined, over: Partial<Consul> = {}): Consul => ({
  metadata: { name: 'shop', namespace: 'web', resourceVersion: '5' },
  status: SYNCED,
  ...(spec ? { spec } : {}),
  ...over,
})
const resolver = (stable: string, canary: string) =>
  objectOf({ defaultSubset: 'stable', subsets: { stable: { filter: stable }, canary: { filter: canary } } })
const splitter = (...splits: readonly object[]) => objectOf({ splits })
const pair = (stable: unknown, canary: unknown) =>
  splitter({ weight: stable, serviceSubset: 'stable' }, { weight: canary, serviceSubset: 'canary' })
const resting: RouterObjects = { [RESOLVER]: resolver('Service.Meta.version == 1', ''), [SPLITTER]: pair(100, 0) }

const CONFIG = { serviceName: 'shop', stableSubsetName: 'stable', canarySubsetName: 'canary' }
const open = (over: Partial<RouterContext> = {}, config: object = {}) =>
  openRouter('hashicorp/consul', { ...CONFIG, ...config }, routerContext({ revisions: TWO, ...over }))

function splitsOf(objects: RouterObjects): unknown {
  const found: (KubeObject & { spec?: { splits?: unknown } }) | undefined = objects[SPLITTER]
  return found?.spec?.splits
}

describe('consul: weights', () => {
  test('a splitter as the plugin leaves it, without its zeros, is read', () => {
    const { programmedCanary, problem } = open().read({ ...resting, [SPLITTER]: pair(100, undefined) })
    assert.deepEqual([programmedCanary, problem], [0, undefined])
  })

  for (const [why, object] of [
    ['they do not sum up', pair(80, 10)],
    ['one is text', pair('80', 20)],
    ['one is finer than Consul keeps', pair(79.995, 20.005)],
    ['one is below zero', pair(110, -10)],
  ] as const)
    test(`unreadable when ${why}, and written anew`, () => {
      const objects = { ...resting, [SPLITTER]: object }
      const reading = open().read(objects)
      assert.deepEqual([reading.programmedCanary, reading.drivable], [undefined, true])
      assert.deepEqual(splitsOf(writeTraffic(open(), objects, trafficIntent(30))), [
        { weight: 70, serviceSubset: 'stable' },
        { weight: 30, serviceSubset: 'canary' },
      ])
    })

  for (const [why, object] of [
    ['it has no splits', splitter()],
    ['one subset is missing', splitter({ weight: 100, serviceSubset: 'stable' })],
    ['one stands twice', splitter(...[1, 2, 3].map(() => ({ weight: 1, serviceSubset: 'stable' })))],
    [
      'another service has a share',
      splitter(
        { weight: 90, serviceSubset: 'stable' },
        { weight: 0, serviceSubset: 'canary' },
        { weight: 10, service: 'other' },
      ),
    ],
    [
      'a subset is another service’s',
      splitter({ weight: 90, serviceSubset: 'stable' }, { weight: 10, serviceSubset: 'canary', service: 'other' }),
    ],
    ['it is no splitter', objectOf(undefined)],
    ['its splits are no list', objectOf({ splits: { 0: 'x' } })],
  ] as const)
    test(`a problem when ${why}`, () => {
      const objects = { ...resting, [SPLITTER]: object }
      const reading = open().read(objects)
      assert.match(
        reading.problem ?? '',
        /ServiceSplitter "web\/shop": spec\.splits has to name the subsets "stable" and "canary"/,
      )
      assert.equal(reading.drivable, false)
      assert.deepEqual(open().render(trafficIntent(30), objects), [])
    })

  test('a weight of any total up to 10000 is written in hundredths of a percent and read back as itself', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.nat(), (maxWeight, any) => {
        const canary = any % (maxWeight + 1)
        const router = open({ maxWeight })
        const written = writeTraffic(router, resting, { ...trafficIntent(0), canary, stable: maxWeight - canary })
        assert.equal(router.read(written).programmedCanary, canary)
        const splits = splitsOf(written) as { weight: number }[]
        for (const { weight } of splits) assert.equal(Math.round(weight * 100) / 100, weight)
        assert.equal(Math.round(splits.reduce((sum, { weight }) => sum + weight * 100, 0)), 10_000)
      }),
      { seed: 1 },
    )
  })

  test('a tenth of a percent', () => {
    const written = writeTraffic(open({ maxWeight: 1000 }), resting, { ...trafficIntent(0), canary: 1, stable: 999 })
    assert.deepEqual(splitsOf(written), [
      { weight: 99.9, serviceSubset: 'stable' },
      { weight: 0.1, serviceSubset: 'canary' },
    ])
  })

  test('a total above 10000 is refused, because two weights would be one percentage', () => {
    const { problem, drivable } = open({ maxWeight: 10_001 }).read(resting)
    assert.match(problem ?? '', /maxTrafficWeight to 10000 or less/)
    assert.equal(drivable, false)
  })
})

describe('consul: subsets', () => {
  const subsetsOf = (
    stable: string,
    canary: string,
    revisions: readonly RouterRevision[] = TWO,
    config: object = {},
  ) => {
    const { subsets, problem } = open({ revisions }, config).read({ ...resting, [RESOLVER]: resolver(stable, canary) })
    return { stable: subsets?.stable.podHash, canary: subsets?.canary.podHash, isFixed: subsets?.isFixed, problem }
  }

  for (const [filter, podHash] of [
    ['Service.Meta.version == 1', 'aaa'],
    ['Service.Meta.version == "2"', 'bbb'],
    ['Service.Meta.version==`2`', 'bbb'],
    ['Service.Meta["version"] == 2', 'bbb'],
    ['', ''],
    // Pods that no revision has: the filter stands for itself.
    ['Service.Meta.version == 7', 'Service.Meta.version == 7'],
    // What is not understood may take any pod.
    ['Service.Meta.version != 1', ''],
    ['Service.Meta.version == 1 or Service.Meta.version == 2', ''],
    ['Service.Meta.team == 1', ''],
    ['Node.Meta.version == 1', ''],
  ] as const)
    test(`${filter || 'an empty filter'} takes ${podHash || 'any pod'}`, () =>
      assert.equal(subsetsOf(filter, '').stable, podHash))

  test('the Service whose pods they take is the one of the same name', () =>
    assert.equal(open().read(resting).subsets?.service, 'shop'))

  test('another annotation tells pods apart when the configuration says so', () => {
    const revisions = [
      { ...revision('aaa', undefined), annotations: { 'consul.hashicorp.com/service-meta-my-rev': 'r-1' } },
    ]
    const found = subsetsOf('Service.Meta["my-rev"] == "r-1"', '', revisions, { serviceMetaAnnotationSuffix: 'my-rev' })
    assert.deepEqual([found.stable, found.problem], ['aaa', undefined])
  })

  test('a revision without pods does not stand in the way of the one that has them', () => {
    const revisions = [revision('old', '1', false), ...TWO]
    assert.deepEqual(subsetsOf('Service.Meta.version == 1', '', revisions).stable, 'aaa')
    assert.equal(
      subsetsOf('Service.Meta.version == 1', '', [revision('a', '1', false), revision('b', '1', false)]).stable,
      'b',
    )
  })

  for (const [why, revisions, words] of [
    [
      'two revisions with pods say the same',
      [revision('aaa', '1'), revision('bbb', '1')],
      /aaa and bbb cannot be told apart: both have "1" in the annotation "consul\.hashicorp\.com\/service-meta-version"/,
    ],
    [
      'a template says nothing',
      [revision('aaa', '1'), revision('bbb', undefined)],
      /bbb cannot be told apart: add the annotation/,
    ],
    [
      'a template says what no filter can hold',
      [revision('aaa', '1'), revision('bbb', 'a"b')],
      /must be printable, without quotes/,
    ],
  ] as const)
    test(`a problem when ${why}: nothing is switched`, () => {
      const found = subsetsOf('Service.Meta.version == 1', '', revisions)
      assert.match(found.problem ?? '', words)
      assert.equal(found.isFixed, true)
    })

  test('equal pods behind both subsets count as any pod, never as the canary', () =>
    assert.equal(
      subsetsOf('Service.Meta.version == 1', 'Service.Meta.version == 1', [revision('aaa', '1'), revision('bbb', '1')])
        .canary,
      '',
    ))

  const select = (podHash: string, version: string | undefined, config: object = {}, annotations = {}) => {
    const router = open({ revisions: [{ ...revision(podHash, version), ...annotations }] }, config)
    const object = resting[RESOLVER]
    assert.ok(object)
    return (router.subsets?.select(object, 'canary', podHash) ?? []).map((write) => write.do === 'patch' && write.patch)
  }
  for (const [version, filter] of [
    ['2', 'Service.Meta.version == 2'],
    ['v1_2', 'Service.Meta.version == v1_2'],
    ['1.2.3', 'Service.Meta.version == "1.2.3"'],
    ['a b', 'Service.Meta.version == "a b"'],
  ] as const)
    test(`version ${version} is written as the plugin writes it, quoted where Consul wants it`, () =>
      assert.deepEqual(select('ccc', version), [
        [
          { op: 'replace', path: '/metadata/resourceVersion', value: '5' },
          { op: 'add', path: '/spec/subsets/canary/filter', value: filter },
          {
            op: 'add',
            path: '/metadata/annotations',
            value: { [MANAGED_BY]: 'shop', [MANAGED_SUBSETS]: 'canary,stable' },
          },
        ],
      ]))

  test('a resolver that its Rollout names no more takes any pod in the two subsets, and keeps all else', () => {
    const { release } = consul.watches.find(({ kind }) => kind.kind === 'ServiceResolver') ?? {}
    const beta = { filter: 'Service.Meta.version == beta' }
    const both = { stable: { filter: 'Service.Meta.version == 1' }, canary: { filter: 'Service.Meta.version == 1' } }
    const metadata = {
      name: 'shop',
      namespace: 'web',
      resourceVersion: '5',
      annotations: { [MANAGED_BY]: 'shop', [MANAGED_SUBSETS]: 'canary,stable', theirs: 'a' },
    }
    const writes = release?.(objectOf({ subsets: { ...both, beta } }, { metadata })) ?? []
    assert.deepEqual(
      writes.map((write) => write.do === 'patch' && write.patch),
      [
        [
          { op: 'replace', path: '/metadata/resourceVersion', value: '5' },
          { op: 'add', path: '/spec/subsets/canary/filter', value: '' },
          { op: 'add', path: '/spec/subsets/stable/filter', value: '' },
          { op: 'remove', path: '/metadata/annotations/argo-rollouts.argoproj.io~1managed-by-rollouts' },
          { op: 'remove', path: '/metadata/annotations/penstock.dev~1managed-subsets' },
        ],
      ],
    )
    assert.deepEqual(release?.(resolver('', '')), [])
  })

  test('a revision that says nothing of itself is never written', () => assert.deepEqual(select('ccc', undefined), []))

  test('an object without one of the subsets, or of another Rollout, is a problem', () => {
    const without = { ...resting, [RESOLVER]: objectOf({ subsets: { stable: {} } }) }
    assert.match(open().read(without).problem ?? '', /ServiceResolver "web\/shop" has no subset "canary"/)
    assert.equal(open().read(without).subsets, undefined)
    const metadata = { name: 'shop', namespace: 'web', annotations: { [MANAGED_BY]: 'other' } }
    const foreign = { ...resting, [RESOLVER]: { ...resolver('', ''), metadata } }
    assert.match(open().read(foreign).problem ?? '', /managed by another Rollout, "other"/)
    assert.equal(open().read(foreign).subsets?.owner, 'other')
  })

  for (const spec of [
    undefined,
    {},
    { subsets: null },
    { subsets: ['stable'] },
    { subsets: { stable: null, canary: 3 } },
  ])
    test(`a resolver of another shape is no error: ${JSON.stringify(spec)}`, () =>
      assert.match(open().read({ ...resting, [RESOLVER]: objectOf(spec) }).problem ?? '', /has no subset/))
})

describe('consul: what consul-k8s reports', () => {
  const reading = (status: object | undefined) => {
    const { confirmation, problem } = open().read({
      ...resting,
      [SPLITTER]: { ...pair(90, 10), ...(status ? { status } : {}) },
    })
    return [confirmation, problem]
  }
  const synced = (status: string, more: object = {}) => ({ conditions: [{ type: 'Synced', status, ...more }] })

  test('True may speak of an older state: the floor is waited for', () =>
    assert.deepEqual(reading(synced('True')), ['unknown', undefined]))
  test('Unknown is pending', () => assert.deepEqual(reading(synced('Unknown')), ['pending', undefined]))
  test('no report at all is pending', () => {
    const { status: _, ...bare } = pair(90, 10)
    assert.equal(open().read({ ...resting, [SPLITTER]: bare }).confirmation, 'pending')
  })
  test('False is a problem in Consul’s words, and an abort can still be written', () => {
    const objects = {
      ...resting,
      [SPLITTER]: {
        ...pair(90, 10),
        status: synced('False', { reason: 'ConsulAgentError', message: 'protocol is tcp' }),
      },
    }
    const { confirmation, problem, drivable, programmedCanary } = open().read(objects)
    assert.deepEqual([confirmation, drivable, programmedCanary], ['pending', true, 10])
    assert.equal(
      problem,
      'ServiceSplitter "web/shop" is not synced with Consul (ConsulAgentError: protocol is tcp): correct its spec',
    )
    assert.equal(open().render(trafficIntent(0), objects).length, 1)
  })
})

describe('consul: managed routes', () => {
  const beta = {
    kind: 'header',
    name: 'beta',
    match: [{ headerName: 'x-env', headerValue: { exact: 'canary' } }],
  } as const
  const wanted = trafficIntent(10, { managedRoutes: [beta] })
  const router = open({ managedRouteNames: ['beta'] })
  const withRoutes = (...routes: readonly object[]): RouterObjects => ({ ...resting, [ROUTER]: objectOf({ routes }) })
  const routesOf = (objects: RouterObjects) =>
    (objects[ROUTER] as { spec?: { routes?: readonly object[] } } | undefined)?.spec?.routes
  const ours = {
    match: { http: { header: [{ name: 'x-env', exact: 'canary' }] } },
    destination: { serviceSubset: 'canary' },
  }
  const api = { match: { http: { pathPrefix: '/api' } }, destination: { service: 'api' } }
  const pinned = { match: { http: { pathPrefix: '/v1' } }, destination: { serviceSubset: 'stable' } }
  const all = { destination: { requestTimeout: '5s' } }

  test('need a ServiceRouter, which is told by name; without managed routes none is needed', () => {
    assert.match(router.read(resting).problem ?? '', /ServiceRouter "web\/shop" not found/)
    assert.equal(open().read(resting).problem, undefined)
  })

  test('an empty ServiceRouter gets one route, and becomes empty again', () => {
    for (const object of [objectOf({}), objectOf(undefined), objectOf({ routes: [] })]) {
      const during = writeTraffic(router, { ...resting, [ROUTER]: object }, wanted)
      assert.deepEqual(routesOf(during), [ours])
      assert.deepEqual(router.read(during).managedRoutes, [{ route: beta, intact: true }])
      const after = writeTraffic(router, during, trafficIntent(0))
      assert.deepEqual(routesOf(after), [])
      assert.equal(after[ROUTER]?.metadata.annotations, undefined)
    }
  })

  test('stand in front of what reaches the service; what goes elsewhere or to a chosen subset stays in front of them', () => {
    const during = writeTraffic(router, withRoutes(api, pinned, all), wanted)
    const narrowed = { ...ours, destination: { requestTimeout: '5s', serviceSubset: 'canary' } }
    assert.deepEqual(routesOf(during), [api, pinned, narrowed, all])
  })

  test('one that was edited or removed by hand is put right', () => {
    const during = writeTraffic(router, withRoutes(api), wanted)
    assert.deepEqual(routesOf(during), [api, ours])
    for (const routes of [
      [api],
      [ours, api],
      [api, { ...ours, destination: { serviceSubset: 'canary', service: 'api' } }],
    ]) {
      const found = during[ROUTER]
      assert.ok(found)
      const edited: RouterObjects = { ...during, [ROUTER]: objectOf({ routes }, { metadata: found.metadata }) }
      assert.deepEqual(router.read(edited).managedRoutes, [{ route: beta, intact: false }])
      assert.deepEqual(routesOf(writeTraffic(router, edited, wanted)), [api, ours])
    }
  })

  test('what consul-k8s adds to them is no edit', () => {
    const during = writeTraffic(router, withRoutes(), wanted)
    const found = during[ROUTER]
    assert.ok(found)
    const filled = { ...ours, destination: { ...ours.destination, idleTimeout: '0s', requestTimeout: '0s' } }
    const objects: RouterObjects = { ...during, [ROUTER]: objectOf({ routes: [filled] }, { metadata: found.metadata }) }
    assert.deepEqual(router.read(objects).managedRoutes, [{ route: beta, intact: true }])
    assert.deepEqual(router.render(wanted, objects), [])
  })

  test('a user’s own route to the canary subset stays', () => {
    const users = {
      match: { http: { header: [{ name: 'x-me', exact: 'beta' }] } },
      destination: { serviceSubset: 'canary' },
    }
    const during = writeTraffic(router, withRoutes(users), wanted)
    assert.deepEqual(routesOf(writeTraffic(router, during, trafficIntent(0))), [users])
  })

  test('are taken back from a ServiceRouter although the splitter is gone', () => {
    const { [SPLITTER]: _, ...rest } = writeTraffic(router, withRoutes(), wanted)
    const reading = router.read(rest)
    assert.match(reading.problem ?? '', /ServiceSplitter "web\/shop" not found/)
    assert.equal(reading.drivable, true)
    assert.deepEqual(routesOf(writeTraffic(router, rest, trafficIntent(0))), [])
  })
})
