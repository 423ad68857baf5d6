/** What is refused of plugin steps, and with which field; by the registry as by the lint. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { COLOR_STEP } from '../../../controller/api/color-step.ts'
import { stepPluginNames } from '../../../controller/api/step-plugin-config.ts'
import { validateRollout } from '../../../controller/domain/validation/validate.ts'
import { stepPlugins } from '../../../controller/step-plugins/registry.ts'
import { rollout } from '../../builders/rollout.ts'

const AT = 'spec.strategy.canary.steps[0].plugin'
const url = 'https://gate.example/'
const spec = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } } }
const object = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', jsonPath: '{.data.a}', equals: 'b' }

const problemsOf = (name: string, config: unknown): readonly string[] => {
  const plugin = { name, ...(config === undefined ? {} : { config: config as Record<string, unknown> }) }
  return validateRollout(rollout({ steps: [{ plugin }] })).map(({ field, message }) => `${field}: ${message}`)
}

const accepted: readonly (readonly [string, unknown])[] = [
  ['penstock/webhook', { url }],
  [
    'penstock/webhook',
    { url: 'http://10.0.0.1:8080/a?b=c', method: 'PUT', timeout: 90, pollSeconds: 10, tell: ['Abort'] },
  ],
  ['penstock/webhook', { url, success: { statusCodes: [204] }, failure: { jsonPath: '{.a}', exists: true } }],
  [
    'penstock/webhook',
    { url, headers: [{ key: 'Authorization', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] },
  ],
  ['penstock/webhook', { url, compensate: { name: 'penstock/job', config: { spec } } }],
  ['penstock/job', { spec }],
  [
    'penstock/job',
    { spec: { ...spec, backoffLimit: 0, parallelism: 2 }, timeout: '2h', metadata: { labels: { a: 'b' } } },
  ],
  ['penstock/wait-until', { time: '2026-01-01T00:00:00+01:00' }],
  ['penstock/wait-until', { window: { from: '22:00', to: '04:00', timeZone: 'America/New_York', days: ['Mon'] } }],
  ['penstock/wait-until', { object: { ...object, namespace: 'infra' }, timeout: '1h' }],
]

const refused: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['argoproj-labs/sample-step', {}, '.name', /step plugin "argoproj-labs\/sample-step" is not known/],
  ['constructor', {}, '.name', /is not known/],
  ['penstock/webhook', undefined, '.config.url', /expected string/],
  ['penstock/webhook', { url: 'ftp://x/' }, '.config.url', /http or https/],
  ['penstock/webhook', { url: 'https://user:pw@x/' }, '.config.url', /without credentials/],
  ['penstock/webhook', { url, methode: 'PUT' }, '.config.methode', /is not known/],
  ['penstock/webhook', { url, method: 'GET' }, '.config.method', /expected one of/],
  ['penstock/webhook', { url, pollSeconds: 1 }, '.config.pollSeconds', />=10/],
  ['penstock/webhook', { url, timeoutSeconds: 600 }, '.config.timeoutSeconds', /<=60/],
  ['penstock/webhook', { url, timeout: 'soon' }, '.config.timeout', /must be seconds \(600\) or a duration/],
  ['penstock/webhook', { url, timeout: 0 }, '.config.timeout', /greater than 0/],
  ['penstock/webhook', { url, headers: [{ key: 'a b', value: 'c' }] }, '.config.headers[0].key', /no header name/],
  ['penstock/webhook', { url, headers: [{ key: 'a', value: 'b\nc: d' }] }, '.config.headers[0].value', /one line/],
  ['penstock/webhook', { url, headers: [{ key: 'a' }] }, '.config.headers[0]', /exactly one of value, valueFrom/],
  ['penstock/webhook', { url, success: {} }, '.config.success', /needs statusCodes, or jsonPath with a test/],
  [
    'penstock/webhook',
    { url, success: { jsonPath: '{.a}' } },
    '.config.success',
    /exactly one of equals, matches, exists/,
  ],
  ['penstock/webhook', { url, success: { jsonPath: '{.a[}', equals: 1 } }, '.config.success.jsonPath', /cannot read/],
  ['penstock/webhook', { url, failure: { jsonPath: '{.a}', matches: '(' } }, '.config.failure.matches', /pattern/],
  ['penstock/webhook', { url, tell: ['Run'] }, '.config.tell[0]', /expected one of/],
  ['penstock/webhook', { url, payload: { a: 'x'.repeat(9000) } }, '.config', /longer than 8192/],
  ['penstock/webhook', { url, compensate: { name: 'nobody' } }, '.config.compensate.name', /is not known/],
  [
    'penstock/webhook',
    { url, compensate: { name: 'penstock/webhook', config: {} } },
    '.config.compensate.config.url',
    /expected string/,
  ],
  [
    'penstock/webhook',
    { url, compensate: { name: 'penstock/webhook', config: { url, compensate: { name: 'penstock/job' } } } },
    '.config.compensate.config.compensate',
    /is not known/,
  ],
  ['penstock/job', {}, '.config.spec', /expected object/],
  [
    'penstock/job',
    { spec: { template: { spec: { containers: [{ name: 'a', image: 'b' }] } } } },
    '.config.spec.template.spec.restartPolicy',
    /Never or OnFailure/,
  ],
  [
    'penstock/job',
    { spec: { template: { spec: { restartPolicy: 'Never', containers: [] } } } },
    '.config.spec.template.spec.containers',
    />=1/,
  ],
  [
    'penstock/job',
    { spec: { template: { ...spec.template, metadata: { labels: { app: 'shop' } } } } },
    '.config.spec.template.metadata.labels',
    /count as the Rollout's/,
  ],
  ['penstock/wait-until', {}, '.config', /exactly one of time, window, object/],
  ['penstock/wait-until', { time: '2026-01-01T00:00:00Z', object }, '.config', /exactly one of/],
  ['penstock/wait-until', { time: 'tomorrow' }, '.config.time', /RFC 3339/],
  ['penstock/wait-until', { window: { from: '9:00', to: '17:00' } }, '.config.window.from', /HH:MM/],
  ['penstock/wait-until', { window: { from: '09:00', to: '09:00' } }, '.config.window', /must differ/],
  [
    'penstock/wait-until',
    { window: { from: '09:00', to: '17:00', timeZone: 'Mars/Base' } },
    '.config.window.timeZone',
    /time zone/,
  ],
  ['penstock/wait-until', { object: { ...object, kind: 'Secret' } }, '.config.object.kind', /Secret/],
  ['penstock/wait-until', { object: { ...object, resource: 'secrets' } }, '.config.object.resource', /Secret/],
  [
    'penstock/wait-until',
    { object: { ...object, exists: true } },
    '.config.object',
    /exactly one of equals, matches, exists/,
  ],
  [
    'penstock/wait-until',
    { object: { ...object, clusterScope: true, namespace: 'a' } },
    '.config.object.namespace',
    /no meaning/,
  ],
  ['penstock/wait-until', { object: { ...object, jsonPath: '{.a[' } }, '.config.object.jsonPath', /cannot read/],
]

describe('plugin steps that are accepted', () => {
  for (const [name, config] of accepted)
    test(`${name} ${JSON.stringify(config).slice(0, 60)}`, () => assert.deepEqual(problemsOf(name, config), []))
})

describe('plugin steps that are refused', () => {
  for (const [name, config, field, message] of refused)
    test(`${name}${field} ${String(message)}`, () => {
      const problems = problemsOf(name, config)
      const found = problems.find((problem) => problem.startsWith(`${AT}${field}: `))
      assert.ok(found, `refused for ${problems.join('; ') || 'nothing'}`)
      assert.match(found, message)
    })
  test('an unknown one with the names of the known', () => {
    const [problem] = validateRollout(rollout({ steps: [{ plugin: { name: 'x' } }] }))
    assert.equal(problem?.fix, `known are ${[...stepPluginNames, COLOR_STEP].join(', ')}`)
  })
  test('a colour as a compensation, with the names of those that are called', () => {
    const config = { url, compensate: { name: COLOR_STEP, config: { name: 'vip' } } }
    const [problem] = validateRollout(rollout({ steps: [{ plugin: { name: 'penstock/webhook', config } }] }))
    assert.equal(problem?.field, `${AT}.config.compensate.name`)
    assert.equal(problem?.fix, `known are ${stepPluginNames.join(', ')}`)
  })
  test('configs that are too long together', () => {
    const steps = Array.from({ length: 10 }, () => ({
      plugin: { name: 'penstock/webhook', config: { url, payload: { a: 'x'.repeat(7000) } } },
    }))
    assert.match(
      validateRollout(rollout({ steps }))
        .map(({ message }) => message)
        .join(),
      /65536 characters together/,
    )
  })
})

test('every plugin is registered under its own name', () => {
  assert.deepEqual(
    Object.entries(stepPlugins).map(([name, { id }]) => [name, id]),
    stepPluginNames.map((name) => [name, name]),
  )
})
