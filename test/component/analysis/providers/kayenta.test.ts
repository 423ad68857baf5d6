/** `kayenta` against a server that takes Kayenta's documented requests only, and keeps the executions that it was told to start. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { waitFor } from '../../sandbox-node/waiting.ts'
import { type Handler, type Lab, openLab, type Reply, type SeenRequest } from './lab.ts'

const provider = (address: string) => ({
  kayenta: {
    address,
    application: 'guestbook',
    canaryConfigName: 'latency',
    metricsAccountName: 'prometheus-account',
    configurationAccountName: 'config-account',
    storageAccountName: 'store-account',
    threshold: { pass: 90, marginal: 75 },
    scopes: [
      {
        name: 'default',
        controlScope: { scope: 'app=stable', region: 'eu', step: 60 },
        experimentScope: { scope: 'app=canary', region: 'eu', step: 60 },
      },
    ],
  },
})

const CONFIGS = [
  { id: 'other-id', name: 'other', updatedTimestamp: 1, updatedTimestampIso: '2026', applications: ['guestbook'] },
  { id: 'config-id', name: 'latency', updatedTimestamp: 1, updatedTimestampIso: '2026', applications: ['guestbook'] },
]

interface Server {
  readonly handler: Handler
  /** Bodies of those that were started. */
  readonly started: readonly { readonly scopes: Record<string, Record<string, Record<string, string>>> }[]
}

/** `polls` are the answers to one execution, in turn. */
function kayentaServer(polls: readonly Reply[], lookupAccount = 'config-account'): Server {
  const left = [...polls]
  const started: Server['started'][number][] = []
  const post = ({ query, headers, body }: SeenRequest): Reply => {
    assert.deepEqual(query, {
      application: 'guestbook',
      metricsAccountName: 'prometheus-account',
      configurationAccountName: 'config-account',
      storageAccountName: 'store-account',
    })
    assert.equal(headers['content-type'], 'application/json')
    const request = JSON.parse(body)
    assert.deepEqual(Object.keys(request).sort(), ['scopes', 'thresholds'])
    assert.deepEqual(request.thresholds, { pass: 90, marginal: 75 })
    started.push(request)
    return { body: JSON.stringify({ canaryExecutionId: `execution-${started.length}` }) }
  }
  return {
    started,
    handler(request) {
      const { method, path, query } = request
      switch (`${method} ${path}`) {
        case 'GET /canaryConfig':
          assert.deepEqual(query, { application: 'guestbook', configurationAccountName: lookupAccount })
          return { body: JSON.stringify(CONFIGS) }
        case 'GET /canary/executions':
          assert.deepEqual(query, { application: 'guestbook', limit: '10', storageAccountName: 'store-account' })
          return {
            body: JSON.stringify(
              started.map((canaryExecutionRequest, index) => ({
                pipelineId: `execution-${index + 1}`,
                canaryConfigId: 'config-id',
                canaryExecutionRequest,
              })),
            ),
          }
        case 'POST /canary/config-id':
          return post(request)
        case 'GET /canary/execution-1':
          assert.deepEqual(query, {})
          return left.shift() ?? { body: JSON.stringify({ complete: false }) }
        default:
          assert.fail(`${method} ${path}`)
      }
    },
  }
}

const complete = (score: unknown, classifications: readonly string[] = ['Pass']): Reply => ({
  body: JSON.stringify({
    complete: true,
    status: 'succeeded',
    result: {
      judgeResult: {
        score: { score, classification: 'x' },
        results: classifications.map((classification) => ({ classification })),
      },
    },
  }),
})
const running: Reply = { body: '{"complete":false,"status":"running"}' }

describe('kayenta', () => {
  let lab: Lab
  before(async () => {
    lab = await openLab({ virtualTime: true })
  })
  after(() => lab.close())

  const metric = () => ({ provider: provider(lab.address), interval: '10m', count: 1 })

  const rows: readonly (readonly [string, readonly Reply[], string, string | undefined, RegExp | undefined])[] = [
    ['a score that passes, after a while', [running, running, complete(90.9)], 'Successful', '90', undefined],
    ['a marginal score', [complete(89.99)], 'Inconclusive', '89', undefined],
    ['the lowest marginal score', [complete(75)], 'Inconclusive', '75', undefined],
    ['a score that fails', [complete(0)], 'Failed', '0', undefined],
    [
      'a score of nothing',
      [complete(100, ['Nodata', 'Error'])],
      'Inconclusive',
      undefined,
      /^NoData: Kayenta could classify none/,
    ],
    [
      'no score',
      [{ body: '{"complete":true,"status":"terminal"}' }],
      'Error',
      undefined,
      /^kayenta: Missing Score: the execution is terminal$/,
    ],
    ['a score that is text', [complete('90')], 'Error', undefined, /the answer is no canary execution/],
    ['no word of being complete', [{ body: '{}' }], 'Error', undefined, /^kayenta: Missing Complete Status$/],
    ['a refusal', [{ status: 404, body: 'secret page' }], 'Error', undefined, /^kayenta: Invalid Response: HTTP 404$/],
    [
      'an answer that is lost now and then',
      [{ status: 503, body: '' }, running, { status: 500, body: '' }, complete(95)],
      'Successful',
      '95',
      undefined,
    ],
    [
      'answers that stay lost',
      Array.from({ length: 5 }, () => ({ status: 503, body: '' })),
      'Error',
      undefined,
      /^kayenta: HTTP 503$/,
    ],
  ]
  for (const [name, polls, phase, value, message] of rows)
    test(name, async () => {
      const server = kayentaServer(polls)
      lab.serve(server.handler)
      const { measurement } = await lab.measure(metric())
      assert.deepEqual([measurement.phase, measurement.value], [phase, value], measurement.message)
      if (message) assert.match(measurement.message ?? '', message)
      assert.equal(server.started.length, 1)
      assert.equal(measurement.metadata?.canaryExecutionId, 'execution-1')
      assert.equal(measurement.metadata?.canaryConfigId, 'config-id')
    })

  test('a controller that is restarted goes on with the analysis that runs', async () => {
    const server = kayentaServer([running, running, running, running, complete(95)])
    lab.serve(server.handler)
    const measuring = lab.measure(metric())
    for (const requests of [1, 3, 5]) {
      await waitFor(`request ${requests}`, () => lab.seen().length >= requests)
      await lab.restart()
    }
    const { measurement } = await measuring
    assert.deepEqual([measurement.phase, measurement.value, server.started.length], ['Successful', '95', 1])
  })

  test('it compares the interval before the measurement', async () => {
    const server = kayentaServer([complete(100)])
    lab.serve(server.handler)
    const { measurement } = await lab.measure(metric())
    const { controlScope = {}, experimentScope = {} } = server.started[0]?.scopes.default ?? {}
    assert.equal(Date.parse(controlScope.end ?? '') - Date.parse(controlScope.start ?? ''), 600_000)
    assert.equal(controlScope.end, measurement.startedAt)
    assert.deepEqual({ ...controlScope, scope: 'app=canary' }, experimentScope)
    assert.deepEqual([controlScope.location, controlScope.step, controlScope.scope], ['eu', 60, 'app=stable'])
  })

  test('Argo’s reading: the storage account’s configs, and no answer may be lost', async () => {
    lab.serve(kayentaServer([complete(100, ['Nodata'])], 'store-account').handler)
    assert.equal((await lab.measure(metric(), 'argo')).measurement.phase, 'Successful')
    lab.serve(kayentaServer([{ status: 503, body: '' }], 'store-account').handler)
    assert.equal((await lab.measure(metric(), 'argo')).measurement.phase, 'Error')
  })

  test('a config that is not there', async () => {
    lab.serve(() => ({ body: '[]' }))
    assert.equal((await lab.measure(metric())).measurement.message, 'kayenta: Canary config not found')
  })
})
