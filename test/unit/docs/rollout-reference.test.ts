/**
 * The reference of the Rollout against the code: its tables name every field of the schemas and no other, defaults and annotations are the
 * code's, what it calls refused is refused with that field, and every difference of `compat: argo` is a row that names its tests.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderCrds } from '../../../controller/api/crd/crds.ts'
import {
  blueGreenSchema,
  type CanaryStrategy,
  canarySchema,
  type Rollout,
  rolloutSpecSchema,
  rolloutStatusSchema,
  stepSchema,
  trafficRoutingSchema,
} from '../../../controller/api/rollout.ts'
import { budgetOf } from '../../../controller/domain/availability.ts'
import { rollingBudget } from '../../../controller/domain/replicas.ts'
import { DEFAULT_DELAY_SECONDS } from '../../../controller/domain/scale.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import { rollout } from '../../builders/rollout.ts'
import { exists, listFiles, namesIn, readText, tableBelow } from './documents.ts'

const reference = readText('docs/reference/rollout.md')
const table = (heading: string) => tableBelow(reference, heading)
/** `weight: {x}` and `a.b` are about the fields `weight` and `a`. */
const fieldsIn = (cell = ''): readonly string[] =>
  namesIn(cell)
    .flatMap((name) => /^\w+/.exec(name)?.[0] ?? [])
    .filter((name, at, all) => all.indexOf(name) === at)

describe('the tables name every field, and no other, of', () => {
  const { canary, blueGreen } = rolloutStatusSchema.shape
  const rows = {
    '## Fields of `spec`': rolloutSpecSchema,
    '## Fields of `strategy.canary`': canarySchema,
    '### Fields of `trafficRouting`': trafficRoutingSchema,
    '## Fields of `strategy.blueGreen`': blueGreenSchema,
    '## Steps': stepSchema,
    '## Status': rolloutStatusSchema,
    '### Status of a canary': canary.unwrap(),
    '### Status of a blue-green': blueGreen.unwrap(),
  }
  for (const [heading, schema] of Object.entries(rows))
    test(heading, () => {
      const named = new Set(table(heading).flatMap(([cell]) => fieldsIn(cell)))
      assert.deepEqual([...named].sort(), Object.keys(schema.shape).sort())
    })
})

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
}
const listFields = ({ properties = {}, items, additionalProperties }: Schema): readonly string[] => [
  ...Object.entries(properties).flatMap(([name, schema]) => [name, ...listFields(schema)]),
  ...(items ? listFields(items) : []),
  ...(typeof additionalProperties === 'object' ? listFields(additionalProperties) : []),
]

test('the page names every field of the CRD, at any depth', () => {
  const crd = renderCrds().find(({ metadata }) => metadata.name === 'rollouts.argoproj.io')
  const { versions } = (crd as unknown as { spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } }).spec
  const fields = new Set(listFields(versions[0]?.schema.openAPIV3Schema ?? {}))
  assert.ok(fields.has('maxTrafficWeight') && fields.size > 100)
  const missing = [...fields].filter((field) => !new RegExp(`\\b${field}\\b`).test(reference))
  assert.deepEqual(missing, [])
})

const sources = ['controller', 'analysis', 'webhooks']
  .flatMap((folder) => listFiles(folder, ['.ts']))
  .map((path) => ({ path, text: readText(path) }))

describe('defaults are those of the code', () => {
  const defaultOf = (heading: string, field: string): string | undefined =>
    table(heading).find(([cell]) => namesIn(cell).includes(field))?.[1]
  const canary = '## Fields of `strategy.canary`'
  const blueGreen = '## Fields of `strategy.blueGreen`'
  const ofHundred = { replicas: 100, strategy: { blueGreen: { activeService: 'a' } } }

  test('the budget of an update', () => {
    const { maxSurge, maxUnavailable } = rollingBudget({}, 100)
    assert.equal(defaultOf(canary, 'maxSurge'), `${maxSurge} %`)
    assert.equal(defaultOf(canary, 'maxUnavailable'), `${maxUnavailable} %`)
    assert.equal(defaultOf(blueGreen, 'maxUnavailable'), `${budgetOf(ofHundred).maxUnavailable} %`)
  })

  for (const heading of [canary, blueGreen])
    for (const field of ['scaleDownDelaySeconds', 'abortScaleDownDelaySeconds'])
      test(`${heading} ${field}`, () => assert.equal(defaultOf(heading, field), String(DEFAULT_DELAY_SECONDS)))

  /** Wherever the domain puts something in the place of an absent field, it is what the page says. */
  const rows: readonly (readonly [heading: string, field: string, spelling?: string])[] = [
    ['## Fields of `spec`', 'replicas', 'rollout\\.spec\\.replicas'],
    ['## Fields of `spec`', 'minReadySeconds', 'spec\\.minReadySeconds'],
    ['## Fields of `spec`', 'progressDeadlineSeconds', 'spec\\.progressDeadlineSeconds'],
    ['## Fields of `spec`', 'revisionHistoryLimit'],
    ['## Fields of `spec`', 'analysis.successfulRunHistoryLimit', 'limits\\?\\.successfulRunHistoryLimit'],
    ['## Fields of `spec`', 'analysis.unsuccessfulRunHistoryLimit', 'limits\\?\\.unsuccessfulRunHistoryLimit'],
    ['### Fields of `trafficRouting`', 'maxTrafficWeight'],
    [canary, 'minPodsPerReplicaSet'],
    [blueGreen, 'autoPromotionSeconds'],
  ]
  for (const [heading, field, spelling = field] of rows)
    test(field, () => {
      const found = sources
        .filter(({ path }) => path.startsWith('controller/domain/'))
        .flatMap(({ text }) =>
          [...text.matchAll(new RegExp(`\\b${spelling} \\?\\? (\\w+)`, 'g'))].map(([, value = '']) =>
            /^\d/.test(value) ? value : new RegExp(`const ${value} = (\\d+)`).exec(text)?.[1],
          ),
        )
      assert.ok(found.length > 0, 'is nowhere in the code')
      assert.deepEqual([...new Set(found)], [defaultOf(heading, field)])
    })

  test('how long a write that no router confirms takes', () => {
    const [, ms] = /const DEFAULT_FLOOR_MS = ([\d_]+)/.exec(readText('controller/domain/canary/propagation.ts')) ?? []
    const row = reference.split('\n').find((line) => line.startsWith('| `penstock.dev/propagation-seconds`'))
    assert.match(row ?? '', new RegExp(`seconds; ${Number(ms?.replaceAll('_', '')) / 1000} `))
  })
})

describe('labels and annotations', () => {
  const part = reference.slice(reference.indexOf('## Labels and annotations'), reference.indexOf('## Where it is'))
  const named = new Set(namesIn(part))

  test('every one that has a name in the code is named', () => {
    const constants = [...readText('controller/api/labels.ts').matchAll(/^export const \w+ = '([^']+)'/gm)]
    assert.ok(constants.length > 20)
    assert.deepEqual(
      constants.map(([, key = '']) => key).filter((key) => !named.has(key)),
      [],
    )
  })

  test('every one of ours is named, and none that the code does not know', () => {
    const used = sources.flatMap(({ text }) =>
      [...text.matchAll(/'(penstock\.dev\/[\w-]+)'/g)].map(([, key = '']) => key),
    )
    const ours = [...named].filter((key) => key.startsWith('penstock.dev/') && key !== 'penstock.dev/')
    assert.deepEqual(ours.sort(), [...new Set(used)].sort())
  })
})

describe('where it is stricter than Argo Rollouts', () => {
  const rows = table('## Where it is stricter than Argo Rollouts')
  const rules = rows.map(([rule = '']) => rule)

  /** Who asks which reading holds, and which rows tell what comes of it. */
  const askers: Readonly<Record<string, readonly string[]>> = {
    'analysis/domain/args.ts': ['arguments of a query'],
    'analysis/domain/judge.ts': ['evidence'],
    'analysis/domain/progress.ts': ['words of an analysis'],
    'analysis/domain/verdict.ts': ['evidence', 'words of a condition'],
    'analysis/providers/cloud-watch.ts': ['answers of metric providers'],
    'analysis/providers/datadog-answer.ts': ['answers of metric providers'],
    'analysis/providers/graphite.ts': ['answers of metric providers'],
    'analysis/providers/influxdb.ts': ['answers of metric providers'],
    'analysis/providers/kayenta.ts': ['answers of metric providers'],
    'analysis/providers/new-relic.ts': ['answers of metric providers'],
    'analysis/providers/prometheus-answer.ts': ['answers of metric providers'],
    'analysis/providers/prometheus.ts': ['answers of metric providers'],
    'analysis/providers/wavefront.ts': ['answers of metric providers'],
    'analysis/providers/web.ts': ['evidence'],
    'analysis/reconcile/end-measurements.ts': ['words of an analysis'],
    'analysis/reconcile/measure.ts': ['secret of an argument'],
    'analysis/reconcile/report.ts': ['words of an analysis'],
    'controller/domain/blue-green/progress.ts': ['active Service that names no revision'],
    'controller/domain/blue-green/scaling.ts': ['active Service that names no revision'],
    'controller/domain/blue-green/services.ts': ['users on a revision that was replaced before it was stable'],
    'controller/domain/blue-green/view.ts': ['fast rollback of blue-green'],
    'controller/domain/canary/experiment-manifest.ts': ['weight of an experiment'],
    'controller/domain/canary/experiments.ts': ['analysis that nobody measures'],
    'controller/domain/canary/progress.ts': ['weight without pods'],
    'controller/domain/canary/propagation.ts': ['router that cannot confirm'],
    'controller/domain/canary/scaling.ts': ['last stable pod of dynamic scale'],
    'controller/domain/canary/stable-scale.ts': [
      'last stable pod of dynamic scale',
      'traffic back to a dynamic stable',
    ],
    'controller/domain/canary/standing.ts': ['`HPAReplicas` of a canary'],
    'controller/domain/canary/unrouted-services.ts': ['Services of a canary without a router'],
    'controller/domain/canary/view.ts': ['deadline of a plugin step'],
    'controller/domain/deadline.ts': ['delay of another revision'],
    'controller/domain/experiment/phase.ts': ['evidence of an Experiment'],
    'controller/domain/high-water.ts': ['progress'],
    'controller/domain/restart.ts': ['restart', 'restart that is still to come'],
    'controller/domain/rollback-window.ts': ['rollback window'],
    'controller/domain/step-plugins/answers.ts': ['errors of a step plugin'],
    'controller/domain/step-plugins/endings.ts': ['plugin steps that are taken back'],
    'controller/domain/step-plugins/entries.ts': ['plugin steps that are taken back'],
    'controller/domain/strategies/canary.ts': ['an update without a verdict'],
    'controller/domain/wait-policy.ts': ['waits with an end'],
    'controller/domain/waits.ts': ['analysis that nobody measures'],
    'controller/domain/workload-ref.ts': ['handover of a workload'],
    'controller/reconcile/live-guards.ts': ['last stable pod of dynamic scale'],
  }

  test('every source that asks for the reading is known here, and has its rows', () => {
    const asking = sources.filter(({ text }) => /\b(?:compat|mode) === '(?:argo|strict)'/.test(text))
    assert.deepEqual(asking.map(({ path }) => path).sort(), Object.keys(askers).sort())
    const told = new Set(Object.values(askers).flat())
    assert.deepEqual([...told].sort(), [...rules].sort())
  })

  for (const [rule = '', , , , cell = ''] of rows)
    test(`${rule}: its tests exist and know both readings`, () => {
      const named = namesIn(cell)
      const files = named.filter((name) => name.endsWith('.ts'))
      const tales = named.filter((name) => !name.endsWith('.ts'))
      for (const path of [...files, ...tales.map((name) => `test/golden/${name}.txt`)]) assert.ok(exists(path), path)
      const inBoth =
        files.some((path) => /'argo'/.test(readText(path))) || tales.some((name) => name.endsWith('-in-argo-compat'))
      assert.ok(inBoth, 'nothing tests it with compat: argo')
    })
})

const withCanary = (canary: Partial<CanaryStrategy>): Rollout => rollout({ canary })
const step = (kind: string): Rollout => withCanary({ steps: [{ [kind]: { name: 'x' } }] })
const unlisted = (kind: string): Rollout =>
  withCanary({
    steps: [{ [kind]: { name: 'x' } }],
    trafficRouting: { managedRoutes: [], plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'x' } } },
  })
const annotated = (annotations: Readonly<Record<string, string>>): Rollout => {
  const plain = rollout()
  return { ...plain, metadata: { ...plain.metadata, annotations } }
}
const blueGreen = (strategy: object, spec: Partial<Rollout['spec']> = {}): Rollout =>
  rollout({ spec: { strategy: { blueGreen: { activeService: 'active', ...strategy } }, ...spec } })

describe('what the reference calls refused is refused, with the field', () => {
  const refusedPart = reference.slice(reference.indexOf('## What is refused'))
  const own = { labels: { app: 'x' } }
  const rows: readonly (readonly [field: string, refused: Rollout])[] = [
    ['strategy', rollout({ spec: { strategy: {} } })],
    ['strategy', rollout({ spec: { strategy: { canary: {}, blueGreen: { activeService: 'a' } } } })],
    ['blueGreen', blueGreen({ previewService: 'active' })],
    ['scaleDownDelayRevisionLimit', blueGreen({ scaleDownDelayRevisionLimit: 3 }, { revisionHistoryLimit: 2 })],
    ['template', rollout({ image: '' })],
    ['antiAffinity', withCanary({ antiAffinity: {} })],
    ['antiAffinity', withCanary({ antiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: { weight: 0 } } })],
    ['experiment', step('experiment')],
    ['workloadRef', rollout({ spec: { workloadRef: { kind: 'DaemonSet', name: 'web' } } })],
    ['template', rollout({ spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } })],
    ['canaryMetadata', withCanary({ canaryMetadata: own })],
    ['stableMetadata', withCanary({ stableMetadata: own })],
    ['previewMetadata', blueGreen({ previewMetadata: own })],
    ['activeMetadata', blueGreen({ activeMetadata: own })],
    ['steps', withCanary({ steps: [{}] })],
    ['steps', withCanary({ steps: [{ setWeight: 1, pause: {} }] })],
    ['managedRoutes', step('setHeaderRoute')],
    ['setHeaderRoute', unlisted('setHeaderRoute')],
    ['setMirrorRoute', unlisted('setMirrorRoute')],
    ['setHeaderRoute', rollout({ routed: false, steps: [{ setHeaderRoute: { name: 'x' } }] })],
    ['plugin', step('plugin')],
    ['plugin', withCanary({ steps: [{ plugin: { name: 'penstock/wait-until', config: { never: true } } }] })],
    ['plugins', withCanary({ trafficRouting: { plugins: { 'example/other': {} } } })],
    ['trafficRouting', withCanary({ trafficRouting: {} })],
    ['stableService', rollout({ canary: { stableService: '' } })],
    ['stableService', rollout({ canary: { stableService: 'canary' } })],
    ['scaleDownDelaySeconds', rollout({ routed: false, canary: { scaleDownDelaySeconds: 1 } })],
    ['dynamicStableScale', rollout({ routed: false, canary: { dynamicStableScale: true } })],
    ['dynamicStableScale', withCanary({ dynamicStableScale: true, scaleDownDelaySeconds: 1 })],
    ['setCanaryScale', rollout({ routed: false, steps: [{ setCanaryScale: { replicas: 1 } }] })],
    ['pingPong', withCanary({ pingPong: { pingService: 'a', pongService: 'a' } })],
    ['maxSurge', withCanary({ maxSurge: 0, maxUnavailable: 0 })],
    ['progressDeadlineSeconds', rollout({ spec: { progressDeadlineSeconds: 10, minReadySeconds: 10 } })],
    ['penstock.dev/wait-deadline', annotated({ 'penstock.dev/wait-deadline': 'soon' })],
    ['penstock.dev/wait-action', annotated({ 'penstock.dev/wait-action': 'panic' })],
  ]
  for (const [index, [field, refused]] of rows.entries())
    test(`${field} (${index})`, () => {
      assert.ok(
        refusedPart.includes(`\`${field}`) || new RegExp(`\\b${field}\\b`).test(refusedPart),
        'not in the reference',
      )
      const fields = validateRollout(refused).map((problem) => problem.field)
      assert.ok(
        fields.some((found) => found.includes(field)),
        `refused for ${fields.join(', ') || 'nothing'}`,
      )
    })

  test('and what these begin with is not', () => {
    for (const sound of [rollout(), rollout({ routed: false }), blueGreen({ previewService: 'preview' })])
      assert.deepEqual(validateRollout(sound), [])
  })

  test('but what has an effect is accepted', () => {
    const spec = { rollbackWindow: { revisions: 1 }, restartAt: '2026-01-01T00:00:00Z', progressDeadlineAbort: true }
    assert.deepEqual(validateRollout(rollout({ spec, canary: { dynamicStableScale: true } })), [])
  })
})
