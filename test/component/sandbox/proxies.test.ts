/**
 * HAProxy and nginx as real processes, driven as the benchmark `proxies` drives them, in its short form: shares within six standard deviations
 * at 2,000 requests, colors exact, nobody who asks meanwhile loses anything.
 */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { endpointSlices, httpRoutes } from '../../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import type { GatewayEndpointSlice, HttpRoute } from '../../../sandbox/gateway/objects.ts'
import { findProxies, type ProxyName } from '../../../sandbox/proxies/programs.ts'
import { createStopList } from '../../../sandbox/stop-list.ts'
import { waitFor } from '../../../sandbox/wait.ts'
import { startDrivenHaproxy } from '../../bench/driven-haproxy.ts'
import { canaryIngressRef, startDrivenNginx } from '../../bench/driven-nginx.ts'
import type { DrivenOptions, DrivenProxy, Traffic } from '../../bench/driven-proxy.ts'
import { measureChanges, measureColor, measureShare } from '../../bench/proxies.ts'
import { applyPod, CANARY_SERVICE, HOST, NAMESPACE, STABLE_SERVICE, startPod } from '../../bench/proxy-cluster.ts'
import { sendRequests } from '../../bench/proxy-requests.ts'
import { isPlausible } from '../../bench/proxy-share.ts'

const REQUESTS = 2_000
const weights: readonly Traffic[] = [
  { canary: 1, total: 1000 },
  ...[0, 5, 50, 100].map((canary) => ({ canary, total: 100 })),
]
const canaryPodRef = { kind: endpointSlices, namespace: NAMESPACE, name: 'canary-1' }
const routeRef = { kind: httpRoutes, namespace: NAMESPACE, name: 'shop' }

/** One proxy and one cluster for all tests of a group: every test sets what it needs. */
function useProxy(name: ProxyName, start: (options: DrivenOptions) => Promise<DrivenProxy>): () => DrivenProxy {
  const stops = createStopList()
  let proxy: DrivenProxy | undefined
  before(async () => {
    const programs = await findProxies(process.env)
    proxy = await start({ program: programs[name], stops })
  })
  after(() => stops.run())
  return () => {
    assert.ok(proxy, `${name} did not start`)
    return proxy
  }
}

interface Answer {
  readonly code: number
  readonly refusal: string
  readonly revision: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
}

function ask(url: string, headers: Readonly<Record<string, string>>, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST'
    const outgoing = request(url, { method, headers, agent: false }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      answer.once('end', () =>
        resolve({
          code: answer.statusCode ?? 0,
          refusal: String(answer.headers['x-penstock-gateway'] ?? ''),
          revision: String(answer.headers['x-pod-template-hash'] ?? ''),
          headers: answer.headers,
          text,
        }),
      )
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** What every proxy has to do. */
function testProxy(proxy: () => DrivenProxy, repeatsAreExpected: boolean): void {
  test('the canary gets the share that its weight says', async () => {
    for (const traffic of weights) {
      const { toCanary, toStable } = await measureShare(proxy(), traffic, REQUESTS)
      assert.equal(toCanary + toStable, REQUESTS)
      const share = traffic.canary / traffic.total
      assert.ok(isPlausible(toCanary, REQUESTS, share), `${toCanary} of ${REQUESTS} at ${share}`)
    }
  })

  test('a color decides alone', async () => {
    for (const color of proxy().colors) {
      const { name, astray } = await measureColor(proxy(), color, 20)
      assert.equal(astray, 0, name)
    }
  })

  test('twenty changes under load: nobody loses a request', async () => {
    const { requests, failures, repeated } = await measureChanges(proxy(), 20)
    assert.ok(requests > 50, `only ${requests} requests`)
    assert.deepEqual(failures, {})
    if (!repeatsAreExpected) assert.equal(repeated, 0, 'a kept connection was closed under a request')
  })

  test('follows pods that are replaced under load', async () => {
    const stops = createStopList()
    try {
      const { client, url, drive } = proxy()
      await drive({ canary: 100, total: 100 })
      const next = await startPod('canary-next', stops)
      let isOver = false
      const sending = sendRequests({ url, host: HOST, isWanted: () => !isOver })
      const former = await client.get<GatewayEndpointSlice>(canaryPodRef)
      await applyPod(client, 'canary-1', CANARY_SERVICE, next)
      const untilRevision = (revision: string) =>
        waitFor(async () => (await ask(url, { host: HOST })).revision === revision, {
          clock,
          what: `an answer of ${revision}`,
          withinMs: 10_000,
        })
      await untilRevision('canary-next')
      await applyPod(client, 'canary-1', CANARY_SERVICE, former?.ports?.[0]?.port ?? 0)
      await untilRevision('canary')
      isOver = true
      assert.deepEqual((await sending).failures, {})
    } finally {
      await stops.run()
    }
  })

  test('passes a request on whole, and nothing that belongs to one connection', async () => {
    const { url, drive } = proxy()
    await drive({ canary: 0, total: 100 })
    const { code, headers, text } = await ask(
      `${url}/cart?item=1%202`,
      {
        host: HOST,
        'x-user': 'u',
        'x-forwarded-for': '203.0.113.7',
        'proxy-authorization': 'Basic secret',
        te: 'trailers',
        'content-length': '100000',
      },
      'x'.repeat(100_000),
    )
    const seen = JSON.parse(text) as { method: string; url: string; headers: Record<string, string> }
    assert.equal(code, 200)
    assert.notEqual(headers['keep-alive'], 'timeout=5')
    assert.deepEqual([seen.method, seen.url], ['POST', '/cart?item=1%202'])
    assert.equal(seen.headers['x-user'], 'u')
    assert.equal(seen.headers.host, HOST)
    assert.equal(seen.headers['proxy-authorization'], undefined)
    assert.equal(seen.headers.te, undefined)
    assert.equal(seen.headers['x-forwarded-for'], '203.0.113.7, 127.0.0.1', 'one hop is one entry')
    assert.equal(seen.headers['content-length'], '100000')
  })

  test('marks what it answers itself', async () => {
    const { client, url, drive } = proxy()
    await drive({ canary: 100, total: 100 })
    const { code, refusal } = await ask(url, { host: 'other.example' })
    assert.deepEqual({ code, refusal }, { code: 404, refusal: 'no-route' })
    const stops = createStopList()
    const gone = await startPod('canary', stops)
    await stops.run()
    const former = await client.get<GatewayEndpointSlice>(canaryPodRef)
    await applyPod(client, 'canary-1', CANARY_SERVICE, gone)
    const refused = await waitFor(
      async () => {
        const answer = await ask(url, { host: HOST })
        return answer.code !== 200 && answer
      },
      { clock, what: 'a refusal', withinMs: 10_000 },
    )
    assert.ok(refused.code === 502 || refused.code === 503, `code ${refused.code}`)
    assert.match(refused.refusal, /^(connect-failed|connection-lost)$/)
    await applyPod(client, 'canary-1', CANARY_SERVICE, former?.ports?.[0]?.port ?? 0)
    await waitFor(async () => (await ask(url, { host: HOST })).code === 200, {
      clock,
      what: 'the pod again',
      withinMs: 10_000,
    })
  })
}

describe('HAProxy as the gateway', () => {
  const proxy = useProxy('haproxy', startDrivenHaproxy)
  testProxy(proxy, false)

  test('new weights need no new worker', async () => {
    const { drive, reloads } = proxy()
    await drive({ canary: 1, total: 100 })
    const before = reloads()
    for (const total of [100, 1000, 10_000]) await drive({ canary: 7, total })
    assert.equal(reloads(), before)
  })

  const conditionsOf = async () => {
    const route = await proxy().client.get<HttpRoute>(routeRef)
    const conditions = route?.status?.parents?.[0]?.conditions ?? []
    return {
      isObserved: conditions.every(({ observedGeneration }) => observedGeneration === route?.metadata.generation),
      text: conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`).join(', '),
      messages: conditions.map(({ message }) => message).join(),
    }
  }
  const untilSaid = (text: string) =>
    waitFor(
      async () => {
        const conditions = await conditionsOf()
        return conditions.isObserved && conditions.text === text && conditions
      },
      { clock, what: `the route to say ${text}`, withinMs: 15_000 },
    )
  const serving = 'Accepted=True Accepted, ResolvedRefs=True ResolvedRefs, Programmed=True Programmed'
  const setRules = (rules: unknown) =>
    proxy().client.patch(routeRef, 'json', [{ op: 'replace', path: '/spec/rules', value: rules }])
  const backendRefs = [
    { name: STABLE_SERVICE, port: 80, weight: 100 },
    { name: CANARY_SERVICE, port: 80, weight: 0 },
  ]

  test('what HAProxy cannot do is refused in the status, and not served in part', async () => {
    const { url } = proxy()
    const requestMirror = { backendRef: { name: CANARY_SERVICE, port: 80 } }
    await setRules([{ filters: [{ type: 'RequestMirror', requestMirror }], backendRefs }])
    const { messages } = await untilSaid(
      'Accepted=False UnsupportedValue, ResolvedRefs=True ResolvedRefs, Programmed=False Invalid',
    )
    assert.match(messages, /HAProxy cannot copy requests/)
    assert.equal((await ask(url, { host: HOST })).refusal, 'no-route')
    await setRules([{ backendRefs }])
    await untilSaid(serving)
    assert.equal((await ask(url, { host: HOST })).revision, 'stable')
  })

  test('a Service that does not exist is told, and its share gets an error of its own', async () => {
    const { url } = proxy()
    await setRules([{ backendRefs: [{ name: 'absent', port: 80, weight: 1 }] }])
    await untilSaid('Accepted=True Accepted, ResolvedRefs=False BackendNotFound, Programmed=True Programmed')
    const { code, refusal } = await ask(url, { host: HOST })
    assert.deepEqual({ code, refusal }, { code: 500, refusal: 'no-backend' })
    await setRules([{ backendRefs }])
    await untilSaid(serving)
  })

  test('a route that only HAProxy itself refuses is told so, and the others are served', async () => {
    const { url, client } = proxy()
    // Beyond one byte: an expression for the gateway's engine, none for PCRE as HAProxy compiles it.
    const headers = [{ type: 'RegularExpression', name: 'x-a', value: '\\x{10FFFF}' }]
    const metadata = { name: 'other', namespace: NAMESPACE }
    const spec = { parentRefs: [{ name: 'web' }], hostnames: ['other.example'], rules: [{ backendRefs }] }
    await client.create(httpRoutes, {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata,
      spec,
    })
    await setRules([{ matches: [{ headers }], backendRefs }, { backendRefs }])
    const { messages } = await untilSaid(
      'Accepted=False UnsupportedValue, ResolvedRefs=True ResolvedRefs, Programmed=False Invalid',
    )
    assert.match(messages, /regex '.*10FFFF.*' is invalid/)
    assert.doesNotMatch(messages, /haproxy\.cfg/, 'no path of this machine')
    assert.equal((await ask(url, { host: HOST })).refusal, 'no-route')
    assert.equal((await ask(url, { host: 'other.example' })).revision, 'stable')
    await setRules([{ backendRefs }])
    await untilSaid(serving)
    assert.equal((await ask(url, { host: HOST })).revision, 'stable')
    await client.delete({ ...routeRef, name: 'other' })
  })
})

describe('nginx as ingress-nginx', () => {
  // It closes the kept connections of the worker that goes, whoever is about to use them.
  const proxy = useProxy('nginx', startDrivenNginx)
  testProxy(proxy, true)

  test('a canary that only nginx itself refuses gets nothing, and the others are served', async () => {
    const { client, url, drive } = proxy()
    await drive({ canary: 100, total: 100 })
    const annotate = (pattern: string | null) => {
      const annotations = {
        'nginx.ingress.kubernetes.io/canary-by-header': pattern === null ? null : 'x-a',
        'nginx.ingress.kubernetes.io/canary-by-header-pattern': pattern,
      }
      return client.patch(canaryIngressRef, 'merge', { metadata: { annotations } })
    }
    const untilRevision = (revision: string) =>
      waitFor(async () => (await ask(url, { host: HOST })).revision === revision, {
        clock,
        what: `an answer of ${revision}`,
        withinMs: 10_000,
      })
    await untilRevision('canary')
    await annotate('\\x{10FFFF}')
    await untilRevision('stable')
    await annotate(null)
    await untilRevision('canary')
  })
})
