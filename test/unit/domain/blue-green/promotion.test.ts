/** When the new revision becomes the stable one, which analyses are asked on the way, and what status says meanwhile. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RolloutStatus } from '../../../../controller/api/rollout.ts'
import { askBlueGreen } from '../../../../controller/domain/blue-green/analyses.ts'
import { decide } from '../../../../controller/domain/decide.ts'
import { analysis, NEW, OLD, type Situation, view, world } from '../../../builders/blue-green.ts'

const judged = { prePromotionAnalysis: analysis, postPromotionAnalysis: analysis }
const paused = (reason: string): RolloutStatus => ({
  pauseConditions: [{ reason, startTime: '2026-01-01T00:00:00Z' }],
  controllerPause: true,
})
const cutOver: Situation = { active: 'new' }

const asked: readonly (readonly [string, Situation, string])[] = [
  ['nothing wanted', { strategy: {} }, '-'],
  ['every pod there', { strategy: judged }, 'new pre'],
  ['a pod missing', { strategy: judged, fresh: [4, 3] }, '-'],
  ['the preview names another revision', { strategy: judged, preview: 'old' }, '-'],
  ['a pod missing once it runs', { strategy: judged, fresh: [4, 3], before: 'Running' }, 'pre'],
  ['the preview count is there', { strategy: { ...judged, previewReplicaCount: 1 }, fresh: [1, 1] }, 'new pre'],
  ['the gate is passed', { strategy: judged, status: { blueGreen: { scaleUpPreviewCheckPoint: true } } }, '-'],
  ['cut over', { ...cutOver, strategy: judged }, 'new post'],
  ['cut over, endpoints of both', { ...cutOver, strategy: judged, reached: ['old', 'new'] }, '-'],
  [
    'cut over, endpoints lag once it runs',
    { ...cutOver, strategy: judged, reached: ['old'], after: 'Running' },
    'post',
  ],
  ['full promotion', { strategy: judged, status: { promoteFull: true } }, '-'],
  ['full promotion, cut over', { ...cutOver, strategy: judged, status: { promoteFull: true } }, '-'],
  ['back within the delay', { strategy: judged, isOlder: 'promoted', deadlines: { new: 5 } }, '-'],
  ['aborted', { strategy: judged, status: { abort: true } }, '-'],
  ['steady', { ...cutOver, strategy: judged, status: { stableRS: NEW } }, '-'],
]

const PROMOTED = 'Completed blue-green update'
const promotions: readonly (readonly [string, Situation, string])[] = [
  [
    'first deployment, before its pods',
    { stable: 'deleted', fresh: [0, 0], active: '', status: { stableRS: '' } },
    'Initial deploy',
  ],
  ['stable was deleted', { stable: 'deleted', fresh: [4, 4], active: 'old' }, 'Initial deploy'],
  ['not cut over', {}, '-'],
  ['cut over', cutOver, PROMOTED],
  ['cut over, a pod got lost', { ...cutOver, fresh: [4, 3] }, PROMOTED],
  ['cut over, endpoints of both', { ...cutOver, reached: ['old', 'new'] }, '-'],
  ['cut over, endpoints of the former only', { ...cutOver, reached: ['old'] }, '-'],
  ['cut over, no endpoint', { ...cutOver, reached: [] }, '-'],
  ['cut over, no pods wanted', { ...cutOver, replicas: 0, fresh: [0, 0], stable: [0, 0], reached: [] }, PROMOTED],
  ['cut over, spec.paused', { ...cutOver, spec: { paused: true } }, '-'],
  ['cut over, halted', { ...cutOver, status: paused('InconclusiveAnalysisRun') }, '-'],
  ['cut over, the own pause is left over', { ...cutOver, status: paused('BlueGreenPause') }, PROMOTED],
  ['cut over, evidence wanted', { ...cutOver, strategy: judged }, '-'],
  ['cut over, it runs', { ...cutOver, strategy: judged, after: 'Running' }, '-'],
  ['cut over, no verdict', { ...cutOver, strategy: judged, after: 'Inconclusive' }, '-'],
  ['cut over, failed', { ...cutOver, strategy: judged, after: 'Failed' }, 'aborted'],
  ['cut over, error', { ...cutOver, strategy: judged, after: 'Error' }, 'aborted'],
  ['cut over, passed', { ...cutOver, strategy: judged, after: 'Successful' }, PROMOTED],
  ['before the cutover, failed', { strategy: judged, before: 'Failed' }, 'aborted'],
  [
    'full promotion needs no evidence',
    { ...cutOver, strategy: judged, status: { promoteFull: true } },
    'Full promotion requested',
  ],
  ['full promotion and abort', { ...cutOver, status: { promoteFull: true, abort: true } }, 'aborted'],
  [
    'back within the delay',
    { ...cutOver, strategy: judged, isOlder: 'promoted', deadlines: { new: 5 } },
    'Fast rollback',
  ],
  [
    'back within the window',
    { ...cutOver, strategy: judged, isOlder: 'promoted', spec: { rollbackWindow: { revisions: 1 } } },
    'Rollback within window',
  ],
  ['active names nothing', { active: '' }, '-'],
  ['active names nothing, compat argo', { active: '', compat: 'argo' }, 'Initial deploy'],
  ['aborted', { ...cutOver, status: { abort: true } }, 'aborted'],
]

function outcomeOf(situation: Situation): string {
  const plan = decide(world(situation))
  if (plan.status.abort) return 'aborted'
  const completed = plan.events.find(({ reason }) => reason === 'RolloutCompleted')
  assert.equal(completed !== undefined, plan.status.stableRS === NEW, 'the event and the status tell the same')
  return completed ? completed.message.replace(/^.*\): /, '') : '-'
}

describe('blue-green: evidence and promotion', () => {
  for (const [name, situation, expected] of asked)
    test(`asked: ${name}`, () => {
      const { before, after } = askBlueGreen(view(situation))
      const told = [before?.due && 'new pre', before?.run && 'pre', after?.due && 'new post', after?.run && 'post']
      assert.equal(told.filter(Boolean).join(' ') || '-', expected)
    })

  for (const [name, situation, expected] of promotions)
    test(`promoted: ${name}`, () => assert.equal(outcomeOf(situation), expected))
})

describe('blue-green: status', () => {
  test('pods are those of the active revision; the selector names it', () => {
    const { status } = decide(world({ fresh: [1, 1], strategy: { previewReplicaCount: 1 }, stable: [4, 3] }))
    const { replicas, updatedReplicas, readyReplicas, availableReplicas, HPAReplicas, selector } = status
    assert.deepEqual(
      { replicas, updatedReplicas, readyReplicas, availableReplicas, HPAReplicas, selector },
      {
        replicas: 5,
        updatedReplicas: 1,
        readyReplicas: 3,
        availableReplicas: 3,
        HPAReplicas: 4,
        selector: `app=shop,rollouts-pod-template-hash=${OLD}`,
      },
    )
  })

  test('while the active Service names no revision all pods count, with the selector of the Rollout', () => {
    const { status } = decide(world({ active: '', fresh: [2, 2] }))
    assert.deepEqual([status.HPAReplicas, status.availableReplicas, status.selector], [6, 6, 'app=shop'])
  })

  test('what both Services name; no step', () => {
    const { status } = decide(world({ status: { currentStepIndex: 3, canary: { weights: null } } }))
    assert.equal(status.currentStepIndex, undefined)
    assert.equal(status.currentStepHash ?? '', '')
    assert.deepEqual(status.canary, {})
    assert.deepEqual([status.blueGreen?.activeSelector, status.blueGreen?.previewSelector], [OLD, NEW])
    const unnamed = decide(world({ active: '', preview: '' })).status.blueGreen
    assert.deepEqual([unnamed?.activeSelector, unnamed?.previewSelector], [undefined, undefined])
  })

  test('Available is about the active revision', () => {
    const available = (situation: Situation) =>
      decide(world(situation)).status.conditions?.find(({ type }) => type === 'Available')?.status
    assert.equal(available({ fresh: [4, 0] }), 'True')
    assert.equal(available({ stable: [4, 3] }), 'False')
    assert.equal(available({ active: 'between', between: [4, 4] }), 'True')
  })

  test('both runs stay on record until the next update, also after an abort', () => {
    const blueGreen = { prePromotionAnalysisRunStatus: { name: `shop-${NEW}-3-pre`, status: 'Running' } }
    const failed = decide(world({ strategy: judged, before: 'Failed', status: { blueGreen } })).status.blueGreen
    assert.deepEqual(failed?.prePromotionAnalysisRunStatus, { name: `shop-${NEW}-3-pre`, status: 'Failed' })
    const superseded = decide(world({ strategy: judged, before: 'Failed', status: { blueGreen, currentPodHash: OLD } }))
    assert.equal(superseded.status.blueGreen?.prePromotionAnalysisRunStatus, undefined)
  })

  test('an abort takes back the gate, the pause and a full promotion', () => {
    const passed = { blueGreen: { scaleUpPreviewCheckPoint: true }, promoteFull: true, abort: true }
    const { status } = decide(world({ active: 'new', status: { ...passed, ...paused('BlueGreenPause') } }))
    const { blueGreen, promoteFull, pauseConditions, controllerPause } = status
    const left = [blueGreen?.scaleUpPreviewCheckPoint, promoteFull, pauseConditions, controllerPause]
    assert.deepEqual(left.map(Boolean), [false, false, false, false])
  })

  test('phases in the words of Argo', () => {
    const phase = (situation: Situation) => decide(world(situation)).status.message
    assert.equal(phase({ fresh: [4, 3] }), 'active service cutover pending')
    assert.equal(phase({ ...cutOver, strategy: judged }), 'waiting for analysis to complete')
    assert.equal(phase({ ...cutOver, reached: [] }), 'waiting for post-promotion verification to complete')
    assert.equal(phase({ strategy: { autoPromotionEnabled: false } }), 'BlueGreenPause')
    assert.equal(phase({ active: 'between', between: [4, 4] }), 'active service cutover pending')
  })
})
