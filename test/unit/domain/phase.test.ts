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
