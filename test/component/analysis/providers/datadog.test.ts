/** `datadog` against a server that takes the documented requests of both versions only, with keys from each place that has them. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { DatadogMetric } from '../../../../controller/api/metric-providers/datadog.ts'
import { secrets } from '../../../../controller/kube/kinds.ts'
import { type Handler, type Lab, openLab, type SeenRequest } from './lab.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function assertKeys({ headers }: SeenRequest, owner: string): void {
  assert.equal(headers['dd-api-key'], `${owner}-api-key`)
  assert.equal(headers['dd-application-key'], `${owner}-app-key`)
  assert.equal(headers['content-type'], 'application/json')
}
const assertWindow = (from: number, to: number, seconds: number): void => {
  assert.equal(to - from, seconds)
  assert.ok(Math.abs(to - Date.now() / 1000) < 60 && Number.isInteger(to))
}

const v1 =
  (values: readonly (number | null)[], { owner = 'own', seconds = 300, status = 200 } = {}): Handler =>
  (request) => {
    assert.deepEqual([request.method, request.path, request.body], ['GET', '/api/v1/query', ''])
    assertKeys(request, owner)
    const { from, to, ...rest } = request.query
    assertWindow(Number(from), Number(to), seconds)
    assert.deepEqual(rest, { query: 'avg:errors{env:prod} & co' })
    return {
      status,
      body: JSON.stringify({ status: 'ok', series: [{ pointlist: values.map((value) => [1, value]) }] }),
    }
  }

const v2 =
  (columns: readonly object[], attributes: object, { owner = 'own', seconds = 300 } = {}): Handler =>
  (request) => {
    assert.deepEqual([request.method, request.path, request.query], ['POST', '/api/v2/query/scalar', {}])
    assertKeys(request, owner)
    const { data } = JSON.parse(request.body)
    const { from, to, ...rest } = data.attributes
    assert.equal(data.type, 'scalar_request')
    assertWindow(from / 1000, to / 1000, seconds)
    assert.deepEqual(rest, attributes)
    return { body: JSON.stringify({ data: { type: 'scalar_response', attributes: { columns } } }) }
  }
const asked = (name: string, query: string, aggregator = 'last') => ({
  aggregator,
  data_source: 'metrics',
  name,
  query,
})

describe('datadog', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab({
      secrets: (address) => ({
        datadog: { 'api-key': 'own-api-key', 'app-key': 'own-app-key', address },
        team: { 'api-key': 'team-api-key', 'app-key': 'team-app-key', address: `${address}/` },
        half: { 'api-key': 'half-api-key', address },
      }),
    })
    const mine = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'mine', namespace: 'default' },
      data: { 'api-key': base64('mine-api-key'), 'app-key': base64('mine-app-key'), address: base64(lab.address) },
    }
    await lab.cluster.client.create(secrets, mine)
  })
  after(() => lab.close())

  const query = 'avg:errors{env:prod} & co'
  const metric = (config: DatadogMetric = { query }, successCondition = 'result < 0.05') => ({
    provider: { datadog: config },
    successCondition,
  })
  const measured = async (config?: DatadogMetric, condition?: string, mode?: 'strict' | 'argo') => {
    const { measurement, run } = await lab.measure(metric(config, condition), mode)
    assert.ok(!/-api-key|-app-key/.test(JSON.stringify(run.status)))
    return [measurement.phase, measurement.value ?? measurement.message]
  }

  test('v1 judges the last point', async () => {
    lab.serve(v1([0.5, 0.01]))
    assert.deepEqual(await measured(), ['Successful', '0.01'])
    assert.deepEqual(await measured({ query, apiVersion: 'v1' }, 'result > 0.4'), ['Failed', '0.01'])
  })

  test('looks as far back as it is told', async () => {
    lab.serve(v1([0.01], { seconds: 90 }))
    assert.deepEqual(await measured({ query, interval: '1m30s' }), ['Successful', '0.01'])
  })

  test('v1 without data is no data, in compat null or 0', async () => {
    lab.serve(v1([]))
    assert.deepEqual((await measured())[0], 'Inconclusive')
    assert.deepEqual(await measured({ query }, 'isNil(result)', 'argo'), ['Successful', '[]'])
    lab.serve(v1([0.01, null]))
    assert.deepEqual((await measured())[0], 'Inconclusive')
    assert.deepEqual(await measured({ query }, 'result == 0', 'argo'), ['Successful', '0'])
  })

  test('v2 asks one query by the name query', async () => {
    lab.serve(v2([{ type: 'number', values: [0.01] }], { queries: [asked('query', query)], formulas: [] }))
    assert.deepEqual(await measured({ apiVersion: 'v2', query }), ['Successful', '0.01'])
  })

  test('v2 asks a formula of several, each with the aggregator', async () => {
    const queries = { requests: 'sum:requests{*}', errors: 'sum:errors{*}' }
    lab.serve(
      v2([{ type: 'number', values: [0.01] }], {
        queries: [asked('errors', 'sum:errors{*}', 'sum'), asked('requests', 'sum:requests{*}', 'sum')],
        formulas: [{ formula: 'errors / requests' }],
      }),
    )
    const config = { apiVersion: 'v2', queries, formula: 'errors / requests', aggregator: 'sum' } as const
    assert.deepEqual(await measured(config), ['Successful', '0.01'])
  })

  test('v2 with groups judges a list and names the groups', async () => {
    const columns = [
      { type: 'group', name: 'region', values: [['eu'], ['us']] },
      { type: 'number', values: [0.01, 0.2] },
    ]
    lab.serve(v2(columns, { queries: [asked('query', query)], formulas: [] }))
    const { measurement } = await lab.measure(metric({ apiVersion: 'v2', query }, 'all(result, # < 0.1)'))
    assert.deepEqual([measurement.phase, measurement.value], ['Failed', '[0.01,0.2]'])
    assert.deepEqual(JSON.parse(measurement.metadata?.groups ?? ''), [
      { name: 'eu', value: 0.01 },
      { name: 'us', value: 0.2 },
    ])
  })

  test('keys come from the Secret that is named, here or in the namespace of the run', async () => {
    lab.serve(v1([0.01], { owner: 'team' }))
    assert.deepEqual(await measured({ query, secretRef: { name: 'team' } }), ['Successful', '0.01'])
    lab.serve(v1([0.01], { owner: 'mine' }))
    assert.deepEqual(await measured({ query, secretRef: { name: 'mine', namespaced: true } }), ['Successful', '0.01'])
  })

  const failures: readonly (readonly [DatadogMetric, string])[] = [
    [{ query, secretRef: { name: 'half' } }, 'datadog: Secret "half" needs api-key and app-key'],
    [{ query, secretRef: { name: 'mine' } }, 'datadog: Secret "mine" not found in the controller\'s namespace'],
    [
      { query, secretRef: { name: 'team', namespaced: true } },
      'datadog: Secret "team" not found in the run\'s namespace',
    ],
  ]
  for (const [config, message] of failures)
    test(message, async () => {
      lab.serve(() => assert.fail('nobody should be asked'))
      assert.deepEqual(await measured(config), ['Error', message])
      assert.equal(lab.seen().length, 0)
    })

  test('a Secret that the controller may not read is an error that says what to set', async () => {
    const status = { code: 403, reason: 'Forbidden', message: 'secrets "team" is forbidden' }
    lab.cluster.faults.failNext({ verb: 'get', plural: 'secrets', name: 'team' }, 1, status)
    assert.deepEqual(await measured({ query, secretRef: { name: 'team' } }), [
      'Error',
      'the controller may not read Secret penstock/team; list its name in rbac.secretNames',
    ])
  })

  test('refused keys are an error without the body', async () => {
    lab.serve(v1([0.01], { status: 403 }))
    assert.deepEqual(await measured(), ['Error', 'datadog: received authentication error response code: 403'])
  })
})

describe('datadog with keys in the environment', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab({
      secrets: (address) => ({ team: { 'api-key': 'team-api-key', 'app-key': 'team-app-key', address } }),
      config: (address) => ({ providers: { datadog: { address, apiKey: 'env-api-key', appKey: 'env-app-key' } } }),
    })
  })
  after(() => lab.close())
  const query = 'avg:errors{env:prod} & co'

  test('needs no Secret', async () => {
    lab.serve(v1([0.01], { owner: 'env' }))
    const { measurement } = await lab.measure({ provider: { datadog: { query } }, successCondition: 'result < 1' })
    assert.equal(measurement.phase, 'Successful', measurement.message)
  })
  test('but a Secret that is named comes first', async () => {
    lab.serve(v1([0.01], { owner: 'team' }))
    const provider = { datadog: { query, secretRef: { name: 'team' } } }
    const { measurement } = await lab.measure({ provider, successCondition: 'result < 1' })
    assert.equal(measurement.phase, 'Successful', measurement.message)
  })
})
