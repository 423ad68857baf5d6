/** Situations in which an earlier decision was wrong, each told on the small world of the golden stories. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ABORT_REQUESTS } from '../../../controller/api/abort-request.ts'
import type { AnalysisTemplate } from '../../../controller/api/analysis.ts'
import { addToOutbox, readOutbox } from '../../../controller/api/notice.ts'
import { decide } from '../../../controller/domain/decide.ts'
import type { World } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'
import { createMachine, type Machine } from '../../golden/world-machine.ts'

const SECOND = 1_000
const gate: AnalysisTemplate = {
  metadata: { name: 'gate', namespace: 'web' },
  spec: {
    metrics: [
      {
        name: 'errors',
        successCondition: 'result < 0.05',
        provider: { prometheus: { address: 'http://prometheus', query: 'vector(0)' } },
      },
    ],
  },
}
const analysis = { templates: [{ templateName: 'gate' }] }

function updating(shape: Parameters<typeof rollout>[0] = { steps: [{ setWeight: 20 }, { pause: {} }] }): Machine {
  const machine = createMachine({ rollout: rollout(shape), templates: [gate] })
  machine.run(40 * SECOND)
  machine.setImage('shop:2')
  machine.run(20 * SECOND)
  return machine
}

describe('situations that went wrong once', () => {
  test('an aborted revision is not promoted because somebody deletes the stable ReplicaSet, nor is traffic sent to nobody', () => {
    const machine = updating()
    const stable = machine.status().stableRS ?? ''
    machine.patchStatus({ abort: true })
    machine.pass()
    machine.setRoute(20)
    machine.loseReplicaSet(`shop-${stable}`)
    machine.run(120 * SECOND)
    assert.equal(machine.status().stableRS, stable)
    assert.equal(machine.status().abort, true)
    assert.equal(machine.route(), 20)
    assert.ok(decide(machine.world()).holds.some(({ reason }) => reason === 'StableMissing'))
  })

  test('an abort tells people the numbers of the metric that failed', () => {
    const machine = updating({ steps: [{ setWeight: 20 }, { analysis }] })
    machine.endRun(
      machine.runNames()[0] ?? '',
      'Failed',
      'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)',
      [
        { name: 'errors', phase: 'Failed', measurements: [{ phase: 'Failed', value: '[0.21]' }] },
        { name: 'latency', phase: 'Successful', measurements: [{ phase: 'Successful', value: '1.01' }] },
      ],
    )
    const notice = decide(machine.world()).notices.find(({ kind }) => kind === 'Aborted')
    assert.match(notice?.message ?? '', /failureLimit \(0\); errors measured \[0\.21\]$/)
  })

  test('the pause event names what paused', () => {
    const machine = updating({ steps: [{ setWeight: 20 }, { analysis }] })
    machine.endRun(machine.runNames()[0] ?? '', 'Inconclusive')
    const paused = decide(machine.world()).events.find(({ reason }) => reason === 'RolloutPaused')
    assert.equal(paused?.message, 'Rollout is paused (InconclusiveAnalysisRun)')
  })

  test('a route that is gone is said and not written: its own event, no risky write used up', () => {
    const world = updating().world()
    const gone = { router: 'r', programmedCanary: undefined, confirmation: 'pending', drivable: false } as const
    const plan = decide({ ...world, routes: [{ ...gone, problem: 'HTTPRoute "web/shop" not found' }] })
    assert.deepEqual(plan.actions, [])
    assert.ok(plan.holds.some(({ reason, message }) => reason === 'TrafficRoutingError' && /web\/shop/.test(message)))
    assert.deepEqual(
      plan.events.map(({ reason, message }) => [reason, message]),
      [['TrafficRoutingError', 'HTTPRoute "web/shop" not found']],
    )
    const told = decide({
      ...world,
      rollout: { ...world.rollout, status: plan.status },
      routes: [{ ...gone, problem: 'HTTPRoute "web/shop" not found' }],
    })
    assert.deepEqual(told.events, [], 'once')
    assert.equal(told.status.conditions?.find(({ type }) => type === 'TrafficRoutingError')?.status, 'True')
  })

  const broken: Readonly<Record<string, (world: World) => World>> = {
    'its template is missing': (world) => ({ ...world, templates: {} }),
    'its Services are missing': (world) => ({ ...world, services: {} }),
  }
  for (const [name, breaking] of Object.entries(broken)) {
    test(`a failed analysis aborts although ${name} (L2)`, () => {
      const machine = updating({ steps: [{ setWeight: 20 }, { analysis }] })
      machine.endRun(machine.runNames()[0] ?? '', 'Failed')
      const plan = decide(breaking(machine.world()))
      assert.equal(plan.status.abort, true)
      assert.ok(plan.actions.some((action) => action.do === 'route' && action.canary === 0))
    })

    test(`without a cause to abort nothing is touched while ${name}`, () => {
      const plan = decide(breaking(updating({ steps: [{ setWeight: 20 }, { analysis }] }).world()))
      assert.deepEqual(plan.actions, [])
      assert.equal(plan.status.phase, 'Degraded')
      assert.match(plan.status.message ?? '', /^InvalidSpec: /)
    })
  }

  test('events of a first deploy and of an update come in the order that clients compare', () => {
    const machine = createMachine({
      rollout: rollout({ replicas: 1, routed: false, steps: [{ setWeight: 50 }, { pause: {} }] }),
    })
    const reasons: string[] = []
    const drive = (): void => {
      for (let ticks = 0; ticks < 30; ticks++) {
        reasons.push(...decide(machine.world()).events.map(({ reason }) => reason))
        machine.tick()
      }
    }
    drive()
    machine.setImage('shop:2')
    drive()
    machine.patchStatus({ abort: true })
    drive()
    machine.patchStatus({ abort: false })
    drive()
    const first = ['RolloutAddedToInformer', 'RolloutUpdated', 'NewReplicaSetCreated', 'RolloutNotCompleted']
    const deployed = ['ScalingReplicaSet', 'RolloutCompleted']
    const update = ['RolloutUpdated', 'NewReplicaSetCreated', 'RolloutNotCompleted']
    const stage = ['ScalingReplicaSet', 'RolloutStepCompleted', 'RolloutPaused']
    const aborted = ['ScalingReplicaSet', 'RolloutAborted']
    assert.deepEqual(reasons, [first, deployed, update, stage, aborted, stage].flat())
  })

  test('a full promotion that is asked for during an abort is void after a retry', () => {
    const machine = updating()
    machine.patchStatus({ abort: true })
    machine.run(5 * SECOND)
    machine.patchStatus({ promoteFull: true })
    machine.run(5 * SECOND)
    machine.patchStatus({ abort: false })
    machine.run(60 * SECOND)
    assert.equal(machine.status().phase, 'Paused')
  })

  test('an alert that asks to pause during a halt does not halt again after somebody resumed', () => {
    const machine = updating()
    const ask = (at: number): void => {
      const receivedAt = new Date(at).toISOString()
      const podHash = machine.status().currentPodHash ?? ''
      const stored = { id: receivedAt, action: 'pause', podHash, revision: 2, receivedAt, reason: 'A', message: 'a' }
      const earlier = JSON.parse(machine.world().rollout.metadata.annotations?.[ABORT_REQUESTS] ?? '[]')
      machine.annotate({ [ABORT_REQUESTS]: JSON.stringify([...earlier, stored]) })
    }
    ask(machine.now())
    machine.run(20 * SECOND)
    ask(machine.now())
    machine.run(20 * SECOND)
    machine.patchStatus({ pauseConditions: null })
    machine.run(20 * SECOND)
    assert.deepEqual(machine.status().pauseConditions ?? [], [])
  })

  test('each inconclusive run of a step is told once, however often the decision is repeated', () => {
    const machine = updating({ steps: [{ setWeight: 20 }, { analysis }] })
    const halted = () => decide(machine.world()).notices.filter(({ kind }) => kind === 'Paused')
    const run = `shop-${machine.status().currentPodHash}-2-1`
    machine.endRun(run, 'Inconclusive')
    const first = halted()
    assert.deepEqual(halted(), first)
    machine.run(5 * SECOND)
    machine.patchStatus({ pauseConditions: null })
    machine.run(5 * SECOND)
    machine.endRun(`${run}.1`, 'Inconclusive')
    const second = halted()
    assert.deepEqual([first.length, second.length], [1, 1])
    assert.notEqual(first[0]?.id, second[0]?.id)
    const outbox = addToOutbox(addToOutbox(readOutbox(undefined), first) ?? [], [...first, ...second])
    assert.equal(outbox?.length, 2)
  })

  test('conditions that people wait for: Paused, Healthy, Available, Completed', () => {
    const machine = updating()
    const value = (type: string) => machine.status().conditions?.find((one) => one.type === type)?.status
    assert.deepEqual(['Paused', 'Healthy', 'Available', 'Completed'].map(value), ['True', 'False', 'True', 'False'])
    machine.patchStatus({ pauseConditions: null })
    machine.run(120 * SECOND)
    assert.deepEqual(['Paused', 'Healthy', 'Available', 'Completed'].map(value), ['False', 'True', 'True', 'True'])
  })

  test('an abort moves all weight at once although stable is short of pods', () => {
    const machine = updating()
    machine.failPods(machine.status().stableRS ?? '', 3)
    machine.patchStatus({ abort: true })
    machine.settle()
    assert.equal(machine.route(), 0)
    assert.equal(machine.sizes()[machine.status().currentPodHash ?? ''], 1, 'capacity stays until stable is full')
  })
})
