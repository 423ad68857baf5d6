/**
 * Saving what a gate judged and judging it again: against a Prometheus that answers from the same samples as the gate's own look, so that the
 * numbers have to be the same; and every way in which a file or a run is not one.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GateSeries } from '../../../analysis/domain/gates/samples.ts'
import { createGate } from '../../../analysis/providers/gate/gate.ts'
import type { LookOrder } from '../../../analysis/providers/long-provider.ts'
import { runCli } from '../../../cli/program.ts'
import type { AnalysisRun, Measurement } from '../../../controller/api/analysis.ts'
import { EXPOSED_SINCE, STAGE } from '../../../controller/api/labels.ts'
import { GATE_VERDICT } from '../../../controller/api/verdict.ts'
import type { HttpRequest, HttpResponse } from '../../../controller/runtime/http.ts'
import { CASE_START, gateSeries } from '../../builders/gate-case.ts'
import { createFakeCli, createFakeCluster } from './fake-cluster.ts'

const samples = gateSeries({ canaryRate: 0.08, minutes: 6 })
const NOW = CASE_START + 4 * 60_000 + 3_210

/** Answers any selector with what of the samples is in its window. */
function answerFrom(series: readonly GateSeries[]): (request: HttpRequest) => HttpResponse {
  return ({ body = '' }) => {
    const asked = new URLSearchParams(body)
    const at = Number(asked.get('time'))
    const window = Number(/\[(\d+)s\]$/.exec(asked.get('query') ?? '')?.[1])
    const result = series.flatMap(({ arm, pod, role, times, values }) => {
      const within = times.flatMap((time, index) => {
        const seconds = time / 1000
        return seconds > at - window && seconds <= at ? [[seconds, String(values[index])]] : []
      })
      const labels = {
        pod,
        code: role === 'failed' ? '503' : '200',
        rollouts_pod_template_hash: arm === 'canary' ? 'bbb' : 'aaa',
      }
      return within.length === 0 ? [] : [{ metric: { __name__: 'http_requests_total', ...labels }, values: within }]
    })
    return {
      status: 200,
      headers: {},
      body: JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }),
    }
  }
}

const config = {
  gate: 'errorRate',
  address: 'http://prometheus:9090',
  requests: 'http_requests_total{app="web"}',
  canary: '{{args.canary}}',
  stable: 'aaa',
}
const metric = { name: 'error-rate', provider: { plugin: { 'penstock/gate': config } } }
const created = new Date(CASE_START).toISOString()

function runWith(measurement: Measurement): AnalysisRun {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: {
      name: 'web-bbb-2',
      namespace: 'shop',
      uid: 'u',
      creationTimestamp: created,
      annotations: { [EXPOSED_SINCE]: created },
    },
    spec: { metrics: [metric, { name: 'other', provider: {} }], args: [{ name: 'canary', value: 'bbb' }] },
    status: {
      phase: 'Failed',
      startedAt: created,
      metricResults: [{ name: 'error-rate', phase: 'Failed', measurements: [measurement] }],
    },
  }
}

/** As the controller takes it. */
async function look(annotations: AnalysisRun['metadata']['annotations'] = {}): Promise<Measurement> {
  const order: LookOrder = {
    config: { ...config, canary: 'bbb' },
    metric,
    run: {
      name: 'web-bbb-2',
      namespace: 'shop',
      uid: 'u',
      labels: {},
      annotations: { ...annotations, [EXPOSED_SINCE]: created },
      createdAt: CASE_START,
      startedAt: CASE_START,
    },
    open: undefined,
    mode: 'strict',
    now: NOW,
    prometheusAddress: undefined,
    readableNamespaces: [],
  }
  const answer = answerFrom(samples)
  const outcome = await createGate().look(
    order,
    {
      send: async (request) => answer(request),
      readSecret: async () => undefined,
      readObject: async () => undefined,
      listResources: async () => [],
    },
    new AbortController().signal,
  )
  assert.equal(outcome.kind, 'decided', JSON.stringify(outcome))
  return { phase: 'Failed', ...('metadata' in outcome ? { metadata: { ...outcome.metadata } } : {}) }
}

const cliFor = (run: AnalysisRun, series: readonly GateSeries[] = samples) =>
  createFakeCli(createFakeCluster({ analysisruns: [run] }), { answer: answerFrom(series) })

async function save(cli: ReturnType<typeof createFakeCli>, ...more: string[]): Promise<string> {
  assert.equal(
    await runCli(['verdict', 'save', 'web-bbb-2', '-n', 'shop', '-o', 'case.json', ...more], cli.deps),
    0,
    cli.output().err,
  )
  return cli.written.get('case.json') ?? ''
}

const replay = async (text: string, ...more: string[]) => {
  const cli = createFakeCli(undefined, { files: { 'case.json': text } })
  const exitCode = await runCli(['verdict', 'replay', 'case.json', ...more], cli.deps)
  return { exitCode, ...cli.output() }
}

describe('penstock verdict', () => {
  test('what is saved gives the numbers of the run, and the same ones when it is judged again', async () => {
    const cli = cliFor(runWith(await look()))
    const text = await save(cli)
    assert.match(
      cli.output().err,
      /case\.json written: error-rate, 10 series; they give the verdict that the run recorded\n/,
    )
    const replayed = await replay(text)
    assert.equal(replayed.exitCode, 0)
    assert.match(replayed.out, /^ABORT {2}error-rate .*\n {2}canary \d+ of /)
    assert.match(replayed.out, /\nthe same numbers as recorded\n$/)
  })

  test('the stage is the one of the look, also when the run has been told the next one since', async () => {
    const run = runWith(await look({ [STAGE]: '{"number":2,"weights":[5,10,25,100]}' }))
    const later = { ...run.metadata.annotations, [STAGE]: '{"number":3,"weights":[5,10,25,100]}' }
    const cli = cliFor({ ...run, metadata: { ...run.metadata, annotations: later } })
    const text = await save(cli)
    assert.match(cli.output().err, /they give the verdict that the run recorded\n/)
    assert.deepEqual(JSON.parse(text).case.stage, {
      index: 1,
      count: 4,
      weightPercent: 10,
      nextWeightPercent: 25,
      maxHoldMs: 0,
    })
    const replayed = await replay(text)
    assert.equal(replayed.exitCode, 0)
    assert.match(replayed.out, /^ABORT {2}error-rate {2}stage 2\/4 \(10.%\) {2}/)
  })

  test('a run that nobody told a stage has none in its file', async () => {
    const run = runWith(await look())
    const later = { ...run.metadata.annotations, [STAGE]: '{"number":3,"weights":[5,10,25,100]}' }
    const text = await save(cliFor({ ...run, metadata: { ...run.metadata, annotations: later } }))
    assert.deepEqual(JSON.parse(text).case.stage, { maxHoldMs: 0 })
    assert.equal((await replay(text)).exitCode, 0)
  })

  test('one byte more or less in the samples is another verdict, and the file says which numbers', async () => {
    const text = await save(cliFor(runWith(await look())))
    const document = JSON.parse(text)
    const failed = document.series.find(
      (one: { arm: string; role: string }) => one.arm === 'canary' && one.role === 'failed',
    )
    failed.values = failed.values.map((value: number) => value + 3 * failed.values.indexOf(value))
    const replayed = await replay(JSON.stringify(document), '--json')
    assert.equal(replayed.exitCode, 1)
    const { same, differences, verdict } = JSON.parse(replayed.out)
    assert.equal(same, false)
    assert.ok(differences.some(({ field }: { field: string }) => field === 'canary.bad'))
    assert.equal(verdict.gate, 'errorRate')
    assert.match(
      (await replay(JSON.stringify(document))).out,
      /differs from what was recorded: .*canary\.bad \d+ → \d+/,
    )
  })

  test('samples that are gone from Prometheus meanwhile are told when saving', async () => {
    const shorter = samples.map((one) => ({ ...one, times: one.times.slice(4), values: one.values.slice(4) }))
    const cli = cliFor(runWith(await look()), shorter)
    await save(cli)
    assert.match(cli.output().err, /they give another verdict than the run recorded \(.*canary\.total/)
  })

  test('--json tells the same to programs', async () => {
    const cli = cliFor(runWith(await look()))
    await save(cli, '--json')
    assert.deepEqual(JSON.parse(cli.output().out), {
      file: 'case.json',
      metric: 'error-rate',
      series: 10,
      differences: [],
    })
  })

  test('the file holds no secret of the metric', async () => {
    const run = runWith(await look())
    const withHeader = { ...config, headers: [{ key: 'Authorization', value: 'Bearer hush' }] }
    const [first] = run.spec.metrics
    assert.ok(first)
    const metrics = [{ ...first, provider: { plugin: { 'penstock/gate': withHeader } } }]
    assert.doesNotMatch(await save(cliFor({ ...run, spec: { ...run.spec, metrics } })), /hush/)
  })

  test('nor a Secret that the run takes its arguments from, wherever it is pasted', async () => {
    const run = runWith(await look())
    const hush = 'hush"hush'
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'credentials', namespace: 'shop' },
      data: { tenant: Buffer.from(hush).toString('base64') },
    }
    const [first] = run.spec.metrics
    assert.ok(first)
    const withSecret = {
      ...config,
      requests: 'http_requests_total{tenant!=`{{args.tenant}}`}',
      headers: [{ key: 'X-Tenant', value: '{{args.tenant}}' }],
      authentication: { basicAuth: { username: 'penstock', password: '{{args.tenant}}' } },
    }
    const args = [
      ...(run.spec.args ?? []),
      { name: 'tenant', valueFrom: { secretKeyRef: { name: 'credentials', key: 'tenant' } } },
    ]
    const metrics = [{ ...first, provider: { plugin: { 'penstock/gate': withSecret } } }]
    const given: AnalysisRun = { ...run, spec: { ...run.spec, metrics, args } }
    const sent: string[] = []
    const cli = createFakeCli(createFakeCluster({ analysisruns: [given], secrets: [secret] }), {
      answer: (request) => {
        sent.push(JSON.stringify(request))
        return answerFrom(samples)(request)
      },
    })
    const text = await save(cli)
    assert.match(sent.join(''), /hush/)
    assert.match(text, /tenant!=.{1,4}\*\*\*\*\*/)
    assert.doesNotMatch(text + cli.output().out + cli.output().err, /hush/)
    assert.equal((await replay(text)).exitCode, 0)

    const failing = createFakeCli(createFakeCluster({ analysisruns: [given], secrets: [secret] }), {
      answer: () => ({ status: 422, headers: {}, body: '{"status":"error","errorType":"execution","error":"no"}' }),
    })
    assert.equal(await runCli(['verdict', 'save', 'web-bbb-2', '-n', 'shop', '-o', 'case.json'], failing.deps), 1)
    assert.match(failing.output().err, /execution: no; query: /)
    assert.doesNotMatch(failing.output().err, /hush/)
  })

  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['no JSON', 'x', /^penstock: case\.json is not JSON\n$/],
    ['another document', '{"kind":"Rollout"}', /^penstock: case\.json is no saved case of a gate: format: [^\n]+\n$/],
  ]
  for (const [name, text, expected] of broken)
    test(`a file of the wrong shape (${name}): one sentence, exit code 2`, async () => {
      const { exitCode, err } = await replay(text)
      assert.equal(exitCode, 2)
      assert.match(err, expected)
    })

  test('a run without a verdict, without the metric, or that does not exist', async () => {
    const run = runWith(await look())
    const refused = async (given: AnalysisRun, ...args: string[]): Promise<string> => {
      const cli = cliFor(given)
      assert.notEqual(await runCli(['verdict', 'save', ...args, '-n', 'shop', '-o', 'f'], cli.deps), 0)
      assert.equal(cli.written.size, 0)
      return cli.output().err
    }
    assert.match(await refused(run, 'absent'), /there is no AnalysisRun "absent" in namespace shop/)
    assert.match(await refused(run, 'web-bbb-2', '--metric', 'latency'), /has no verdict of a gate named "latency"/)
    const plain = runWith({ phase: 'Failed', metadata: { [GATE_VERDICT]: '{}' } })
    assert.match(await refused(plain, 'web-bbb-2'), /has no verdict of a gate\n/)
  })
})
