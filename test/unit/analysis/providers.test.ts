/** What each provider asks for and how it reads answers, good and hostile. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { prometheus } from '../../../analysis/providers/prometheus.ts'
import type { PreparedExchange, ProviderModule, ProviderOutcome } from '../../../analysis/providers/provider.ts'
import { web } from '../../../analysis/providers/web.ts'
import { findByJsonPath, parseJsonPath } from '../../../controller/metric-language/json-path.ts'

const now = Date.UTC(2026, 0, 1)
function prepare(module: ProviderModule, config: object, mode: 'strict' | 'argo' = 'strict'): PreparedExchange {
  const prepared = module.prepare(config, { mode, now, prometheusAddress: undefined })
  assert.ok('request' in prepared, 'problem' in prepared ? prepared.problem : '')
  return prepared
}
function problemOf(module: ProviderModule, config: object): string {
  const prepared = module.prepare(config, { mode: 'strict', now, prometheusAddress: undefined })
  assert.ok('problem' in prepared, 'it was prepared')
  return prepared.problem
}
const answer = (body: string, status = 200) => ({ status, headers: {}, body })

describe('prometheus', () => {
  const config = { address: 'http://prometheus:9090/base/', query: 'up{job="a"}' }
  const read = (data: object, rest: object = {}): ProviderOutcome =>
    prepare(prometheus, config).parse(answer(JSON.stringify({ status: 'success', data, ...rest })))
  const vector = (...values: string[]) => ({
    resultType: 'vector',
    result: values.map((value) => ({ metric: {}, value: [1, value] })),
  })

  test('asks the instant query API below the address, with its own bounds', () => {
    const { request, metadata } = prepare(prometheus, {
      ...config,
      timeout: 5,
      insecure: true,
      headers: [
        { key: 'X-Scope-OrgID', value: 'shop' },
        { key: 'Host', value: 'elsewhere' },
      ],
      authentication: { basicAuth: { username: 'u', password: 'p' } },
    })
    assert.deepEqual(request, {
      method: 'POST',
      url: 'http://prometheus:9090/base/api/v1/query',
      headers: {
        Accept: 'application/json',
        'Content-Type': 'application/x-www-form-urlencoded',
        'X-Scope-OrgID': 'shop',
        Authorization: 'Basic dTpw',
      },
      body: 'query=up%7Bjob%3D%22a%22%7D&timeout=5s',
      timeoutMs: 5000,
      maxBytes: 4 * 1024 * 1024,
      target: 'prometheus',
      tls: { insecure: true },
    })
    assert.deepEqual(metadata, { ResolvedPrometheusQuery: 'up{job="a"}' })
  })

  test('asks the range query API with times relative to now', () => {
    const rangeQuery = { start: 'now() - duration("5m")', end: 'now()', step: '15s' }
    const { request } = prepare(prometheus, { ...config, rangeQuery })
    assert.equal(request.url, 'http://prometheus:9090/base/api/v1/query_range')
    const sent = Object.fromEntries(new URLSearchParams(request.body))
    assert.deepEqual([sent.end, sent.start, sent.step], [String(now / 1000), String(now / 1000 - 300), '15'])
  })

  test('uses the controller’s address where the metric has none', () => {
    const prepared = prometheus.prepare({ query: 'up' }, { mode: 'strict', now, prometheusAddress: 'http://p:1' })
    assert.ok('request' in prepared)
    assert.equal(prepared.request.url, 'http://p:1/api/v1/query')
  })

  const values: readonly (readonly [string, object, unknown, string])[] = [
    ['a vector', vector('0.5', '1e-3'), [0.5, 0.001], '[0.5,0.001]'],
    ['an empty vector', vector(), [], '[]'],
    [
      'NaN and the infinities',
      vector('NaN', '+Inf', '-Inf'),
      [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      '[NaN,Infinity,-Infinity]',
    ],
    ['a scalar', { resultType: 'scalar', result: [1, '7'] }, 7, '7'],
    ['a string', { resultType: 'string', result: [1, 'ok'] }, 'ok', 'ok'],
    [
      'a matrix',
      {
        resultType: 'matrix',
        result: [
          {
            values: [
              [1, '1'],
              [2, '2'],
            ],
          },
          { values: [[1, '3']] },
        ],
      },
      [1, 2, 3],
      '[1,2,3]',
    ],
  ]
  for (const [name, data, value, text] of values)
    test(`reads ${name}`, () => assert.deepEqual(read(data), { kind: 'sample', value, text }))

  test('keeps warnings', () => {
    const outcome = read(vector('1'), { warnings: ['partial response'] })
    assert.deepEqual('metadata' in outcome && outcome.metadata, { warnings: '"partial response"' })
  })

  const failures: readonly (readonly [string, string, number, RegExp])[] = [
    [
      'an error in a 200',
      '{"status":"error","errorType":"execution","error":"too many samples"}',
      200,
      /^prometheus: execution: too many samples$/,
    ],
    ['a bad query', '{"status":"error","errorType":"bad_data","error":"parse error"}', 400, /bad_data: parse error/],
    ['a proxy', '<html>secret page</html>', 502, /^prometheus: HTTP 502$/],
    ['another service', '<html>secret page</html>', 200, /^prometheus: the answer is not that of a Prometheus API$/],
    [
      'a native histogram',
      '{"status":"success","data":{"resultType":"vector","result":[{"histogram":[1,{}]}]}}',
      200,
      /native histograms/,
    ],
    [
      'a value that is no number',
      '{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"x"]}]}}',
      200,
      /not a number/,
    ],
  ]
  for (const [name, body, status, message] of failures)
    test(`reports ${name}`, () => {
      const outcome = prepare(prometheus, config).parse(answer(body, status))
      assert.equal(outcome.kind, 'error')
      assert.match('message' in outcome ? outcome.message : '', message)
    })

  const refused: readonly (readonly [object, RegExp])[] = [
    [{ query: 'up' }, /address is not set/],
    [{ ...config, query: 'sum(' }, /bad PromQL/],
    [{ ...config, authentication: { oauth2: { tokenUrl: 'http://x' } } }, /oauth2 is not supported/],
    [{ ...config, authentication: { sigv4: { region: 'eu' } } }, /sigv4 is not supported/],
    [
      { ...config, rangeQuery: { start: 'yesterday', end: 'now()', step: '1s' } },
      /rangeQuery\.start: "yesterday" is not a time/,
    ],
    [{ ...config, rangeQuery: { start: 'now()', end: 'now()', step: '0s' } }, /rangeQuery\.step/],
    [{ ...config, query: 7 }, /prometheus\.query/],
  ]
  for (const [bad, message] of refused)
    test(`refuses ${JSON.stringify(bad)}`, () => assert.match(problemOf(prometheus, bad), message))
})

describe('web', () => {
  const config = { url: 'http://service/health' }
  const read = (body: string, extra: object = {}, mode: 'strict' | 'argo' = 'strict', status = 200): ProviderOutcome =>
    prepare(web, { ...config, ...extra }, mode).parse(answer(body, status))

  test('sends what it is told to', () => {
    const { request } = prepare(web, {
      ...config,
      method: 'POST',
      jsonBody: { a: 1 },
      headers: [{ key: 'X-A', value: 'b' }],
      timeoutSeconds: 3,
    })
    assert.deepEqual(request, {
      method: 'POST',
      url: 'http://service/health',
      headers: { 'Content-Type': 'application/json', 'X-A': 'b' },
      body: '{"a":1}',
      timeoutMs: 3000,
      maxBytes: 1024 * 1024,
      target: 'web',
    })
  })

  const rows: readonly (readonly [string, string, object, object])[] = [
    ['a whole document', '{"ok":true}', {}, { kind: 'sample', value: { ok: true }, text: '{"ok":true}' }],
    ['a picked value', '{"data":{"v":[1,2]}}', { jsonPath: '{$.data.v[1]}' }, { kind: 'sample', value: 2, text: '2' }],
    ['a null', '{"v":null}', { jsonPath: '{$.v}' }, { kind: 'sample', value: null, text: 'null' }],
    [
      'a missing value',
      '{}',
      { jsonPath: '{$.v}' },
      { kind: 'noData', why: 'jsonPath {$.v} finds nothing in the body' },
    ],
    ['an empty body', ' \n', {}, { kind: 'noData', why: 'the body is empty' }],
    ['text without a path', 'ready', {}, { kind: 'sample', value: 'ready', text: 'text of 5 characters' }],
    [
      'text with a path',
      'ready',
      { jsonPath: '{$.v}' },
      { kind: 'noData', why: 'the body is not JSON, but jsonPath is set' },
    ],
  ]
  for (const [name, body, extra, expected] of rows)
    test(`reads ${name}`, () => assert.deepEqual(read(body, extra), expected))

  test('reads text with a path as text in Argo’s reading', () => {
    assert.deepEqual(read('ready', { jsonPath: '{$.v}' }, 'argo'), {
      kind: 'sample',
      value: 'ready',
      text: 'text of 5 characters',
    })
  })
  for (const status of [301, 404, 500])
    test(`reports ${status} without the body`, () =>
      assert.deepEqual(read('secret', {}, 'strict', status), {
        kind: 'error',
        message: `received non 2xx response code: ${status}`,
      }))
  test('refuses a body with GET and a path it cannot read', () => {
    assert.match(problemOf(web, { ...config, body: 'x' }), /needs method POST or PUT/)
    assert.match(problemOf(web, { ...config, jsonPath: '{range .items}' }), /cannot read "range/)
  })
})

describe('JSON paths', () => {
  const document = {
    a: { 'b-c': [1, 2, 3] },
    items: [
      { name: 'x', v: 1, ok: true },
      { name: 'y', v: 2 },
    ],
  }
  const rows: readonly (readonly [string, readonly unknown[]])[] = [
    ['{$}', [document]],
    ['{}', [document]],
    ['{$.a.b-c}', [[1, 2, 3]]],
    ["{$.a['b-c'][0]}", [1]],
    ['{.a["b-c"][-1]}', [3]],
    ['{$.a.b-c[0:2]}', [1, 2]],
    ['{$.items[*].v}', [1, 2]],
    ['{$.items[?(@.name == "y")].v}', [2]],
    ['{$.items[?(@.v > 1)].name}', ['y']],
    ['{$.items[?(@.ok)].name}', ['x']],
    ['{$.none.deeper}', []],
    ['{$.constructor}', []],
    ['{$.items[7]}', []],
  ]
  for (const [source, expected] of rows)
    test(source, () => {
      const parsed = parseJsonPath(source)
      assert.ok('path' in parsed, 'problem' in parsed ? parsed.problem : '')
      assert.deepEqual(findByJsonPath(parsed.path, document), expected)
    })
  for (const source of ['{$..v}', '{$.a', '{$.items[?(@.v ~ 1)]}', 'text {$.a}', '{$.}'])
    test(`refuses ${source}`, () => assert.ok('problem' in parseJsonPath(source)))
})
