/** What every metric provider that answers a request owes, so that a new one cannot forget a bound or throw on a hostile answer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PreparedExchange, ProviderContext, ProviderModule } from '../../analysis/providers/provider.ts'
import { providers } from '../../analysis/providers/registry.ts'
import { type RequestProviderId, requestProviderIds } from '../../controller/metric-language/analysis-metric.ts'

interface Example {
  readonly config: object
  readonly healthyBody: string
  /** What the Secret holds that it asks for. */
  readonly secret?: Readonly<Record<string, string>>
}
const examples: Readonly<Record<RequestProviderId, Example>> = {
  prometheus: {
    config: { address: 'http://prometheus:9090', query: 'up' },
    healthyBody: '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"0.5"]}]}}',
  },
  web: { config: { url: 'http://service/metric' }, healthyBody: '{"value":0.5}' },
  datadog: {
    config: { query: 'avg:errors{*}' },
    secret: { 'api-key': 'dd-api', 'app-key': 'dd-app' },
    healthyBody: '{"status":"ok","series":[{"pointlist":[[1767225600000,0.5]]}]}',
  },
  cloudWatch: {
    config: { metricDataQueries: [{ id: 'rate', expression: 'errors / requests' }] },
    healthyBody:
      '{"MetricDataResults":[{"Id":"rate","StatusCode":"Complete","Timestamps":[1767225600],"Values":[0.5]}]}',
  },
  newRelic: {
    config: { query: 'SELECT count(*) FROM Transaction' },
    secret: { 'personal-api-key': 'NRAK-1', 'account-id': '7' },
    healthyBody: '{"data":{"actor":{"account":{"nrql":{"results":[{"count":5}]}}}}}',
  },
  wavefront: {
    config: { address: 'example.wavefront.com', query: 'ts(errors)' },
    secret: { 'example.wavefront.com': 'token' },
    healthyBody: '{"timeseries":[{"data":[[1767225600,0.5]]}]}',
  },
  graphite: {
    config: { address: 'http://graphite', query: 'target=errors' },
    healthyBody: '[{"target":"errors","datapoints":[[0.5,1767225600]]}]',
  },
  influxdb: {
    config: { query: 'from(bucket: "b")' },
    secret: { authToken: 'token', org: 'shop', address: 'http://influxdb:8086' },
    healthyBody:
      '#datatype,string,long,double\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n,,0,0.5\r\n',
  },
  skywalking: {
    config: { address: 'http://skywalking:12800', query: 'query { x }', interval: '5m' },
    healthyBody: '{"data":{"service_cpm":{"value":5}}}',
  },
}

const deepJson = `${'['.repeat(5000)}${']'.repeat(5000)}`
const hostileBodies = [
  '',
  ' ',
  'null',
  '[]',
  '{}',
  '0',
  '"x"',
  '<html>',
  deepJson,
  '{"status":"success","data":null}',
  '\u0000',
  '{"status":1}',
]
const context: ProviderContext = {
  mode: 'strict',
  now: Date.UTC(2026, 0, 1),
  prometheusAddress: undefined,
  settings: { aws: { region: 'eu-west-1' } },
}

test('the registry has exactly the providers that answer a request, each under its own id', () => {
  assert.deepEqual(Object.keys(providers).sort(), [...requestProviderIds].sort())
  for (const [id, module] of Object.entries(providers)) assert.equal(module.id, id)
})

for (const id of requestProviderIds) {
  const module: ProviderModule = providers[id]
  const example = examples[id]
  const asked: ProviderContext = { ...context, secret: example.secret }
  const prepare = (): PreparedExchange => {
    const prepared = module.prepare(example.config, asked)
    assert.ok('request' in prepared, 'problem' in prepared ? prepared.problem : '')
    return prepared
  }

  describe(`provider ${id}`, () => {
    test('bounds its request in time and bytes and names itself as the target', () => {
      const { request } = prepare()
      assert.ok(request.timeoutMs > 0 && request.timeoutMs <= 60_000)
      assert.ok(request.maxBytes > 0 && request.maxBytes <= 4 * 1024 * 1024)
      assert.equal(request.target, id)
      assert.equal(request.retry, undefined, 'repeating is the schedule’s business')
    })

    test('gives equal requests for equal input', () => assert.deepEqual(prepare().request, prepare().request))

    test('reads a healthy answer as a sample with a text', () => {
      const outcome = prepare().parse({ status: 200, headers: {}, body: example.healthyBody })
      assert.equal(outcome.kind, 'sample')
      assert.ok('text' in outcome && outcome.text !== '')
    })

    test('reads no failing status as a sample', () => {
      for (const status of [0, 199, 301, 304, 400, 401, 404, 429, 500, 503]) {
        const outcome = prepare().parse({ status, headers: {}, body: example.healthyBody })
        assert.equal(outcome.kind, 'error', `status ${status}`)
      }
    })

    test('survives hostile answers with bounded text', () => {
      for (const body of [
        ...hostileBodies,
        'x'.repeat(100_000),
        JSON.stringify({ status: 'error', error: 'x'.repeat(100_000) }),
      ]) {
        const outcome = prepare().parse({ status: 200, headers: {}, body })
        const text =
          outcome.kind === 'sample' ? outcome.text : outcome.kind === 'noData' ? outcome.why : outcome.message
        assert.ok(text.length <= 1000, `${text.length} characters`)
      }
    })

    test('refuses a config of the wrong shape by its field', () => {
      for (const config of [undefined, null, 7, 'x', []]) {
        const prepared = module.prepare(config, context)
        assert.ok('problem' in prepared && prepared.problem.startsWith(id))
      }
    })

    test('asks for a Secret by name, refuses without it, and shows nothing of it', () => {
      const wish = module.secretOf?.(example.config)
      assert.equal(wish !== undefined, example.secret !== undefined)
      if (!wish) return
      const refused = module.prepare(example.config, context)
      assert.ok('problem' in refused && refused.problem.includes(`"${wish.name}"`), JSON.stringify(refused))
      const { request, metadata } = prepare()
      for (const [key, value] of Object.entries(example.secret ?? {}))
        assert.ok(
          !/token|key/i.test(key) || !`${request.url} ${request.target} ${JSON.stringify(metadata)}`.includes(value),
        )
    })

    test('never sends the headers that frame a message', () => {
      const headers = [
        { key: 'Host', value: 'elsewhere' },
        { key: 'content-length', value: '0' },
      ]
      const prepared = module.prepare({ ...example.config, headers }, asked)
      assert.ok('request' in prepared)
      const names = Object.keys(prepared.request.headers ?? {}).map((name) => name.toLowerCase())
      assert.ok(!names.includes('host') && !names.includes('content-length'))
    })
  })
}
