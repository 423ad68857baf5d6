/** What the gates of a run are told about the stage of their release: which one it is, and when that is written. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnalysisRun } from '../../../controller/api/analysis.ts'
import { STAGE } from '../../../controller/api/labels.ts'
import { readReleaseStage, renderReleaseStage, type StageLength } from '../../../controller/api/release-stage.ts'
import type { CanaryStep } from '../../../controller/api/rollout.ts'
import { renderStage, renderStageChange } from '../../../controller/domain/analysis/tell-stage.ts'
import { releaseStageOf } from '../../../controller/domain/canary/release-stage.ts'
import { decide } from '../../../controller/domain/decide.ts'
import type { World } from '../../../controller/domain/world.ts'
import { blueGreenRollout, rollout } from '../../builders/rollout.ts'
import { gate as plain } from '../../golden/scenarios/scenario.ts'
import { createMachine } from '../../golden/world-machine.ts'

const weights = (...list: readonly number[]): readonly CanaryStep[] =>
  list.flatMap((setWeight) => [{ setWeight }, { pause: {} }])

describe('the stage of a canary', () => {
  /** steps, index of the step in force, weight in the router (undefined: unreadable, null: no router), number, reached */
  const rows: readonly (readonly [readonly CanaryStep[], number, number | undefined | null, number, boolean])[] = [
    [weights(5, 25), 0, 0, 1, false],
    [weights(5, 25), 0, 5, 1, true],
    [weights(5, 25), 0, undefined, 1, false],
    [weights(5, 25), 1, 5, 1, true],
    [weights(5, 25), 1, 50, 1, false],
    [weights(5, 25), 2, 5, 2, false],
    [weights(5, 25), 3, 25, 2, true],
    [weights(5, 25), 4, 25, 3, false],
    [weights(5, 25), 4, 100, 3, true],
    [weights(5, 25), 0, null, 1, false],
    [weights(5, 25), 1, null, 1, true],
    [weights(5, 25), 4, null, 3, false],
    [[{ pause: {} }, ...weights(5)], 0, 0, 0, true],
    [[{ pause: {} }, ...weights(0, 5)], 1, 0, 0, true],
    [weights(5, 5, 25), 2, 5, 1, true],
    [weights(5, 5, 25), 2, null, 1, true],
    [[], 0, 0, 1, false],
    [[], 0, 100, 1, true],
  ]
  for (const [steps, stepIndex, weight, number, isReached] of rows)
    test(`weights ${steps.map((step) => step.setWeight ?? '…').join(' ')}, step ${stepIndex}, ${weight === null ? 'no router' : `weight ${weight}`}: stage ${number}${isReached ? '' : ', on its way'}`, () => {
      const view = { steps, stepIndex, maxWeight: 100, routed: weight !== null, programmed: weight ?? undefined }
      const stage = releaseStageOf(view)
      assert.deepEqual({ number: stage.number, isReached: stage.isReached }, { number, isReached })
    })

  /** steps, the router's whole, weights in percent */
  const lists: readonly (readonly [readonly CanaryStep[], number, readonly number[]])[] = [
    [weights(5, 10, 25, 50), 100, [5, 10, 25, 50, 100]],
    [weights(50, 20, 100), 100, [50, 20, 100]],
    [weights(0, 5, 0), 100, [5, 0, 100]],
    [weights(1, 333, 1000), 1000, [0.1, 33.3, 100]],
    [weights(1), 3, [33.33, 100]],
    [[], 100, [100]],
  ]
  for (const [steps, maxWeight, expected] of lists)
    test(`weights ${steps.map((step) => step.setWeight ?? '…').join(' ')} of ${maxWeight} are ${expected.join(', ')} %`, () =>
      assert.deepEqual(
        releaseStageOf({ steps, stepIndex: 0, maxWeight, routed: true, programmed: 0 }).weights,
        expected,
      ))
})

describe('how long a stage lasts, as far as its steps say', () => {
  /** steps, the length of each stage, all traffic included */
  const rows: readonly (readonly [string, readonly CanaryStep[], readonly StageLength[]])[] = [
    [
      'pauses add up, in seconds',
      [{ setWeight: 5 }, { pause: { duration: '5m' } }, { pause: { duration: 30 } }],
      [{ seconds: 330 }, {}],
    ],
    [
      'one without an end waits for a person',
      [{ setWeight: 5 }, { pause: {} }, { pause: { duration: '60' } }],
      [{ seconds: 60, untilPromoted: true }, {}],
    ],
    [
      'analyses are counted',
      [{ setWeight: 5 }, { analysis: {} }, { analysis: {} }, { setWeight: 50 }, { analysis: {} }],
      [{ analyses: 2 }, { analyses: 1 }, {}],
    ],
    [
      'an experiment lasts its duration',
      [{ setWeight: 5 }, { experiment: { duration: '10m' } }],
      [{ seconds: 600 }, {}],
    ],
    [
      'an experiment without one, or with nonsense: nobody knows',
      [{ setWeight: 5 }, { experiment: { duration: [1] } }],
      [{}, {}],
    ],
    ['what comes before the first weight is no stage', [{ pause: { duration: '5m' } }, { setWeight: 5 }], [{}, {}]],
    [
      'the same weight again goes on with its stage',
      [{ setWeight: 5 }, { pause: { duration: 1 } }, { setWeight: 5 }, { pause: { duration: 2 } }],
      [{ seconds: 3 }, {}],
    ],
    [
      'a step at all traffic is one of the last stage',
      [{ setWeight: 100 }, { pause: { duration: '1h' } }],
      [{ seconds: 3600 }],
    ],
    ['a pause that nobody can read is none', [{ setWeight: 5 }, { pause: { duration: 'soon' } }], [{}, {}]],
  ]
  for (const [what, steps, lengths] of rows)
    test(what, () => {
      const stage = releaseStageOf({ steps, stepIndex: 0, maxWeight: 100, routed: true, programmed: 0 })
      assert.deepEqual(stage.lengths, lengths)
      const { isReached: _reached, ...told } = stage
      assert.deepEqual(readReleaseStage(renderReleaseStage(told)), told, 'the note says the same')
    })
})

const runOf = (plugin: string, rest: Partial<AnalysisRun['metadata']> = {}): AnalysisRun => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: { name: 'run', ...rest },
  spec: {
    metrics: [
      { name: 'gate', provider: { plugin: { [plugin]: { gate: 'errorRate', canary: 'new', stable: 'old' } } } },
    ],
  },
  status: { phase: 'Running' },
})
const gated = (stage?: string) => runOf('penstock/gate', stage === undefined ? {} : { annotations: { [STAGE]: stage } })
const note = (number: number) => renderReleaseStage({ number, weights: [5, 100] })
const facts = (number: number, isReached = true) => ({ number, weights: [5, 100], isReached })

describe('a run is told its stage', () => {
  test('when it is made: the one before, while traffic is on its way', () => {
    assert.deepEqual(renderStage(gated(), facts(2)), { [STAGE]: '{"number":2,"weights":[5,100]}' })
    assert.deepEqual(renderStage(gated(), facts(2, false)), { [STAGE]: note(1) })
    assert.deepEqual(renderStage(gated(), facts(1, false)), { [STAGE]: note(0) })
  })

  /** what, run, where the release is, what is written */
  const ended: AnalysisRun = { ...gated(note(1)), status: { phase: 'Successful' } }
  const ending: AnalysisRun = { ...gated(note(1)), spec: { ...gated().spec, terminate: true } }
  const rows: readonly (readonly [string, AnalysisRun, ReturnType<typeof facts> | undefined, string | undefined])[] = [
    ['the same stage', gated(note(2)), facts(2), undefined],
    ['another stage', gated(note(1)), facts(2), note(2)],
    ['another stage, traffic on its way', gated(note(1)), facts(2, false), undefined],
    ['the same stage, traffic elsewhere', gated(note(2)), facts(2, false), undefined],
    ['no note yet', gated(), facts(2), note(2)],
    ['no note yet, traffic on its way', gated(), facts(2, false), note(1)],
    ['a note that somebody broke', gated('{'), facts(2), note(2)],
    ['ended', ended, facts(2), undefined],
    ['ending', ending, facts(2), undefined],
    ['no stages', gated(note(1)), undefined, undefined],
    ['no gate', runOf('penstock/kubernetes'), facts(2), undefined],
  ]
  for (const [what, run, stage, expected] of rows)
    test(`${what}: ${expected ?? 'nothing is written'}`, () =>
      assert.deepEqual(renderStageChange(run, stage), expected === undefined ? undefined : { [STAGE]: expected }))

  test('a run without a gate is made as Argo makes it', () =>
    assert.deepEqual(renderStage(runOf('penstock/kubernetes'), facts(1)), {}))
})

describe('the note', () => {
  for (const text of [
    '',
    '{',
    '[]',
    'null',
    '{"number":3,"weights":[5,100]}',
    '{"number":-1,"weights":[5]}',
    '{"number":0,"weights":[]}',
    '{"number":1,"weights":[200]}',
    '{"number":1.5,"weights":[5,6]}',
    '{"number":1,"weights":[5,100],"lengths":[{}]}',
    '{"number":1,"weights":[100],"lengths":[{"seconds":-1}]}',
  ])
    test(`${text || 'no text'} is none`, () => assert.equal(readReleaseStage(text), undefined))
  test('reads what was written, and what later versions add', () => {
    assert.deepEqual(readReleaseStage(note(1)), { number: 1, weights: [5, 100] })
    assert.deepEqual(readReleaseStage('{"number":1,"weights":[5,100],"more":1}'), { number: 1, weights: [5, 100] })
    assert.equal(readReleaseStage(undefined), undefined)
  })
})

describe('steady state', () => {
  const told = '{"number":1,"weights":[20,100],"lengths":[{"untilPromoted":true},{}]}'
  const statistical = { ...plain, spec: gated().spec }
  const wantedNotes = (world: World) =>
    decide(world).actions.flatMap((action) => (action.do === 'annotateAnalysisRun' ? [action.annotations] : []))

  for (const compat of ['strict', 'argo'] as const)
    test(`writes nothing, and a lost note is written once (${compat})`, () => {
      const analysis = { templates: [{ templateName: 'gate' }] }
      const machine = createMachine({
        rollout: rollout({ steps: weights(20), canary: { analysis } }),
        templates: [statistical],
        compat,
      })
      machine.run(60_000)
      machine.setImage('shop:2')
      machine.run(60_000)
      const world = machine.world()
      const [run] = world.analysisRuns
      assert.equal(run?.metadata.annotations?.[STAGE], told)
      assert.deepEqual(wantedNotes(world), [])
      const lost = world.analysisRuns.map((one) => ({
        ...one,
        metadata: { ...one.metadata, annotations: withoutStage(one) },
      }))
      assert.deepEqual(wantedNotes({ ...world, analysisRuns: lost }), [{ [STAGE]: told }])
    })
})

function withoutStage({ metadata }: AnalysisRun): Readonly<Record<string, string>> {
  const { [STAGE]: _, ...others } = metadata.annotations ?? {}
  return others
}

describe('a cutover', () => {
  for (const [field, stage] of [
    ['prePromotionAnalysis', '{"number":0,"weights":[100]}'],
    ['postPromotionAnalysis', '{"number":1,"weights":[100]}'],
  ] as const)
    test(`${field} is told ${stage}`, () => {
      const machine = createMachine({
        rollout: blueGreenRollout({ [field]: { templates: [{ templateName: 'gate' }] } }),
        templates: [{ ...plain, spec: gated().spec }],
      })
      machine.run(60_000)
      machine.setImage('shop:2')
      machine.run(60_000)
      assert.equal(machine.world().analysisRuns[0]?.metadata.annotations?.[STAGE], stage)
    })
})
