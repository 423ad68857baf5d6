/** AnalysisRuns on an in-process API server, from creation to verdict: writes, timing, restarts, secrets, events. */
import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { AnalysisRun, AnalysisRunSpec, Metric } from '../../../controller/api/analysis.ts'
import { analysisRuns, secrets } from '../../../controller/kube/kinds.ts'
import { type HttpRequest, type HttpResponse, TransportError } from '../../../controller/runtime/http.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { type AnalysisCluster, type AnalysisClusterOptions, createAnalysisCluster } from './analysis-cluster.ts'

type Handler = (request: HttpRequest, signal: AbortSignal | undefined) => Promise<HttpResponse> | HttpResponse

const vector = (...values: string[]): HttpResponse => ({
  status: 200,
  headers: {},
  body: JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [0, value] })) },
  }),
})

const metric = (changes: Partial<Metric> = {}): Metric => ({
  name: 'errors',
  successCondition: 'result[0] < 0.05',
  provider: { prometheus: { query: 'up' } },
  ...changes,
})
const specOf = (changes: Partial<Metric> = {}, rest: Partial<AnalysisRunSpec> = {}): AnalysisRunSpec => ({
  metrics: [metric(changes)],
  ...rest,
})

async function setUp(context: TestContext, handler: Handler, config: AnalysisClusterOptions['config'] = {}) {
  const clock = createFakeClock()
  const requests: HttpRequest[] = []
  const http = {
    send: async (request: HttpRequest, signal?: AbortSignal) => {
      requests.push(request)
      return handler(request, signal)
    },
  }
  const cluster = await createAnalysisCluster({ clock, http, config })
  context.after(() => cluster.close())
  await clock.advance(10)
  const controller = cluster.startController()
  const settle = async (ms = 300): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 50) await clock.advance(50)
  }
  const read = async (name = 'run'): Promise<AnalysisRun> => {
    const run = await cluster.getRun(name)
    assert.ok(run, `${name} is gone`)
    return run
  }
  return { clock, requests, cluster, controller, settle, read }
}

/** Passes over any run so far. */
async function countPasses({ metrics }: Pick<AnalysisCluster, 'metrics'>): Promise<number> {
  const text = await metrics.metrics()
  return [...text.matchAll(/^analysis_run_reconcile_count\{[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  )
}

describe('an analysis run', () => {
  test('is measured and completed in one write', async (context) => {
    const { cluster, settle, read, requests } = await setUp(context, () => vector('0.01'))
    await cluster.createRun('run', specOf())
    await settle()
    const { status } = await read()
    assert.equal(status?.phase, 'Successful')
    assert.deepEqual(status?.runSummary, { count: 1, successful: 1 })
    const [result] = status?.metricResults ?? []
    assert.equal(result?.measurements?.[0]?.value, '[0.01]')
    assert.deepEqual(result?.metadata, { ResolvedPrometheusQuery: 'up' })
    assert.equal(requests.length, 1)
    assert.deepEqual(cluster.writes, ['patch analysisruns'])
    assert.deepEqual(await cluster.eventReasons(), ['MetricSuccessful', 'AnalysisRunSuccessful'])
  })

  test('costs nothing once it is finished', async (context) => {
    const { cluster, clock, settle, requests } = await setUp(context, () => vector('0.5'))
    await cluster.createRun('run', specOf())
    await settle()
    const written = cluster.writes.length
    await clock.advance(3_600_000)
    assert.equal(requests.length, 1)
    assert.equal(cluster.writes.length, written)
  })

  test('leaves no timer and asks for no pass once it is finished, whatever becomes of the object', async (context) => {
    const { cluster, clock, settle, requests, controller } = await setUp(context, () => vector('0.01'))
    await cluster.createRun('first', specOf())
    await clock.advance(3_600_000)
    const timers = clock.pendingTimers()
    const names = Array.from({ length: 20 }, (_, index) => `run-${index}`)
    for (const name of names) await cluster.createRun(name, specOf())
    await settle(2_000)
    const spent = [requests.length, cluster.writes.length, await countPasses(cluster)]
    assert.deepEqual(spent.slice(0, 2), [21, 21])
    assert.ok((spent[2] ?? 0) >= 21, 'passes are counted')
    for (const name of names)
      await cluster.client.patch({ kind: analysisRuns, namespace: 'default', name }, 'merge', {
        metadata: { annotations: { note: 'seen' } },
      })
    await clock.advance(3_600_000)
    assert.deepEqual([requests.length, cluster.writes.length, await countPasses(cluster)], spent)
    assert.equal(clock.pendingTimers(), timers)
    await controller.stop()
    cluster.startController()
    await clock.advance(3_600_000)
    assert.deepEqual([requests.length, cluster.writes.length], spent.slice(0, 2), 'nor after a restart')
  })

  test('tells Argo’s events, and why where it may', async (context) => {
    for (const [compat, why] of [
      ['strict', true],
      ['argo', false],
    ] as const) {
      const { cluster, settle } = await setUp(context, () => vector('0.5'), { compat })
      await cluster.createRun('run', specOf())
      await cluster.createRun('doubtful', specOf({ failureCondition: 'result[0] > 0.9', name: 'both' }))
      await settle()
      const lines = await cluster.eventLines()
      const failed = 'failed (1) > failureLimit (0)'
      for (const line of [
        `Warning MetricFailed: Metric 'errors' Completed. Result: Failed${why ? `: ${failed}, last value [0.5]` : ''}`,
        `Warning AnalysisRunFailed: Analysis Completed. Result: Failed${why ? `: Metric "errors" assessed Failed due to ${failed}` : ''}`,
      ])
        assert.ok(lines.includes(line), lines.join('\n'))
      assert.equal(lines.filter((line) => line.startsWith('Normal MetricInconclusive')).length, 1)
    }
  })

  test('follows its interval and count, ten seconds after an error', async (context) => {
    const answers: HttpResponse[] = [
      vector('0.01'),
      { status: 503, headers: {}, body: '' },
      vector('0.01'),
      vector('0.01'),
    ]
    const { cluster, clock, settle, read, requests } = await setUp(context, () => answers.shift() ?? vector('NaN'))
    await cluster.createRun('run', specOf({ interval: '60s', count: 3 }))
    const counts: number[] = []
    for (const seconds of [1, 58, 3, 7, 3, 61]) {
      await settle(300)
      await clock.advance(seconds * 1000 - 300)
      counts.push(requests.length)
    }
    assert.deepEqual(counts, [1, 1, 2, 2, 3, 4])
    await settle()
    const { status } = await read()
    assert.equal(status?.phase, 'Successful')
    assert.equal(status?.metricResults?.[0]?.error, 1)
    assert.equal(status?.metricResults?.[0]?.count, 3)
  })

  test('waits for its initial delay with one write', async (context) => {
    const { cluster, clock, settle, read, requests } = await setUp(context, () => vector('0.01'))
    await cluster.createRun('run', specOf({ initialDelay: '30s' }))
    await settle(20_000)
    assert.equal((await read()).status?.phase, 'Running')
    assert.deepEqual([requests.length, cluster.writes.length], [0, 1])
    await clock.advance(11_000)
    await settle()
    assert.equal((await read()).status?.phase, 'Successful')
  })

  test('with a failing metric is Failed with Argo’s message', async (context) => {
    const { cluster, settle, read } = await setUp(context, () => vector('0.4'))
    await cluster.createRun('run', specOf())
    await settle()
    const { status } = await read()
    assert.equal(status?.phase, 'Failed')
    assert.equal(status?.message, 'Metric "errors" assessed Failed due to failed (1) > failureLimit (0)')
    assert.deepEqual(await cluster.eventReasons(), ['MetricFailed', 'AnalysisRunFailed'])
  })

  const outages: readonly (readonly [string, Handler])[] = [
    ['refuses', () => Promise.reject(new TransportError('refused', 'prometheus refuses the connection'))],
    ['times out', () => Promise.reject(new TransportError('timeout', 'no answer in 30 s'))],
    ['answers 502', () => ({ status: 502, headers: {}, body: '<html>' })],
  ]
  for (const [name, handler] of outages) {
    test(`whose Prometheus ${name} pauses the rollout, and aborts it only in Argo's reading`, async (context) => {
      const { cluster, settle, read } = await setUp(context, handler)
      await cluster.createRun('run', specOf())
      await cluster.createRun('as-argo', specOf(), { 'penstock.dev/compat': 'argo' })
      await settle(60_000)
      const { status } = await read()
      assert.equal(status?.phase, 'Inconclusive')
      assert.match(
        status?.message ?? '',
        /^ProviderError: Metric "errors" assessed Error due to consecutiveErrors \(5\) > /,
      )
      assert.equal((await read('as-argo')).status?.phase, 'Error')
    })
  }

  for (const body of ['NaN', '+Inf']) {
    test(`on ${body} has no data`, async (context) => {
      const { cluster, settle, read } = await setUp(context, () => vector(body))
      await cluster.createRun('run', specOf())
      await settle()
      const { status } = await read()
      assert.equal(status?.phase, 'Inconclusive')
      assert.match(status?.message ?? '', /^NoData: /)
      const [measurement] = status?.metricResults?.[0]?.measurements ?? []
      assert.equal(measurement?.metadata?.verdict, 'NoData')
      assert.match(measurement?.message ?? '', /^NoData: the result contains/)
    })
  }

  test('is refused with the field when it cannot be measured, once and without requests', async (context) => {
    const { cluster, clock, settle, read, requests } = await setUp(context, () => vector('0.01'))
    await cluster.createRun('run', specOf({ successCondition: 'result[0 <' }))
    await settle()
    const { status } = await read()
    assert.equal(status?.phase, 'Error')
    assert.match(status?.message ?? '', /^Analysis spec invalid: metrics\[0\]\.successCondition: /)
    await clock.advance(600_000)
    assert.deepEqual([requests.length, cluster.writes.length], [0, 1])
  })

  test('that is terminated ends without waiting for an answer', async (context) => {
    const { cluster, settle, read } = await setUp(
      context,
      (_request, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(new TransportError('cancelled', 'cancelled')))
        }),
    )
    await cluster.createRun('run', specOf())
    await settle()
    const ref = { kind: analysisRuns, namespace: 'default', name: 'run' }
    await cluster.client.patch(ref, 'merge', { spec: { terminate: true } })
    await settle()
    const { status } = await read()
    assert.equal(status?.phase, 'Inconclusive')
    assert.match(status?.message ?? '', /^Terminated: /)
  })

  test('goes on where another controller stopped', async (context) => {
    const { cluster, controller, clock, settle, read, requests } = await setUp(context, () => vector('0.01'))
    await cluster.createRun('run', specOf({ interval: '60s', count: 2 }))
    await settle()
    await controller.stop()
    await clock.advance(30_000)
    cluster.startController()
    await settle(20_000)
    assert.equal(requests.length, 1, 'it must not measure before its time')
    await clock.advance(15_000)
    await settle()
    assert.equal((await read()).status?.phase, 'Successful')
    assert.equal(requests.length, 2)
  })

  test('takes an unfinished measurement of a dead controller again', async (context) => {
    const { cluster, controller, settle, read } = await setUp(context, () => vector('0.01'))
    await controller.stop()
    await cluster.createRun('run', specOf())
    const measurement = { phase: 'Running', startedAt: '2025-12-31T23:59:59Z' }
    const status = {
      phase: 'Running',
      startedAt: '2025-12-31T23:59:59Z',
      metricResults: [{ name: 'errors', phase: 'Running', measurements: [measurement] }],
    }
    await cluster.client.patch({ kind: analysisRuns, namespace: 'default', name: 'run' }, 'merge', { status })
    cluster.startController()
    await settle()
    const after = (await read()).status
    assert.equal(after?.phase, 'Successful')
    assert.equal(after?.metricResults?.[0]?.measurements?.length, 1)
  })

  test('is measured again when somebody changed it meanwhile', async (context) => {
    const ref = { kind: analysisRuns, namespace: 'default', name: 'run' }
    let isFirst = true
    const { cluster, settle, read, requests } = await setUp(context, async () => {
      if (isFirst) await cluster.client.patch(ref, 'merge', { metadata: { annotations: { note: 'x' } } })
      const value = isFirst ? '0.5' : '0.01'
      isFirst = false
      return vector(value)
    })
    await cluster.createRun('run', specOf())
    await settle()
    assert.equal(requests.length, 2)
    assert.equal((await read()).status?.phase, 'Successful')
  })

  test('is not measured twice while the watch lags behind our own write', async (context) => {
    const { cluster, settle, read, requests } = await setUp(context, () => vector('0.01'))
    cluster.faults.delayEvents('analysisruns', 5_000)
    await cluster.createRun('run', specOf({ interval: '1s', count: 2 }))
    await settle(20_000)
    assert.equal((await read()).status?.phase, 'Successful')
    assert.deepEqual([requests.length, cluster.writes.length], [2, 2])
  })

  test('is not measured twice when the answer to our write is lost', async (context) => {
    const { cluster, settle, read, requests } = await setUp(context, () => vector('0.01'))
    cluster.faults.cutNext({ verb: 'patch', plural: 'analysisruns' }, 1, { applied: true })
    await cluster.createRun('run', specOf())
    await settle(2_000)
    assert.equal((await read()).status?.phase, 'Successful')
    assert.equal(requests.length, 1)
  })

  test('is deleted when its time to live is over', async (context) => {
    const { cluster, settle } = await setUp(context, () => vector('0.01'))
    await cluster.createRun('run', specOf({}, { ttlStrategy: { secondsAfterCompletion: 5, secondsAfterSuccess: 2 } }))
    await settle(1_500)
    assert.ok(await cluster.getRun('run'))
    await settle(2_000)
    assert.equal(await cluster.getRun('run'), undefined)
  })

  test('of another instance is left alone', async (context) => {
    const { cluster, settle, read } = await setUp(context, () => vector('0.01'), { instanceId: 'blue' })
    await cluster.createRun('run', specOf())
    await settle()
    assert.equal((await read()).status, undefined)
  })
})

describe('secret arguments', () => {
  const token = 's3cr3t-t0ken'
  const spec: AnalysisRunSpec = {
    metrics: [
      {
        name: 'web',
        successCondition: 'result == "yes"',
        provider: {
          web: {
            url: 'http://service/?key={{args.token}}',
            jsonPath: '{$.answer}',
            headers: [{ key: 'Authorization', value: 'Bearer {{args.token}}' }],
          },
        },
      },
    ],
    args: [{ name: 'token', valueFrom: { secretKeyRef: { name: 'credentials', key: 'token' } } }],
  }
  const secret = {
    metadata: { name: 'credentials', namespace: 'default' },
    data: { token: Buffer.from(token).toString('base64') },
  }

  test('reach the request and nothing else', async (context) => {
    const body = JSON.stringify({ answer: `echo ${token}` })
    const { cluster, settle, read, requests } = await setUp(context, () => ({ status: 200, headers: {}, body }))
    await cluster.client.create(secrets, secret)
    await cluster.createRun('run', spec)
    await settle()
    assert.equal(requests[0]?.url, `http://service/?key=${token}`)
    assert.equal(requests[0]?.headers?.Authorization, `Bearer ${token}`)
    const run = await read()
    assert.equal(run.status?.phase, 'Failed')
    assert.equal(run.status?.metricResults?.[0]?.measurements?.[0]?.value, '"echo *****"')
    assert.ok(!JSON.stringify(run).includes(token))
    const recorded = await cluster.client.list({
      group: '',
      version: 'v1',
      plural: 'events',
      kind: 'Event',
      namespaced: true,
    })
    assert.ok(!JSON.stringify(recorded).includes(token))
  })

  test('may be a whole address, and limits stay what they are', async (context) => {
    const { cluster, settle, read, requests } = await setUp(context, () => ({
      status: 200,
      headers: {},
      body: '{"answer":"yes"}',
    }))
    const url = 'http://service/answer'
    const data = { token: Buffer.from(url).toString('base64') }
    await cluster.client.create(secrets, { ...secret, data })
    const provider = { web: { url: '{{args.token}}', jsonPath: '{$.answer}' } }
    await cluster.createRun('run', {
      ...spec,
      metrics: [{ name: 'web', successCondition: 'result == "yes"', interval: '1s', count: 2, provider }],
    })
    await settle(3_000)
    assert.deepEqual(
      requests.map((request) => request.url),
      [url, url],
    )
    const run = await read()
    assert.equal(run.status?.phase, 'Successful', run.status?.message)
    assert.ok(!JSON.stringify(run).includes(url))
  })

  test('that are missing end the run in Argo’s reading', async (context) => {
    const { cluster, settle, read, requests } = await setUp(context, () => vector('0.01'), { compat: 'argo' })
    await cluster.createRun('run', spec)
    await settle()
    const { status } = await read()
    assert.equal(status?.phase, 'Error')
    assert.equal(status.message, 'Unable to resolve metric arguments: args.token: secret credentials not found')
    assert.equal(requests.length, 0)
  })

  test('that may not be read are an error that says what to do, and not a run without a word', async (context) => {
    const { cluster, settle, read, requests } = await setUp(context, () => ({ status: 200, headers: {}, body: '{}' }))
    await cluster.client.create(secrets, secret)
    cluster.faults.failNext({ verb: 'get', plural: 'secrets' }, 1, { code: 403 })
    await cluster.createRun('run', spec)
    await settle()
    const [result] = (await read()).status?.metricResults ?? []
    assert.equal(
      result?.measurements?.[0]?.message,
      'args.token: the controller may not read Secret default/credentials; list its name in rbac.secretNames',
    )
    assert.equal(requests.length, 0)
  })

  test('that are missing are an error of the measurement, which may heal', async (context) => {
    const { cluster, clock, settle, read } = await setUp(context, () => ({
      status: 200,
      headers: {},
      body: '{"answer":"yes"}',
    }))
    await cluster.createRun('run', spec)
    await settle()
    const [result] = (await read()).status?.metricResults ?? []
    assert.equal(result?.measurements?.[0]?.message, 'args.token: secret credentials not found')
    await cluster.client.create(secrets, secret)
    await clock.advance(11_000)
    await settle()
    assert.equal((await read()).status?.phase, 'Successful')
  })
})

test('the metrics name runs, their metrics and the verdicts', async (context) => {
  const { cluster, settle } = await setUp(context, () => vector('NaN'))
  await cluster.createRun('run', specOf())
  await settle()
  const text = await cluster.metrics.metrics()
  assert.match(text, /analysis_run_info\{namespace="default",name="run",phase="Inconclusive"\} 1/)
  assert.match(text, /analysis_run_phase\{namespace="default",name="run",phase="Running"\} 0/)
  assert.match(
    text,
    /analysis_run_metric_type\{namespace="default",name="run",metric="errors",metric_type="prometheus"\} 1/,
  )
  assert.match(
    text,
    /analysis_run_metric_phase\{namespace="default",name="run",metric="errors",type="prometheus",dry_run="false",phase="Inconclusive"\} 1/,
  )
  assert.match(text, /penstock_analysis_verdicts_total\{verdict="NoData"\} 1/)
  assert.match(text, /analysis_run_reconcile_count\{namespace="default",name="run"\} \d/)
})
