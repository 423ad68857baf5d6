/** What every traffic router must keep, whatever its objects: runs over the registry, so a new router is checked by being listed. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type RouterCapabilities, routerCapabilities, routerIds } from '../../controller/api/router-capabilities.ts'
import type { TrafficIntent } from '../../controller/api/traffic.ts'
import { routerRegistry } from '../../controller/traffic/registry.ts'
import { refKey } from '../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../builders/router.ts'
import { colorRoutes, headerRoutes, MANAGED_NAMES, mirrorRoutes, oneOfEach } from './routers/managed.ts'
import { samples } from './routers/samples.ts'

for (const id of routerIds) {
  const sample = samples[id]
  const context = routerContext({ managedRouteNames: MANAGED_NAMES, ...sample.context })
  const capabilities: RouterCapabilities = routerCapabilities[id]

  describe(`router ${id}`, () => {
    const router = openRouter(id, sample.config, context)
    const weight = fc.integer({ min: 0, max: context.maxWeight })
    const intent = (canary: number): TrafficIntent => ({ ...trafficIntent(canary), stable: context.maxWeight - canary })
    const write = (objects: ReturnType<typeof sample.objects>, canary: number) =>
      writeTraffic(router, objects, intent(canary))

    test('is registered under its name, with the capabilities of the table', () => {
      assert.equal(routerRegistry[id].id, id)
      assert.equal(routerRegistry[id].capabilities, routerCapabilities[id])
    })

    test('both weights are written, zero too, and add up', () => {
      fc.assert(
        fc.property(weight, (canary) => {
          const pairs = sample.weights(write(sample.objects('x'), canary))
          assert.notEqual(pairs.length, 0)
          for (const pair of pairs) assert.deepEqual(pair, [context.maxWeight - canary, canary])
        }),
        { seed: 1 },
      )
    })

    test('nothing but the owned fields changes', () => {
      fc.assert(
        fc.property(weight, fc.jsonValue(), (canary, foreign) => {
          const before = sample.objects(foreign)
          assert.deepEqual(sample.unowned(write(before, canary)), sample.unowned(before))
        }),
        { seed: 2 },
      )
    })

    test('what was written is read back, and writing it again writes nothing', () => {
      fc.assert(
        fc.property(weight, (canary) => {
          const written = write(sample.objects('x'), canary)
          const { programmedCanary, problem, drivable } = router.read(written)
          assert.deepEqual(
            { programmedCanary, problem, drivable },
            { programmedCanary: canary, problem: undefined, drivable: true },
          )
          assert.deepEqual(router.render(intent(canary), written), [])
        }),
        { seed: 3 },
      )
    })

    test('one write per object and change', () => {
      const written = write(sample.objects('x'), 10)
      const refs = router.render(intent(20), written).map(({ ref }) => refKey(ref))
      assert.ok(refs.length > 0)
      assert.deepEqual(refs, [...new Set(refs)])
    })

    test('every write fails when the object has moved on, and what is made has the Rollout as its owner', () => {
      for (const one of router.render(intent(1), sample.objects('x'))) {
        if (one.do === 'patch')
          assert.deepEqual(one.patch[0], { op: 'replace', path: '/metadata/resourceVersion', value: '5' })
        else if (one.do === 'create') assert.deepEqual(one.object.metadata.ownerReferences, [context.owner])
        else assert.equal(one.object.metadata.resourceVersion, '5')
      }
    })

    test('writes no kind, and in no way, that it does not declare', () => {
      const beside = { ...trafficIntent(10), managedRoutes: oneOfEach(capabilities) }
      const during = writeTraffic(router, sample.objects('x'), beside)
      const writes = [...router.render(beside, sample.objects('x')), ...router.render(intent(0), during)]
      for (const { ref, do: verb } of writes)
        assert.ok(
          routerRegistry[id].watches.some(({ kind, verbs }) => kind.plural === ref.kind.plural && verbs.includes(verb)),
          `${verb} ${ref.kind.plural}`,
        )
    })

    if (sample.makesItsObjects === undefined) {
      test('missing objects are a problem with a name, and cannot be driven', () => {
        const reading = router.read({})
        assert.match(reading.problem ?? '', /not found/)
        assert.equal(reading.drivable, false)
        assert.equal(reading.confirmation, 'unknown')
        assert.equal(reading.isGone, true)
        assert.deepEqual(router.render(intent(1), {}), [])
      })
    }

    const many = Object.entries(sample.objects('x'))
    if (sample.makesItsObjects === undefined && many.length > 1) {
      test('one missing object is told by name', () => {
        for (const [absent] of many) {
          const present = Object.fromEntries(many.filter(([key]) => key !== absent))
          const reading = router.read(writeTraffic(router, present, intent(0)))
          assert.match(reading.problem ?? '', /not found/, absent)
          assert.notEqual(reading.confirmation, 'confirmed', absent)
        }
      })
    }

    const { additional } = capabilities
    const managedRoutes = oneOfEach(capabilities)
    const beside: TrafficIntent = {
      canary: 10,
      stable: additional ? context.maxWeight - 15 : context.maxWeight - 10,
      additional: additional ? [{ service: 'trial', weight: 5 }] : [],
      managedRoutes,
    }
    const plain = { path: { type: 'PathPrefix', value: '/' } }

    test('what it can carry beside the two weights is read back, written once and taken away without a trace', () => {
      const before = sample.objects(plain)
      const during = writeTraffic(router, before, beside)
      const reading = router.read(during)
      assert.deepEqual(
        reading.managedRoutes ?? [],
        managedRoutes.map((route) => ({ route, intact: true })),
      )
      assert.deepEqual([reading.programmedCanary, reading.additional ?? {}], [10, additional ? { trial: 5 } : {}])
      assert.deepEqual(router.render(beside, during), [])
      assert.deepEqual(sample.unowned(write(during, 0)), sample.unowned(write(before, 0)))
      const after = router.read(write(during, 0))
      assert.deepEqual([after.managedRoutes ?? [], after.additional ?? {}], [[], {}])
    })

    for (const route of [...headerRoutes(capabilities), ...colorRoutes(capabilities), ...mirrorRoutes(capabilities)])
      test(`carries ${JSON.stringify(route)}`, () => {
        const wanted = { ...intent(20), managedRoutes: [route] }
        const during = writeTraffic(router, sample.objects(plain), wanted)
        assert.deepEqual(router.read(during).managedRoutes, [{ route, intact: true }])
        assert.deepEqual(router.render(wanted, during), [])
      })

    test('a third revision in mid-flight: everything goes back to stable, what was added is gone, and a new canary starts at once', () => {
      const during = writeTraffic(router, sample.objects(plain), beside)
      const back = write(during, 0)
      assert.equal(router.read(back).programmedCanary, 0)
      const again = writeTraffic(router, back, beside)
      assert.deepEqual(sample.weights(again), sample.weights(during))
    })

    for (const { config, names } of sample.wrong)
      test(`a wrong configuration names ${names}`, () => {
        const outcome = routerRegistry[id].configure(config, context)
        assert.ok('problem' in outcome)
        assert.ok(outcome.problem.includes(names), outcome.problem)
      })
  })
}
