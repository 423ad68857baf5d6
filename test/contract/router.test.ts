/** What every traffic router must keep, whatever its objects: runs over the registry, so a new router is checked by being listed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { applyPatch, type Operation } from 'rfc6902'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ManagedRoute, TrafficIntent } from '../../controller/api/traffic.ts'
import { routerRegistry } from '../../controller/traffic/registry.ts'
import { type Router, type RouterContext, type RouterObjects, refKey } from '../../controller/traffic/router.ts'

interface Sample {
  readonly config: unknown
  readonly wrong: readonly { readonly config: unknown; readonly names: string }[]
  /** Objects as a user wrote them, with `foreign` fields strewn in. */
  objects(foreign: unknown): RouterObjects
  /** The two weights that the objects hold. */
  weights(objects: RouterObjects): readonly (readonly [stable: unknown, canary: unknown])[]
  /** The same objects with the owned fields taken out. */
  unowned(objects: RouterObjects): unknown
}

const context: RouterContext = {
  namespace: 'web',
  rollout: 'shop',
  stableService: 'stable',
  canaryService: 'canary',
  maxWeight: 100,
  managedRouteNames: ['beta', 'shadow'],
}
const intent = (canary: number): TrafficIntent => ({
  canary,
  stable: context.maxWeight - canary,
  additional: [],
  managedRoutes: [],
})

interface Rule {
  readonly backendRefs?: readonly { readonly name: string; readonly weight?: number }[]
}
const rulesOf = (objects: RouterObjects): readonly Rule[] =>
  Object.values(objects).flatMap(
    (object) => (object as { spec?: { rules?: readonly Rule[] } } | undefined)?.spec?.rules ?? [],
  )

const samples: Readonly<Record<keyof typeof routerRegistry, Sample>> = {
  'argoproj-labs/gatewayAPI': {
    config: {
      httpRoutes: [
        { name: 'one', useHeaderRoutes: true },
        { name: 'two', useHeaderRoutes: true },
      ],
    },
    wrong: [
      { config: {}, names: 'httpRoute' },
      { config: { httpRoute: 7 }, names: 'httpRoute' },
      { config: { httpRoutes: [{}] }, names: 'httpRoutes.0.name' },
    ],
    objects(foreign) {
      const both = [
        { name: 'stable', port: 80, filters: [foreign] },
        { name: 'other', weight: 7 },
        { name: 'canary', port: 80, weight: 33 },
      ]
      const rules = [{ backendRefs: both, matches: [foreign] }, { backendRefs: [{ name: 'canary', weight: 4 }] }]
      const route = (name: string) =>
        ({ metadata: { name, namespace: 'web', resourceVersion: '5' }, spec: { foreign, rules } }) as KubeObject
      const kind = 'httproutes.gateway.networking.k8s.io'
      return structuredClone({ [`${kind}/web/one`]: route('one'), [`${kind}/web/two`]: route('two') })
    },
    weights: (objects) =>
      rulesOf(objects)
        .filter(({ backendRefs = [] }) => backendRefs.length > 1)
        .map(({ backendRefs = [] }) => [backendRefs[0]?.weight, backendRefs[2]?.weight]),
    unowned: (objects) =>
      JSON.parse(
        JSON.stringify(objects, function (this: { name?: string; port?: number }, key, value) {
          return key === 'weight' && this.port === 80 ? undefined : value
        }),
      ),
  },
}

function open(id: keyof typeof routerRegistry, config: unknown): Router {
  const router = routerRegistry[id].configure(config, context)
  assert.ok(!('problem' in router))
  return router
}

/** The objects after the router's writes, as the API server would hold them. */
const write = (router: Router, objects: RouterObjects, canary: number): RouterObjects =>
  writeIntent(router, objects, intent(canary))

function writeIntent(router: Router, objects: RouterObjects, wanted: TrafficIntent): RouterObjects {
  const copy = structuredClone(objects)
  for (const { ref, patch } of router.render(wanted, objects)) {
    const failed = applyPatch(copy[refKey(ref)], patch as Operation[]).filter((outcome) => outcome !== null)
    assert.deepEqual(failed, [])
  }
  return copy
}

for (const [id, sample] of Object.entries(samples) as [keyof typeof routerRegistry, Sample][]) {
  describe(`router ${id}`, () => {
    const router = open(id, sample.config)
    const weight = fc.integer({ min: 0, max: context.maxWeight })

    test('both weights are written, zero too, and add up', () => {
      fc.assert(
        fc.property(weight, (canary) => {
          for (const pair of sample.weights(write(router, sample.objects('x'), canary)))
            assert.deepEqual(pair, [context.maxWeight - canary, canary])
        }),
        { seed: 1 },
      )
    })

    test('nothing but the owned fields changes', () => {
      fc.assert(
        fc.property(weight, fc.jsonValue(), (canary, foreign) => {
          const before = sample.objects(foreign)
          assert.deepEqual(sample.unowned(write(router, before, canary)), sample.unowned(before))
        }),
        { seed: 2 },
      )
    })

    test('what was written is read back, and writing it again writes nothing', () => {
      fc.assert(
        fc.property(weight, (canary) => {
          const written = write(router, sample.objects('x'), canary)
          assert.equal(router.read(written).programmedCanary, canary)
          assert.deepEqual(router.render(intent(canary), written), [])
        }),
        { seed: 3 },
      )
    })

    test('every write fails when the object has moved on', () => {
      for (const { patch } of router.render(intent(1), sample.objects('x')))
        assert.deepEqual(patch[0], { op: 'replace', path: '/metadata/resourceVersion', value: '5' })
    })

    test('missing objects are a problem with a name, and cannot be driven', () => {
      const reading = router.read({})
      assert.match(reading.problem ?? '', /not found/)
      assert.equal(reading.drivable, false)
      assert.equal(reading.confirmation, 'unknown')
      assert.equal(reading.isGone, true)
      assert.deepEqual(router.render(intent(1), {}), [])
    })

    test('one missing object leaves the others to be driven', () => {
      const present = Object.fromEntries(Object.entries(sample.objects('x')).slice(0, 1))
      const written = write(router, present, 0)
      const reading = router.read(written)
      assert.deepEqual([reading.drivable, reading.programmedCanary, reading.confirmation], [true, 0, 'unknown'])
      assert.match(reading.problem ?? '', /not found/)
    })

    const { headers, mirror, additional } = routerRegistry[id].capabilities
    const managedRoutes: readonly ManagedRoute[] = [
      ...(mirror ? [{ kind: 'mirror', name: 'shadow', match: [{}], percentage: 50 } as const] : []),
      ...(headers
        ? [{ kind: 'header', name: 'beta', match: [{ headerName: 'x', headerValue: { exact: 'y' } }] } as const]
        : []),
    ]
    const beside: TrafficIntent = {
      canary: 10,
      stable: additional ? 85 : 90,
      additional: additional ? [{ service: 'trial', weight: 5 }] : [],
      managedRoutes,
    }

    test('what it can carry beside the two weights is read back, written once and taken away without a trace', () => {
      const before = sample.objects({ path: { type: 'PathPrefix', value: '/' } })
      const during = writeIntent(router, before, beside)
      const reading = router.read(during)
      assert.deepEqual(
        reading.managedRoutes,
        managedRoutes.length > 0 ? managedRoutes.map((route) => ({ route, intact: true })) : undefined,
      )
      assert.deepEqual([reading.programmedCanary, reading.additional], [10, additional ? { trial: 5 } : {}])
      assert.deepEqual(router.render(beside, during), [])
      assert.deepEqual(sample.unowned(write(router, during, 0)), sample.unowned(write(router, before, 0)))
    })

    for (const { config, names } of sample.wrong)
      test(`a wrong configuration names ${names}`, () => {
        const outcome = routerRegistry[id].configure(config, context)
        assert.ok('problem' in outcome)
        assert.ok(outcome.problem.includes(names), outcome.problem)
      })
  })
}
