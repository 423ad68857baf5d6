/** The first deploy behind Services that people use already: nothing is bound to a revision before all its pods answer (AR#2507). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import { decide } from '../../../controller/domain/decide.ts'
import type { Plan } from '../../../controller/domain/plan.ts'
import type { World } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMachine, type Machine } from '../../golden/world-machine.ts'

const namedBy = (machine: Machine): readonly (string | undefined)[] =>
  ['stable', 'canary'].map((name) => machine.world().services[name]?.service.spec.selector?.[POD_TEMPLATE_HASH])

describe('the first deploy', () => {
  test('binds no Service while pods come one by one, and both with the last', () => {
    const machine = createMachine({ rollout: rollout({ replicas: 3 }), podDelayMs: 3_600_000 })
    machine.settle()
    for (const _early of [1, 2]) {
      machine.readyPods(1)
      machine.settle()
      assert.deepEqual(namedBy(machine), [undefined, undefined])
    }
    machine.readyPods(1)
    machine.settle()
    const { currentPodHash } = machine.status()
    assert.deepEqual(namedBy(machine), [currentPodHash, currentPodHash])
  })

  test('a route that could carry no weight is told of in the first pass, once, and holds nothing up', () => {
    const machine = createMachine({ rollout: rollout({ steps: [{ setWeight: 20 }, { pause: {} }] }) })
    const problem = 'HTTPRoute "web/shop" has no rule whose backendRefs name both "stable" and "canary"'
    const unfit = (world: World): World => ({
      ...world,
      routes: [{ router: 'r', programmedCanary: undefined, confirmation: 'pending', drivable: false, problem }],
    })
    const told = ({ events }: Plan) => events.filter(({ type }) => type === 'Warning').map(({ message }) => message)
    const troubleOf = ({ status }: Plan) =>
      status.conditions?.find(({ type }) => type === 'TrafficRoutingError')?.message
    const world = machine.world()
    const first = decide(unfit(world))
    assert.deepEqual([told(first), troubleOf(first)], [[problem], problem])
    assert.ok(first.actions.some((action) => action.do === 'createReplicaSet'))
    const second = decide(unfit({ ...world, rollout: { ...world.rollout, status: first.status } }))
    assert.deepEqual([told(second), troubleOf(second)], [[], problem])
    machine.settle()
    const rest = decide(machine.world())
    assert.equal(troubleOf(rest), undefined)
  })
})
