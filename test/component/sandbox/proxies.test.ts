/**
 * HAProxy and nginx as real processes, driven as the benchmark `proxies` drives them, in its short form: shares within six standard deviations
 * at 2,000 requests, colors exact, nobody who asks meanwhile loses anything.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { endpointSlices } from '../../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import type { GatewayEndpointSlice } from '../../../sandbox/gateway/objects.ts'
import { createStopList } from '../../../sandbox/stop-list.ts'
import { waitFor } from '../../../sandbox/wait.ts'
import { startDrivenHaproxy } from '../../bench/driven-haproxy.ts'
import { canaryIngressRef, startDrivenNginx } from '../../bench/driven-nginx.ts'
import type { DrivenProxy, Traffic } from '../../bench/driven-proxy.ts'
import { measureChanges, measureColor, measureShare } from '../../bench/proxies.ts'
import { applyPod, CANARY_SERVICE, HOST, NAMESPACE, startPod } from '../../bench/proxy-cluster.ts'
import { sendRequests } from '../../bench/proxy-requests.ts'
import { isPlausible } from '../../bench/proxy-share.ts'
import { ask, useProxy } from './proxy-client.ts'

const REQUESTS = 2_000
const weights: readonly Traffic[] = [
  { canary: 1, total: 1000 },
  ...[0, 5, 50, 100].map((canary) => ({ canary, total: 100 })),
]
const canaryPodRef = { kind: endpointSlices, namespace: NAMESPACE, name: 'canary-1' }

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
  testProxy(useProxy('haproxy', startDrivenHaproxy), false)
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
