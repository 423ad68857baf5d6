/**
 * The reference of analysis against the code: its tables name every field and no other, defaults and limits are the code's, the verdicts of a
 * metric come out as written in both readings, and the language and the gates are those that are there.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { DEFAULT_RETENTION } from '../../../analysis/domain/counters.ts'
import { assessMetric } from '../../../analysis/domain/judge.ts'
import { METRIC_TERMINATED } from '../../../analysis/domain/verdict.ts'
import { createLongProviders, providers } from '../../../analysis/providers/registry.ts'
import {
  type AnalysisTemplate,
  analysisRunSpecSchema,
  analysisRunStatusSchema,
  analysisTemplateSpecSchema,
  type Measurement,
  type Metric,
  type MetricResult,
  measurementSchema,
  metricResultSchema,
  metricSchema,
  providerSchema,
} from '../../../controller/api/analysis.ts'
import { type GateMetric, gateMetricSchema, gatePresetIds } from '../../../controller/api/gate.ts'
import { jobMetricSchema } from '../../../controller/api/job.ts'
import { alertmanagerMetricSchema } from '../../../controller/api/metric-providers/alertmanager.ts'
import { kubernetesMetricSchema } from '../../../controller/api/metric-providers/kubernetes.ts'
import { mannWhitneyMetricSchema } from '../../../controller/api/metric-providers/mann-whitney.ts'
import { gateIds } from '../../../controller/api/verdict.ts'
import { chooseProvider, providerIds, readLimits } from '../../../controller/metric-language/analysis-metric.ts'
import { builtinShapes } from '../../../controller/metric-language/expression/builtin-shapes.ts'
import { type GatePlan, planGate } from '../../../controller/metric-language/gate-plan.ts'
import { gatePresets } from '../../../controller/metric-language/gate-presets.ts'
import { listFiles, namesIn, readText, tableBelow } from './documents.ts'

const reference = readText('docs/reference/analysis.md')
const table = (heading: string) => tableBelow(reference, heading)
const firstColumn = (heading: string): readonly string[] =>
  table(heading)
    .flatMap(([cell]) => namesIn(cell))
    .sort()
const keysOf = (...schemas: readonly { readonly shape: object }[]): readonly string[] =>
  [...new Set(schemas.flatMap(({ shape }) => Object.keys(shape)))].sort()

/** What the row of a provider says of its fields. */
const fieldsOf = (id: string): string => table('## Providers').find(([cell]) => namesIn(cell).includes(id))?.[1] ?? ''

describe('the reference of analysis names every field, and no other, of', () => {
  test('templates and runs', () =>
    assert.deepEqual(firstColumn('## Fields of `spec`'), keysOf(analysisTemplateSpecSchema, analysisRunSpecSchema)))
  test('a metric', () => assert.deepEqual(firstColumn('### Fields of `metrics[]`'), keysOf(metricSchema)))
  test('status', () => {
    assert.deepEqual(firstColumn('### Status of a run'), keysOf(analysisRunStatusSchema))
    const named = new Set(table('### Status of a run').flatMap(([, cell]) => namesIn(cell)))
    assert.deepEqual([...named].sort(), keysOf(metricResultSchema, measurementSchema))
  })
  test('providers', () => {
    const rows = table('## Providers')
    assert.deepEqual(rows.flatMap(([cell]) => namesIn(cell)).sort(), [...providerIds].sort())
    assert.deepEqual(
      ['job', ...Object.keys({ ...providers, ...createLongProviders() })].sort(),
      [...providerIds].sort(),
    )
    for (const [id, field] of Object.entries(providerSchema.shape)) {
      const schema = id === 'job' ? jobMetricSchema : field.unwrap()
      if (!('shape' in schema)) continue
      const cell = fieldsOf(id)
      assert.deepEqual(
        keysOf(schema).filter((field) => !new RegExp(`\\b${field}\\b`).test(cell)),
        [],
      )
    }
  })
  for (const [heading, schema] of Object.entries({
    '### Objects of the cluster': kubernetesMetricSchema,
    '### Firing alerts': alertmanagerMetricSchema,
    "### Kayenta's judge without Kayenta": mannWhitneyMetricSchema,
    '### Fields of a gate': gateMetricSchema,
  }))
    test(heading, () => assert.deepEqual(firstColumn(heading), keysOf(schema)))
})

test('defaults and limits are those of the code', () => {
  const limits = readLimits({ name: 'x', provider: {} })
  const defaults = Object.fromEntries(
    table('### Fields of `metrics[]`').flatMap(([cell, value]) => namesIn(cell).map((name) => [name, value])),
  )
  for (const name of [
    'count',
    'failureLimit',
    'inconclusiveLimit',
    'consecutiveErrorLimit',
    'consecutiveSuccessLimit',
  ] as const)
    assert.equal(defaults[name], String(limits[name]), name)
  assert.equal(defaults.initialDelay, String(limits.initialDelayMs))
  assert.match(reference, new RegExp(`how many measurements are kept; ${DEFAULT_RETENTION} `))
  assert.match(
    reference,
    new RegExp(`tried again after ${numberIn('analysis/domain/schedule.ts', 'ERROR_RETRY_MS') / 1000} s`),
  )
  assert.match(
    fieldsOf('prometheus'),
    new RegExp(`timeout\` ${numberIn('analysis/providers/prometheus.ts', 'DEFAULT_TIMEOUT_SECONDS')} s`),
  )
  assert.match(
    fieldsOf('web'),
    new RegExp(`timeoutSeconds\` ${numberIn('analysis/providers/web.ts', 'DEFAULT_TIMEOUT_SECONDS')}`),
  )
  const mebibytes = (path: string): number => numberIn(path, 'MOST_BYTES') / 1024 ** 2
  const most = `at most ${mebibytes('analysis/providers/prometheus.ts')} MiB (Prometheus) or ${mebibytes('analysis/providers/web.ts')} MiB (web)`
  assert.ok(reference.includes(most), most)
})

/** A product of whole numbers that a source gives a name. */
function numberIn(path: string, name: string): number {
  const [, text] = new RegExp(`const ${name} = ([\\d_ *]+)`).exec(readText(path)) ?? []
  assert.ok(text, `${name} in ${path}`)
  return text.split('*').reduce((product, factor) => product * Number(factor.trim().replaceAll('_', '')), 1)
}

test('every other provider is refused by name', () => {
  for (const id of Object.keys(providerSchema.shape).filter((known) => !providerIds.some((own) => own === known))) {
    const choice = chooseProvider({ name: 'x', provider: { [id]: {} } })
    assert.ok('problem' in choice && choice.problem.includes(id), id)
  }
})

describe('verdicts come out as the reference says', () => {
  const ended = (phase: Measurement['phase'], more: object = {}): Measurement => ({
    phase,
    finishedAt: '2026-01-01T00:00:00Z',
    ...more,
  })
  const noData = ended('Inconclusive', { metadata: { verdict: 'NoData' } })
  const cutShort = ended('Inconclusive', { message: METRIC_TERMINATED })
  interface Play {
    readonly metric?: Partial<Metric>
    readonly result: Partial<MetricResult>
    readonly ends?: boolean
  }
  const failed = { failed: 1, count: 1, measurements: [ended('Failed')] }
  const errors = { consecutiveError: 5, measurements: [ended('Error')] }
  const inconclusive = { inconclusive: 1, count: 1, measurements: [ended('Inconclusive')] }
  const endless = { interval: '10s' }
  const inARow = { count: 3, interval: '10s', consecutiveSuccessLimit: 2 }
  const passed = { successful: 1, count: 1, measurements: [ended('Successful')] }
  const tried = { successful: 1, count: 3, consecutiveSuccess: 1, measurements: [ended('Successful')] }
  const plays: Readonly<Record<string, Play>> = {
    'no measurement, the run ends': { result: {}, ends: true },
    'no measurement': { result: {} },
    'more Failed than `failureLimit`': { result: failed },
    'more Failed than `failureLimit`, and more errors in a row than `consecutiveErrorLimit`': {
      result: { ...failed, ...errors },
    },
    'more errors in a row than `consecutiveErrorLimit`': { result: errors },
    'more Inconclusive than `inconclusiveLimit`': { result: inconclusive },
    'more Inconclusive than `inconclusiveLimit`, the last without data': {
      result: { ...inconclusive, measurements: [noData] },
    },
    '`consecutiveSuccessLimit` successes in a row': {
      metric: { ...endless, consecutiveSuccessLimit: 2 },
      result: { ...passed, consecutiveSuccess: 2 },
    },
    '`count` reached, some Successful': { result: passed },
    '`count` reached, none Successful': { metric: { failureLimit: 1 }, result: failed },
    '`count` reached, not so many successes in a row, `failureLimit` -1': {
      metric: { ...inARow, failureLimit: -1 },
      result: tried,
    },
    '`count` reached, not so many successes in a row': { metric: { ...inARow, failureLimit: 1 }, result: tried },
    'the run ends, a metric without `count`, the last one Successful': { metric: endless, result: passed, ends: true },
    'the run ends, a metric without `count`, the last one cut short, the one before Successful': {
      metric: endless,
      result: { ...passed, measurements: [ended('Successful'), cutShort] },
      ends: true,
    },
    'the run ends, a metric without `count`, the only one cut short': {
      metric: endless,
      result: { measurements: [cutShort] },
      ends: true,
    },
    'the run ends, a metric without `count`, the last one not': {
      metric: { ...endless, failureLimit: 1 },
      result: failed,
      ends: true,
    },
    'the run ends before `count` is reached': { metric: { ...endless, count: 3 }, result: passed, ends: true },
    otherwise: { metric: { ...endless, count: 3 }, result: passed },
  }
  const rows = table('## Verdicts')

  test('every row is played, and every play is a row', () =>
    assert.deepEqual(
      rows.map(([situation]) => situation),
      Object.keys(plays),
    ))
  for (const [situation = '', strict, argo] of rows)
    test(situation, () => {
      const { metric = {}, result, ends = false } = plays[situation] ?? { result: {} }
      const limits = readLimits({ name: 'x', provider: {}, ...metric })
      const outcomes = (['strict', 'argo'] as const).map((mode) => {
        const { phase, cause } = assessMetric({ name: 'x', phase: 'Running', ...result }, limits, ends, mode)
        return cause === undefined || mode === 'argo' ? phase : `${phase} (${cause})`
      })
      assert.deepEqual(outcomes, [strict, argo])
    })
})

test('the functions of conditions are those of the language', () => {
  assert.deepEqual(firstColumn('## Conditions'), Object.keys(builtinShapes).sort())
  for (const [cell, needs = ''] of table('## Conditions'))
    for (const name of namesIn(cell)) {
      const { closure, max } = builtinShapes[name] ?? { closure: 'none', max: 0 }
      assert.equal(/predicate|expression/.test(needs), closure !== 'none', name)
      assert.equal(/if wanted/.test(needs), closure === 'optional', name)
      assert.equal(/numbers, or/.test(needs), max > 2, name)
    }
})

describe('a gate without further fields is what the reference says', () => {
  const planOf = (gate: GateMetric['gate']) => planGate({ gate, canary: 'b', stable: 'a' }).plan
  const plans = gateIds.map(planOf)
  const seconds = (ms: number): string => (ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : `${ms / 1000}s`)
  const share = (value: number): string =>
    value < 1 / 2 && value !== 0.001 ? `1/${Math.round(1 / value)}` : `${value}`
  /** One value where the gates agree, else one of each, in their order. */
  const each = (read: (plan: GatePlan) => string): string => [...new Set(plans.map(read))].join('; ')
  const defaults: Readonly<Record<string, string>> = {
    tolerance: each(({ thresholds }) => `${thresholds.toleranceRatio}`),
    toleranceExcess: `${planOf('errorRate').thresholds.toleranceExcess}`,
    alpha: each(({ thresholds }) => share(thresholds.alpha)),
    minEvents: each(({ thresholds }) => `${thresholds.minEvents}`),
    target: each(({ thresholds }) => `${thresholds.target}`),
    warmup: each(({ thresholds }) => seconds(thresholds.warmupMs)),
    history: each(({ historyMs }) => seconds(historyMs)),
    earlyPass: each(({ thresholds }) => `${thresholds.earlyPass}`),
  }
  const told = new Map(
    table('### Fields of a gate').flatMap(([cell, value = '']) => namesIn(cell).map((name) => [name, value] as const)),
  )
  for (const [name, value] of Object.entries(defaults))
    test(`${name}: ${value}`, () => assert.equal(told.get(name), value))

  test('those that share a row', () => {
    const { thresholds, timeoutMs, onUndecided, maxHoldMs, durationMs, selfTestMs, onSelfTest } = planOf('errorRate')
    assert.equal(told.get('beta'), `${share(thresholds.beta)}, false`)
    assert.equal(planGate({ gate: 'errorRate', strict: true }).plan.thresholds.beta, thresholds.alpha)
    assert.equal(told.get('timeout'), `the controller's Prometheus; ${timeoutMs / 1000} s`)
    assert.equal(told.get('onUndecided'), `one more stage, \`${onUndecided}\``)
    assert.deepEqual([maxHoldMs, durationMs], [undefined, undefined])
    assert.equal(told.get('selfTest'), `${selfTestMs}s, \`${onSelfTest}\``)
    const stage = numberIn('analysis/domain/gates/gate-stage.ts', 'WAITED_FOR_MS') / 60_000
    assert.ok(told.get('duration')?.startsWith(`${stage}m; in the background`))
  })

  test('the preset is the first one', () => assert.equal(told.get('preset'), `\`${gatePresetIds[0]}\``))
})

describe('presets are those of the code', () => {
  const matched = { gate: 'errorRate', canary: 'b', stable: 'a' } as const
  const rows = new Map(table('### Presets').map(([cell, ...cells]) => [namesIn(cell)[0] ?? '', cells] as const))
  test('all of them', () => assert.deepEqual([...rows.keys()].sort(), [...gatePresetIds].sort()))
  for (const [id, preset] of Object.entries(gatePresets))
    test(id, () => {
      const { namespace, service, workload } = preset.labels
      const name = (label: string | undefined): string => (label === undefined ? '–' : `\`${label}\``)
      assert.deepEqual(rows.get(id), [
        `\`${preset.requests}\``,
        `\`${preset.codeLabel}\`: ${preset.failedCodes.split('|').map(name).join(', ')}`,
        `\`${preset.buckets}\`, ${preset.unit}`,
        ...[preset.versionLabel, preset.podLabel, namespace, service].map(name),
        workload === undefined && preset.workloadByPod ? "the pod's name" : name(workload),
      ])
    })
  test('custom has defaults for labels only', () => {
    const { plan, problems } = planGate({ gate: 'errorRate', preset: 'custom', canary: 'b', stable: 'a' })
    assert.deepEqual(problems.map(({ field }) => field).sort(), ['codeLabel', 'requests'])
    const labels = plan.version.label === 'rollouts_pod_template_hash' && plan.podLabel === 'pod'
    assert.ok(labels && plan.unitSeconds === 1)
    const own = planGate({ ...matched, preset: 'custom', namespace: 'shop', service: 'checkout', workload: 'x' })
    assert.deepEqual(
      own.plan.matchers.map(({ label }) => label),
      ['namespace', 'service'],
    )
    assert.ok(own.problems.some(({ field }) => field === 'workload'))
  })
})

describe('the gates have the arguments that the reference names', () => {
  const part = reference.slice(reference.indexOf('## The three gates'))
  const gates = listFiles('charts/penstock/files/gates', ['.yaml']).map(
    (path) => parse(readText(path)) as AnalysisTemplate,
  )
  test('each gate is a row', () =>
    assert.deepEqual(
      firstColumn('## The three gates').filter((name) => gates.some(({ metadata }) => metadata.name === name)),
      gates.map(({ metadata }) => metadata.name).sort(),
    ))
  for (const { metadata, spec } of gates)
    for (const { name, value } of spec.args ?? [])
      test(`${metadata.name}: ${name}`, () => {
        assert.ok(part.includes(`\`${name}\``), 'not in the reference')
        const [, said] = new RegExp(`\`${name}\` \\(([\\w.]+)`).exec(part) ?? []
        if (said !== undefined && value !== undefined && name !== 'min-requests') assert.equal(said, value)
      })
})
