/** Notices of one update as the controller writes them, and a Rollout that holds them. */
import { type Notice, OUTBOX } from '../../../controller/api/notice.ts'
import type { Rollout } from '../../../controller/api/rollout.ts'

const base = { at: '2026-01-01T00:00:00Z', revision: 2, podHash: 'canary1' }

export const notices = {
  UpdateStarted: {
    ...base,
    id: '2/UpdateStarted',
    kind: 'UpdateStarted',
    stepIndex: 0,
    stepCount: 4,
    weightPercent: 0,
    reason: 'NewRevision',
    message: 'image registry.example/checkout:2.0.0',
  },
  StagePassed: {
    ...base,
    id: '2/StagePassed/1',
    kind: 'StagePassed',
    stepIndex: 1,
    stepCount: 4,
    weightPercent: 25,
    reason: 'AnalysisSuccessful',
    message: 'error rate 0.1 % against 0.1 %, P99 81 ms against 79 ms',
  },
  Paused: {
    ...base,
    id: '2/Paused/2',
    kind: 'Paused',
    stepIndex: 2,
    stepCount: 4,
    weightPercent: 25,
    reason: 'CanaryPauseStep',
    message: 'waits for a promotion',
  },
  Aborted: {
    ...base,
    id: '2/Aborted',
    kind: 'Aborted',
    stepIndex: 1,
    stepCount: 4,
    weightPercent: 25,
    reason: 'AlertFiring',
    message: 'Alert HighErrorRate is firing: 7.2 % of <requests> fail & rising',
  },
  Promoted: { ...base, id: '2/Promoted', kind: 'Promoted', reason: 'Completed', message: '' },
} satisfies Record<string, Notice>

export const rolloutWith = (outbox: readonly Notice[], name = 'checkout'): Rollout => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { namespace: 'shop', name, uid: `uid-${name}`, annotations: { [OUTBOX]: JSON.stringify(outbox) } },
  spec: {},
})
