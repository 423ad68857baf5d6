/** What each provider asks for and how it reads answers, good and hostile. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatPlain, formatShort } from '../../../analysis/providers/go-number.ts'
import { prometheus } from '../../../analysis/providers/prometheus.ts'
import type { PreparedExchange, ProviderModule, ProviderOutcome } from '../../../analysis/providers/provider.ts'
import { web } from '../../../analysis/providers/web.ts'
import { findByJsonPath, parseJsonPath } from '../../../controller/metric-language/json-path.ts'
import { readTimeExpression } from '../../../controller/metric-language/time-expression.ts'

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
    ['a vector', vector('0.5', '1e-9'), [0.5, 1e-9], '[0.5,0.000000001]'],
    ['an empty vector', vector(), [], '[]'],
    [
      'NaN and the infinities',
      vector('NaN', '+Inf', '-Inf'),
      [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      '[NaN,+Inf,-Inf]',
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

  const readAs = (mode: 'strict' | 'argo', data: object): ProviderOutcome =>
    prepare(prometheus, config, mode).parse(answer(JSON.stringify({ status: 'success', data })))
  const native = [1, { count: '3', sum: '5' }]
  test('reads strings and native histograms as Argo does in its reading only', () => {
    const text = { resultType: 'string', result: [1, 'ok'] }
    assert.equal(readAs('strict', text).kind, 'sample')
    assert.deepEqual(readAs('argo', text), { kind: 'error', message: 'prometheus: a string cannot be judged' })
    const list = { resultType: 'vector', result: [{ value: [1, '2'] }, { histogram: native }] }
    assert.equal(readAs('strict', list).kind, 'error')
    assert.deepEqual(readAs('argo', list), { kind: 'sample', value: [2, 0], text: '[2,0]' })
    const matrix = {
      resultType: 'matrix',
      result: [{ values: [[1, '2']], histograms: [native] }, { histograms: [native] }],
    }
    assert.equal(readAs('strict', matrix).kind, 'error')
    assert.deepEqual(readAs('argo', matrix), { kind: 'sample', value: [2], text: '[2]' })
  })

  test('signs for AWS where it is asked to, in Argo’s reading at AWS’ addresses only', () => {
    const address = 'https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1'
    const sigv4 = { region: 'eu-west-1', profile: '', roleArn: 'arn:aws:iam::123456789012:role/r' }
    const authentication = { sigv4, oauth2: {}, basicAuth: {} }
    const expected = {
      kind: 'sigv4',
      service: 'aps',
      region: 'eu-west-1',
      profile: undefined,
      roleArn: 'arn:aws:iam::123456789012:role/r',
    }
    assert.deepEqual(prepare(prometheus, { ...config, address, authentication }).auth, expected)
    assert.deepEqual(prepare(prometheus, { ...config, address, authentication }, 'argo').auth, expected)
    assert.deepEqual(prepare(prometheus, { ...config, authentication }).auth, expected)
    assert.equal(prepare(prometheus, { ...config, authentication }, 'argo').auth, undefined)
  })

  test('asks a server without forms by query string', () => {
    const exchange = prepare(prometheus, {
      ...config,
      query: 'sum(rate(a[1m])) + 1',
      headers: [{ key: 'X-Scope-OrgID', value: 'shop' }],
    })
    assert.equal(exchange.fallback?.(answer('', 200)), undefined)
    assert.equal(exchange.fallback?.(answer('', 400)), undefined)
    for (const status of [405, 501]) {
      const other = exchange.fallback?.(answer('', status))
      assert.equal(other?.method, 'GET')
      assert.equal(
        other?.url,
        'http://prometheus:9090/base/api/v1/query?query=sum%28rate%28a%5B1m%5D%29%29%20%2B%201&timeout=30s',
      )
      assert.deepEqual(other?.headers, { Accept: 'application/json', 'X-Scope-OrgID': 'shop' })
      assert.equal('body' in other, false)
    }
  })

  test('a header counts once, however its name is written', () => {
    const { request } = prepare(prometheus, {
      ...config,
      headers: [
        { key: 'accept', value: 'text/plain' },
        { key: 'X-A', value: '1' },
        { key: 'x-a', value: '2' },
        { key: 'authorization', value: 'Bearer old' },
      ],
      authentication: { basicAuth: { username: 'u', password: 'p' } },
    })
    assert.deepEqual(request.headers, {
      accept: 'text/plain',
      'Content-Type': 'application/x-www-form-urlencoded',
      'x-a': '2',
      Authorization: 'Basic dTpw',
    })
  })

  test('keeps what Prometheus remarks', () => {
    const outcome = read(vector('1'), { infos: ['metric might not be a counter'] })
    assert.deepEqual('metadata' in outcome && outcome.metadata, { infos: '"metric might not be a counter"' })
  })

  test('keeps warnings, of several with a comma between them', () => {
    const outcome = read(vector('1'), { warnings: ['a', 'b'] })
    assert.deepEqual('metadata' in outcome && outcome.metadata, { warnings: '"a", "b"' })
  })

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
    [
      { ...config, authentication: { oauth2: { tokenUrl: 'http://x' } } },
      /^prometheus\.authentication\.oauth2\.clientId: is required$/,
    ],
    [{ ...config, authentication: { sigv4: { region: 'Eu' } } }, /^prometheus\.authentication\.sigv4\.region: "Eu"/],
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
    [
      'text without a path',
      'ready',
      {},
      { kind: 'sample', value: 'ready', text: 'text of 5 characters', passesInArgo: true },
    ],
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
      passesInArgo: true,
    })
    assert.deepEqual(read('', {}, 'argo'), {
      kind: 'sample',
      value: '',
      text: 'text of 0 characters',
      passesInArgo: true,
    })
  })

  test('sends a token where one is asked for, and signs nothing', () => {
    const oauth2 = { tokenUrl: 'https://t', clientId: 'i', clientSecret: 's' }
    const { auth } = prepare(web, { ...config, authentication: { oauth2, sigv4: {}, basicAuth: {} } })
    assert.deepEqual(auth, { kind: 'oauth2', ...oauth2, scopes: [] })
    assert.match(problemOf(web, { ...config, authentication: { sigv4: { profile: 'p' } } }), /are not signed/)
  })

  test('a JSON body has its own type, other bodies the one that is given', () => {
    const headers = [{ key: 'content-TYPE', value: 'text/xml' }]
    const post = (body: object) => prepare(web, { ...config, method: 'POST', headers, ...body }).request
    assert.deepEqual(post({ jsonBody: {} }).headers, { 'Content-Type': 'application/json' })
    assert.deepEqual(post({ body: '<a/>' }).headers, { 'content-TYPE': 'text/xml' })
    assert.equal('body' in post({ body: '' }), false)
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
    labels: { 'app.kubernetes.io/name': 'shop', '5xx': 3 },
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
    ['{$..v}', [1, 2]],
    ['{$..[0].name}', ['x']],
    ['{$.a.b-c[0,2]}', [1, 3]],
    ["{$.items[0]['name', 'v']}", ['x', 1]],
    ['{$.a.b-c[0:3:2]}', [1, 3]],
    ['{$.a.b-c[::2]}', [1, 3]],
    ['{$.a.b-c[-1:]}', [3]],
    ['{.labels.app\\.kubernetes\\.io/name}', ['shop']],
    ['{.labels.5xx}', [3]],
    ['{$.items[7]}', []],
  ]
  for (const [source, expected] of rows)
    test(source, () => {
      const parsed = parseJsonPath(source)
      assert.ok('path' in parsed, 'problem' in parsed ? parsed.problem : '')
      assert.deepEqual(findByJsonPath(parsed.path, document), expected)
    })
  test('what is found is bounded', () => {
    const wide: unknown = JSON.parse(`[${'[[1,2],[3]],'.repeat(40_000)}[]]`)
    for (const source of ['{$..[*]}', '{$[*][0,-1][0,-1]}']) {
      const parsed = parseJsonPath(source)
      assert.ok('path' in parsed)
      assert.equal(findByJsonPath(parsed.path, wide as never).length, 20_000)
    }
  })
  for (const source of [
    '{$..}',
    '{$...v}',
    '{$..a..b}',
    '{$.a[0:1:0]}',
    '{a.b}',
    '{$.a[0,x]}',
    '{$.a',
    '{$.items[?(@.v ~ 1)]}',
    'text {$.a}',
    '{$.}',
  ])
    test(`refuses ${source}`, () => assert.ok('problem' in parseJsonPath(source)))
})

describe('times of a range', () => {
  const hours = 3_600_000
  const rows: readonly (readonly [string, number | undefined])[] = [
    ['now()', now],
    [' now( ) ', now],
    ['now() - duration("1h30m")', now - 1.5 * hours],
    ["now()-duration('1h')", now - hours],
    ['now() + duration(`1h`)', now + hours],
    ['now() - duration("1h") - duration("30m") + duration("15m")', now - 1.25 * hours],
    ['now() - duration("-1h")', now + hours],
    ['date("2026-01-02T03:04:05Z")', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['date("2026-01-02") + duration("1h")', Date.UTC(2026, 0, 2, 1)],
    ['2026-01-02T03:04:05+01:00', Date.UTC(2026, 0, 2, 2, 4, 5)],
    ['', undefined],
    ['now', undefined],
    ['now() - 5m', undefined],
    ['now() - duration("5 minutes")', undefined],
    ['now() - duration(5m)', undefined],
    ['now() now()', undefined],
    ['date("yesterday")', undefined],
    ['date("2026-13-02")', undefined],
    ['2026-02', undefined],
    [`now()${' - duration("1s")'.repeat(100)}`, undefined],
  ]
  for (const [source, expected] of rows)
    test(source.slice(0, 60), () => assert.equal(readTimeExpression(source, now), expected))
})

describe('numbers as Go writes them', () => {
  /** value, without an exponent, with one where it is shorter: as strconv.FormatFloat and fmt print them. */
  const rows: readonly (readonly [number, string, string])[] = [
    [0, '0', '0'],
    [-0, '-0', '-0'],
    [1, '1', '1'],
    [-0.5, '-0.5', '-0.5'],
    [0.1 + 0.2, '0.30000000000000004', '0.30000000000000004'],
    [0.0001, '0.0001', '0.0001'],
    [0.00001234, '0.00001234', '1.234e-05'],
    [1e-10, '0.0000000001', '1e-10'],
    [123456.75, '123456.75', '123456.75'],
    [1e20, '100000000000000000000', '100000000000000000000'],
    [1.5e21, '1500000000000000000000', '1.5e+21'],
    [-2e100, `-2${'0'.repeat(100)}`, '-2e+100'],
    [Number.NaN, 'NaN', 'NaN'],
    [Number.POSITIVE_INFINITY, '+Inf', '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf', '-Inf'],
  ]
  for (const [value, plain, short] of rows)
    test(plain.slice(0, 40), () => assert.deepEqual([formatPlain(value), formatShort(value)], [plain, short]))
})
