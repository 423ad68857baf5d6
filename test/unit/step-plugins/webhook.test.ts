/** `penstock/webhook`: what is sent, and what each answer means. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { WebhookConfig } from '../../../controller/api/step-plugin-config.ts'
import type { StepAnswer } from '../../../controller/api/step-result.ts'
import { parseVerdict, renderRequest, webhook } from '../../../controller/step-plugins/webhook.ts'
import { createFakeTransport, httpResponse } from '../../fakes/fake-transport.ts'
import { callOf, portsWith } from './calls.ts'

const url = 'https://gate.example/rollouts'
const plain: WebhookConfig = { url }
const tested: WebhookConfig = {
  url,
  success: { jsonPath: '{$.change.state}', equals: 'approved' },
  failure: { jsonPath: '{$.change.state}', matches: '^(rejected|withdrawn)$' },
}
const coded: WebhookConfig = { url, success: { statusCodes: [204] }, failure: { statusCodes: [403] } }
const state = (name: string): string => JSON.stringify({ change: { state: name } })

const rows: readonly (readonly [string, WebhookConfig, number, string, StepAnswer['phase']])[] = [
  ['200 with a phase', plain, 200, '{"phase":"Successful"}', 'Successful'],
  ['201 with a phase', plain, 201, '{"phase":"Failed"}', 'Failed'],
  ['asks to wait', plain, 200, '{"phase":"Running"}', 'Running'],
  ['has no verdict', plain, 200, '{"phase":"Inconclusive"}', 'Inconclusive'],
  ['says Error itself', plain, 200, '{"phase":"Error"}', 'Error'],
  ['202, whatever it says', plain, 202, 'queued', 'Running'],
  ['202 with a verdict is still not one', plain, 202, '{"phase":"Successful"}', 'Running'],
  ['200 without a body', plain, 200, '', 'Error'],
  ['200 with text', plain, 200, 'ok', 'Error'],
  ['200 with a foreign phase', plain, 200, '{"phase":"Passed"}', 'Error'],
  ['a phase in other letters', plain, 200, '{"phase":"successful"}', 'Error'],
  ['a phase that is no text', plain, 200, '{"phase":true}', 'Error'],
  ['a list', plain, 200, '[{"phase":"Successful"}]', 'Error'],
  ['an inherited field', plain, 200, '{"__proto__":{"phase":"Successful"}}', 'Error'],
  ['a redirect', plain, 302, '{"phase":"Successful"}', 'Error'],
  ['404 with a phase', plain, 404, '{"phase":"Successful"}', 'Error'],
  ['409', plain, 409, '', 'Error'],
  ['500 with a phase', plain, 500, '{"phase":"Successful"}', 'Error'],
  ['broken JSON', plain, 200, '{"phase":"Succ', 'Error'],
  ['a test that passes', tested, 200, state('approved'), 'Successful'],
  ['a test of failure that passes', tested, 200, state('rejected'), 'Failed'],
  ['tests that do not pass yet', tested, 200, state('open'), 'Running'],
  ['tests of a body without the field', tested, 200, '{}', 'Running'],
  ['tests of text', tested, 200, 'approved', 'Running'],
  ['tests look at 2xx only', tested, 500, state('approved'), 'Error'],
  ['a body that says its phase beside tests', tested, 200, '{"phase":"Inconclusive"}', 'Inconclusive'],
  ['a status code that means success', coded, 204, '', 'Successful'],
  ['a status code that means failure', coded, 403, '', 'Failed'],
  ['another status code', coded, 401, '', 'Error'],
  ['a success that is no 2xx', { url, success: { statusCodes: [409] } }, 409, '', 'Successful'],
  [
    'a code and a body, both needed',
    { url, success: { statusCodes: [200], jsonPath: '{$.ok}', equals: true } },
    200,
    '{"ok":false}',
    'Running',
  ],
  [
    'failure wins over success',
    { url, success: { statusCodes: [200] }, failure: { statusCodes: [200] } },
    200,
    '',
    'Failed',
  ],
]

describe('a webhook that answers', () => {
  for (const [name, config, status, body, phase] of rows)
    test(`${name}: ${phase}`, () => assert.equal(parseVerdict(config, httpResponse(status, body)).phase, phase))

  test('is quoted with its message, and never with raw text', () => {
    assert.equal(
      parseVerdict(plain, httpResponse(200, '{"phase":"Failed","message":"not on Friday"}')).message,
      'not on Friday',
    )
    const shown = [200, 302, 500].map((status) => parseVerdict(plain, httpResponse(status, 'AKIA-secret')).message)
    assert.doesNotMatch(shown.join(), /AKIA/)
  })
  test('is asked again when the step wants it', () => {
    assert.equal(parseVerdict({ url, pollSeconds: 60 }, httpResponse(202)).afterSeconds, 60)
    assert.equal(parseVerdict(plain, httpResponse(202)).afterSeconds, undefined)
  })
})

describe('what is sent', () => {
  test('names Rollout, step, weight and ids; the payload stays apart', () => {
    const request = renderRequest(callOf<WebhookConfig>({ url, payload: { ticket: 'CHG-1' } }), {})
    assert.equal(request.method, 'POST')
    assert.equal(request.headers?.['Idempotency-Key'], 'uid-1/2/k3/1/Run.1/1')
    assert.deepEqual(JSON.parse(request.body ?? ''), {
      id: 'uid-1/2/k3/1/Run.1',
      request: 'uid-1/2/k3/1/Run.1/1',
      operation: 'Run',
      rollout: { name: 'checkout', namespace: 'shop', uid: 'uid-1' },
      revision: 2,
      podTemplateHash: { latest: 'new', stable: 'old' },
      step: { index: 1, startedAt: '2026-01-01T00:00:00Z' },
      weight: 20,
      payload: { ticket: 'CHG-1' },
    })
    assert.ok(request.timeoutMs === 10_000 && request.maxBytes > 0)
  })

  test('carries headers, secret ones too, but not those that are ours', async () => {
    const http = createFakeTransport()
    http.answer = () => httpResponse(200, '{"phase":"Successful"}')
    const config: WebhookConfig = {
      url,
      headers: [
        { key: 'Authorization', valueFrom: { secretKeyRef: { name: 'gate', key: 'token' } } },
        { key: 'X-Team', value: 'shop' },
        { key: 'idempotency-key', value: 'mine' },
        { key: 'Content-Length', value: '0' },
      ],
    }
    const asked: string[] = []
    const readSecret = async (...path: readonly string[]): Promise<string> => {
      asked.push(path.join('/'))
      return 'Bearer t0ken'
    }
    const run = webhook.prepare('run', config)
    assert.ok(typeof run === 'function')
    await run(callOf(config), portsWith({ http, readSecret }), new AbortController().signal)
    assert.deepEqual(asked, ['shop/gate/token'])
    const [request] = http.requests
    assert.deepEqual(Object.keys(request?.headers ?? {}).sort(), [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'X-Team',
    ])
    assert.equal(request?.headers?.Authorization, 'Bearer t0ken')
  })

  test('tells the other side of an ending when it is asked to, and takes any 2xx for heard', async () => {
    const http = createFakeTransport()
    const signal = new AbortController().signal
    const tell = webhook.prepare('abort', plain)
    assert.ok(typeof tell === 'function')
    const call = callOf(plain, { verb: 'abort', purpose: 'Abort', operation: 'uid-1/2/k3/1/Abort.1' })
    http.answer = () => httpResponse(204)
    assert.equal((await tell(call, portsWith({ http }), signal)).phase, 'Successful')
    http.answer = () => httpResponse(503)
    assert.equal((await tell(call, portsWith({ http }), signal)).phase, 'Error')
    assert.equal(JSON.parse(http.requests[0]?.body ?? '').operation, 'Abort')
  })

  test('a config that was edited into something else is refused', () => {
    const refused = webhook.prepare('run', { url: 'file:///etc/passwd' })
    assert.ok(refused && 'problem' in refused)
    assert.match(refused.problem, /^config\.url: must be an http or https URL/)
  })
})
