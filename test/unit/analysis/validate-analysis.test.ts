/** What a metric must not say, and how the refusal reads. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Metric } from '../../../controller/api/analysis.ts'
import { findArgumentProblem, findPromqlProblem } from '../../../controller/metric-language/promql.ts'
import { renderAnalysisProblems, validateAnalysis } from '../../../controller/metric-language/validate-analysis.ts'

const sound: Metric = {
  name: 'errors',
  interval: '30s',
  count: 5,
  successCondition: 'result[0] < 0.05',
  provider: { prometheus: { address: 'http://prometheus:9090', query: 'sum(rate(http_requests_total[1m]))' } },
}
const problems = (changes: Partial<Metric>): string =>
  renderAnalysisProblems(validateAnalysis({ metrics: [{ ...sound, ...changes }] }))

const prometheus = (config: NonNullable<Metric['provider']['prometheus']>): Partial<Metric> => ({
  provider: { prometheus: { address: 'http://p', query: 'up', ...config } },
})
const web = (config: Partial<NonNullable<Metric['provider']['web']>>): Partial<Metric> => ({
  provider: { web: { url: 'http://w/', ...config } },
})
const datadog = (config: NonNullable<Metric['provider']['datadog']>): Partial<Metric> => ({
  provider: { datadog: { query: 'avg:errors{*}', ...config } },
})
const cloudWatch = (
  metricDataQueries: NonNullable<Metric['provider']['cloudWatch']>['metricDataQueries'],
  interval?: string,
): Partial<Metric> => ({
  provider: { cloudWatch: { metricDataQueries, ...(interval === undefined ? {} : { interval }) } },
})

const refusals: readonly (readonly [Partial<Metric>, RegExp])[] = [
  [{ name: ' ' }, /metrics\[0\]\.name: metric name must not be empty/],
  [{ interval: 'soon' }, /invalid interval string: "soon"/],
  [{ interval: '-1s' }, /invalid interval string/],
  [{ initialDelay: '5 minutes' }, /invalid initialDelay string/],
  [{ count: 'many' }, /metrics\[0\]\.count: "many" is not a whole number/],
  [{ count: 1, failureLimit: 2 }, /count must be >= failureLimit/],
  [
    { count: 3, failureLimit: 2, consecutiveSuccessLimit: 2 },
    /count must be >= failureLimit \+ consecutiveSuccessLimit/,
  ],
  [{ count: 1, inconclusiveLimit: 2 }, /count must be >= inconclusiveLimit/],
  [JSON.parse('{"count":2,"interval":""}'), /interval must be specified when count > 1/],
  [{ failureLimit: -1 }, /failureLimit and consecutiveSuccessLimit are both disabled/],
  [{ failureLimit: -2 }, /failureLimit must be >= -1/],
  [{ inconclusiveLimit: -1 }, /inconclusiveLimit must be >= 0/],
  [{ consecutiveErrorLimit: -1 }, /consecutiveErrorLimit must be >= 0/],
  [{ consecutiveSuccessLimit: -1 }, /consecutiveSuccessLimit must be >= 0/],
  [{ successCondition: 'result[0 < 1' }, /metrics\[0\]\.successCondition: expected "\]"[\s\S]*\^/],
  [{ failureCondition: 'rm -rf' }, /metrics\[0\]\.failureCondition: unknown name rm/],
  [{ provider: {} }, /no provider specified/],
  [{ provider: { web: { url: 'http://w' }, job: {} } }, /multiple providers specified/],
  [JSON.parse('{"provider":{"splunk":{}}}'), /provider "splunk" is unknown; known providers: prometheus, web, datadog/],
  [datadog({ query: '' }), /provider\.datadog\.query: is required, or queries with v2/],
  [datadog({ queries: { a: 'x' } }), /datadog\.queries: use either query or queries, not both/],
  [datadog({ query: '', queries: { a: 'x' } }), /datadog\.queries: need apiVersion v2/],
  [datadog({ apiVersion: 'v2', formula: 'a' }), /datadog\.formula: needs queries/],
  [
    datadog({ apiVersion: 'v2', query: '', queries: { a: 'x', b: 'y' } }),
    /datadog\.formula: is required with several queries/,
  ],
  [datadog({ aggregator: 'max' }), /datadog\.aggregator: needs apiVersion v2/],
  [JSON.parse('{"provider":{"datadog":{"query":"x","apiVersion":"v3"}}}'), /datadog\.apiVersion: Invalid option/],
  [datadog({ interval: 'a while' }), /datadog\.interval: "a while" is not a positive duration/],
  [datadog({ requestTimeout: '-1s' }), /datadog\.requestTimeout: "-1s" is not a positive duration/],
  [datadog({ secretRef: { namespaced: true } }), /secretRef\.name: secret name is required for namespaced credentials/],
  [cloudWatch([]), /cloudWatch\.metricDataQueries: needs at least one query/],
  [
    cloudWatch([{ id: 'Rate', expression: 'e' }]),
    /metricDataQueries\[0\]\.id: "Rate" does not begin with a small letter/,
  ],
  [cloudWatch([{ expression: 'e' }]), /metricDataQueries\[0\]\.id: "" does not begin/],
  [
    cloudWatch([
      { id: 'a', expression: 'e' },
      { id: 'a', expression: 'e' },
    ]),
    /metricDataQueries\[1\]\.id: "a" is used twice/,
  ],
  [cloudWatch([{ id: 'a' }]), /metricDataQueries\[0\]: needs either expression or metricStat/],
  [
    cloudWatch([{ id: 'a', expression: 'e', metricStat: { stat: 'Sum', period: 60 } }]),
    /needs either expression or metricStat/,
  ],
  [cloudWatch([{ id: 'a', metricStat: { period: 60 } }]), /metricStat\.stat: is required/],
  [
    cloudWatch([{ id: 'a', metricStat: { stat: 'Sum', period: 'long' } }]),
    /metricStat\.period: must be a number of seconds/,
  ],
  [
    cloudWatch([{ id: 'a', expression: 'e', period: 0 }]),
    /metricDataQueries\[0\]\.period: must be a number of seconds/,
  ],
  [cloudWatch([{ id: 'a', expression: 'e', returnData: false }]), /returns nothing: returnData is false everywhere/],
  [cloudWatch([{ id: 'a', expression: 'e' }], 'ever'), /cloudWatch\.interval: "ever" is not a positive duration/],
  [{ provider: { plugin: { 'acme/x': {} } } }, /unknown metric plugin "acme\/x"/],
  [prometheus({ query: 'sum(rate(x[1m])' }), /metrics\[0\]\.provider\.prometheus\.query: bad PromQL \(column 16\)/],
  [prometheus({ query: '' }), /the query is empty/],
  [prometheus({ address: 'prometheus:9090' }), /"prometheus:9090" is not an http or https URL/],
  [prometheus({ address: 'file:///etc/passwd' }), /is not an http or https URL/],
  [prometheus({ timeout: -1 }), /timeout should not be negative/],
  [
    prometheus({ authentication: { sigv4: { region: 'Ireland' } } }),
    /prometheus\.authentication\.sigv4\.region: "Ireland" is not a region such as eu-west-1/,
  ],
  [prometheus({ authentication: { sigv4: { roleArn: 'reader' } } }), /sigv4\.roleArn: "reader" is not a role/],
  [
    prometheus({ authentication: { oauth2: { tokenUrl: 'http://t', clientId: 'i' } } }),
    /prometheus\.authentication\.oauth2\.clientSecret: is required$/,
  ],
  [
    prometheus({ authentication: { oauth2: { scopes: ['s'] } } }),
    /oauth2\.tokenUrl: is required;.*oauth2\.clientId: is required;.*oauth2\.clientSecret: is required/,
  ],
  [
    prometheus({ authentication: { oauth2: { tokenUrl: 'login', clientId: 'i', clientSecret: 's' } } }),
    /oauth2\.tokenUrl: "login" is not an http or https URL/,
  ],
  [
    prometheus({ authentication: { basicAuth: { username: 'u' } } }),
    /authentication\.basicAuth\.password: is required/,
  ],
  [
    prometheus({ authentication: { basicAuth: { username: 'u', password: 'p' }, sigv4: { region: 'eu-west-1' } } }),
    /prometheus\.authentication: use one of basicAuth, sigv4, not several/,
  ],
  [
    web({ authentication: { sigv4: { region: 'eu-west-1' } } }),
    /web\.authentication\.sigv4: requests of this provider are not signed/,
  ],
  [
    prometheus({ rangeQuery: { start: 'now() - 5m', end: 'now()', step: '15s' } }),
    /rangeQuery\.start: "now\(\) - 5m" is not a time such as/,
  ],
  [prometheus({ rangeQuery: { start: 'now()', end: 'now()' } }), /rangeQuery\.step: is required/],
  [prometheus({ rangeQuery: { step: '15s', end: 'now()' } }), /rangeQuery\.start: is required/],
  [web({ url: '' }), /web\.url: is required/],
  [web({ body: 'x', jsonBody: {}, method: 'POST' }), /use either body or jsonBody/],
  [web({ jsonPath: '{range .items}' }), /web\.jsonPath: jsonPath \{range \.items\}: cannot read/],
  [web({ body: 'x' }), /a body needs method POST or PUT/],
]

describe('metrics that are refused', () => {
  for (const [changes, message] of refusals) test(String(message), () => assert.match(problems(changes), message))
})

describe('metrics that are accepted', () => {
  const accepted: readonly Partial<Metric>[] = [
    {},
    { count: '{{args.count}}', failureLimit: '{{args.limit}}', interval: '{{args.interval}}' },
    { successCondition: 'result[0] < {{args.limit}}' },
    { failureLimit: -1, consecutiveSuccessLimit: 2 },
    prometheus({ query: 'sum(rate(x{job="{{args.job}}"}[1m]))', address: '{{args.prometheus}}' }),
    prometheus({ authentication: { sigv4: {}, basicAuth: { username: 'u', password: 'p' } } }),
    prometheus({ rangeQuery: { start: 'now() - duration("5m")', end: 'now()', step: '15s' } }),
    prometheus({
      authentication: { sigv4: { region: 'eu-west-1', roleArn: 'arn:aws:iam::123456789012:role/a/reader' } },
    }),
    prometheus({ authentication: { sigv4: { profile: 'metrics' }, oauth2: { scopes: [] }, basicAuth: {} } }),
    prometheus({ authentication: { oauth2: { tokenUrl: '{{args.url}}', clientId: 'i', clientSecret: '{{args.s}}' } } }),
    prometheus({ rangeQuery: { start: 'now() - duration("{{args.window}}")', end: 'now()', step: '{{args.step}}' } }),
    web({ jsonBody: { a: 1 }, method: 'POST' }),
    web({ body: '' }),
    datadog({}),
    datadog({ apiVersion: 'v1', interval: '{{args.interval}}', secretRef: { name: 'dd', namespaced: true } }),
    datadog({ apiVersion: 'v2', aggregator: 'mean', requestTimeout: '30s' }),
    datadog({ apiVersion: 'v2', query: '', queries: { a: 'x', b: 'y' }, formula: 'a / b' }),
    cloudWatch([
      { id: 'a', metricStat: { stat: 'Sum', period: '60' }, returnData: false },
      { id: 'b', expression: 'a' },
    ]),
    cloudWatch([{ id: '{{args.id}}', expression: '{{args.e}}', period: '{{args.period}}' }], '{{args.interval}}'),
    web({ authentication: { oauth2: { tokenUrl: 'https://t', clientId: 'i', clientSecret: 's' } } }),
  ]
  for (const changes of accepted) test(JSON.stringify(changes), () => assert.equal(problems(changes), ''))
})

test('rules with bad patterns and duplicate metrics are refused by their place', () => {
  const found = validateAnalysis({
    metrics: [sound, sound],
    dryRun: [{ metricName: '(' }],
    measurementRetention: [{ metricName: 'errors', limit: -1 }],
  })
  assert.deepEqual(
    found.map(({ field }) => field),
    ['metrics[1].name', 'dryRun[0].metricName', 'measurementRetention[0].limit'],
  )
})

describe('PromQL', () => {
  const sound = [
    'up',
    'sum by (code) (rate(http_requests_total{code=~"5..", job="a"}[1m])) / ignoring(x) sum(rate(y[5m] offset 1m))',
    'histogram_quantile(0.99, sum(rate(d_bucket[1m])) by (le)) > bool 1.15 * vector(1)',
    '# a comment\nup\n  or vector(0)',
  ]
  for (const query of sound)
    test(`reads ${query.slice(0, 40)}`, () => assert.equal(findPromqlProblem(query), undefined))
  for (const query of ['sum(', 'up{job=}', 'up{job="a}', 'rate(x[1])]', 'a b c', 'SELECT 1', ')'])
    test(`refuses ${query}`, () =>
      assert.match(findPromqlProblem(query) ?? '', /^bad PromQL \(column \d+\)\n.*\n *\^$/))

  const chain = (term: string, operator: string, length: number): string => Array(length).fill(term).join(operator)
  const long = [
    ['800 sums', chain('errors_total{code="500"}', '+', 800)],
    ['as many terms as fit', chain('a', '+', 10_000)],
    ['comparisons between `or`', chain('up{job="a"} == bool 1', ' or ', 750)],
    [
      'a chain in a call, and another one after it',
      `sum(${chain('a', ' + ', 2400)}) / sum(${chain('b', ' - ', 2400)})`,
    ],
    ['parentheses', `${'('.repeat(2000)}a${')'.repeat(2000)}`],
  ] as const
  for (const [what, query] of long)
    test(`reads long queries as Prometheus does: ${what}`, () => assert.equal(findPromqlProblem(query), undefined))
  test('points at the mistake in a long chain', () => {
    const query = `${chain('a', '+', 5000)}+)+${chain('a', '+', 4000)}`
    assert.match(findPromqlProblem(query) ?? '', /^bad PromQL \(column 10001\)/)
  })

  const bad = ['a"b', "it's", 'a\nb', 'a\\', 'x"} or vector(1) # ']
  for (const value of bad)
    test(`refuses the argument ${JSON.stringify(value)}`, () =>
      assert.match(findArgumentProblem('job', value) ?? '', /^args\.job contains/))
  for (const value of ['checkout', 'a="b"', 'code=~"5.."', '', "{job='x'}"])
    test(`takes the argument ${JSON.stringify(value)}`, () =>
      assert.equal(findArgumentProblem('job', value), undefined))
})
