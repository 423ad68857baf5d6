/**
 * The reference of the Experiment against the code: every field is named and none besides, defaults are the code's, every situation of the
 * tables of templates and phases comes out as written in both readings, and what is called refused is refused with that field.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Experiment,
  type ExperimentSpec,
  experimentAnalysisSchema,
  experimentSpecSchema,
  experimentStatusSchema,
  experimentStepSchema,
  experimentTemplateSchema,
} from '../../../controller/api/experiment.ts'
import { viewExperiment } from '../../../controller/domain/experiment/view.ts'
import {
  validateExperiment,
  validateExperimentReferences,
} from '../../../controller/domain/validation/validate-experiment.ts'
import type { Compat } from '../../../controller/domain/world.ts'
import { experiment, template } from '../../builders/experiment.ts'
import { createExperimentMachine, type ExperimentMachine } from '../../golden/experiment-machine.ts'
import { gate } from '../../golden/scenarios/scenario.ts'
import { namesIn, tableBelow as readTable, readText } from './documents.ts'

const reference = readText('docs/reference/experiment.md')

const tableBelow = (heading: string) => readTable(reference, heading)
const firstColumn = (heading: string): readonly string[] => tableBelow(heading).flatMap(([cell]) => namesIn(cell))

describe('the reference of the Experiment names every field, and no other, of', () => {
  const rows = {
    '## Fields of `spec`': experimentSpecSchema,
    '### Fields of `templates[]`': experimentTemplateSchema,
    '### Fields of `analyses[]`': experimentAnalysisSchema,
    '## Status': experimentStatusSchema,
    '## As a step of a canary': experimentStepSchema.shape.templates.element,
  }
  for (const [heading, schema] of Object.entries(rows))
    test(heading, () => assert.deepEqual([...firstColumn(heading)].sort(), Object.keys(schema.shape).sort()))

  test('the step itself', () => {
    const part = reference.slice(reference.indexOf('## As a step of a canary'))
    const missing = Object.keys(experimentStepSchema.shape).filter((field) => !part.includes(`\`${field}`))
    assert.deepEqual(missing, [])
  })

  test('a template and an analysis in status', () => {
    const cells = tableBelow('## Status').flatMap(([, cell]) => namesIn(cell))
    const { templateStatuses, analysisRuns } = experimentStatusSchema.shape
    const fields = [templateStatuses, analysisRuns].flatMap((list) => Object.keys(list.unwrap().element.shape))
    assert.deepEqual(
      fields.filter((field) => !cells.includes(field)),
      [],
    )
  })
})

test('defaults are those of the code', () => {
  const defaults = Object.fromEntries(
    [...tableBelow('## Fields of `spec`'), ...tableBelow('### Fields of `templates[]`')].map(([name = '', value]) => [
      namesIn(name)[0],
      value,
    ]),
  )
  const view = viewExperiment(createExperimentMachine({ experiment: experiment() }).world())
  assert.equal(defaults.progressDeadlineSeconds, String(view.progressDeadlineS))
  assert.equal(defaults.scaleDownDelaySeconds, String(view.scaleDownDelayMs / 1000))
  assert.equal(defaults.replicas, String(view.templates[0]?.replicas))
})

const check = { name: 'errors', templateName: 'gate' }
const required = { ...check, requiredForCompletion: true }
const SECOND = 1_000

interface Situation {
  readonly spec?: Partial<ExperimentSpec>
  readonly refuses?: { readonly do: 'createReplicaSet'; readonly message: string }
  readonly play: (machine: ExperimentMachine) => void
}
const run = (seconds: number) => (machine: ExperimentMachine) => machine.run(seconds * SECOND)
const verdict = (phase: 'Successful' | 'Failed' | 'Error' | 'Inconclusive') => (machine: ExperimentMachine) => {
  machine.run(10 * SECOND)
  machine.endRun('trial-errors', phase)
  machine.settle()
}
const byHand = (afterSeconds: number) => (machine: ExperimentMachine) => {
  machine.run(afterSeconds * SECOND)
  machine.patchSpec({ terminate: true })
  machine.settle()
}
const broken = (machine: ExperimentMachine): void => machine.breakPods('trial-canary')

/** Every row of the table of phases, played. */
const phases: Readonly<Record<string, Situation>> = {
  'the spec, or a template that it names, cannot be obeyed': { spec: { templates: [] }, play: run(1) },
  'a template failed': {
    spec: { progressDeadlineSeconds: 20 },
    play: (machine) => {
      broken(machine)
      machine.run(30 * SECOND)
    },
  },
  'a template was refused': { refuses: { do: 'createReplicaSet', message: 'no' }, play: run(1) },
  'an analysis Failed': { spec: { analyses: [check] }, play: verdict('Failed') },
  'an analysis ended in Error': { spec: { analyses: [check] }, play: verdict('Error') },
  'an analysis is Inconclusive': { spec: { analyses: [check] }, play: verdict('Inconclusive') },
  'all required analyses passed': {
    spec: { analyses: [required, { ...check, name: 'other' }] },
    play: verdict('Successful'),
  },
  'duration over, no analyses': { play: run(100) },
  'duration over, all analyses passed': {
    spec: { analyses: [check] },
    play: (machine) => {
      verdict('Successful')(machine)
      machine.run(100 * SECOND)
    },
  },
  'duration over, a required analysis runs': { spec: { analyses: [required] }, play: run(100) },
  'duration over, an analysis runs that is not required': { spec: { analyses: [check] }, play: run(100) },
  'ended by hand, no analyses': { play: byHand(10) },
  'ended by hand, an analysis runs': { spec: { analyses: [check] }, play: byHand(10) },
  'ended by hand before an analysis was begun': { spec: { analyses: [check] }, play: byHand(1) },
  'ended by hand before a required analysis was begun': { spec: { analyses: [required] }, play: byHand(1) },
  'all templates run': { play: run(10) },
  'a template lacks pods': { play: run(1) },
}

function play({ spec, refuses, play: act }: Situation, compat: Compat): ExperimentMachine {
  const machine = createExperimentMachine({
    experiment: experiment({ duration: '60s', ...spec }),
    templates: [gate],
    compat,
    ...(refuses ? { refuses } : {}),
  })
  act(machine)
  return machine
}

describe('phases come out as the reference says', () => {
  const rows = tableBelow('### Phases')
  test('every row is played, and every play is a row', () =>
    assert.deepEqual(
      rows.map(([situation]) => situation),
      Object.keys(phases),
    ))
  for (const [situation = '', strict, argo] of rows)
    test(situation, () => {
      const played = phases[situation]
      assert.ok(played, 'is not played')
      assert.deepEqual([play(played, 'strict').status().phase, play(played, 'argo').status().phase], [strict, argo])
    })
})

describe('templates come out as the reference says', () => {
  const deadline = { progressDeadlineSeconds: 20 }
  const plays: Readonly<Record<string, Situation>> = {
    'its ReplicaSet or Service was refused': { refuses: { do: 'createReplicaSet', message: 'no' }, play: run(1) },
    'the experiment ends': { play: byHand(1) },
    'all pods available, duration over': { play: run(100) },
    'all pods available': { play: run(10) },
    'lacks pods, nothing changed for `progressDeadlineSeconds`': {
      spec: deadline,
      play: (machine) => {
        broken(machine)
        machine.run(30 * SECOND)
      },
    },
    'lacks pods': { play: run(1) },
  }
  const rows = tableBelow('### Templates')
  test('every row is played', () =>
    assert.deepEqual(
      rows.map(([situation]) => situation),
      Object.keys(plays),
    ))
  for (const [situation = '', status] of rows)
    test(situation, () => {
      const played = plays[situation]
      assert.ok(played, 'is not played')
      const found = play(played, 'strict')
        .status()
        .templateStatuses?.find(({ name }) => name === 'canary')
      assert.equal(found?.status, status)
    })
})

describe('what the reference of the Experiment calls refused is refused, with that field', () => {
  const fieldsOf = (built: Experiment): readonly string[] =>
    [...validateExperiment(built), ...validateExperimentReferences(built.spec, {})].map(({ field }) =>
      field.replace(/\[\d+\]/g, '[N]'),
    )
  const bad = (shape: Parameters<typeof template>[1]): Experiment =>
    experiment({ templates: [template('one', shape)], progressDeadlineSeconds: 10 })
  const refused: Readonly<Record<string, readonly Experiment[]>> = {
    'spec.templates': [
      experiment({ templates: [] }),
      experiment({ templates: Array.from({ length: 51 }, (_, at) => template(`t${at}`)) }),
    ],
    'spec.templates[N].name': [
      experiment({ templates: [template('')] }),
      experiment({ templates: [template('same'), template('same')] }),
      experiment({ templates: [template('Not_A_Name')] }),
      experiment({ templates: [template('x'.repeat(250))] }),
    ],
    'spec.templates[N].selector': [bad({ selector: {} })],
    'spec.templates[N].template.metadata.labels': [bad({ selector: { matchLabels: { app: 'another' } } })],
    'spec.templates[N].template.spec': [
      bad({ template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [] } } }),
    ],
    'spec.templates[N].replicas': [bad({ replicas: -1 })],
    'spec.templates[N].minReadySeconds': [bad({ minReadySeconds: 11 })],
    'spec.templates[N].service.name': [
      bad({ service: { name: 'Not_A_Name' } }),
      experiment({ templates: [template('a', { service: { name: 'x' } }), template('b', { service: { name: 'x' } })] }),
    ],
    'spec.analyses[N].name': [experiment({ analyses: [check, check] })],
    'spec.analyses[N].templateName': [experiment({ analyses: [check] })],
    'spec.duration': [experiment({ duration: 'soon' }), experiment({ duration: '-1s' })],
  }
  const rows = tableBelow('## What is refused').flatMap(([, cell]) => namesIn(cell))
  test('every row has an example', () => assert.deepEqual(rows, Object.keys(refused)))
  for (const [field, examples] of Object.entries(refused))
    test(field, () => {
      for (const example of examples)
        assert.ok(
          fieldsOf(example).some((found) => found.startsWith(field)),
          JSON.stringify(fieldsOf(example)),
        )
    })

  test('two templates may have the same selector, and the same pods', () => {
    const same = template('first')
    assert.deepEqual(validateExperiment(experiment({ templates: [same, { ...same, name: 'second' }] })), [])
  })
})
