/** DestinationRules as people write them: two subsets of one Service play the parts, and everything else of the rule stays. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { guarded } from '../../../controller/traffic/codec/patch.ts'
import { istio } from '../../../controller/traffic/istio.ts'
import type { RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const VS = 'virtualservices.networking.istio.io/web/shop'
const DR = 'destinationrules.networking.istio.io/web/shop'
const HASH = 'rollouts-pod-template-hash'
const MANAGED_BY = 'argo-rollouts.argoproj.io/managed-by-rollouts'

const destinationRule = { name: 'shop', canarySubsetName: 'canary', stableSubsetName: 'stable' }
const open = (more: object = {}, services: object = { stableService: '', canaryService: '' }) =>
  openRouter(
    'istio',
    { virtualService: { name: 'shop' }, destinationRule: { ...destinationRule, ...more } },
    routerContext(services),
  )

interface Subset {
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
}
const subset = (name: string, hash?: string): Subset => ({
  name,
  labels: { app: 'shop', ...(hash === undefined ? {} : { [HASH]: hash }) },
})
const share = (name: string, weight: number, host = 'shop') => ({ destination: { host, subset: name }, weight })
const pair = (canary = 0) => [share('stable', 100 - canary), share('canary', canary)]
const written = (metadata: object, spec: object): KubeObject =>
  ({ metadata: { name: 'shop', namespace: 'web', resourceVersion: '5', ...metadata }, spec }) as KubeObject

interface Found {
  readonly route?: readonly object[]
  readonly subsets?: readonly Subset[]
  readonly host?: string
  readonly annotations?: Readonly<Record<string, string>>
}
const objects = ({
  route = pair(),
  subsets = [subset('stable'), subset('canary')],
  host = 'shop',
  annotations,
}: Found = {}): RouterObjects =>
  structuredClone({
    [VS]: written({}, { http: [{ route }] }),
    [DR]: written(annotations ? { annotations } : {}, {
      host,
      trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } },
      subsets,
    }),
  })
const ruleIn = (of: RouterObjects) => of[DR] as KubeObject & { readonly spec: { readonly subsets: readonly Subset[] } }
const weightsIn = (of: RouterObjects) =>
  (
    of[VS] as KubeObject & {
      readonly spec: { readonly http: readonly { readonly route: readonly { weight?: number }[] }[] }
    }
  ).spec.http.map(({ route }) => route.map(({ weight }) => weight))

describe('istio subsets: what is read', () => {
  test('the two parts, the Service behind the host, and whose the rule is', () => {
    const found = objects({
      subsets: [subset('canary', 'new'), subset('stable', 'old')],
      annotations: { [MANAGED_BY]: 'shop' },
    })
    const { subsets, programmedCanary, problem } = open().read(found)
    assert.deepEqual(subsets, {
      service: 'shop',
      stable: { name: 'stable', podHash: 'old' },
      canary: { name: 'canary', podHash: 'new' },
      destinationRule: 'shop',
      owner: 'shop',
    })
    assert.deepEqual([programmedCanary, problem], [0, undefined])
  })

  test('no hash, and no labels at all', () => {
    const { subsets } = open().read(objects({ subsets: [{ name: 'stable' }, subset('canary')] }))
    assert.deepEqual([subsets?.stable.podHash, subsets?.canary.podHash, subsets?.owner], ['', '', undefined])
  })

  test('the host in full is the same Service, in the rule and in routes', () => {
    const full = 'shop.web.svc.cluster.local'
    const { subsets, programmedCanary } = open().read(objects({ host: full }))
    assert.deepEqual([subsets?.service, programmedCanary], ['shop', 0])
    assert.equal(
      open().read(objects({ route: [share('stable', 80, full), share('canary', 20, full)] })).programmedCanary,
      20,
    )
  })

  test('endpoints of that Service concern the rule', () => {
    const { serviceOf } = istio.watches.find(({ kind }) => kind.kind === 'DestinationRule') ?? {}
    const keys = ['shop', 'shop.edge.svc.cluster.local', '*.example.com'].map((host) =>
      serviceOf?.(objects({ host })[DR] as KubeObject),
    )
    assert.deepEqual(keys, ['web/shop', 'edge/shop', undefined])
    assert.equal(serviceOf?.(written({}, {})), undefined)
  })
})

describe('istio subsets: what cannot be driven is told in words', () => {
  const rows: readonly (readonly [name: string, found: RouterObjects, problem: RegExp])[] = [
    [
      'no rule',
      { ...objects(), [DR]: undefined },
      /^DestinationRule "web\/shop" not found: create it or correct trafficRouting.istio.destinationRule.name$/,
    ],
    [
      'no such subset',
      objects({ subsets: [subset('stable')] }),
      /^DestinationRule "web\/shop" has no subset "canary": add it to spec.subsets$/,
    ],
    [
      'another Rollout’s rule',
      objects({ annotations: { [MANAGED_BY]: 'cart' } }),
      /managed by another Rollout, "cart"/,
    ],
    [
      'a host of another namespace',
      objects({ host: 'shop.edge.svc.cluster.local' }),
      /spec.host "shop.edge.svc.cluster.local" is no Service of namespace "web"/,
    ],
    ['a host that is no Service', objects({ host: '*.example.com' }), /is no Service/],
    [
      'a rule of another shape',
      { ...objects(), [DR]: written({}, { host: 3 }) },
      /cannot be read: correct spec.host and spec.subsets/,
    ],
    [
      'a route without the canary subset',
      objects({ route: [share('stable', 100)] }),
      /Error: Canary DestinationRule subset 'canary' not found in route/,
    ],
    [
      'a route without the stable subset',
      objects({ route: [share('canary', 100)] }),
      /Error: Stable DestinationRule subset 'stable' not found in route/,
    ],
    [
      'the subset of another host',
      objects({ route: [share('stable', 100), share('canary', 0, 'cart')] }),
      /Canary DestinationRule subset 'canary' not found/,
    ],
  ]
  for (const [name, found, problem] of rows)
    test(name, () => {
      const reading = open().read(found)
      assert.match(reading.problem ?? '', problem)
      assert.equal(reading.confirmation, 'unknown')
    })

  test('without the rule, weights are written all the same: an abort must get through', () => {
    const found = { ...objects({ route: pair(20) }), [DR]: undefined }
    const reading = open().read(found)
    assert.deepEqual([reading.drivable, reading.programmedCanary, reading.subsets], [true, 20, undefined])
    assert.deepEqual(weightsIn(writeTraffic(open(), found, trafficIntent(0))), [[100, 0]])
  })

  test('with a rule, Services as hosts are no substitute for subsets', () => {
    const services = { stableService: 'stable', canaryService: 'canary' }
    const hosts = [
      { destination: { host: 'stable' }, weight: 100 },
      { destination: { host: 'canary' }, weight: 0 },
    ]
    assert.match(open({}, services).read(objects({ route: hosts })).problem ?? '', /Canary DestinationRule subset/)
    assert.equal(open({}, services).read(objects()).problem, undefined)
  })
})

describe('istio subsets: objects of any shape', () => {
  test('are read and written without a throw', () => {
    const odd = fc.anything({ maxDepth: 3 })
    const trial = trafficIntent(10, { additional: [{ service: 'trial', weight: 5, podHash: 'x1' }] })
    const check = (routes: unknown, rule: unknown): void => {
      const found = { [VS]: written({}, routes as object), [DR]: written({}, rule as object) }
      const router = open()
      assert.equal(typeof router.read(found).drivable, 'boolean')
      assert.ok(Array.isArray(router.render(trial, found)))
      assert.ok(Array.isArray(router.subsets?.select(ruleIn(found), 'canary', 'x')))
    }
    fc.assert(
      fc.property(odd, odd, (first, second) => {
        for (const section of ['http', 'tls', 'tcp']) {
          check({ [section]: first }, { host: 'shop', subsets: second })
          check({ [section]: [{ route: first, match: second }] }, { host: first, subsets: [second] })
          check({ [section]: [{ route: [...pair(), first] }] }, { host: 'shop', subsets: [subset('canary'), first] })
        }
        check(first, second)
      }),
      { seed: 5, numRuns: 60 },
    )
  })
})

describe('istio subsets: pointing one at a revision', () => {
  const select = (found: RouterObjects, name: string, hash: string) => open().subsets?.select(ruleIn(found), name, hash)
  const patchOf = (found: RouterObjects, name: string, hash: string) => {
    const [write] = select(found, name, hash) ?? []
    return write?.do === 'patch' ? write.patch : []
  }

  test('its label and the mark are written, nothing else', () => {
    const found = objects()
    assert.deepEqual(
      patchOf(found, 'canary', 'new'),
      guarded(ruleIn(found), [
        { op: 'add', path: `/spec/subsets/1/labels/${HASH}`, value: 'new' },
        { op: 'add', path: '/metadata/annotations', value: { [MANAGED_BY]: 'shop' } },
      ]),
    )
  })

  test('a subset without labels gets them', () => {
    const found = objects({ subsets: [{ name: 'stable' }, subset('canary')], annotations: { [MANAGED_BY]: 'shop' } })
    assert.deepEqual(patchOf(found, 'stable', 'new').slice(1), [
      { op: 'add', path: '/spec/subsets/0/labels', value: { [HASH]: 'new' } },
    ])
  })

  test('nothing is written that is there', () => {
    const found = objects({
      subsets: [subset('stable', 'new'), subset('canary')],
      annotations: { [MANAGED_BY]: 'shop' },
    })
    assert.deepEqual(select(found, 'stable', 'new'), [])
  })
})

describe('istio subsets: a rule that its Rollout names no more', () => {
  const { release } = istio.watches.find(({ kind }) => kind.kind === 'DestinationRule') ?? {}

  test('loses the mark and every pod hash, and nothing else', () => {
    const marks = { [MANAGED_BY]: 'shop', theirs: 'a' }
    const found = objects({
      subsets: [subset('stable', 'a'), subset('beta'), { name: 'none' }, subset('canary', 'b')],
      annotations: marks,
    })
    const [write, ...more] = release?.(ruleIn(found)) ?? []
    assert.deepEqual(
      [write?.do === 'patch' && write.patch, more],
      [
        guarded(ruleIn(found), [
          { op: 'remove', path: `/spec/subsets/0/labels/${HASH}` },
          { op: 'remove', path: `/spec/subsets/3/labels/${HASH}` },
          { op: 'remove', path: '/metadata/annotations/argo-rollouts.argoproj.io~1managed-by-rollouts' },
        ]),
        [],
      ],
    )
  })

  test('one without either is left alone', () => {
    assert.deepEqual(release?.(ruleIn(objects())), [])
  })
})

describe('istio subsets: subsets of others', () => {
  const more = { additionalSubsetNames: ['beta'] }
  const route = [...pair(), share('beta', 10)]

  test('an additional one keeps its weight, stable pays', () => {
    const found = objects({ route: [share('stable', 90), share('canary', 0), share('beta', 10)] })
    assert.deepEqual([open(more).read(found).programmedCanary, open(more).read(found).room], [0, 90])
    const during = writeTraffic(open(more), found, trafficIntent(20))
    assert.deepEqual([weightsIn(during), open(more).read(during).programmedCanary], [[[70, 20, 10]], 20])
  })

  test('all for the canary leaves stable nothing, and is read as that', () => {
    const during = writeTraffic(open(more), objects({ route }), trafficIntent(100))
    assert.deepEqual([weightsIn(during), open(more).read(during).programmedCanary], [[[0, 100, 10]], 100])
    assert.deepEqual(weightsIn(writeTraffic(open(more), during, trafficIntent(0))), [[90, 0, 10]])
  })

  test('one that is not named is a problem while it has weight, and never removed', () => {
    const reading = open().read(objects({ route }))
    assert.match(reading.problem ?? '', /sends to "shop" subset "beta" \(weight 10\)/)
    assert.deepEqual(weightsIn(writeTraffic(open(), objects({ route }), trafficIntent(20))), [[80, 20, 10]])
  })

  test('subsets of the rule that nobody names stay', () => {
    const subsets = [subset('old'), subset('stable'), subset('canary'), subset('beta')]
    const trial = trafficIntent(10, { additional: [{ service: 'trial', weight: 5, podHash: 'x1' }] })
    const during = writeTraffic(open(), objects({ subsets }), trial)
    const names = ruleIn(during).spec.subsets.map(({ name }) => name)
    assert.deepEqual(names, ['old', 'stable', 'canary', 'beta', 'trial'])
  })
})

describe('istio subsets: experiments', () => {
  const trial = (hash = 'x1') => trafficIntent(10, { additional: [{ service: 'trial', weight: 5, podHash: hash }] })

  test('a subset for its pods, named like its Service, as Argo adds it; and gone without a trace', () => {
    const before = objects()
    const during = writeTraffic(open(), before, trial())
    assert.deepEqual(ruleIn(during).spec.subsets.at(-1), { name: 'trial', labels: { [HASH]: 'x1' } })
    assert.deepEqual(open().render(trial(), during), [])
    assert.deepEqual(open().read(during).additional, { trial: 5 })
    assert.deepEqual(ruleIn(writeTraffic(open(), during, trial('x2'))).spec.subsets.at(-1)?.labels, { [HASH]: 'x2' })
    assert.deepEqual(writeTraffic(open(), during, trafficIntent(0)), before)
  })

  test('one that stayed behind is told, so that it is taken away', () => {
    const during = writeTraffic(open(), objects(), trial())
    const half = { ...during, [VS]: writeTraffic(open(), during, trafficIntent(0))[VS] }
    assert.deepEqual(open().read(half).additional, { trial: 0 })
    assert.deepEqual(writeTraffic(open(), half, trafficIntent(0)), objects())
  })

  test('nothing is written into another Rollout’s rule', () => {
    const found = objects({ annotations: { [MANAGED_BY]: 'cart' } })
    assert.deepEqual(
      open()
        .render(trial(), found)
        .map(({ ref }) => ref.kind.kind),
      ['VirtualService'],
    )
  })
})
