/**
 * `penstock backtest` on a real Prometheus that serves two hours of made-up samples: a Rollout with the chart's triple-gate and a policy, healthy hours,
 * releases that happened, what cannot be replayed, and that what was read once is not asked for again.
 */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openHttp } from '../../../cli/cluster/http.ts'
import type { CliDeps } from '../../../cli/deps.ts'
import { runCli } from '../../../cli/program.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { backfill, HISTORY_MS, healthy, RELEASE_AT, RELEASE_MS } from '../analysis/gate/backfill.ts'
import { type PrometheusProcess, startPrometheus } from '../analysis/prometheus-process.ts'

const canary = { ...healthy, pods: 1, requestsPerSecond: 10 }
const scenarios = {
  checkout: { stable: healthy, canary: { ...canary, errorShare: 0.08, scrapedForSeconds: 600 } },
  calm: { stable: healthy, canary: { ...canary, requestsPerSecond: 0 } },
  single: { stable: { ...healthy, pods: 1 }, canary: { ...canary, requestsPerSecond: 0 } },
}

const policy = (service: string, more = '') => `kind: BacktestPolicy
name: gates of ${service}
stages:
  - { weight: 25, duration: 5m }
  - { weight: 50, duration: 5m }
gates:
  - { name: error-rate, gate: errorRate, service: ${service}, history: 30m${more} }
  - { name: p99, gate: latency, service: ${service}, history: 30m }
`

const rollout = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: checkout, namespace: shop }
spec:
  strategy:
    canary:
      analysis:
        templates: [{ templateName: triple-gate, clusterScope: true }]
        args:
          - { name: namespace, value: shop }
          - { name: service, value: checkout }
          - { name: history, value: 30m }
          - { name: event, value: orders_total }
          - { name: canary-hash, valueFrom: { podTemplateHashValue: Latest } }
          - { name: stable-hash, valueFrom: { podTemplateHashValue: Stable } }
      steps:
        - setWeight: 25
        - pause: { duration: 5m }
        - pause: {}
        - setWeight: 50
        - pause: { duration: 300 }
        - setWeight: 100
        - pause: { duration: 60 }
`

interface Release {
  readonly canary: string
  readonly stable: string
  readonly from: string
  readonly outcome: string
  readonly ended: string
  readonly afterSeconds: number
  readonly saved: number
}

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

describe('penstock backtest', () => {
  let prometheus: PrometheusProcess
  let data: Awaited<ReturnType<typeof backfill>>
  let directory = ''

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'penstock-backtest-'))
    data = await backfill(scenarios)
    prometheus = await startPrometheus(undefined, data.directory)
  })
  after(async () => {
    await prometheus?.close()
    await data?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const at = (ms: number): string => new Date(RELEASE_AT + ms).toISOString()
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text)
    return join(directory, name)
  }

  async function run(args: readonly string[], signal = new AbortController().signal): Promise<Ended> {
    let [out, err] = ['', '']
    const refused = () => Promise.reject(new Error('a backtest has no business with a cluster'))
    const deps: CliDeps = {
      terminal: {
        out: (text) => {
          out += text
        },
        err: (text) => {
          err += text
        },
        isTty: false,
        color: false,
        unicode: true,
      },
      clock: systemClock,
      signal,
      connect: refused,
      readText: (path) => readFile(path, 'utf8'),
      writeText: (path, text) => writeFile(path, text),
      openHttp: async () => openHttp(systemClock),
      tellPlan: refused,
      forecast: refused,
      loadValidators: refused,
    }
    const range = args.includes('--from') ? [] : ['--from', at(-55 * 60_000), '--to', at(RELEASE_MS)]
    const code = await runCli(['backtest', '--prometheus', prometheus.url, ...range, ...args], deps)
    return { code, out, err }
  }

  const lastLine = (text: string): Record<string, unknown> => JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')

  test('a Rollout with triple-gate: healthy hours pass, the bad release is aborted, steps without a time are named', async () => {
    const rolloutFile = await file('rollout.yaml', rollout)
    const { code, out, err } = await run(['-f', rolloutFile, 'charts/penstock/files/gates/triple-gate.yaml'])
    assert.equal(code, 0, err)
    assert.match(out, /note: step 3 pauses until it is promoted: taken as no time/)
    assert.match(out, /note: step 7 at 100 % is left out/)
    assert.match(out, /4 pods, so the canary plays 25 %, 50 % of them/)
    assert.match(out, /canary over stable .* aborted +\d+m\d+s +1 +error-rate +\d+ of \d+/)
    assert.match(out, /checkout: would have falsely aborted 0 of 5; smallest error ratio caught within stage 1: \d/)
  })

  test('--json and --compare: one document, policies side by side, saved requests as the counters have them', async () => {
    const one = await file('policy.yaml', policy('checkout'))
    const other = await file(
      'careless.yaml',
      policy('checkout', ', tolerance: 30, target: 40').replace('gates of', 'careless'),
    )
    const { code, out, err } = await run(['-f', one, '--compare', other, '--json', '--every', '5m'])
    assert.equal(code, 0, err)
    const { policies } = lastLine(out) as { policies: readonly Record<string, unknown>[] }
    assert.deepEqual(
      policies.map(({ name }) => name),
      ['gates of checkout', 'careless checkout'],
    )
    const [release, careless] = policies.map(({ releases }) => (releases as readonly Release[])[0])
    assert.ok(release)
    const { outcome, ended, afterSeconds, saved } = release
    assert.deepEqual([release.canary, release.stable, outcome, ended], ['canary', 'stable', 'aborted', 'rolledBack'])
    const counter = 'http_requests_total{service="checkout",rollouts_pod_template_hash="canary",code="503"}'
    const abortedAt = Date.parse(release.from) / 1000 + afterSeconds + 1
    const failures = await prometheus.query(`${counter} @ ${RELEASE_AT / 1000 + 600} - ${counter} @ ${abortedAt}`)
    assert.equal(saved, failures)
    assert.notEqual(careless?.outcome, 'aborted')
  })

  test('what was read is kept: without Prometheus the same backtest says the same', async () => {
    const policyFile = await file('policy.yaml', policy('checkout'))
    const cache = join(directory, 'cache')
    const first = await run(['-f', policyFile, '--json', '--cache', cache])
    assert.equal(first.code, 0, first.err)
    assert.ok((await readdir(cache)).length > 4)
    const { url } = prometheus
    const gone = { ...prometheus, url }
    await prometheus.close()
    try {
      const second = await run(['-f', policyFile, '--json', '--cache', cache])
      assert.equal(second.code, 0, second.err)
      assert.equal(second.out, first.out)
    } finally {
      prometheus = await startPrometheus(undefined, data.directory)
      assert.notEqual(prometheus, gone)
    }
  })

  test('an interrupt ends it with a sentence that says how to go on', async () => {
    const policyFile = await file('policy.yaml', policy('checkout'))
    const { code, err } = await run(['-f', policyFile, '--cache', join(directory, 'other')], AbortSignal.abort())
    assert.equal(code, 1)
    assert.match(err, /penstock: interrupted; what was read is kept in .*, and the same command goes on from there\n$/)
  })

  const refusals: readonly (readonly [what: string, text: string, code: number, sentence: RegExp])[] = [
    [
      'a selector that matches nothing',
      policy('nowhere'),
      1,
      /error-rate: no series match http_requests_total\{service="nowhere"\}/,
    ],
    [
      'a label that is not there',
      policy('checkout', ', versionLabel: version'),
      1,
      /none has the label version, which tells versions apart/,
    ],
    [
      'no label that leaves one workload',
      policy('checkout').replaceAll('service: checkout, ', ''),
      2,
      /nothing but the versions tells this workload/,
    ],
    ['an unknown field', policy('checkout', ', tolerence: 2'), 2, /penstock|Unrecognized key/],
    [
      'a plan that is longer than the time asked for',
      policy('checkout').replaceAll('5m', '2h'),
      2,
      /70 minutes apart, and the plan takes 240/,
    ],
    ['a file without a policy', 'kind: ConfigMap\n', 2, /none of the files holds a Rollout or a BacktestPolicy/],
  ]
  for (const [what, text, expected, sentence] of refusals) {
    test(`${what}: one sentence, exit code ${expected}`, async () => {
      const { code, err } = await run(['-f', await file('bad.yaml', text)])
      assert.equal(code, expected, err)
      assert.match(err, sentence)
    })
  }

  test('one version only is said', async () => {
    const { code, out } = await run(['-f', await file('policy.yaml', policy('calm'))])
    assert.equal(code, 0)
    assert.match(out, /note: only one version had traffic: there is no past release to replay/)
  })

  test('a service of one pod has nothing to replay', async () => {
    const { code, err } = await run(['-f', await file('policy.yaml', policy('single'))])
    assert.equal(code, 1)
    assert.match(err, /gates of single: nothing to replay: 7 windows are left out: fewer than 2 pods/)
  })

  test('history that is shorter than asked for is said', async () => {
    const args = ['--from', at(-HISTORY_MS + 5 * 60_000), '--to', at(0)]
    const { code, out } = await run(['-f', await file('policy.yaml', policy('calm')), ...args])
    assert.equal(code, 0)
    assert.match(out, /note: history begins at 2026-01-01T10:30:01Z, 25m1s later than asked for/)
  })
})
