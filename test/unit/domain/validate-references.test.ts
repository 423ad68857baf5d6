/** Services and templates that a Rollout names: missing, foreign, unfit. Words that other tools match on are Argo's. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AnalysisTemplate, Metric } from '../../../controller/api/analysis.ts'
import { MANAGED_BY } from '../../../controller/api/labels.ts'
import type { Rollout, Service } from '../../../controller/api/rollout.ts'
import { validateReferences } from '../../../controller/domain/validation/validate-references.ts'
import type { World } from '../../../controller/domain/world.ts'
import { world } from '../../builders/world.ts'
import { blueGreen, canary, step } from './validation-table.ts'

interface Shape {
  readonly labels?: Readonly<Record<string, string>>
  readonly owner?: string
}

const service = (name: string, { labels = { app: 'shop' }, owner }: Shape = {}): Service => ({
  metadata: { name, namespace: 'web', ...(owner === undefined ? {} : { annotations: { [MANAGED_BY]: owner } }) },
  spec: { selector: labels },
})

const metric = (more: Partial<Metric> = {}): Metric => ({
  name: 'errors',
  provider: { prometheus: { query: 'up' } },
  successCondition: 'result[0] >= 1',
  ...more,
})
const template = (name: string, spec: AnalysisTemplate['spec']): AnalysisTemplate => ({ metadata: { name }, spec })

interface Around {
  readonly services?: readonly Service[]
  readonly templates?: readonly AnalysisTemplate[]
}

const allServices = ['stable', 'canary', 'active', 'preview', 'ping', 'pong'].map((name) => service(name))

function around(rollout: Rollout, { services = [], templates = [] }: Around = {}): World {
  const named = services.map(({ metadata }) => metadata.name)
  const all = [...allServices.filter(({ metadata }) => !named.includes(metadata.name)), ...services]
  return {
    ...world(),
    rollout,
    services: Object.fromEntries(all.map((one) => [one.metadata.name, { service: one, readyEndpoints: {} }])),
    templates: Object.fromEntries(templates.map((one) => [one.metadata.name, one])),
  }
}

/** Only the named Services exist. */
const withOnly = (rollout: Rollout, ...names: readonly string[]): World => ({
  ...around(rollout),
  services: Object.fromEntries(names.map((name) => [name, { service: service(name), readyEndpoints: {} }])),
})

const pingPong = { pingService: 'ping', pongService: 'pong' }
const judged = { templates: [{ templateName: 't' }] }
const endless = metric({ interval: '1m' })
const inline = (more: object = {}): Rollout => step({ analysis: { ...judged, ...more } })
const background = (more: object = {}): Rollout => canary({ analysis: { ...judged, ...more } })
const at = 'spec.strategy'

type Row = readonly [name: string, world: World, field: string, message: string]

const rows: readonly Row[] = [
  ['no stable Service', withOnly(canary({}), 'canary'), `${at}.canary.stableService`, 'service "stable" not found'],
  ['no canary Service', withOnly(canary({}), 'stable'), `${at}.canary.canaryService`, 'service "canary" not found'],
  [
    'no ping Service',
    withOnly(canary({ pingPong }), 'stable', 'canary', 'pong'),
    `${at}.canary.pingPong.pingService`,
    'service "ping" not found',
  ],
  [
    'no pong Service',
    withOnly(canary({ pingPong }), 'stable', 'canary', 'ping'),
    `${at}.canary.pingPong.pongService`,
    'service "pong" not found',
  ],
  [
    'no active Service',
    withOnly(blueGreen({}), 'preview'),
    `${at}.blueGreen.activeService`,
    'service "active" not found',
  ],
  [
    'no preview Service',
    withOnly(blueGreen({}), 'active'),
    `${at}.blueGreen.previewService`,
    'service "preview" not found',
  ],
  [
    'a Service of other pods',
    around(canary({}), { services: [service('canary', { labels: { app: 'cart' } })] }),
    `${at}.canary.canaryService`,
    'Service "canary" has unmatch label "app" in rollout',
  ],
  [
    'a Service with one label more',
    around(canary({}), { services: [service('stable', { labels: { app: 'shop', tier: 'web' } })] }),
    `${at}.canary.stableService`,
    'Service "stable" has unmatch label "tier" in rollout',
  ],
  [
    'a preview Service of other pods',
    around(blueGreen({}), { services: [service('preview', { labels: { app: 'cart' } })] }),
    `${at}.blueGreen.previewService`,
    'Service "preview" has unmatch label "app" in rollout',
  ],
  [
    'a Service of another Rollout',
    around(canary({}), { services: [service('stable', { owner: 'cart' })] }),
    `${at}.canary.stableService`,
    'Service "stable" is managed by another Rollout',
  ],
  [
    'an active Service of another Rollout',
    around(blueGreen({}), { services: [service('active', { owner: 'cart' })] }),
    `${at}.blueGreen.activeService`,
    'Service "active" is managed by another Rollout',
  ],
  [
    'a ping Service of another Rollout',
    around(canary({ pingPong }), { services: [service('ping', { owner: 'cart' })] }),
    `${at}.canary.pingPong.pingService`,
    'Service "ping" is managed by another Rollout',
  ],
  [
    'no template of a step',
    around(inline()),
    `${at}.canary.steps[0].analysis.templates[0].templateName`,
    "AnalysisTemplate 't' not found",
  ],
  [
    'no template of the cluster',
    around(inline({ templates: [{ templateName: 't', clusterScope: true }] }), { templates: [template('t', {})] }),
    `${at}.canary.steps[0].analysis.templates[0].templateName`,
    "ClusterAnalysisTemplate 't' not found",
  ],
  [
    'no template in the background',
    around(background()),
    `${at}.canary.analysis.templates[0].templateName`,
    "AnalysisTemplate 't' not found",
  ],
  [
    'no template before promotion',
    around(blueGreen({ prePromotionAnalysis: judged })),
    `${at}.blueGreen.prePromotionAnalysis.templates[0].templateName`,
    "AnalysisTemplate 't' not found",
  ],
  [
    'no template after promotion',
    around(blueGreen({ postPromotionAnalysis: judged })),
    `${at}.blueGreen.postPromotionAnalysis.templates[0].templateName`,
    "AnalysisTemplate 't' not found",
  ],
  [
    'the second template',
    around(inline({ templates: [{ templateName: 't' }, { templateName: 'u' }] }), {
      templates: [template('t', { metrics: [metric()] })],
    }),
    `${at}.canary.steps[0].analysis.templates[1].templateName`,
    "AnalysisTemplate 'u' not found",
  ],
  [
    'a metric twice',
    around(inline({ templates: [{ templateName: 't' }, { templateName: 'u' }] }), {
      templates: [template('t', { metrics: [metric()] }), template('u', { metrics: [metric()] })],
    }),
    `${at}.canary.steps[0].analysis.templates`,
    "two metrics have the same name 'errors'",
  ],
  [
    'a template that names itself',
    around(inline(), { templates: [template('t', { templates: [{ templateName: 't' }] })] }),
    `${at}.canary.steps[0].analysis.templates`,
    "AnalysisTemplate 't' refers to itself: AnalysisTemplate 't' → AnalysisTemplate 't'",
  ],
  [
    'a metric without a provider',
    around(inline(), { templates: [template('t', { metrics: [metric({ provider: {} })] })] }),
    `${at}.canary.steps[0].analysis.templates: spec.metrics[0].provider`,
    'no provider specified',
  ],
  [
    'a metric for ever in a step',
    around(inline(), { templates: [template('t', { metrics: [endless] })] }),
    `${at}.canary.steps[0].analysis.templates`,
    'AnalysisTemplate t has metric errors which runs indefinitely. Invalid value for count: <nil>',
  ],
  [
    'a metric for ever by a count of 0',
    around(inline(), { templates: [template('t', { metrics: [{ ...endless, count: 0 }] })] }),
    `${at}.canary.steps[0].analysis.templates`,
    'AnalysisTemplate t has metric errors which runs indefinitely. Invalid value for count: 0',
  ],
  [
    'a metric for ever before promotion',
    around(blueGreen({ prePromotionAnalysis: judged }), { templates: [template('t', { metrics: [endless] })] }),
    `${at}.blueGreen.prePromotionAnalysis.templates`,
    'AnalysisTemplate t has metric errors which runs indefinitely. Invalid value for count: <nil>',
  ],
  [
    'a metric for ever after promotion',
    around(blueGreen({ postPromotionAnalysis: judged }), { templates: [template('t', { metrics: [endless] })] }),
    `${at}.blueGreen.postPromotionAnalysis.templates`,
    'AnalysisTemplate t has metric errors which runs indefinitely. Invalid value for count: <nil>',
  ],
  [
    'an argument that nobody gives',
    around(background(), { templates: [template('t', { metrics: [endless], args: [{ name: 'job' }] })] }),
    `${at}.canary.analysis.templates`,
    'missing analysis arguments in rollout spec',
  ],
  [
    'an argument beside the one that is given',
    around(background({ args: [{ name: 'other', value: 'x' }] }), {
      templates: [template('t', { metrics: [endless], args: [{ name: 'job' }] })],
    }),
    `${at}.canary.analysis.templates`,
    'missing analysis arguments in rollout spec',
  ],
]

describe('what a Rollout names is refused for', () => {
  for (const [name, situation, field, message] of rows)
    test(`${name}: ${message}`, () => {
      const found = validateReferences(situation).map((problem) => `${problem.field}: ${problem.message}`)
      assert.ok(found.includes(`${field}: ${message}`), found.join('\n') || 'accepted')
    })
})

describe('what a Rollout names may be', () => {
  const good: Readonly<Record<string, World>> = {
    'its own Services': around(canary({}), { services: [service('stable', { owner: 'shop' })] }),
    'a Service that selects a revision': around(canary({}), {
      services: [service('stable', { labels: { app: 'shop', 'rollouts-pod-template-hash': 'abc' } })],
    }),
    'Services of blue-green': around(blueGreen({})),
    'no Service at all': withOnly(canary({}, false)),
    'a metric for ever in the background': around(background(), { templates: [template('t', { metrics: [endless] })] }),
    'a count that an argument gives': around(inline(), {
      templates: [template('t', { metrics: [{ ...endless, count: '{{args.count}}' }], args: [{ name: 'count' }] })],
    }),
    'a single measurement': around(inline(), { templates: [template('t', { metrics: [metric()] })] }),
    'an argument with a default': around(background(), {
      templates: [template('t', { metrics: [endless], args: [{ name: 'job', value: 'x' }] })],
    }),
    'an argument that is given': around(background({ args: [{ name: 'job', value: 'x' }] }), {
      templates: [template('t', { metrics: [endless], args: [{ name: 'job' }] })],
    }),
  }
  for (const [name, situation] of Object.entries(good))
    test(name, () => assert.deepEqual(validateReferences(situation), []))
})
