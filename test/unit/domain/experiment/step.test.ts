/** The canary's step: what its Experiment is made of, which one counts, what is kept, and where traffic may go. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Experiment, ExperimentStatus, ExperimentStep } from '../../../../controller/api/experiment.ts'
import { POD_TEMPLATE_HASH } from '../../../../controller/api/labels.ts'
import type { CanaryStep, RolloutStatus } from '../../../../controller/api/rollout.ts'
import {
  abortByExperiment,
  decideExperiments,
  experimentDestinations,
  haltByExperiment,
  inquireExperiment,
} from '../../../../controller/domain/canary/experiments.ts'
import type { CanaryView } from '../../../../controller/domain/canary/view.ts'
import { NEW_HASH, OLD_HASH, view as viewOf } from '../../../builders/world.ts'

const step: ExperimentStep = {
  duration: '5m',
  templates: [
    { name: 'baseline', specRef: 'stable', weight: 5 },
    {
      name: 'canary',
      specRef: 'canary',
      replicas: 2,
      weight: 10,
      metadata: { labels: { role: 'trial' }, annotations: { note: 'x' } },
      service: { name: 'preview' },
    },
  ],
}
/** The same without weights: the small pods of these tests name no port. */
const unweighted: ExperimentStep = {
  ...step,
  templates: step.templates.map(({ weight: _weight, ...template }) => ({ service: {}, ...template })),
}
const BASE = `shop-${NEW_HASH}-2-0`

interface Shape {
  readonly step?: object
  readonly status?: RolloutStatus
  readonly experiments?: readonly Experiment[]
}
function view({ step: own = unweighted, status, experiments }: Shape = {}): CanaryView {
  const steps = [{ experiment: own }, { setWeight: 50 }] as readonly CanaryStep[]
  const seen = viewOf({ steps, ...(status ? { status } : {}) })
  return { ...seen, world: { ...seen.world, ...(experiments ? { experiments } : {}) } }
}

function due(shape: Shape = {}): Experiment {
  const inquiry = inquireExperiment(view(shape))
  assert.ok(inquiry.due, JSON.stringify(inquiry.problem))
  return inquiry.due
}
const existing = (status: ExperimentStatus, metadata: Partial<Experiment['metadata']> = {}): Experiment => {
  const made = due()
  return { ...made, metadata: { ...made.metadata, ...metadata }, status }
}
const running = { phase: 'Running' }

describe('the Experiment of a step', () => {
  test('is named, labelled and owned as Argo does it', () => {
    const { metadata } = due()
    assert.equal(metadata.name, BASE)
    assert.equal(metadata.labels?.[POD_TEMPLATE_HASH], NEW_HASH)
    assert.equal(metadata.annotations?.['rollout.argoproj.io/revision'], '2')
    assert.deepEqual(
      metadata.ownerReferences?.map(({ kind, name, controller }) => [kind, name, controller]),
      [['Rollout', 'shop', true]],
    )
  })

  test('takes its pods from the live ReplicaSets, without their hash, and with what the step adds', () => {
    const [baseline, canary] = due().spec.templates
    assert.deepEqual(baseline, {
      name: 'baseline',
      selector: { matchLabels: { app: 'shop' } },
      template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'shop:0' }] } },
      service: {},
    })
    assert.deepEqual(canary, {
      name: 'canary',
      replicas: 2,
      selector: { matchLabels: { app: 'shop', role: 'trial' } },
      template: {
        metadata: { labels: { app: 'shop', role: 'trial' }, annotations: { note: 'x' } },
        spec: { containers: [{ name: 'app', image: 'shop:1' }] },
      },
      service: { name: 'preview' },
    })
  })

  test('a selector of its own replaces the Rollout’s; without weight and service there is no Service', () => {
    const selector = { matchLabels: { app: 'shop', trial: 'yes' } }
    const [only] = due({ step: { templates: [{ name: 'x', specRef: 'canary', selector }] } }).spec.templates
    assert.deepEqual([only?.selector, only?.service], [selector, undefined])
  })

  test('the Rollout’s values are filled in, placeholders of the experiment are left to it', () => {
    const args = [
      { name: 'stable', valueFrom: { podTemplateHashValue: 'Stable' } },
      { name: 'latest', valueFrom: { podTemplateHashValue: 'Latest' } },
      { name: 'name', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'trial', value: '{{templates.canary.podTemplateHash}}' },
    ]
    const analyses = [{ name: 'errors', templateName: 'gate', requiredForCompletion: true, args }]
    assert.deepEqual(due({ step: { ...unweighted, analyses } }).spec.analyses?.[0]?.args, [
      { name: 'stable', value: OLD_HASH },
      { name: 'latest', value: NEW_HASH },
      { name: 'name', value: 'shop' },
      { name: 'trial', value: '{{templates.canary.podTemplateHash}}' },
    ])
  })

  test('an argument that leads nowhere holds, with its name', () => {
    const args = [{ name: 'x', valueFrom: { fieldRef: { fieldPath: 'spec.nothing' } } }]
    const { problem } = inquireExperiment(
      view({ step: { ...unweighted, analyses: [{ name: 'errors', templateName: 'gate', args }] } }),
    )
    assert.equal(problem?.reason, 'InvalidExperiment')
    assert.match(problem.message, /analysis 'errors': args\.x: fieldPath spec\.nothing leads to nothing/)
  })

  test('a weight without a port holds: it would pass without traffic; Argo lets it', () => {
    const seen = view({ step })
    const { problem, due: made } = inquireExperiment(seen)
    assert.match(problem?.message ?? '', /template 'baseline' has a weight, but no container of its pods names a port/)
    assert.equal(made, undefined)
    assert.ok(inquireExperiment({ ...seen, world: { ...seen.world, compat: 'argo' } }).due)
  })

  test('nothing is asked for when the stable ReplicaSet is gone, the step is malformed, or promotion is full', () => {
    const malformed = inquireExperiment(view({ step: { templates: [{ name: 'x' }] } }))
    const full = inquireExperiment({ ...view(), promoteFull: true })
    const aborted = inquireExperiment({ ...view(), mode: 'aborted' })
    for (const { experiment, due: made } of [malformed, full, aborted])
      assert.deepEqual([experiment, made], [undefined, undefined])
    const { problem } = inquireExperiment({ ...view(), stableRs: undefined })
    assert.match(problem?.message ?? '', /the stable ReplicaSet does not exist yet/)
  })
})

describe('which experiment counts', () => {
  const { annotations = {}, labels = {} } = due().metadata
  const of = (metadata: Partial<Experiment['metadata']>, phase = 'Running') => existing({ phase }, metadata)
  const rows: readonly [string, readonly Experiment[], string | undefined, string | undefined][] = [
    ['none: one is made', [], undefined, BASE],
    ['that of this revision, step and attempt', [of({})], BASE, undefined],
    [
      'not that of another attempt',
      [of({ annotations: { ...annotations, 'penstock.dev/attempt': 'x' } })],
      undefined,
      `${BASE}-1`,
    ],
    [
      'not that of another revision',
      [of({ annotations: { ...annotations, 'rollout.argoproj.io/revision': '1' } })],
      undefined,
      `${BASE}-1`,
    ],
    ['not that of another hash', [of({ labels: { ...labels, [POD_TEMPLATE_HASH]: 'other' } })], undefined, `${BASE}-1`],
    [
      'not that of another step',
      [of({ name: `shop-${NEW_HASH}-2-1`, labels: { ...labels, 'step-index': '1' } })],
      undefined,
      BASE,
    ],
    ['the newest of several', [of({ name: `${BASE}-2` }), of({}), of({ name: `${BASE}-10` })], `${BASE}-10`, undefined],
  ]
  for (const [name, experiments, counts, made] of rows)
    test(name, () => {
      const inquiry = inquireExperiment(view({ experiments }))
      assert.deepEqual([inquiry.experiment?.metadata.name, inquiry.due?.metadata.name], [counts, made])
    })

  test('one that Argo made counts when status names it, and only then', () => {
    const { 'penstock.dev/attempt': _attempt, ...argos } = annotations
    const { 'step-index': _step, ...argoLabels } = labels
    const left = of({ annotations: argos, labels: argoLabels })
    const named = { canary: { currentExperiment: BASE } }
    assert.equal(inquireExperiment(view({ experiments: [left], status: named })).experiment, left)
    assert.equal(inquireExperiment(view({ experiments: [left] })).due?.metadata.name, `${BASE}-1`)
  })

  test('an inconclusive one is asked again once somebody resumed, not before', () => {
    const experiments = [of({}, 'Inconclusive')]
    const pause = [{ reason: 'InconclusiveExperiment', startTime: '2026-01-01T00:00:00Z' }]
    const ask = (status: RolloutStatus) => inquireExperiment(view({ experiments, status }))
    assert.equal(ask({}).experiment?.metadata.name, BASE, 'not paused yet')
    assert.equal(ask({ pauseConditions: pause, controllerPause: true }).experiment?.metadata.name, BASE)
    assert.equal(ask({ controllerPause: true }).due?.metadata.name, `${BASE}-1`)
  })
})

test('what its end means', () => {
  const asked = (status: ExperimentStatus) => inquireExperiment(view({ experiments: [existing(status)] }))
  assert.deepEqual(abortByExperiment(asked({ phase: 'Failed', message: 'too many errors' })), {
    reason: 'ExperimentFailed',
    message: 'Experiment analysis phase is error/failed: too many errors',
  })
  assert.equal(abortByExperiment(asked({ phase: 'Error' }))?.message, 'Experiment analysis phase is error/failed')
  for (const phase of ['Pending', 'Running', 'Successful', 'Inconclusive', 'Unheard'])
    assert.equal(abortByExperiment(asked({ phase })), undefined)
  assert.equal(haltByExperiment(asked({ phase: 'Inconclusive' }))[0]?.reason, 'InconclusiveExperiment')
  assert.deepEqual(haltByExperiment(asked(running)), [])
})

describe('what is kept', () => {
  const hash = { [POD_TEMPLATE_HASH]: OLD_HASH }
  const ended = (at: number, phase: string, rest: Partial<ExperimentStatus> = {}): Experiment =>
    existing(
      { phase, ...rest },
      { name: `old-${at}`, labels: hash, creationTimestamp: `2026-01-01T00:00:${String(at).padStart(2, '0')}Z` },
    )
  const deleted = (experiments: readonly Experiment[]): readonly string[] => {
    const seen = view({ experiments })
    return (decideExperiments(seen, inquireExperiment(seen)).actions ?? []).flatMap((action) =>
      action.do === 'deleteExperiment' ? [action.experiment.metadata.name] : [],
    )
  }
  const many = (phase: string) => Array.from({ length: 7 }, (_, at) => ended(at + 1, phase))

  test('five Successful and five others, the newest', () => {
    assert.deepEqual(deleted(many('Successful')), ['old-2', 'old-1'])
    assert.deepEqual(deleted([...many('Failed').slice(0, 6), ended(9, 'Inconclusive')]), ['old-2', 'old-1'])
  })
  test('not those whose ReplicaSet is gone, nor those that are gone already', () => {
    const gone = existing({ phase: 'Successful' }, { name: 'orphan', labels: { [POD_TEMPLATE_HASH]: 'gone' } })
    assert.deepEqual(deleted([gone]), ['orphan'])
    const going = { ...gone, metadata: { ...gone.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }
    assert.deepEqual(deleted([going]), [])
  })
  test('whatever has pods, or runs', () => {
    const busy = { name: 'x', replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }
    const orphan = { name: 'orphan', labels: { [POD_TEMPLATE_HASH]: 'gone' } }
    assert.deepEqual(deleted([existing({ phase: 'Failed', templateStatuses: [busy] }, orphan)]), [])
    assert.deepEqual(deleted([existing(running, orphan)]), [])
  })
  test('what runs and does not count is ended, once', () => {
    const other = existing(running, { name: 'other', labels: hash })
    const ending = { ...existing(running, { name: 'ending', labels: hash }), spec: { ...other.spec, terminate: true } }
    const seen = view({ experiments: [other, ending, existing(running)] })
    assert.deepEqual(
      decideExperiments(seen, inquireExperiment(seen)).actions?.map(({ do: what }) => what),
      ['terminateExperiment'],
    )
  })
})

describe('where traffic may go', () => {
  const template = (name: string, status: string, available: number) => ({
    name,
    status,
    replicas: available,
    updatedReplicas: available,
    readyReplicas: available,
    availableReplicas: available,
    serviceName: `${BASE}-${name}`,
    podTemplateHash: `hash-${name}`,
  })
  const { annotations } = due().metadata
  const attempt = { ...annotations, 'penstock.dev/attempt': view({ step }).lifecycle.attempt }
  const destinations = (status: ExperimentStatus) =>
    experimentDestinations(view({ step, experiments: [existing(status, { annotations: attempt })] }))
  const ready = (status: ExperimentStatus) => destinations(status).map((one) => one.ready)
  const both = [template('baseline', 'Running', 1), template('canary', 'Running', 2)]

  test('to each template with a weight, by its Service and hash, in the order of the step', () =>
    assert.deepEqual(destinations({ phase: 'Running', templateStatuses: both.toReversed() }), [
      { serviceName: `${BASE}-baseline`, podTemplateHash: 'hash-baseline', weight: 5, ready: true },
      { serviceName: `${BASE}-canary`, podTemplateHash: 'hash-canary', weight: 10, ready: true },
    ]))
  test('only while the experiment runs and the pods are there (AR#3420)', () => {
    assert.deepEqual(ready({ phase: 'Pending', templateStatuses: both }), [false, false])
    assert.deepEqual(ready({ phase: 'Successful', templateStatuses: both }), [false, false])
    const lacking = [template('baseline', 'Running', 1), template('canary', 'Progressing', 1)]
    assert.deepEqual(ready({ phase: 'Running', templateStatuses: lacking }), [true, false])
  })
  test('nowhere before there is a Service, nor without a weight, nor when there is no step', () => {
    const { serviceName: _name, ...bare } = template('canary', 'Running', 1)
    assert.deepEqual(destinations({ phase: 'Running', templateStatuses: [bare] }), [])
    assert.deepEqual(experimentDestinations({ ...view({ experiments: [existing(running)] }), step: undefined }), [])
  })
})
