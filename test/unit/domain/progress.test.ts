/** Steps and promotions go by what has come true: the pods and the weight of this moment, served, not those that were there when it was written. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH, PROPAGATION_SECONDS } from '../../../controller/api/labels.ts'
import type { BlueGreenStrategy } from '../../../controller/api/rollout.ts'
import { decide } from '../../../controller/domain/decide.ts'
import { blueGreenRollout, rollout } from '../../builders/rollout.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { createMachine, type Machine } from '../../golden/world-machine.ts'

const SECOND = 1_000
const analysis = { templates: [{ templateName: 'gate' }] }

/** Paused at 50; the router serves a weight four seconds after it was written. */
function paused(): Machine {
  const machine = createMachine({
    rollout: rollout({ replicas: 4, steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }, { pause: {} }] }),
    confirmDelayMs: 4 * SECOND,
  })
  machine.run(60 * SECOND)
  machine.setImage('shop:2')
  machine.run(60 * SECOND)
  assert.equal(machine.status().phase, 'Paused')
  return machine
}

/** Until the route says `weight`, and no further. */
function untilRoute(machine: Machine, weight: number): void {
  for (let ticks = 0; ticks < 40 && machine.route() !== weight; ticks++) machine.tick()
  assert.equal(machine.route(), weight)
}

describe('a step', () => {
  test('is complete once the router serves its weight, and not before', () => {
    const machine = paused()
    machine.patchStatus({ pauseConditions: null })
    untilRoute(machine, 75)
    machine.settle()
    assert.equal(machine.status().currentStepIndex, 2)
    machine.run(5 * SECOND)
    assert.equal(machine.status().currentStepIndex, 3)
  })

  test('is not complete while a pod for its weight is missing, though the weight is served', () => {
    const machine = paused()
    machine.patchStatus({ pauseConditions: null })
    untilRoute(machine, 75)
    machine.failPods(machine.status().currentPodHash ?? '', 1)
    machine.run(20 * SECOND)
    assert.equal(machine.status().currentStepIndex, 2)
    machine.heal()
    machine.run(20 * SECOND)
    assert.equal(machine.status().currentStepIndex, 3)
  })
})

describe('an analysis step', () => {
  test('is passed by a run of its own, not by that of an earlier step', () => {
    const steps = [{ setWeight: 20 }, { analysis }, { setWeight: 50 }, { analysis }]
    const machine = createMachine({ rollout: rollout({ replicas: 4, steps }), templates: [gate] })
    machine.run(40 * SECOND)
    machine.setImage('shop:2')
    machine.run(40 * SECOND)
    machine.endRun(machine.runNames()[0] ?? '', 'Successful')
    machine.run(40 * SECOND)
    assert.deepEqual([machine.runNames().length, machine.status().currentStepIndex], [2, 3])
  })
})

/** Its analysis runs ten times as long as the deadline, and passes. */
const patient: Readonly<Record<string, Partial<BlueGreenStrategy>>> = {
  'before the cutover': { prePromotionAnalysis: analysis },
  'after the cutover': { postPromotionAnalysis: analysis },
}

describe('an analysis', () => {
  for (const [when, strategy] of Object.entries(patient))
    test(`${when} may take longer than the progress deadline`, () => {
      const spec = { progressDeadlineSeconds: 60, progressDeadlineAbort: true }
      const machine = createMachine({ rollout: blueGreenRollout(strategy, { spec }), templates: [gate] })
      machine.run(40 * SECOND)
      machine.setImage('shop:2')
      machine.run(600 * SECOND)
      assert.equal(machine.status().abort, undefined)
      machine.endRun(machine.runNames()[0] ?? '', 'Successful')
      machine.run(60 * SECOND)
      assert.equal(machine.status().phase, 'Healthy')
      assert.equal(machine.status().stableRS, machine.status().currentPodHash)
    })
})

describe('weight', () => {
  test('goes back when the Service has no endpoint, though pods are available', () => {
    const world = paused().world()
    const { canary, ...services } = world.services
    assert.ok(canary)
    const plan = decide({ ...world, services: { ...services, canary: { ...canary, readyEndpoints: {} } } })
    assert.ok(plan.actions.some((action) => action.do === 'route' && action.canary === 0))
  })
})

describe('the stable Service', () => {
  test('waits for a router that confirms nothing, where the new pods are not as many as all', () => {
    const base = rollout({ replicas: 4, steps: [{ setWeight: 50 }, { pause: {} }] })
    const metadata = { ...base.metadata, annotations: { [PROPAGATION_SECONDS]: '20' } }
    const machine = createMachine({ rollout: { ...base, metadata }, confirmation: 'unknown' })
    machine.run(60 * SECOND)
    const { stableRS: former } = machine.status()
    machine.setImage('shop:2')
    machine.run(60 * SECOND)
    machine.patchStatus({ promoteFull: true })
    for (let ticks = 0; ticks < 40 && machine.status().stableRS === former; ticks++) machine.tick()
    const { currentPodHash = '', stableRS } = machine.status()
    assert.equal(stableRS, currentPodHash)
    const named = () => machine.world().services.stable?.service.spec.selector?.[POD_TEMPLATE_HASH]
    machine.failPods(currentPodHash, 1)
    machine.settle()
    assert.equal(named(), former)
    machine.run(40 * SECOND)
    assert.equal(named(), currentPodHash)
  })
})

describe('a promotion', () => {
  test('waits for a pod that is lost after all weight has moved, and takes no stable pod meanwhile (AR#2050)', () => {
    const machine = paused()
    const { stableRS = '', currentPodHash = '' } = machine.status()
    machine.patchStatus({ promoteFull: true })
    untilRoute(machine, 100)
    machine.failPods(currentPodHash, 1)
    machine.run(300 * SECOND)
    assert.deepEqual([machine.status().stableRS, machine.sizes()[stableRS]], [stableRS, 4])
    machine.heal()
    machine.run(20 * SECOND)
    assert.equal(machine.status().stableRS, currentPodHash)
  })
})
