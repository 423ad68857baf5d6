/** What a gate's configuration means, and which mistakes of it are named before any traffic is shifted. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { renderBoth, renderHistory } from '../../../../../analysis/providers/gate/queries.ts'
import type { Metric } from '../../../../../controller/api/analysis.ts'
import { type GateMetric, gateMetricSchema, gatePresetIds } from '../../../../../controller/api/gate.ts'
import { planGate } from '../../../../../controller/metric-language/gate-plan.ts'
import { addMatchers, findSelectorProblem } from '../../../../../controller/metric-language/gate-selector.ts'
import { validateMetric } from '../../../../../controller/metric-language/validate-analysis.ts'

const gate = (config: object): GateMetric =>
  gateMetricSchema.parse({ gate: 'errorRate', canary: 'new', stable: 'old', ...config })
const metric = (config: object, rest: Partial<Metric> = {}): Metric => ({
  name: 'gate',
  ...rest,
  provider: { plugin: { 'penstock/gate': { gate: 'errorRate', canary: 'new', stable: 'old', ...config } } },
})
const problemsOf = (config: object, rest: Partial<Metric> = {}): readonly string[] =>
  validateMetric(metric(config, rest), 'm').map(({ field, message }) => `${field}: ${message}`)

describe('defaults of a gate', () => {
  const rows = [
    ['errorRate', 'up', 1.2, 0.001, 3],
    ['latency', 'up', 1.15, 0, 1.5],
    ['events', 'down', 0.8, 0, 0],
  ] as const
  for (const [id, direction, toleranceRatio, toleranceExcess, target] of rows)
    test(id, () => {
      const { plan, problems } = planGate(gate({ gate: id, event: 'orders_total' }))
      assert.deepEqual(problems, [])
      assert.deepEqual(plan.thresholds, {
        direction,
        toleranceRatio,
        toleranceExcess,
        target,
        alpha: 1 / 300,
        beta: 1 / 3,
        minEvents: 5,
        earlyPass: false,
        warmupMs: 60_000,
      })
      assert.deepEqual([plan.historyMs, plan.durationMs, plan.onUndecided], [4 * 3_600_000, undefined, 'pause'])
    })

  test('strict is as sure about the tolerance as about the difference', () =>
    assert.equal(planGate(gate({ strict: 'true' })).plan.thresholds.beta, 1 / 300))

  test('an empty text is no field, and a number may be a text', () => {
    const { plan, problems } = planGate(
      gate({ tolerance: '', warmup: '', preset: '', duration: '', minEvents: '7', earlyPass: '' }),
    )
    assert.deepEqual(problems, [])
    assert.deepEqual([plan.thresholds.toleranceRatio, plan.thresholds.minEvents, plan.durationMs], [1.2, 7, undefined])
  })

  test('ticks are as scrapes are, unless somebody says how long', () => {
    const leastTickMs = (tick: string) => planGate(gate({ tick })).plan.thresholds.leastTickMs
    assert.deepEqual([leastTickMs(''), leastTickMs('2s')], [undefined, 2000])
  })

  for (const preset of gatePresetIds)
    if (preset !== 'custom')
      test(`preset ${preset} reads well for every gate`, () => {
        for (const id of ['errorRate', 'latency', 'events'])
          assert.deepEqual(planGate(gate({ gate: id, preset, event: 'orders_total' })).problems, [])
      })
})

describe('mistakes are named by field', () => {
  const path = 'm.provider.plugin.penstock/gate'
  /** configuration, field, words */
  const rows: readonly (readonly [object, string, RegExp])[] = [
    [{ tolerence: 2 }, path, /tolerence/],
    [{ gate: 'errors' }, `${path}.gate`, /errorRate/],
    [{ preset: 'nginx' }, `${path}.preset`, /nginx-ingress/],
    [{ canary: '' }, `${path}.canary`, /is required: the value of rollouts_pod_template_hash/],
    [{ stable: undefined }, `${path}.stable`, /is required/],
    [{ canary: 'x', stable: 'x' }, `${path}.stable`, /does not tell versions apart/],
    [{ tolerance: 1 }, `${path}.tolerance`, /1 is not within 1.01 and 100/],
    [{ gate: 'events', event: 'e', tolerance: 1.2 }, `${path}.tolerance`, /not within 0.01 and 0.99/],
    [{ tolerance: 'a lot' }, `${path}.tolerance`, /not a number/],
    [{ alpha: 0.5 }, `${path}.alpha`, /not within/],
    [{ warmup: 'soon' }, `${path}.warmup`, /not a duration/],
    [{ tick: '100ms' }, `${path}.tick`, /not within 1s/],
    [{ history: '48h' }, `${path}.history`, /24h/],
    [{ requests: 'rate(http_requests_total[1m])' }, `${path}.requests`, /the raw counter, without rate/],
    [{ requests: 'http_requests_total[1m]' }, `${path}.requests`, /not an instant vector selector/],
    [{ requests: 'http_requests_total offset 5m' }, `${path}.requests`, /not an instant vector selector/],
    [{ requests: 'a{b="c"' }, `${path}.requests`, /not an instant vector selector/],
    [{ failedCodes: '5(' }, `${path}.failedCodes`, /bad pattern/],
    [{ versionLabel: 'pod-template-hash' }, `${path}.versionLabel`, /not the name of a label/],
    [{ match: { 'my-app': 'x' } }, `${path}.match.my-app`, /./],
    [{ preset: 'custom' }, `${path}.requests`, /is required with preset custom/],
    [{ preset: 'custom', requests: 'a' }, `${path}.codeLabel`, /which requests are failures/],
    [{ gate: 'latency', preset: 'custom' }, `${path}.buckets`, /is required with preset custom/],
    [{ preset: 'traefik', service: 'x' }, `${path}.service`, /use match/],
    [{ address: 'prometheus:9090' }, `${path}.address`, /not an http or https URL/],
    [{ onUndecided: 'hope' }, `${path}.onUndecided`, /pause/],
    [{ canary: ' ', stable: 'old' }, `${path}.canary`, /is required/],
    [{ canary: 'a', stable: 'a ' }, `${path}.stable`, /does not tell versions apart/],
    [{ gate: 'events' }, `${path}.event`, /is required: the counter of the business event/],
    [{ requests: 'a{b="c" # why\n}' }, `${path}.requests`, /a comment within the braces/],
    [{ requests: '{}' }, `${path}.requests`, /names no metric/],
    [{ requests: '{__name__=~".+"}' }, `${path}.requests`, /names no metric/],
    [{ requests: `a{b="${'x'.repeat(10_000)}"}` }, `${path}.requests`, /longer than 2000/],
    [{ canary: 'x'.repeat(10_000) }, `${path}.canary`, /longer than 500/],
    [{ match: { a: 'x'.repeat(10_000) } }, `${path}.match`, /the value of a is longer/],
    [{ service: 'x'.repeat(10_000) }, `${path}.match`, /the value of service is longer/],
    [
      { match: Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`l${index}`, 'v'])) },
      `${path}.match`,
      /more than 30 labels/,
    ],
    [{ tolerance: 5 }, `${path}.tolerance`, /a target above it/],
    [{ tolerance: 5, target: 4 }, `${path}.target`, /a target above it/],
    [{ gate: 'events', event: 'e', tolerance: 0.3, target: 0.5 }, `${path}.target`, /a target below it/],
    [{ tolerance: 0 }, `${path}.tolerance`, /0 is not within 1.01 and 100/],
    [{ duration: '-5m' }, `${path}.duration`, /-5m is not within 1s/],
    [{ requests: ['a'] }, `${path}.requests`, /expected string/],
    [{ failedCodes: '((5{100}){100}){100}' }, `${path}.failedCodes`, /bad pattern/],
    [{ address: 'http://user:word@prometheus:9090' }, `${path}.address`, /authentication.basicAuth/],
  ]
  for (const [config, field, words] of rows)
    test(`${JSON.stringify(config)}`, () => {
      const found = problemsOf(config)
      assert.ok(
        found.some((problem) => problem.startsWith(`${field}: `) && words.test(problem)),
        found.join('\n'),
      )
    })

  test('what still holds arguments is left for the run', () =>
    assert.deepEqual(
      problemsOf({ canary: '{{args.c}}', stable: '{{args.s}}', tolerance: '{{args.t}}', preset: '{{args.p}}' }),
      [],
    ))

  test('a gate lasts a stage instead of counting', () => {
    assert.deepEqual(problemsOf({}, { count: 1 }), [])
    assert.deepEqual(problemsOf({}, { count: 3, interval: '15s', failureLimit: 2 }), [])
    assert.match(
      problemsOf({}, { count: 20, interval: '15s' }).join(),
      /^m\.count: a gate is one measurement .*duration$/,
    )
  })

  test('nginx names no version on stable', () =>
    assert.deepEqual(problemsOf({ preset: 'nginx-ingress', canary: 'shop-checkout-canary-80', stable: '' }), []))
})

describe('selectors of a gate', () => {
  test('a line break after the codes of failures is none of them', () =>
    assert.equal(planGate(gate({ failedCodes: '5..\n' })).plan.failedCodes, '5..'))

  test('values cannot end the string that they are in', () => {
    for (const value of ['x"} or vector(1) #', "'", 'a\nb', 'a\\', '`', '"} #', 'a\u2028b']) {
      const { plan, problems } = planGate(
        gate({ service: value, workload: value, canary: value, match: { a: value }, codeLabel: 'code' }),
      )
      assert.deepEqual(problems, [])
      for (const { selector } of [renderBoth(plan, 'requests'), renderHistory(plan, 'requests')])
        assert.equal(findSelectorProblem(selector), undefined, selector)
    }
  })

  test('matchers are added wherever the selector has its own', () => {
    const matcher = { label: 'v', op: '=', value: 'a"b' } as const
    const rows = [
      ['a', 'a{v="a\\"b"}'],
      ['a{}', 'a{v="a\\"b"}'],
      [' a{b="}", } ', 'a{b="}",v="a\\"b"}'],
      ['{__name__="a"} # why', '{__name__="a",v="a\\"b"}'],
      ['{"a.b"}', '{"a.b",v="a\\"b"}'],
      ['{__name__=~"a|b"}', '{__name__=~"a|b",v="a\\"b"}'],
    ] as const
    for (const [selector, expected] of rows) {
      assert.equal(findSelectorProblem(selector), undefined)
      assert.equal(addMatchers(selector, [matcher]), expected)
    }
  })

  test('one query for both versions, whatever their names mean to a regular expression', () => {
    const { plan } = planGate(gate({ service: 'shop', canary: 'a.b', stable: 'c|d', workload: 'check.out' }))
    assert.equal(
      renderBoth(plan, 'requests').selector,
      'http_requests_total{service="shop",pod=~"check\\\\.out-[a-z0-9]+-[a-z0-9]{5}",rollouts_pod_template_hash=~"a\\\\.b|c\\\\|d"}',
    )
  })

  test('history is that of the workload before the canary, or of stable alone where only its hash tells', () => {
    const whole = renderHistory(planGate(gate({ service: 'shop' })).plan, 'requests').selector
    assert.equal(whole, 'http_requests_total{service="shop",rollouts_pod_template_hash!~"|new"}')
    for (const config of [{}, { namespace: 'shop' }])
      assert.match(
        renderHistory(planGate(gate(config)).plan, 'requests').selector,
        /rollouts_pod_template_hash="old"\}$/,
      )
  })

  test('only the bounds that are wanted are asked for, and native histograms still match', () => {
    const { selector } = renderBoth(planGate(gate({ gate: 'latency' })).plan, 'buckets', ['0.25', '1e+06'])
    assert.match(selector, /le=~"\|0\\\\\.25\|1e\\\\\+06\|\\\\\+Inf"/)
  })
})
