/** The rollback window: how far back is trusted, who has proven itself, and when the mark is written. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EXPERIMENT_NAME } from '../../../controller/api/labels.ts'
import type { ReplicaSet } from '../../../controller/api/rollout.ts'
import { decide } from '../../../controller/domain/decide.ts'
import { decideLifecycle } from '../../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../../controller/domain/revisions.ts'
import { isWithinRollbackWindow, markPromoted, PROMOTED_REVISION } from '../../../controller/domain/rollback-window.ts'
import { viewRollout } from '../../../controller/domain/view.ts'
import type { Compat, World } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'
import { NEW_HASH, OLD_HASH, world } from '../../builders/world.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { createMachine, type Machine, type MachineOptions } from '../../golden/world-machine.ts'

const at = (minute: number): string => `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`

interface Case {
  readonly window?: number
  /** Minutes of creation: of the revision asked for, and of stable; undefined: the API server has not said. */
  readonly created?: number | undefined
  readonly stable?: number | undefined
  readonly between?: readonly number[]
  readonly experiments?: readonly number[]
  readonly promoted?: boolean
  readonly compat?: Compat
  readonly lost?: 'new' | 'stable'
}

function situation(one: Case): World {
  const seen = world({ fresh: [0, 0] })
  const [fresh, stable] = seen.replicaSets
  if (!fresh || !stable) throw new Error('both are built')
  const stamp = (rs: ReplicaSet, minute: number | undefined, annotations = {}): ReplicaSet => ({
    ...rs,
    metadata: {
      ...rs.metadata,
      annotations: { ...rs.metadata.annotations, ...annotations },
      ...(minute === undefined ? {} : { creationTimestamp: at(minute) }),
    },
  })
  const other = (minute: number, annotations = {}): ReplicaSet => {
    const named = { ...stable.metadata, name: `shop-x${minute}`, labels: { app: 'shop' } }
    return stamp({ ...stable, metadata: named }, minute, annotations)
  }
  const minutes = { created: 'created' in one ? one.created : 1, stable: 'stable' in one ? one.stable : 9 }
  const mark = one.promoted === false ? {} : { [PROMOTED_REVISION]: '1' }
  const all = [
    ...(one.lost === 'new' ? [] : [stamp(fresh, minutes.created, mark)]),
    ...(one.lost === 'stable' ? [] : [stamp(stable, minutes.stable)]),
    ...(one.between ?? []).map((minute) => other(minute)),
    ...(one.experiments ?? []).map((minute) => other(minute, { [EXPERIMENT_NAME]: 'e' })),
  ]
  const rollbackWindow = one.window === undefined ? {} : { rollbackWindow: { revisions: one.window } }
  const spec = { ...seen.rollout.spec, ...rollbackWindow }
  return { ...seen, rollout: { ...seen.rollout, spec }, replicaSets: all, compat: one.compat ?? 'strict' }
}

function within(one: Case): boolean {
  const seen = situation(one)
  const revisions = identifyRevisions(seen)
  return isWithinRollbackWindow(viewRollout(seen, revisions, decideLifecycle(seen, revisions)))
}

const rows: readonly (readonly [string, Case, boolean])[] = [
  ['no window', {}, false],
  ['a window of none', { window: 0 }, false],
  ['a negative window', { window: -1 }, false],
  ['the revision right before, window 1', { window: 1 }, true],
  ['one in between, window 1', { window: 1, between: [5] }, false],
  ['one in between, window 2', { window: 2, between: [5] }, true],
  ['two in between, window 2', { window: 2, between: [5, 6] }, false],
  ['two in between, window 3', { window: 3, between: [5, 6] }, true],
  ['what is older than the target does not count', { window: 1, between: [0] }, true],
  ['what is newer than stable does not count', { window: 1, between: [10] }, true],
  ['what is as old as the target does not count', { window: 1, between: [1] }, true],
  ['what is as old as stable does not count', { window: 1, between: [9] }, true],
  ['ReplicaSets of experiments do not count', { window: 1, experiments: [5, 6] }, true],
  ['newer than stable: an update, no way back', { window: 9, created: 12 }, false],
  ['as old as stable', { window: 9, created: 9 }, false],
  ['the target has no timestamp', { window: 9, created: undefined }, false],
  ['the target is not there', { window: 9, lost: 'new' }, false],
  ['stable is not there', { window: 9, lost: 'stable' }, false],
  ['never promoted, strict', { window: 1, promoted: false }, false],
  ['never promoted, compat', { window: 1, promoted: false, compat: 'argo' }, true],
  ['never promoted and out of the window, compat', { window: 1, promoted: false, compat: 'argo', between: [5] }, false],
  ['promoted, compat', { window: 1, compat: 'argo' }, true],
]

describe('within the rollback window', () => {
  for (const [name, one, expected] of rows) test(name, () => assert.equal(within(one), expected))
})

describe('the mark of a promoted revision', () => {
  const marked = (one: Case, stable: readonly [number, number] = [4, 4]): unknown => {
    const seen = situation(one)
    const sets = seen.replicaSets.map((rs) =>
      rs.metadata.labels?.['rollouts-pod-template-hash'] === OLD_HASH
        ? {
            ...rs,
            spec: { ...rs.spec, replicas: stable[0] },
            status: { replicas: stable[0], availableReplicas: stable[1] },
          }
        : rs,
    )
    const now = { ...seen, replicaSets: sets }
    return markPromoted(now, identifyRevisions(now)).actions?.map(
      (action) => 'annotations' in action && action.annotations,
    )
  }

  test('is written on the stable ReplicaSet, with its revision', () =>
    assert.deepEqual(marked({ window: 1 }), [{ [PROMOTED_REVISION]: '1' }]))
  test('is not written without a window', () => assert.equal(marked({}), undefined))
  test('is not written while pods of stable are missing', () => assert.equal(marked({ window: 1 }, [4, 3]), undefined))
  test('is not written for a stable revision without pods', () =>
    assert.equal(marked({ window: 1 }, [0, 0]), undefined))
  test('is not written when there is no stable ReplicaSet', () =>
    assert.equal(marked({ window: 1, lost: 'stable' }), undefined))

  test('is written once', () => {
    const machine = createMachine(windowed())
    machine.run(120_000)
    const { replicaSets } = machine.world()
    assert.deepEqual(
      replicaSets.map((rs) => rs.metadata.annotations?.[PROMOTED_REVISION]),
      ['1'],
    )
    assert.deepEqual(decide(machine.world()).actions, [])
  })
})

const windowed = (more: Partial<MachineOptions> = {}): MachineOptions => ({
  rollout: rollout({
    steps: [{ setWeight: 20 }, { pause: {} }],
    spec: { rollbackWindow: { revisions: 2 } },
    canary: { analysis: { templates: [{ templateName: 'gate' }] } },
  }),
  templates: [gate],
  ...more,
})

/** Version 2 is promoted over version 1, or aborted; then a third is promoted, and Git goes back to the second. */
function backToSecond(options: MachineOptions, second: 'promoted' | 'aborted'): Machine {
  const machine = createMachine(options)
  const release = (image: string): void => {
    machine.setImage(image)
    machine.run(60_000)
  }
  machine.run(60_000)
  release('shop:2')
  machine.patchStatus(second === 'promoted' ? { promoteFull: true } : { abort: true })
  machine.run(90_000)
  release('shop:3')
  machine.patchStatus({ promoteFull: true })
  machine.run(90_000)
  machine.setImage('shop:2')
  return machine
}

describe('a canary that goes back', () => {
  const reasonsUntilRest = (machine: Machine): string[] => {
    const told: string[] = []
    for (let ticks = 0; ticks < 60; ticks++) {
      told.push(...decide(machine.world()).events.map(({ reason }) => reason))
      machine.tick()
    }
    return told.filter((reason) => reason !== 'ScalingReplicaSet' && reason !== 'SwitchService')
  }

  test('to a promoted revision: no step, no pause, no analysis', () => {
    const machine = backToSecond(windowed(), 'promoted')
    const runs = machine.runNames().length
    const told = reasonsUntilRest(machine).filter((reason) => reason !== 'TrafficWeightUpdated')
    assert.deepEqual(told, ['RolloutUpdated', 'SkipSteps', 'RolloutNotCompleted', 'RolloutCompleted'])
    assert.equal(machine.status().phase, 'Healthy')
    assert.ok(machine.runNames().length <= runs, 'no new AnalysisRun')
  })

  test('to one that was aborted: its steps once more, strict', () => {
    const machine = backToSecond(windowed(), 'aborted')
    machine.run(120_000)
    assert.equal(machine.status().phase, 'Paused')
    assert.equal(machine.status().currentStepIndex, 1)
  })

  test('to one that was aborted: straight, compat', () => {
    const machine = backToSecond(windowed({ compat: 'argo' }), 'aborted')
    machine.run(120_000)
    assert.equal(machine.status().phase, 'Healthy')
    assert.notEqual(machine.status().stableRS, NEW_HASH)
  })

  test('and is aborted on the way: stays aborted, and a retry takes the steps', () => {
    const machine = backToSecond(windowed(), 'promoted')
    machine.pass()
    machine.pass()
    machine.patchStatus({ abort: true })
    machine.run(60_000)
    assert.equal(machine.status().phase, 'Degraded')
    machine.patchStatus({ abort: false })
    machine.run(60_000)
    assert.equal(machine.status().currentStepIndex, 1)
  })
})
