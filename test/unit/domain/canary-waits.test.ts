/** Whether the progress deadline looks away at the step in force, kind by kind, in both readings. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { CanaryStep } from '../../../controller/api/rollout.ts'
import { isExperimentUnattended } from '../../../controller/domain/canary/experiments.ts'
import { waitsOnPurpose } from '../../../controller/domain/canary/view.ts'
import { type Situation, view } from '../../builders/world.ts'

const experiment = { templates: [{ name: 'baseline', specRef: 'stable' }] }
const pauseConditions = [{ reason: 'CanaryPauseStep', startTime: '2026-01-01T00:00:00Z' }]
const plugin = { plugin: { name: 'penstock/webhook' } }
const color = { plugin: { name: 'penstock/color', config: { name: 'vip' } } }

type Row = readonly [what: string, step: CanaryStep, strict: boolean, argo: boolean, more?: Situation]
const rows: readonly Row[] = [
  ['setWeight', { setWeight: 20 }, false, false],
  ['setCanaryScale', { setCanaryScale: { replicas: 1 } }, false, false],
  ['pause', { pause: {} }, true, true],
  ['analysis', { analysis: { templates: [{ templateName: 'gate' }] } }, true, true],
  ['experiment', { experiment }, true, true],
  ['plugin: it has a time of its own, but Argo’s deadline goes on beside it', plugin, true, false],
  ['a colour: it waits for pods and routes, as a header route does', color, false, false],
  ['setWeight while paused', { setWeight: 20 }, true, true, { status: { pauseConditions } }],
  ['plugin of an update that was taken back', plugin, false, false, { status: { abort: true } }],
]

describe('the deadline looks away at', () => {
  for (const [what, step, strict, argo, more] of rows)
    test(what, () => {
      const seen = (['strict', 'argo'] as const).map((compat) => view({ steps: [step], compat, ...more }))
      assert.deepEqual(seen.map(waitsOnPurpose), [strict, argo])
    })

  test('but not at an experiment that nobody has begun; in compat it does', () => {
    const nobody = { experiment: undefined, due: undefined }
    const asked = (compat: 'strict' | 'argo') =>
      isExperimentUnattended(view({ steps: [{ experiment }], compat }), nobody)
    assert.deepEqual([asked('strict'), asked('argo')], [true, false])
  })
})
