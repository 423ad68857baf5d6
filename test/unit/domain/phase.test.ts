/** The display phase: first match wins, in Argo's order and words. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RolloutStatus } from '../../../controller/api/rollout.ts'
import { displayPhase } from '../../../controller/domain/phase.ts'

const condition = (type: string, reason: string) => ({ type, status: 'False' as const, reason, message: 'why' })
const full = { updatedReplicas: 5, availableReplicas: 5, replicas: 5, stableRS: 'a', currentPodHash: 'a' }
const pauseConditions = [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }]

const rows: readonly (readonly [RolloutStatus, { specPaused?: boolean; routed?: boolean }, string, string])[] = [
  [
    { ...full, conditions: [condition('Progressing', 'RolloutAborted'), condition('InvalidSpec', 'InvalidSpec')] },
    {},
    'Degraded',
    'InvalidSpec: why',
  ],
  [
    { ...full, pauseConditions, conditions: [condition('Progressing', 'RolloutAborted')] },
    {},
    'Degraded',
    'RolloutAborted: why',
  ],
  [
    { ...full, conditions: [condition('Progressing', 'ProgressDeadlineExceeded')] },
    { specPaused: true },
    'Degraded',
    'ProgressDeadlineExceeded: why',
  ],
  [{ ...full, pauseConditions }, { specPaused: true }, 'Paused', 'manually paused'],
  [{ ...full, pauseConditions }, {}, 'Paused', 'CanaryPauseStep'],
  [{ ...full, updatedReplicas: 4 }, {}, 'Progressing', 'more replicas need to be updated'],
  [{ ...full, availableReplicas: 4 }, {}, 'Progressing', 'updated replicas are still becoming available'],
  [{ ...full, replicas: 6 }, { routed: false }, 'Progressing', 'old replicas are pending termination'],
  [{ ...full, replicas: 10 }, { routed: true }, 'Healthy', ''],
  [{ ...full, stableRS: 'b' }, {}, 'Progressing', 'waiting for all steps to complete'],
  [full, {}, 'Healthy', ''],
]

describe('display phase', () => {
  for (const [status, { specPaused = false, routed = true }, phase, message] of rows)
    test(`${phase}: ${message}`, () =>
      assert.deepEqual(
        displayPhase(status, {
          replicas: 5,
          paused: specPaused,
          strategy: { canary: routed ? { trafficRouting: {} } : {} },
        }),
        { phase, message },
      ))
})

const bad = (type: string, reason: string) => ({ type, status: 'False' as const, reason, message: 'why' })
const shifting = { ...full, stableRS: 'b' }

/** One fact more a row, so that the order of the facts is seen. */
const canaries: readonly (readonly [string, RolloutStatus, RolloutSpec, string])[] = [
  ['no status at all', {}, {}, 'Progressing: more replicas need to be updated'],
  ['no status, no pods wanted', {}, { replicas: 0 }, 'Healthy'],
  [
    'replicas absent means one',
    { ...full, updatedReplicas: 1, availableReplicas: 1, replicas: 1 },
    { replicas: null },
    'Healthy',
  ],
  ['old pods are left, no router', { ...full, replicas: 6 }, {}, 'Progressing: old replicas are pending termination'],
  ['old pods are left, routed', { ...full, replicas: 9 }, { routed: true }, 'Healthy'],
  ['more updated than wanted', { ...full, updatedReplicas: 6, availableReplicas: 6, replicas: 6 }, {}, 'Healthy'],
  ['available of all count', { ...full, availableReplicas: 9, replicas: 10 }, { routed: true }, 'Healthy'],
  ['not stable yet, pods are there', shifting, {}, 'Progressing: waiting for all steps to complete'],
  [
    'not stable yet, pods are missing',
    { ...shifting, updatedReplicas: 1 },
    {},
    'Progressing: more replicas need to be updated',
  ],
  [
    'not stable yet, pods start',
    { ...shifting, availableReplicas: 2 },
    {},
    'Progressing: updated replicas are still becoming available',
  ],
  ['restart asked for', full, { restartAt: '2026-01-01T00:00:00Z' }, 'Progressing: rollout is restarting'],
  ['restart done', { ...full, restartedAt: '2026-01-01T00:00:00Z' }, { restartAt: '2026-01-01T00:00:00Z' }, 'Healthy'],
  [
    'another restart asked for',
    { ...full, restartedAt: '2026-01-01T00:00:00Z' },
    { restartAt: '2026-01-02T00:00:00Z' },
    'Progressing: rollout is restarting',
  ],
  [
    'restart, pods are missing',
    { ...full, updatedReplicas: 4 },
    { restartAt: '2026-01-01T00:00:00Z' },
    'Progressing: rollout is restarting',
  ],
  [
    'restart while paused',
    { ...full, pauseConditions },
    { restartAt: '2026-01-01T00:00:00Z' },
    'Paused: CanaryPauseStep',
  ],
  [
    'paused by hand while pods are missing',
    { ...full, updatedReplicas: 4 },
    { paused: true },
    'Paused: manually paused',
  ],
  [
    'a pause of an unknown kind',
    { ...full, pauseConditions: [{ reason: 'Sunny', startTime: '' }] },
    {},
    'Paused: Sunny',
  ],
  [
    'two pauses: the first is told',
    {
      ...full,
      pauseConditions: [
        { reason: 'A', startTime: '' },
        { reason: 'B', startTime: '' },
      ],
    },
    {},
    'Paused: A',
  ],
  ['pauses taken away', { ...full, pauseConditions: [] }, {}, 'Healthy'],
  ['pauses null', { ...full, pauseConditions: null }, {}, 'Healthy'],
  ['aborted', { ...full, conditions: [bad('Progressing', 'RolloutAborted')] }, {}, 'Degraded: RolloutAborted: why'],
  [
    'aborted wins over spec.paused',
    { ...full, conditions: [bad('Progressing', 'RolloutAborted')] },
    { paused: true },
    'Degraded: RolloutAborted: why',
  ],
  [
    'too late',
    { ...full, conditions: [bad('Progressing', 'ProgressDeadlineExceeded')] },
    {},
    'Degraded: ProgressDeadlineExceeded: why',
  ],
  [
    'invalid wins over aborted',
    { ...full, conditions: [bad('Progressing', 'RolloutAborted'), bad('InvalidSpec', 'InvalidSpec')] },
    {},
    'Degraded: InvalidSpec: why',
  ],
  [
    'a refused ReplicaSet is no phase of its own',
    { ...full, updatedReplicas: 0, conditions: [bad('Progressing', 'ReplicaSetCreateError')] },
    {},
    'Progressing: more replicas need to be updated',
  ],
  [
    'abort without its condition yet',
    { ...shifting, abort: true },
    {},
    'Progressing: waiting for all steps to complete',
  ],
]

const active = { activeSelector: 'a', previewSelector: 'a' }
const blueGreens: readonly (readonly [string, RolloutStatus, string])[] = [
  ['complete', { ...full, blueGreen: active }, 'Healthy'],
  ['not cut over', { ...full, blueGreen: { activeSelector: 'b' } }, 'Progressing: active service cutover pending'],
  ['never cut over', full, 'Progressing: active service cutover pending'],
  [
    'cut over, not stable',
    { ...shifting, blueGreen: active },
    'Progressing: waiting for post-promotion verification to complete',
  ],
  [
    'cut over, judged afterwards',
    { ...shifting, blueGreen: { ...active, postPromotionAnalysisRunStatus: { name: 'r' } } },
    'Progressing: waiting for post-promotion verification to complete',
  ],
  [
    'preview pods are missing',
    { ...full, updatedReplicas: 2, blueGreen: { activeSelector: 'b' } },
    'Progressing: more replicas need to be updated',
  ],
  ['old pods wait to go', { ...full, replicas: 10, blueGreen: active }, 'Healthy'],
  [
    'paused before the cutover',
    { ...full, blueGreen: { activeSelector: 'b' }, pauseConditions },
    'Paused: CanaryPauseStep',
  ],
]

const shown = ({ phase, message }: { readonly phase: string; readonly message: string }): string =>
  message === '' ? phase : `${phase}: ${message}`

interface RolloutSpec {
  readonly replicas?: number | null
  readonly routed?: boolean
  readonly paused?: boolean
  readonly restartAt?: string
}

describe('display phase of a canary', () => {
  for (const [name, status, { routed = false, ...spec }, expected] of canaries)
    test(name, () => {
      const strategy = { canary: routed ? { trafficRouting: {} } : {} }
      assert.equal(shown(displayPhase(status, { replicas: 5, ...spec, strategy })), expected)
    })
})

describe('display phase of a blue-green', () => {
  for (const [name, status, expected] of blueGreens)
    test(name, () => {
      const strategy = { blueGreen: { activeService: 'active' } }
      assert.equal(shown(displayPhase(status, { replicas: 5, strategy })), expected)
    })
})
