/** Objects that other versions wrote, that somebody edited, or that do not go away: nothing is thrown, and no pod and no request is moved for them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MANAGED_BY } from '../../../controller/api/labels.ts'
import type { Rollout, RolloutStatus } from '../../../controller/api/rollout.ts'
import { decide } from '../../../controller/domain/decide.ts'
import type { Plan } from '../../../controller/domain/plan.ts'
import { movesSomething } from '../../../controller/domain/rehearse.ts'
import { renderAction } from '../../../controller/domain/story.ts'
import type { World } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { createMachine, type Machine } from '../../golden/world-machine.ts'

const steps = [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }]

/** At rest with two revisions behind it. */
function atRest(): Machine {
  const machine = createMachine({ rollout: rollout({ steps }), templates: [gate] })
  machine.run(60_000)
  machine.setImage('shop:2')
  machine.run(20_000)
  machine.patchStatus({ promoteFull: true })
  machine.run(120_000)
  assert.equal(machine.status().phase, 'Healthy')
  return machine
}

function paused(): Machine {
  const machine = createMachine({ rollout: rollout({ steps }), templates: [gate] })
  machine.run(60_000)
  machine.setImage('shop:2')
  machine.run(30_000)
  assert.equal(machine.status().phase, 'Paused')
  return machine
}

const withStatus = (world: World, change: object): World => ({
  ...world,
  rollout: { ...world.rollout, status: { ...world.rollout.status, ...change } as RolloutStatus },
})
const moved = (plan: Plan): readonly string[] => plan.actions.filter(movesSomething).map(renderAction)

const strange: Readonly<Record<string, object>> = {
  'a phase of another version': { phase: 'Sunny', message: 7 },
  'a pause without a reason': { pauseConditions: [{}] },
  'pauses of a wrong shape': { pauseConditions: 'yes' },
  'a condition without a status': { conditions: [{ type: 'Progressing' }] },
  'a condition with an unknown status': {
    conditions: [{ type: 'Progressing', status: 'Maybe', reason: 'r', message: 'm' }],
  },
  'a condition with an unknown reason': {
    conditions: [{ type: 'Progressing', status: 'True', reason: 'Sunny', message: 'm', lastUpdateTime: 'now' }],
  },
  'no conditions': { conditions: null },
  'an observed generation of Argo 0.10: a hash': { observedGeneration: '6d4f5d9b7c' },
  'an observed generation as a number': { observedGeneration: 7 },
  'a status before phases': { phase: undefined, message: undefined },
  'counts as texts': { replicas: '5', availableReplicas: null },
  'analysis runs by name, as Argo 0.8 had them': {
    canary: { currentStepAnalysisRun: 'run', currentBackgroundAnalysisRun: 'run' },
  },
  'a canary status of a wrong shape': { canary: 'x' },
  'weights without a stable side': { canary: { weights: { canary: { weight: 5 } } } },
  'a blue-green status beside a canary': { blueGreen: { activeSelector: 'x', scaleUpPreviewCheckPoint: true } },
  'a collision count': { collisionCount: 3 },
  'fields of a newer Argo': { duration: { rolloutStartedAt: '2026-01-01T00:00:00Z' }, sunny: [1] },
  'an abort that is no flag': { abort: 'yes' },
  'a full promotion at the wrong moment': { promoteFull: 'all' },
  'a moment that is none': { abortedAt: 'yesterday', restartedAt: 'never' },
  'a controller pause alone': { controllerPause: 'x' },
}

describe('a status that somebody else wrote', () => {
  for (const [name, change] of Object.entries(strange)) {
    test(`${name}, at rest: nothing moves`, () => {
      const world = withStatus(atRest().world(), change)
      assert.deepEqual(moved(decide(world)), [])
    })
    test(`${name}, at rest: mended, and at rest again`, () => {
      const machine = atRest()
      machine.patchStatus(change as RolloutStatus)
      machine.run(60_000)
      assert.equal(machine.status().phase, 'Healthy')
      assert.deepEqual(decide(machine.world()).actions, [])
    })
    test(`${name}, in an update: no pod is made or taken`, () => {
      const plan = decide(withStatus(paused().world(), change))
      assert.deepEqual(
        moved(plan).filter((text) => /^(create|scale|delete)/.test(text) && !text.includes('1→2')),
        [],
      )
    })
  }

  for (const [index, expected] of [
    [-3, 1],
    [99, 3],
    [undefined, 1],
    [null, 1],
  ] as const)
    test(`step index ${index} is mended`, () => {
      const machine = paused()
      machine.patchStatus({ currentStepIndex: index } as RolloutStatus)
      machine.run(1_000)
      assert.equal(machine.status().currentStepIndex, expected)
    })
})

describe('what does not go away', () => {
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  const limited = (machine: Machine): World => {
    const world = machine.world()
    return { ...world, rollout: { ...world.rollout, spec: { ...world.rollout.spec, revisionHistoryLimit: 0 } } }
  }

  test('an old ReplicaSet is deleted once, however long its finalizer hangs', () => {
    const world = limited(atRest())
    assert.deepEqual(
      decide(world).actions.map(({ do: verb }) => verb),
      ['deleteReplicaSet'],
    )
    const going = world.replicaSets.map((rs) =>
      rs.spec.replicas === 0 ? { ...rs, metadata: { ...rs.metadata, deletionTimestamp } } : rs,
    )
    assert.deepEqual(decide({ ...world, replicaSets: going }).actions, [])
  })

  test('an AnalysisRun is deleted once', () => {
    const judged = rollout({
      steps: [{ analysis: { templates: [{ templateName: 'gate' }] } }],
      spec: { analysis: { successfulRunHistoryLimit: 0 } },
    })
    const machine = createMachine({ rollout: judged, templates: [gate] })
    machine.run(60_000)
    machine.setImage('shop:2')
    machine.settle()
    machine.endRun(machine.runNames()[0] ?? '', 'Successful')
    for (let passes = 0; passes < 20 && !deletes(machine.world()); passes++) machine.tick()
    const world = machine.world()
    assert.ok(deletes(world))
    const analysisRuns = world.analysisRuns.map((run) => ({ ...run, metadata: { ...run.metadata, deletionTimestamp } }))
    assert.ok(!deletes({ ...world, analysisRuns }))
  })

  const deletes = (world: World): boolean => decide(world).actions.some((action) => action.do === 'deleteAnalysisRun')

  test('a Rollout that is being deleted is left alone', () => {
    const world = paused().world()
    const metadata = { ...world.rollout.metadata, deletionTimestamp, finalizers: ['somebody/else'] }
    const plan = decide({ ...world, rollout: { ...world.rollout, metadata } })
    assert.deepEqual([plan.actions, plan.events, plan.wakeAtMs], [[], [], undefined])
  })
})

describe('a Service that two Rollouts claim', () => {
  const claimed = (world: World): World => {
    const services = Object.fromEntries(
      Object.entries(world.services).map(([name, reading]) => {
        const { service } = reading
        const metadata = { ...service.metadata, annotations: { [MANAGED_BY]: 'another' } }
        return [name, name === 'stable' ? { ...reading, service: { ...service, metadata } } : reading]
      }),
    )
    return { ...world, services }
  }

  test('is refused, with its name, and nothing is touched', () => {
    const plan = decide(claimed(paused().world()))
    assert.deepEqual(plan.actions, [])
    assert.match(plan.status.message ?? '', /Service "stable" is managed by another Rollout/)
  })
  test('does not keep an abort from acting (L2)', () => {
    const world = claimed(paused().world())
    const plan = decide(withStatus(world, { abort: true }))
    assert.ok(plan.actions.some((action) => action.do === 'route' && action.canary === 0))
  })
})

describe('a scaling in mid-flight (S22)', () => {
  const memory = ({ currentStepIndex, abort, stableRS, currentPodHash, pauseConditions, canary }: RolloutStatus) =>
    JSON.stringify([
      currentStepIndex,
      abort ?? false,
      stableRS,
      currentPodHash,
      pauseConditions,
      canary?.weights?.canary.weight,
    ])
  const scale = (machine: Machine, replicas: Rollout['spec']['replicas']): void => {
    machine.patchSpec({ replicas })
    machine.run(30_000)
  }
  for (const sizes of [[8], [2], [10, 3, 10, 5], [0, 5]])
    test(`to ${sizes.join(', ')}: step, weight, pause and revisions stay`, () => {
      const machine = paused()
      const before = memory(machine.status())
      for (const size of sizes) scale(machine, size)
      if (sizes.includes(0)) assert.equal(machine.status().currentStepIndex, 1)
      else assert.equal(memory(machine.status()), before)
    })
  test('of an aborted update: it stays aborted', () => {
    const machine = paused()
    machine.patchStatus({ abort: true })
    machine.run(60_000)
    const before = memory(machine.status())
    for (const size of [8, 3]) scale(machine, size)
    assert.equal(memory(machine.status()), before)
  })
})
