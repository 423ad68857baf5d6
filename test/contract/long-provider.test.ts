/**
 * What every metric provider owes that is looked at until it knows, so that a new one cannot forget a bound, throw on a hostile answer, or make something
 * of an answer that never came.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LookOrder, LookOutcome, LookPorts } from '../../analysis/providers/long-provider.ts'
import { createLongProviders } from '../../analysis/providers/registry.ts'
import type { Measurement, Metric } from '../../controller/api/analysis.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import { KubeError } from '../../controller/kube/client.ts'
import { type LongProviderId, longProviderIds } from '../../controller/metric-language/analysis-metric.ts'
import { type HttpRequest, type HttpResponse, TransportError } from '../../controller/runtime/http.ts'

const NOW = Date.UTC(2026, 0, 1, 12)
const ORIGIN = 'http://server:9090'
const side = { scope: 'app', region: 'eu', step: 60 }

interface Example {
  readonly config: object
  /** Of a server that is well; undefined where the gate's own tests say more than one answer could. */
  readonly answer?: (request: HttpRequest) => unknown
  readonly object?: KubeObject
  /** Metadata of a measurement that is open. */
  readonly open?: Readonly<Record<string, string>>
}

const matrixOf = (request: HttpRequest): unknown => {
  const { start = '0', end = '0' } = Object.fromEntries(new URLSearchParams(request.body))
  const values: (readonly [number, string])[] = []
  for (let time = Number(start); time <= Number(end); time += 60) values.push([time, String(100 + ((time / 60) % 7))])
  return { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values }] } }
}

const examples: Readonly<Record<LongProviderId, Example>> = {
  kayenta: {
    config: {
      address: ORIGIN,
      application: 'shop',
      canaryConfigName: 'latency',
      metricsAccountName: 'm',
      configurationAccountName: 'c',
      storageAccountName: 's',
      threshold: { pass: 90, marginal: 75 },
      scopes: [{ name: 'default', controlScope: side, experimentScope: side }],
    },
    open: { canaryConfigId: 'config', canaryExecutionId: 'execution' },
    answer: () => ({ complete: true, result: { judgeResult: { score: { score: 100 } } } }),
  },
  'penstock/gate': {
    config: {
      gate: 'errorRate',
      address: ORIGIN,
      namespace: 'shop',
      service: 'checkout',
      canary: 'new',
      stable: 'old',
    },
  },
  'penstock/kubernetes': {
    config: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', jsonPath: '{$.metadata.name}' },
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } },
  },
  'penstock/alertmanager': {
    config: { address: ORIGIN, matchers: ['severity="page"'] },
    answer: ({ url }) =>
      url.includes('/api/v2/status') ? { cluster: { status: 'ready' }, uptime: '2026-01-01T00:00:00Z' } : [],
  },
  'penstock/mann-whitney': {
    config: { address: ORIGIN, canaryQuery: 'canary', stableQuery: 'stable' },
    answer: matrixOf,
  },
}

const deepJson = `${'['.repeat(5000)}${']'.repeat(5000)}`
const hostileBodies = [
  '',
  'null',
  '[]x',
  '{}',
  '0',
  '"x"',
  '[null]',
  '[[]]',
  '[{"labels":7}]',
  '<html>',
  deepJson,
  '{"status":"success","data":null}',
  '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,null],["x"]]}]}}',
  '{"complete":true}',
  '{"complete":true,"result":{"judgeResult":{"score":{"score":"100"}}}}',
  '\u0000',
  'x'.repeat(100_000),
  JSON.stringify({ status: 'error', errorType: 'x', error: 'x'.repeat(100_000) }),
]

type Send = (request: HttpRequest) => Promise<HttpResponse>

const ok = (body: string, status = 200): HttpResponse => ({ status, headers: {}, body })

for (const id of longProviderIds) {
  const example = examples[id]
  const metric: Metric = { name: 'm', interval: '5m', provider: {} }
  const wellSend: Send = (request) => Promise.resolve(ok(JSON.stringify(example.answer?.(request) ?? null)))
  const portsOf = (send: Send): LookPorts => ({
    send,
    readSecret: () => Promise.resolve(undefined),
    readObject: () => Promise.resolve(example.object),
    listResources: () => Promise.resolve(['configmaps']),
  })
  const orderOf = (more: Partial<LookOrder> = {}): LookOrder => {
    const open: Measurement = { phase: 'Running', startedAt: '2026-01-01T11:59:00Z', metadata: { ...example.open } }
    return {
      config: example.config,
      metric,
      run: {
        name: 'r',
        namespace: 'shop',
        uid: 'u',
        labels: {},
        annotations: {},
        createdAt: NOW - 60_000,
        startedAt: NOW - 60_000,
      },
      open: example.open ? open : undefined,
      mode: 'strict',
      now: NOW,
      prometheusAddress: undefined,
      readableNamespaces: [],
      ...more,
    }
  }
  /** By a provider that has seen nothing before. */
  const look = (ports: LookPorts, more?: Partial<LookOrder>): Promise<LookOutcome> =>
    createLongProviders()[id].look(orderOf(more), ports, new AbortController().signal)
  const isVerdict = ({ kind }: LookOutcome): boolean => kind === 'sample' || kind === 'decided'

  describe(`long provider ${id}`, () => {
    if (example.answer || example.object)
      test('has a verdict or a value where all is well, and the same for equal input', async () => {
        const ports = portsOf(wellSend)
        const outcome = await look(ports, { metric: { ...metric, interval: '1m' } })
        assert.ok(isVerdict(outcome), JSON.stringify(outcome))
        assert.deepEqual(await look(ports, { metric: { ...metric, interval: '1m' } }), outcome)
      })

    test('bounds each request in time and bytes, and asks nobody else', async () => {
      const seen: HttpRequest[] = []
      for (const open of [undefined, orderOf().open])
        await look(
          portsOf((request) => {
            seen.push(request)
            return wellSend(request)
          }),
          { open },
        )
      for (const request of seen) {
        assert.ok(request.timeoutMs > 0 && request.timeoutMs <= 60_000, `${request.timeoutMs} ms`)
        assert.ok(request.maxBytes > 0 && request.maxBytes <= 32 * 1024 * 1024, `${request.maxBytes} bytes`)
        assert.equal(new URL(request.url).origin, ORIGIN)
        assert.match(request.target, /^[a-zA-Z-]+$/)
        assert.equal(request.retry, undefined, 'repeating is the schedule’s business')
      }
      assert.equal(seen.length > 0, example.object === undefined)
    })

    test('survives hostile answers without a verdict, with bounded texts', async () => {
      for (const body of hostileBodies)
        for (const status of [200, 500])
          for (const open of [undefined, orderOf().open]) {
            const outcome = await look(
              portsOf(() => Promise.resolve(ok(body, status))),
              { open },
            )
            if (example.object === undefined)
              assert.ok(!isVerdict(outcome), `${body.slice(0, 60)}: ${JSON.stringify(outcome)}`)
            for (const text of textsOf(outcome)) assert.ok(text.length <= 1000, `${text.length} characters`)
          }
    })

    test('takes no failing status for an answer', async () => {
      if (example.object) return
      for (const status of [199, 301, 400, 401, 404, 429, 500, 503]) {
        const outcome = await look(portsOf(async (request) => ({ ...(await wellSend(request)), status })))
        assert.ok(!isVerdict(outcome), `${status}: ${JSON.stringify(outcome)}`)
      }
    })

    test('makes nothing of an answer that never came', async () => {
      for (const kind of ['timeout', 'refused', 'tooLarge', 'denied', 'tls', 'network'] as const) {
        const ports = portsOf(() => Promise.reject(new TransportError(kind, `no answer: ${kind}`)))
        const lost = {
          ...ports,
          readObject: () => Promise.reject(new KubeError({ code: 0, reason: 'Timeout' }, 'GET')),
        }
        const outcome = await look(lost).catch((error: unknown) => {
          assert.ok(error instanceof TransportError || error instanceof KubeError, String(error))
        })
        assert.ok(!outcome || !isVerdict(outcome), JSON.stringify(outcome))
      }
    })

    test('a look that is cancelled is no outcome', async () => {
      if (example.object) return
      const ports = portsOf(() => Promise.reject(new TransportError('cancelled', 'the run has ended')))
      await assert.rejects(look(ports), { kind: 'cancelled' })
    })

    test('refuses a config of the wrong shape by its field, without a request', async () => {
      const ports = portsOf(() => assert.fail('a request was sent'))
      for (const config of [undefined, null, 7, 'x', [], {}]) {
        const outcome = await look(ports, { config })
        assert.ok(outcome.kind === 'error' && outcome.message.startsWith(id), JSON.stringify(outcome))
      }
    })

    test('a status that somebody wrote by hand leads nowhere else', async () => {
      const bad = '../../admin?x=1#y'
      const metadata = Object.fromEntries(Object.keys(example.open ?? { any: '' }).map((key) => [key, bad]))
      const open: Measurement = { phase: 'Running', startedAt: 'yesterday', metadata }
      const outcome = await look(
        portsOf((request) => {
          const { origin, pathname, hash } = new URL(request.url)
          assert.deepEqual(
            [origin, hash, pathname.includes('admin/') || pathname.startsWith('/admin')],
            [ORIGIN, '', false],
          )
          return wellSend(request)
        }),
        { open },
      )
      assert.ok(outcome.kind.length > 0)
    })
  })
}

/** What people are shown; the gate's documents in metadata have a bound of their own. */
function textsOf(outcome: LookOutcome): readonly string[] {
  const metadata = 'metadata' in outcome ? Object.entries(outcome.metadata ?? {}) : []
  return [
    ...('message' in outcome ? [outcome.message ?? ''] : []),
    ...('why' in outcome ? [outcome.why] : []),
    ...('text' in outcome ? [outcome.text] : []),
    ...metadata.filter(([key]) => !key.includes('gate')).map(([, value]) => value),
  ]
}

test('the registry has exactly the providers that are looked at again, each under its own id', () => {
  const modules = createLongProviders()
  assert.deepEqual(Object.keys(modules).sort(), [...longProviderIds].sort())
  for (const [id, module] of Object.entries(modules)) assert.equal(module.id, id)
})
