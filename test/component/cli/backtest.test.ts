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
      listFiles: async (path) => [path],
      readText: (path) => readFile(path, 'utf8'),
      writeText: (path, text) => writeFile(path, text),
      openHttp: async () => openHttp(systemClock),
      tellPlan: refused,
      forecast: refused,
      loadSimulator: refused,
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

  describe('metrics with a query', () => {
    const canary = (service: string, more = '') =>
      `http_requests_total{service="${service}",rollouts_pod_template_hash="{{args.canary-hash}}"${more}}`
    const errors = (service: string) =>
      `sum(rate(${canary(service, ',code!="200"')}[1m])) / sum(rate(${canary(service)}[1m]))`
    const metric = (name: string, query: string, fields: string): string =>
      `  - name: ${name}\n    ${fields}\n    provider: { prometheus: { query: '${query}' } }\n`
    const thresholds = (service: string, metrics: string): string => `kind: BacktestPolicy
name: thresholds
stages:
  - { weight: 25, duration: 5m }
  - { weight: 50, duration: 5m }
metrics:
${metrics.replaceAll('SERVICE', service)}`
    const play = async (text: string): Promise<Record<string, unknown>> => {
      const { code, out, err } = await run(['-f', await file('thresholds.yaml', text), '--json', '--every', '5m'])
      assert.equal(code, 0, err)
      const [first] = lastLine(out).policies as readonly Record<string, unknown>[]
      assert.ok(first)
      return first
    }
    const patient = 'initialDelay: 1m\n    interval: 30s\n    failureLimit: 2'

    test('without a gate: healthy hours pass, the bad release is aborted', async () => {
      const fields = `${patient}\n    successCondition: result[0] < 0.04`
      const { cases, passed, releases } = await play(
        thresholds('checkout', metric('errors', errors('checkout'), fields)),
      )
      assert.equal(cases, 10)
      assert.equal(passed, 10)
      const [release] = releases as readonly Release[]
      assert.deepEqual([release?.canary, release?.outcome, release?.saved], ['canary', 'aborted', null])
      assert.equal(release?.afterSeconds, 120)
    })

    test('limits count as in an AnalysisRun, and the reason has counters and value', async () => {
      const fields = `${patient}\n    failureCondition: result[0] >= 0`
      const { aborted, pseudoRollouts } = await play(thresholds('calm', metric('always', errors('calm'), fields)))
      assert.equal(aborted, 13)
      const [first] = pseudoRollouts as readonly Record<string, unknown>[]
      assert.deepEqual([first?.gate, first?.reason, first?.afterSeconds], ['always', 'Failed', 120])
      assert.match(String(first?.message), /^failed \(3\) > failureLimit \(2\), last value \[0\.\d+\]$/)
    })

    test('stable’s pods are dealt: one of four plays the canary, then two, and the others are stable', async () => {
      const arms = `count(${canary('calm', ',code="200"')}) * 10 + count(${canary('calm', ',code="200"').replace('canary-hash', 'stable-hash')})`
      const { pseudoRollouts } = await play(
        thresholds('calm', metric('pods', arms, 'interval: 30s\n    successCondition: result[0] == 13')),
      )
      const all = pseudoRollouts as readonly Record<string, unknown>[]
      assert.deepEqual([...new Set(all.map(({ stage }) => stage))], [2])
      assert.deepEqual([...new Set(all.map(({ afterSeconds }) => afterSeconds))], [300])
      assert.match(String(all[0]?.message), /last value \[22\]$/)
    })

    test('a number is no list, and lack of data is held', async () => {
      const scalar = metric('scalar', `scalar(${errors('calm')})`, 'interval: 1m\n    successCondition: result < 0.04')
      assert.equal((await play(thresholds('calm', scalar))).passed, 13)
      const never = metric(
        'never',
        errors('calm').replace('code!="200"', 'code="418"'),
        'interval: 1m\n    successCondition: result[0] < 1',
      )
      const { held, pseudoRollouts } = await play(thresholds('calm', never))
      assert.equal(held, 13)
      assert.match(
        String((pseudoRollouts as readonly Record<string, unknown>[])[0]?.message),
        /NoData: the result is empty/,
      )
    })

    const impossible: readonly (readonly [string, string, RegExp])[] = [
      [
        'a label that is not there',
        metric('m', `sum(rate(${canary('calm', ',region="eu"')}[1m]))`, 'successCondition: result[0] < 1'),
        /metric m is not replayed: no series http_requests_total of that time has the label region/,
      ],
      [
        'a metric that is not there',
        metric('m', 'sum(rate(nothing_total[1m]))', 'successCondition: result[0] < 1'),
        /metric m is not replayed: there is no series nothing_total in that time/,
      ],
      [
        'a range',
        metric('m', `${canary('calm')}[1m]`, 'successCondition: result[0] < 1'),
        /metric m is not replayed: its query gives a matrix, which has no past/,
      ],
      ['no condition', metric('m', errors('calm'), 'interval: 30s'), /metric m is not replayed: it has no condition/],
      [
        'another provider',
        '  - { name: m, successCondition: result == "ok", provider: { web: { url: "http://127.0.0.1" } } }\n',
        /metric m is not replayed: web cannot be asked about the past/,
      ],
    ]
    for (const [what, text, note] of impossible)
      test(`${what} is named, and the rest is played`, async () => {
        const { notes, passed } = await play(`${policy('calm')}metrics:\n${text}`)
        assert.match((notes as readonly string[]).join('\n'), note)
        assert.equal(passed, 13)
      })

    test('a query that names no version is said to see all pods', async () => {
      const all = metric(
        'all',
        'sum(rate(http_requests_total{service="calm"}[1m]))',
        'interval: 1m\n    successCondition: result[0] > 10',
      )
      const { notes, passed } = await play(`${policy('calm')}metrics:\n${all}`)
      assert.match(
        (notes as readonly string[]).join('\n'),
        /the query of metric all names no version: it sees all pods in every case/,
      )
      assert.equal(passed, 13)
    })

    describe('conditions on a gate’s numbers', () => {
      const gate = (service: string, conditions: string): string =>
        policy(service, `, ${conditions}`).replace(/ {2}- \{ name: p99.*\n/, '')

      test('a failureCondition takes the place of the finding', async () => {
        const text = gate('checkout', 'failureCondition: "result.ratio > 1000"')
        const [release] = (await play(text)).releases as readonly Release[]
        assert.notEqual(release?.outcome, 'aborted')
      })
      test('it sees the numbers as they come in', async () => {
        const { aborted, pseudoRollouts } = await play(gate('calm', 'failureCondition: "result.ticks >= 8"'))
        assert.equal(aborted, 13)
        const [first] = pseudoRollouts as readonly Record<string, unknown>[]
        assert.equal(first?.reason, 'FailureCondition')
        assert.equal(JSON.parse(String(first?.message)).ticks, 8)
      })
      test('a failureLimit asks for more looks, and the report says by how much that was later', async () => {
        const limited = gate('calm', 'failureCondition: "result.ticks >= 8", failureLimit: 2, interval: 30s')
        const { notes, aborted, pseudoRollouts } = await play(limited)
        assert.equal(aborted, 13)
        const [first] = pseudoRollouts as readonly Record<string, unknown>[]
        assert.equal(first?.delayedBy, 'failureLimit (2)')
        assert.equal(Number(first?.afterSeconds) - Number(first?.foundAfterSeconds), 60)
        const said = 'failureLimit (2) of error-rate: aborted 13 times, later than without it by 1m at most'
        assert.ok((notes as readonly string[]).includes(said), String(notes))
        const { out } = await run(['-f', await file('limited.yaml', limited), '--every', '5m'])
        assert.match(out, /note: failureLimit \(2\) of error-rate: aborted/)
        assert.match(out, / aborted +\d\S+ \(found \d\S+\) /)
      })
      test('a limit that its count never reaches is named', async () => {
        const { notes, held } = await play(gate('calm', 'failureCondition: "result.ticks >= 8", failureLimit: 1'))
        assert.match(
          String(notes),
          /metric error-rate can never fail: it is over after 1 measurement \(count\), and failureLimit/,
        )
        assert.equal(held, 13)
      })
    })

    test('only other providers: nothing to replay', async () => {
      const web = thresholds(
        'calm',
        '  - { name: m, successCondition: result == "ok", provider: { web: { url: "http://127.0.0.1" } } }\n',
      )
      const { code, err } = await run(['-f', await file('web.yaml', web)])
      assert.equal(code, 2)
      assert.match(
        err,
        /thresholds has nothing to replay: metric m is not replayed: web cannot be asked about the past/,
      )
    })
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
