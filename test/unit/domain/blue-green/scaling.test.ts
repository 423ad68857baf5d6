/** How many pods every revision gets, row by row: stable keeps all of them, and what was replaced goes a delay after nobody reaches it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideScaling } from '../../../../controller/domain/blue-green/scaling.ts'
import type { Action } from '../../../../controller/domain/plan.ts'
import { analysis, BETWEEN, NEW, NOW, OLD, type Situation, view } from '../../../builders/blue-green.ts'

const short = (action: Action): string[] => {
  if (action.do === 'scale')
    return [`${action.replicaSet.metadata.name.slice(5)} ${action.replicaSet.spec.replicas}→${action.to}`]
  if (action.do !== 'annotateReplicaSet') return [action.do]
  const deadline = action.annotations['scale-down-deadline']
  if (deadline === undefined) return []
  const what = deadline === null ? 'lifted' : `+${(Date.parse(deadline) - NOW) / 1000}s`
  return [`${action.replicaSet.metadata.name.slice(5)} ${what}`]
}

const few = { previewReplicaCount: 1 }
const passed = { blueGreen: { scaleUpPreviewCheckPoint: true } }
const aborted = { abort: true }
const promoted = { stableRS: NEW }
/** Users are on the new revision, which is stable; `old` is what was replaced. */
const after: Situation = { active: 'new', status: promoted }
const inconclusive = { pauseConditions: [{ reason: 'InconclusiveAnalysisRun', startTime: '2026-01-01T00:00:00Z' }] }
const judged = { postPromotionAnalysis: analysis }

const rows: readonly (readonly [string, Situation, readonly string[]])[] = [
  // updating: the new revision
  ['all pods at once', { fresh: [0, 0] }, [`${NEW} 0→4`]],
  ['as many as wanted', {}, []],
  ['preview count', { fresh: [0, 0], strategy: few }, [`${NEW} 0→1`]],
  ['preview count, after a retry', { strategy: few }, [`${NEW} 4→1`]],
  ['preview count, the gate is passed', { fresh: [1, 1], strategy: few, status: passed }, [`${NEW} 1→4`]],
  ['preview count, full promotion', { fresh: [1, 1], strategy: few, status: { promoteFull: true } }, [`${NEW} 1→4`]],
  ['preview count, cut over', { fresh: [1, 1], strategy: few, active: 'new' }, [`${NEW} 1→4`]],
  ['preview count, passed and spec.paused', { strategy: few, status: passed, spec: { paused: true } }, []],
  ['spec.paused does not keep the preview from its pods', { fresh: [0, 0], spec: { paused: true } }, [`${NEW} 0→4`]],
  ['active names nothing: no new pod gets users', { fresh: [2, 2], active: '' }, []],
  ['active names nothing, stable has no pod', { fresh: [2, 2], active: '', stable: [4, 0] }, [`${NEW} 2→4`]],
  ['active names nothing, compat argo', { fresh: [2, 2], active: '', compat: 'argo' }, [`${NEW} 2→4`]],
  // updating: stable
  ['stable lost pods in size', { stable: [2, 2] }, [`${OLD} 2→4`]],
  ['stable was about to go', { deadlines: { old: 5 } }, [`${OLD} lifted`]],
  ['an autoscaler wants more: both grow', { replicas: 6 }, [`${OLD} 4→6`, `${NEW} 4→6`]],
  ['an autoscaler wants fewer: both shrink', { replicas: 3 }, [`${OLD} 4→3`, `${NEW} 4→3`]],
  ['users are on the new revision: stable keeps all', { active: 'new' }, []],
  // updating: a way back keeps its mark
  ['within the delay', { isOlder: 'promoted', deadlines: { new: 10 } }, []],
  ['within the delay, too few pods', { fresh: [2, 2], isOlder: 'promoted', deadlines: { new: 10 } }, [`${NEW} 2→4`]],
  ['a newer one is no way back', { deadlines: { new: 10 } }, [`${NEW} lifted`]],
  // a revision not seen before
  ['not seen before', { fresh: [0, 0], status: { currentPodHash: OLD } }, []],
  [
    'not seen before, its delay is over',
    { isOlder: 'promoted', deadlines: { new: -1 }, status: { currentPodHash: OLD } },
    [`${NEW} lifted`],
  ],
  [
    'not seen before, its delay runs: it starts again',
    { isOlder: 'promoted', deadlines: { new: 10 }, status: { currentPodHash: OLD } },
    [`${NEW} +30s`],
  ],
  [
    'not seen before, its delay did not run yet',
    { isOlder: 'promoted', strategy: { scaleDownDelaySeconds: 60 }, status: { currentPodHash: OLD } },
    [`${NEW} +60s`],
  ],
  ['not seen before, its pods are gone', { fresh: [0, 0], isOlder: 'promoted', status: { currentPodHash: OLD } }, []],
  ['not seen before, never stable', { isOlder: 'never promoted', status: { currentPodHash: OLD } }, []],
  // updating: what was superseded
  ['superseded, in no Service', { between: [4, 4] }, [`${BETWEEN} +30s`]],
  ['superseded, still in the preview', { between: [4, 4], preview: 'between' }, []],
  ['superseded, still what users have', { between: [4, 4], active: 'between' }, []],
  ['superseded, endpoints lag', { between: [4, 4], reached: ['old', 'between'] }, []],
  ['superseded, the endpoints tell nothing', { between: [4, 4], reached: [] }, []],
  ['superseded, its delay runs', { between: [4, 4], deadlines: { between: 10 } }, []],
  ['superseded, its delay is over', { between: [4, 4], deadlines: { between: -1 } }, [`${BETWEEN} 4→0`]],
  ['superseded, while an analysis is inconclusive', { between: [4, 4], status: inconclusive }, []],
  [
    'superseded, while the post-promotion analysis runs',
    { between: [4, 4], active: 'new', strategy: judged, deadlines: { between: -1 } },
    [],
  ],
  [
    'the same with an explicit delay',
    { between: [4, 4], active: 'new', strategy: { ...judged, scaleDownDelaySeconds: 5 }, deadlines: { between: -1 } },
    [`${BETWEEN} 4→0`],
  ],
  // promoted
  ['promoted: the delay begins', after, [`${OLD} +30s`]],
  ['promoted: an own delay', { ...after, strategy: { scaleDownDelaySeconds: 300 } }, [`${OLD} +300s`]],
  ['promoted: active does not name it yet', { ...after, active: 'old' }, []],
  ['promoted: endpoints of both', { ...after, reached: ['old', 'new'] }, []],
  ['promoted: no endpoint at all', { ...after, reached: [] }, []],
  [
    'promoted: the endpoints came back',
    { ...after, reached: ['old', 'new'], deadlines: { old: 10 } },
    [`${OLD} lifted`],
  ],
  ['promoted: the delay is over', { ...after, deadlines: { old: -1 } }, [`${OLD} 4→0`]],
  ['promoted: also while spec.paused', { ...after, spec: { paused: true }, deadlines: { old: -1 } }, [`${OLD} 4→0`]],
  ['promoted: an autoscaler wants more', { ...after, replicas: 6, deadlines: { old: 10 } }, [`${NEW} 4→6`]],
  [
    'promoted: the revision limit does not wait for the older one',
    { ...after, between: [4, 4], strategy: { scaleDownDelayRevisionLimit: 1 } },
    [`${BETWEEN} +30s`, `${OLD} 4→0`],
  ],
  // aborted
  ['aborted: the delay begins', { status: aborted }, [`${NEW} +30s`]],
  ['aborted: an own delay', { status: aborted, strategy: { abortScaleDownDelaySeconds: 5 } }, [`${NEW} +5s`]],
  ['aborted: 0 keeps it for ever', { status: aborted, strategy: { abortScaleDownDelaySeconds: 0 } }, []],
  ['aborted: users are not back', { status: aborted, active: 'new' }, []],
  ['aborted: users are back, endpoints lag', { status: aborted, reached: ['old', 'new'] }, []],
  ['aborted: stable is not full', { status: aborted, stable: [4, 3] }, []],
  ['aborted: the delay runs', { status: aborted, deadlines: { new: 10 } }, []],
  ['aborted: the delay is over', { status: aborted, deadlines: { new: -1 } }, [`${NEW} 4→0`]],
  ['aborted: it does not grow', { status: aborted, fresh: [2, 2] }, [`${NEW} +30s`]],
  [
    'aborted: an autoscaler wants more of stable',
    { status: aborted, replicas: 6, deadlines: { new: 10 } },
    [`${OLD} 4→6`],
  ],
]

describe('blue-green: pods', () => {
  for (const [name, situation, expected] of rows)
    test(name, () => assert.deepEqual((decideScaling(view(situation)).actions ?? []).flatMap(short), expected))

  test('a delay that runs asks to be woken at its end', () =>
    assert.equal(decideScaling(view({ ...after, deadlines: { old: 10 } })).wakeAtMs, NOW + 10_000))
})
