/** Events of a canary in the order in which Argo Rollouts tells them, because clients compare it: every reason, and none twice. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep, RolloutStatus } from '../../../controller/api/rollout.ts'
import { decide } from '../../../controller/domain/decide.ts'
import { rollout } from '../../builders/rollout.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { createMachine, type Machine, type MachineOptions } from '../../golden/world-machine.ts'

const FIRST = [
  'RolloutAddedToInformer',
  'RolloutUpdated',
  'NewReplicaSetCreated',
  'RolloutNotCompleted',
  'ScalingReplicaSet',
  'RolloutCompleted',
]
const UPDATE = [
  'RolloutUpdated',
  'NewReplicaSetCreated',
  'RolloutNotCompleted',
  'ScalingReplicaSet',
  'RolloutStepCompleted',
  'RolloutPaused',
]
const analysis = { templates: [{ templateName: 'gate' }] }

/** Everything that is told from here until nothing happens any more. */
function told(machine: Machine): readonly string[] {
  const reasons: string[] = []
  for (let ticks = 0; ticks < 40; ticks++) {
    reasons.push(...decide(machine.world()).events.map(({ reason }) => reason))
    machine.tick()
  }
  return reasons
}

const unrouted = (steps: readonly CanaryStep[]): MachineOptions => ({
  rollout: rollout({ replicas: 1, routed: false, steps }),
  templates: [gate],
})
const plan = [{ setWeight: 50 }, { pause: {} }]

function begin(steps: readonly CanaryStep[] = plan, options: Partial<MachineOptions> = {}) {
  const machine = createMachine({ ...unrouted(steps), ...options })
  const first = told(machine)
  machine.setImage('shop:2')
  return { machine, first, update: told(machine) }
}

/** What follows a client's write. */
function after(status: RolloutStatus, steps?: readonly CanaryStep[]): readonly string[] {
  const { machine } = begin(steps)
  machine.patchStatus(status)
  return told(machine)
}

describe('events of a canary', () => {
  test('first deployment', () => assert.deepEqual(begin().first, FIRST))
  test('update', () => assert.deepEqual(begin().update, UPDATE))
  test('abort', () => assert.deepEqual(after({ abort: true }), ['ScalingReplicaSet', 'RolloutAborted']))
  test('retry', () => {
    const { machine } = begin()
    machine.patchStatus({ abort: true })
    told(machine)
    machine.patchStatus({ abort: false })
    assert.deepEqual(told(machine), ['ScalingReplicaSet', 'RolloutStepCompleted', 'RolloutPaused'])
  })
  test('promote', () =>
    assert.deepEqual(after({ pauseConditions: null }), [
      'RolloutStepCompleted',
      'RolloutResumed',
      'ScalingReplicaSet',
      'RolloutCompleted',
    ]))
  test('promote in full', () =>
    assert.deepEqual(after({ promoteFull: true }), ['ScalingReplicaSet', 'RolloutCompleted', 'RolloutResumed']))
  test('back to stable', () => {
    const { machine } = begin()
    machine.setImage('shop:1')
    assert.deepEqual(told(machine), ['RolloutUpdated', 'SkipSteps', 'ScalingReplicaSet'])
  })
  test('a third revision in mid-flight: the update was not completed before either', () => {
    const { machine } = begin()
    machine.setImage('shop:3')
    const reasons = told(machine).filter((reason) => reason !== 'ScalingReplicaSet')
    assert.deepEqual(reasons, ['RolloutUpdated', 'NewReplicaSetCreated', 'RolloutStepCompleted', 'RolloutPaused'])
  })
  test('a failed analysis aborts, and is told once', () => {
    const { machine } = begin([{ setWeight: 50 }, { analysis }])
    machine.endRun(machine.runNames()[0] ?? '', 'Failed')
    assert.deepEqual(told(machine), ['AnalysisRunFailed', 'ScalingReplicaSet', 'RolloutAborted'])
  })
  test('an inconclusive analysis pauses', () => {
    const { machine } = begin([{ setWeight: 50 }, { analysis }])
    machine.endRun(machine.runNames()[0] ?? '', 'Inconclusive')
    assert.deepEqual(told(machine), ['AnalysisRunInconclusive', 'RolloutPaused'])
  })
  test('a passed deadline aborts with one event (AR#4764)', () => {
    const hasty = rollout({
      replicas: 1,
      routed: false,
      steps: plan,
      spec: { progressDeadlineSeconds: 20, progressDeadlineAbort: true },
    })
    const machine = createMachine({ rollout: hasty })
    told(machine)
    machine.setImage('shop:2')
    machine.pass()
    machine.breakPods(machine.status().currentPodHash ?? '')
    const reasons = told(machine)
    assert.equal(reasons.filter((reason) => reason === 'RolloutAborted').length, 1)
    assert.equal(machine.status().phase, 'Degraded')
  })
  test('spec.paused is no event: nobody wrote a pause', () => {
    const { machine } = begin()
    machine.patchSpec({ paused: true })
    assert.deepEqual(told(machine), [])
  })
  test('an invalid spec is told once', () => {
    const { machine } = begin()
    machine.patchSpec({ minReadySeconds: -1 })
    assert.deepEqual(told(machine), ['InvalidSpec'])
  })
  test('with a router, weights and Services are told as they are written', () => {
    const { update } = begin(plan, { rollout: rollout({ replicas: 2, steps: plan }) })
    assert.deepEqual(update, [
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'SwitchService',
      'TrafficWeightUpdated',
      'RolloutStepCompleted',
      'RolloutPaused',
    ])
  })
  test('steps only, at rest: skipped, and nothing else', () => {
    const machine = createMachine(unrouted(plan))
    told(machine)
    const { canary } = machine.world().rollout.spec.strategy ?? {}
    machine.patchSpec({ strategy: { canary: { ...canary, steps: [{ setWeight: 20 }] } } })
    const healthy = () => machine.status().conditions?.find(({ type }) => type === 'Healthy')?.status
    machine.pass()
    assert.equal(healthy(), 'True')
    assert.equal(machine.status().phase, 'Healthy')
    assert.deepEqual(told(machine), [])
  })
})

describe('phases come in sequence', () => {
  const phases = (machine: Machine): readonly string[] => {
    const seen: string[] = []
    for (let ticks = 0; ticks < 60; ticks++) {
      machine.tick()
      const phase = machine.status().phase ?? ''
      if (seen.at(-1) !== phase) seen.push(phase)
    }
    return seen
  }
  const rows: readonly (readonly [string, readonly CanaryStep[], readonly string[]])[] = [
    ['a pause at the first step', [{ pause: {} }], ['Progressing', 'Paused']],
    ['no steps', [], ['Progressing', 'Healthy']],
    ['a weight and a pause', plan, ['Progressing', 'Paused']],
  ]
  for (const [name, steps, expected] of rows)
    test(name, () => {
      const machine = createMachine(unrouted(steps))
      told(machine)
      machine.setImage('shop:2')
      assert.deepEqual(phases(machine), expected)
    })

  test('back to stable, all of whose pods are there: Progressing comes first', () => {
    const machine = createMachine({ rollout: rollout({ replicas: 2, steps: plan }) })
    told(machine)
    machine.setImage('shop:2')
    told(machine)
    machine.setImage('shop:1')
    assert.deepEqual(phases(machine), ['Progressing', 'Healthy'])
  })
})
