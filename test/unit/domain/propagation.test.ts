/** The truth table of `propagation.ts`: a router is believed, and for one that says nothing time has to pass since its objects said so. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PROPAGATION, PROPAGATION_SECONDS } from '../../../controller/api/labels.ts'
import { judgePropagation } from '../../../controller/domain/canary/propagation.ts'
import type { RouteReading, World } from '../../../controller/domain/world.ts'
import { world } from '../../builders/world.ts'

const SECOND = 1_000
const reading = (over: Partial<RouteReading> = {}): RouteReading => ({
  router: 'r',
  programmedCanary: 20,
  confirmation: 'unknown',
  drivable: true,
  ...over,
})

interface Given {
  readonly now?: number
  readonly compat?: World['compat']
  readonly annotations?: Readonly<Record<string, string>>
}

function at(routes: readonly RouteReading[], { now = 0, compat = 'strict', annotations = {} }: Given = {}): World {
  const seen = world()
  const metadata = { ...seen.rollout.metadata, annotations }
  return { ...seen, now, compat, routes, rollout: { ...seen.rollout, metadata } }
}

/** The annotation that a first look at these readings at time 0 writes. */
function recordOf(routes: readonly RouteReading[]): Record<string, string> {
  const [action] = judgePropagation(at(routes)).part.actions ?? []
  const text = action?.do === 'annotateRollout' ? action.annotations[PROPAGATION] : undefined
  assert.ok(text)
  return { [PROPAGATION]: text }
}

describe('what routers were told has arrived', () => {
  test('at once when they confirm it, never while they report an older state, and then nothing is recorded', () => {
    const confirmed = judgePropagation(at([reading({ confirmation: 'confirmed' })]))
    const pending = judgePropagation(at([reading({ confirmation: 'pending' })]))
    assert.deepEqual(
      [confirmed, pending],
      [
        { arrived: true, part: {} },
        { arrived: false, part: {} },
      ],
    )
  })

  test('30 s after it was first seen when nobody reports', () => {
    const annotations = recordOf([reading()])
    const judge = (now: number) => judgePropagation(at([reading()], { now, annotations }))
    assert.deepEqual(judge(10 * SECOND), { arrived: false, part: { wakeAtMs: 30 * SECOND } })
    assert.deepEqual(judge(30 * SECOND), { arrived: true, part: {} })
  })

  const changes: Readonly<Record<string, Partial<RouteReading>>> = {
    'another weight': { programmedCanary: 0 },
    'an added Service': { additional: { trial: 5 } },
    'a managed route': { managedRoutes: [{ route: { kind: 'header', name: 'x', match: [] }, intact: true }] },
    'the route has gone': { programmedCanary: undefined, isGone: true },
  }
  for (const [name, change] of Object.entries(changes))
    test(`the time starts anew with ${name}`, () => {
      const annotations = recordOf([reading()])
      const judged = judgePropagation(at([reading(change)], { now: 60 * SECOND, annotations }))
      assert.equal(judged.arrived, false)
      assert.equal(judged.part.actions?.length, 1)
    })

  for (const text of ['', '{', 'null', '{"says":7}', '{"says":"x","since":"never"}'])
    test(`an annotation that cannot be read starts it anew: ${text || 'empty'}`, () => {
      const judged = judgePropagation(at([reading()], { now: 60 * SECOND, annotations: { [PROPAGATION]: text } }))
      assert.equal(judged.arrived, false)
    })

  test("the Rollout's word on how long it takes, else the slowest router's", () => {
    const routes = [reading({ propagationMs: 5 * SECOND }), reading({ router: 's', propagationMs: 50 * SECOND })]
    const record = recordOf(routes)
    const wake = (annotations: Readonly<Record<string, string>>) =>
      judgePropagation(at(routes, { now: SECOND, annotations: { ...record, ...annotations } })).part.wakeAtMs
    assert.equal(wake({}), 50 * SECOND)
    assert.equal(wake({ [PROPAGATION_SECONDS]: '10' }), 10 * SECOND)
    assert.equal(wake({ [PROPAGATION_SECONDS]: 'soon' }), 50 * SECOND)
  })

  test('one that reports does not speak for one that does not', () => {
    const routes = [reading({ confirmation: 'pending' }), reading({ router: 's' })]
    const judged = judgePropagation(at(routes, { now: 60 * SECOND, annotations: recordOf(routes) }))
    assert.equal(judged.arrived, false)
  })

  test('compat: argo waits for nobody who does not report, and keeps no record', () => {
    const annotations = recordOf([reading()])
    const judged = judgePropagation(at([reading()], { compat: 'argo', annotations }))
    assert.equal(judged.arrived, true)
    assert.deepEqual(judged.part.actions, [{ do: 'annotateRollout', annotations: { [PROPAGATION]: null } }])
  })
})
