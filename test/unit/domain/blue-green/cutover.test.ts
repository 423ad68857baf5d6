/** When users get the new revision: the gate before the cutover, and which revision both Services name, row by row. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { haltsOf } from '../../../../controller/domain/analysis/analyses.ts'
import { askBlueGreen } from '../../../../controller/domain/blue-green/analyses.ts'
import { judgeGate, pauseBeforeCutover } from '../../../../controller/domain/blue-green/gate.ts'
import { decideServices } from '../../../../controller/domain/blue-green/services.ts'
import { decidePauses } from '../../../../controller/domain/pauses.ts'
import { analysis, NEW, OLD, type Situation, view } from '../../../builders/blue-green.ts'

function decide(situation: Situation) {
  const seen = view(situation)
  const asked = askBlueGreen(seen)
  const pauses = decidePauses(seen, pauseBeforeCutover(seen, asked.before), haltsOf([asked.before, asked.after]))
  const gate = judgeGate(seen, asked.before, pauses)
  return { gate, pauses, asked, part: decideServices(seen, gate, pauses) }
}

const BY_HAND = { autoPromotionEnabled: false }
const paused = (reason = 'BlueGreenPause', startTime = '2026-01-01T00:00:00Z') => ({
  pauseConditions: [{ reason, startTime }],
  controllerPause: true,
})
const resumed = { pauseConditions: null, controllerPause: true }
const checkpoint = { blueGreen: { scaleUpPreviewCheckPoint: true } }
const judged = { prePromotionAnalysis: analysis }
const few = { previewReplicaCount: 1 }

/** Words of: checkpoint, cut over, the hold's reason; a dash for none. */
type Verdict = string
const gates: readonly (readonly [string, Situation, Verdict])[] = [
  ['every pod available', {}, 'cut over'],
  ['a pod missing', { fresh: [4, 3] }, 'PreviewNotReady'],
  ['a pod too many', { fresh: [5, 5] }, 'PreviewNotReady'],
  ['a new size not reached yet', { replicas: 6 }, 'PreviewNotReady'],
  ['no pods wanted', { replicas: 0, fresh: [0, 0], stable: [0, 0] }, 'cut over'],
  ['stable has no pod available: no reason to wait', { stable: [4, 0] }, 'cut over'],
  ['spec.paused', { spec: { paused: true } }, 'Paused'],
  ['spec.paused, and a full promotion', { spec: { paused: true }, status: { promoteFull: true } }, 'Paused'],
  ['active names nothing, stable is there', { active: '' }, 'ServiceNotSwitched'],
  ['active names nothing, stable has no pod', { active: '', stable: [4, 0] }, 'cut over'],
  ['cut over already', { active: 'new' }, '-'],
  ['aborted', { status: { abort: true } }, '-'],
  // the pause
  ['by hand: the pause begins', { strategy: BY_HAND }, 'BlueGreenPause'],
  ['by hand: a pod is missing before the pause', { strategy: BY_HAND, fresh: [4, 3] }, 'PreviewNotReady'],
  ['by hand: paused', { strategy: BY_HAND, status: paused() }, 'BlueGreenPause'],
  ['by hand: paused, a pod got lost', { strategy: BY_HAND, fresh: [4, 3], status: paused() }, 'BlueGreenPause'],
  ['by hand: resumed', { strategy: BY_HAND, status: resumed }, 'checkpoint and cut over'],
  [
    'by hand: resumed while a pod is missing',
    { strategy: BY_HAND, fresh: [4, 3], status: resumed },
    'checkpoint PreviewNotReady',
  ],
  ['by hand: passed before', { strategy: BY_HAND, status: checkpoint }, 'checkpoint and cut over'],
  [
    'by hand: passed, and then an alert halts',
    { strategy: BY_HAND, status: { ...checkpoint, ...paused('InconclusiveAnalysisRun') } },
    'checkpoint InconclusiveAnalysisRun',
  ],
  ['by hand: no longer, the pause is lifted', { status: paused() }, 'cut over'],
  [
    'by hand: seconds count for nothing',
    { strategy: { ...BY_HAND, autoPromotionSeconds: 5 }, status: paused('BlueGreenPause', '2025-12-31T00:00:00Z') },
    'BlueGreenPause',
  ],
  ['seconds: not over', { strategy: { autoPromotionSeconds: 30 }, status: paused() }, 'BlueGreenPause'],
  [
    'seconds: over',
    { strategy: { autoPromotionSeconds: 30 }, status: paused('BlueGreenPause', '2025-12-31T23:59:00Z') },
    'checkpoint and cut over',
  ],
  ['seconds: 0 is no pause', { strategy: { autoPromotionSeconds: 0 } }, 'cut over'],
  // evidence
  ['judged: the run is to be made', { strategy: judged }, 'AnalysisRunning'],
  ['judged: it runs', { strategy: judged, before: 'Running' }, 'AnalysisRunning'],
  ['judged: it passed', { strategy: judged, before: 'Successful' }, 'cut over'],
  ['judged: no verdict', { strategy: judged, before: 'Inconclusive' }, 'InconclusiveAnalysisRun'],
  [
    'judged and by hand: no pause before evidence',
    { strategy: { ...judged, ...BY_HAND }, before: 'Running' },
    'AnalysisRunning',
  ],
  [
    'judged and by hand: evidence, the pause begins',
    { strategy: { ...judged, ...BY_HAND }, before: 'Successful' },
    'BlueGreenPause',
  ],
  ['judged by an empty list', { strategy: { prePromotionAnalysis: {} } }, 'cut over'],
  // the preview's size
  ['few: the preview is complete', { strategy: few, fresh: [1, 1] }, 'checkpoint'],
  ['few: its pod is missing', { strategy: few, fresh: [1, 0] }, 'PreviewNotReady'],
  ['few: passed, pods are coming', { strategy: few, fresh: [4, 2], status: checkpoint }, 'checkpoint PreviewNotReady'],
  ['few: passed, all pods are there', { strategy: few, status: checkpoint }, 'checkpoint and cut over'],
  ['few and by hand: paused', { strategy: { ...few, ...BY_HAND }, fresh: [1, 1], status: paused() }, 'BlueGreenPause'],
  ['few and by hand: resumed', { strategy: { ...few, ...BY_HAND }, fresh: [1, 1], status: resumed }, 'checkpoint'],
  ['few and spec.paused', { strategy: few, fresh: [1, 1], spec: { paused: true } }, 'Paused'],
  // shortcuts
  ['full promotion', { strategy: { ...judged, ...BY_HAND, ...few }, status: { promoteFull: true } }, 'cut over'],
  [
    'full promotion: every pod, not the preview count',
    { strategy: few, fresh: [1, 1], status: { promoteFull: true } },
    'PreviewNotReady',
  ],
  [
    'back within the delay',
    { strategy: { ...judged, ...BY_HAND }, isOlder: 'promoted', deadlines: { new: 10 } },
    'cut over',
  ],
  ['back within the delay, slowly', { strategy: BY_HAND, isOlder: 'promoted', deadlines: { new: -10 } }, 'cut over'],
  [
    'back to one that never was stable',
    { strategy: BY_HAND, isOlder: 'never promoted', deadlines: { new: 10 } },
    'BlueGreenPause',
  ],
  [
    'the same, compat argo',
    { strategy: BY_HAND, isOlder: 'never promoted', deadlines: { new: 10 }, compat: 'argo' },
    'cut over',
  ],
  ['a deadline on a newer revision is no way back', { strategy: BY_HAND, deadlines: { new: 10 } }, 'BlueGreenPause'],
  ['back after the delay', { strategy: BY_HAND, isOlder: 'promoted' }, 'BlueGreenPause'],
  [
    'back within the window',
    { strategy: BY_HAND, isOlder: 'promoted', spec: { rollbackWindow: { revisions: 1 } } },
    'cut over',
  ],
]

function verdictOf({ gate }: ReturnType<typeof decide>): Verdict {
  const words = [gate.checkpoint ? 'checkpoint' : '', gate.cutOver ? 'cut over' : '', gate.hold?.reason ?? '']
  const told = words.filter(Boolean)
  return told.length === 0 ? '-' : told.join(gate.cutOver && gate.checkpoint ? ' and ' : ' ')
}

const services: readonly (readonly [string, Situation, readonly string[]])[] = [
  ['updating, the gate is passed', {}, [`active→${NEW}`]],
  ['updating, the gate holds', { fresh: [4, 3] }, []],
  ['updating, the preview follows before its pods', { fresh: [0, 0], preview: 'old' }, [`preview→${NEW}`]],
  [
    'updating, paused: the preview follows',
    { strategy: BY_HAND, preview: 'old', status: paused() },
    [`preview→${NEW}`],
  ],
  ['updating, spec.paused', { preview: 'old', spec: { paused: true } }, []],
  ['updating, halted', { preview: 'old', status: paused('InconclusiveAnalysisRun') }, []],
  ['updating, active names nothing', { active: '' }, [`active→${OLD}`]],
  ['updating, active names nothing, stable is not complete', { active: '', stable: [4, 3] }, []],
  [
    'updating, active names what was superseded',
    { fresh: [0, 0], active: 'between', between: [4, 4] },
    [`active→${OLD}`],
  ],
  ['the same, stable is short of pods', { fresh: [0, 0], active: 'between', between: [4, 4], stable: [4, 3] }, []],
  [
    'the same, and so is what was superseded',
    { fresh: [0, 0], active: 'between', between: [4, 3], stable: [4, 3] },
    [`active→${OLD}`],
  ],
  ['the same, compat argo: it stays', { fresh: [0, 0], active: 'between', between: [4, 4], compat: 'argo' }, []],
  [
    'the same, compat argo: until the cutover',
    { active: 'between', between: [4, 4], compat: 'argo' },
    [`active→${NEW}`],
  ],
  ['cut over: stays', { active: 'new', fresh: [4, 1] }, []],
  ['aborted before the cutover', { status: { abort: true } }, []],
  ['aborted after the cutover', { active: 'new', status: { abort: true } }, [`active→${OLD}`]],
  [
    'aborted, one pod of stable is enough',
    { active: 'new', stable: [4, 1], status: { abort: true } },
    [`active→${OLD}`],
  ],
  ['aborted, stable has no pod', { active: 'new', stable: [4, 0], status: { abort: true } }, []],
  [
    'aborted although spec.paused',
    { active: 'new', spec: { paused: true }, status: { abort: true } },
    [`active→${OLD}`],
  ],
  ['aborted: the preview stays', { status: { abort: true }, preview: 'new' }, []],
  ['first deployment, pods are coming', { stable: 'deleted', fresh: [4, 3], active: '', status: { stableRS: '' } }, []],
  ['first deployment, complete', { stable: 'deleted', active: '', status: { stableRS: '' } }, [`active→${NEW}`]],
  ['steady, adopting, a pod is missing', { active: '', fresh: [4, 3], status: { stableRS: NEW } }, []],
  ['steady, adopting', { active: '', status: { stableRS: NEW } }, [`active→${NEW}`]],
  ['steady, somebody points active elsewhere', { active: 'old', status: { stableRS: NEW } }, [`active→${NEW}`]],
  [
    'steady, somebody points both elsewhere',
    { active: 'old', preview: 'old', status: { stableRS: NEW } },
    [`active→${NEW}`, `preview→${NEW}`],
  ],
  [
    'steady, spec.paused: the preview follows',
    { active: 'new', preview: 'old', spec: { paused: true }, status: { stableRS: NEW } },
    [`preview→${NEW}`],
  ],
  ['no pods wanted', { replicas: 0, fresh: [0, 0], stable: [0, 0] }, [`active→${NEW}`]],
  ['a revision not seen before', { status: { currentPodHash: OLD } }, []],
]

describe('blue-green: the cutover', () => {
  describe('the gate', () => {
    for (const [name, situation, expected] of gates)
      test(name, () => assert.equal(verdictOf(decide(situation)), expected))
  })

  describe('what the Services name', () => {
    for (const [name, situation, expected] of services)
      test(name, () => {
        const actions = decide(situation).part.actions ?? []
        const told = actions.map((action) =>
          action.do === 'select' ? `${action.service}→${action.podHash}` : action.do,
        )
        assert.deepEqual(told, expected)
      })
  })

  test('an abort leaves alone a Service that another Rollout has marked', () => {
    const seen = view({ active: 'new', status: { abort: true } })
    assert.ok(seen.active)
    const claimed = { ...seen, active: { ...seen.active, owner: 'other' } }
    const pauses = decidePauses(claimed, undefined, [])
    const { actions = [], holds = [] } = decideServices(claimed, judgeGate(claimed, undefined, pauses), pauses)
    assert.deepEqual(actions, [])
    assert.match(holds[0]?.message ?? '', /managed by another Rollout, "other"/)
  })

  test('a pause by an alert that is resumed before the preview is ready does not allow the cutover', () => {
    const stored = [
      {
        id: 'f',
        action: 'pause',
        podHash: NEW,
        revision: 3,
        receivedAt: '2026-01-01T00:00:00Z',
        consumedAt: '2026-01-01T00:00:01Z',
        reason: 'A',
        message: 'a',
      },
    ]
    const seen = view({ strategy: BY_HAND, fresh: [4, 3], status: resumed })
    const annotations = { 'penstock.dev/abort-requests': JSON.stringify(stored) }
    const rollout = { ...seen.world.rollout, metadata: { ...seen.world.rollout.metadata, annotations } }
    assert.equal(pauseBeforeCutover({ ...seen, world: { ...seen.world, rollout } }, undefined), undefined)
    assert.equal(pauseBeforeCutover(seen, undefined)?.reason, 'BlueGreenPause')
  })

  test('the own pause begins beside a halt: resuming the halt alone is not resuming it', () => {
    const { pauses } = decide({ strategy: BY_HAND, status: paused('InconclusiveAnalysisRun') })
    assert.deepEqual(
      pauses.conditions.map(({ reason }) => reason),
      ['InconclusiveAnalysisRun', 'BlueGreenPause'],
    )
    assert.equal(pauses.over, false)
  })
})
