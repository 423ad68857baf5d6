/** Which finished AnalysisRuns of a Rollout are deleted: Argo's history limits, and those of ReplicaSets that are gone. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnalysisPhase, AnalysisRun } from '../../../controller/api/analysis.ts'
import type { RolloutSpec } from '../../../controller/api/rollout.ts'
import { decide } from '../../../controller/domain/decide.ts'
import type { World } from '../../../controller/domain/world.ts'
import { rollout } from '../../builders/rollout.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { createMachine } from '../../golden/world-machine.ts'

/** A Rollout within an analysis step; its run is what status names. */
function analysing(limits: RolloutSpec['analysis']): { readonly world: World; readonly current: AnalysisRun } {
  const machine = createMachine({
    rollout: rollout({
      steps: [{ analysis: { templates: [{ templateName: 'gate' }] } }],
      ...(limits ? { spec: { analysis: limits } } : {}),
    }),
    templates: [gate],
  })
  machine.run(60_000)
  machine.setImage('shop:2')
  machine.settle()
  const world = machine.world()
  const [current] = world.analysisRuns
  assert.ok(current)
  return { world, current }
}

/** A finished run; `age` in minutes. */
const finished = (
  like: AnalysisRun,
  name: string,
  phase: AnalysisPhase,
  age: number,
  podHash?: string,
): AnalysisRun => ({
  ...like,
  metadata: {
    ...like.metadata,
    name,
    creationTimestamp: new Date(Date.UTC(2026, 0, 1) - age * 60_000).toISOString(),
    labels: { ...like.metadata.labels, ...(podHash ? { 'rollouts-pod-template-hash': podHash } : {}) },
  },
  status: { phase },
})

function deleted(world: World, others: readonly AnalysisRun[]): readonly string[] {
  const plan = decide({ ...world, analysisRuns: [...world.analysisRuns, ...others] })
  return plan.actions.flatMap((action) => (action.do === 'deleteAnalysisRun' ? [action.run.metadata.name] : [])).sort()
}

const ages = [1, 2, 3, 4, 5, 6, 7]

describe('history of AnalysisRuns', () => {
  test('five of either kind stay, the newest', () => {
    const { world, current } = analysing(undefined)
    const others = ages.flatMap((age) => [
      finished(current, `good-${age}`, 'Successful', age),
      finished(current, `bad-${age}`, age % 3 === 0 ? 'Failed' : age % 3 === 1 ? 'Error' : 'Inconclusive', age),
    ])
    assert.deepEqual(deleted(world, others), ['bad-6', 'bad-7', 'good-6', 'good-7'])
  })

  test('limits of the Rollout count, 0 among them', () => {
    const { world, current } = analysing({ successfulRunHistoryLimit: 1, unsuccessfulRunHistoryLimit: 0 })
    const others = [1, 2].flatMap((age) => [
      finished(current, `good-${age}`, 'Successful', age),
      finished(current, `bad-${age}`, 'Failed', age),
    ])
    assert.deepEqual(deleted(world, others), ['bad-1', 'bad-2', 'good-2'])
  })

  test('the run that status names takes no place of another, and stays', () => {
    const { world, current } = analysing({ successfulRunHistoryLimit: 1 })
    const named = { ...current, status: { phase: 'Successful' as const } }
    const others = [1, 2].map((age) => finished(current, `good-${age}`, 'Successful', age))
    assert.deepEqual(deleted({ ...world, analysisRuns: [named] }, others), ['good-2'])
  })

  test('runs of ReplicaSets that are gone or going are deleted whatever the limits', () => {
    const { world, current } = analysing(undefined)
    const stable = world.replicaSets.find(
      (rs) => rs.metadata.labels?.['rollouts-pod-template-hash'] === world.rollout.status?.stableRS,
    )
    assert.ok(stable)
    const orphan = finished(current, 'orphan', 'Successful', 1, 'long-gone')
    const old = finished(current, 'old', 'Failed', 1, world.rollout.status?.stableRS)
    assert.deepEqual(deleted(world, [orphan, old]), ['orphan'])
    const going = {
      ...stable,
      metadata: {
        ...stable.metadata,
        name: 'going',
        labels: { ...stable.metadata.labels, 'rollouts-pod-template-hash': 'going' },
        deletionTimestamp: '2026-01-01T00:00:00Z',
      },
    }
    const left = finished(current, 'left', 'Failed', 1, 'going')
    assert.deepEqual(deleted({ ...world, replicaSets: [...world.replicaSets, going] }, [left]), ['left'])
  })

  test('a run that goes on is ended before it is deleted', () => {
    const { world, current } = analysing(undefined)
    const { status: _none, ...running } = finished(current, 'running', 'Running', 1, 'long-gone')
    assert.deepEqual(deleted(world, [running]), [])
    const plan = decide({ ...world, analysisRuns: [...world.analysisRuns, running] })
    assert.deepEqual(
      plan.actions.flatMap((action) => (action.do === 'terminateAnalysisRun' ? [action.run.metadata.name] : [])),
      ['running'],
    )
  })
})
