import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { hasUnknownOutcome, isConflict, KubeError, type WatchEvent } from '../../../controller/kube/client.ts'
import { createGatedClient } from '../../../controller/kube/gated-client.ts'
import { createHttpClient, type HttpClientOptions } from '../../../controller/kube/http-client.ts'
import { configMaps, leases, pods, rollouts } from '../../../controller/kube/kinds.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { createLogger, silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry, renderMetrics } from '../../../controller/runtime/metrics.ts'
import { systemRandom } from '../../../controller/runtime/random.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

type Respond = (request: Seen, response: ServerResponse) => void

const sendJson = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
const sendStatus = (response: ServerResponse, code: number, reason: string, headers = {}): void =>
  sendJson(response, code, { kind: 'Status', status: 'Failure', code, reason, message: `it is ${reason}` }, headers)

const pod: KubeObject = { metadata: { name: 'a', namespace: 'shop', resourceVersion: '7' } }
const ref = { kind: pods, namespace: 'shop', name: 'a' }

/** A scripted API server and a client that finds it through a kubeconfig whose token the test can replace. */
async function setUp(t: TestContext, respond: Respond, options: Partial<HttpClientOptions> = {}) {
  const requests: Seen[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
      requests.push(seen)
      respond(seen, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const folder = mkdtempSync(join(tmpdir(), 'penstock-kube-'))
  const kubeconfig = join(folder, 'config')
  const useToken = (token: string): void =>
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}/prefix/` } }],
        users: [{ name: 'u', user: { token } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    )
  useToken('token-of-the-test')
  const metrics = createMetricRegistry()
  const client = createHttpClient({
    kubeconfig,
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
    metrics,
    ...options,
  })
  t.after(async () => {
    await client.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    rmSync(folder, { recursive: true })
  })
  return { client, requests, metrics, useToken, server }
}

const codeIs =
  (code: number, reason?: string) =>
  (error: unknown): boolean =>
    error instanceof KubeError && error.code === code && (reason === undefined || error.reason === reason)

async function collect<T>(stream: AsyncIterable<T>, count: number): Promise<T[]> {
  const collected: T[] = []
  for await (const item of stream) if (collected.push(item) >= count) break
  return collected
}

describe('http client', () => {
  test('sends every operation as Kubernetes expects it, and unknown fields survive', async (t) => {
    const exotic = { ...pod, spec: { fieldFromTheFuture: { deep: [1, null, 'x'] } } }
    const { client, requests } = await setUp(t, (_request, response) => sendJson(response, 200, exotic))
    assert.deepEqual(await client.get(ref), exotic)
    await client.list(rollouts, { namespace: 'shop', labelSelector: 'a=b', limit: 500 })
    await client.create(pods, pod, { fieldManager: 'penstock' })
    await client.patch(ref, 'apply', pod, { fieldManager: 'penstock', force: true })
    await client.patch(ref, 'json', [{ op: 'test', path: '/a', value: 1 }], { subresource: 'status' })
    await client.patch({ ...ref, name: 'a b/c' }, 'merge', {})
    await client.delete(ref, { uid: 'u-1', resourceVersion: '7', propagationPolicy: 'Background' })
    await client.postSubresource(ref, 'eviction', { kind: 'Eviction' })
    assert.deepEqual(
      requests.map(({ method, url }) => `${method} ${url}`),
      [
        'GET /prefix/api/v1/namespaces/shop/pods/a',
        'GET /prefix/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts?labelSelector=a%3Db&limit=500',
        'POST /prefix/api/v1/namespaces/shop/pods?fieldManager=penstock&timeout=10s',
        'PATCH /prefix/api/v1/namespaces/shop/pods/a?fieldManager=penstock&force=true&timeout=10s',
        'PATCH /prefix/api/v1/namespaces/shop/pods/a/status?timeout=10s',
        'PATCH /prefix/api/v1/namespaces/shop/pods/a%20b%2Fc?timeout=10s',
        'DELETE /prefix/api/v1/namespaces/shop/pods/a?timeout=10s',
        'POST /prefix/api/v1/namespaces/shop/pods/a/eviction?timeout=10s',
      ],
    )
    assert.equal(requests[0]?.headers.authorization, 'Bearer token-of-the-test')
    assert.equal(requests[3]?.headers['content-type'], 'application/apply-patch+yaml')
    assert.equal(requests[4]?.headers['content-type'], 'application/json-patch+json')
    assert.deepEqual(JSON.parse(requests[6]?.body ?? ''), {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      preconditions: { uid: 'u-1', resourceVersion: '7' },
      propagationPolicy: 'Background',
    })
  })

  test('404 is undefined for get and success for delete; other failures carry code, reason and message', async (t) => {
    const { client } = await setUp(t, (request, response) => {
      if (request.method === 'PATCH') sendStatus(response, 409, 'Conflict')
      else if (request.method === 'POST') response.writeHead(500).end('<html>proxy</html>')
      else sendStatus(response, 404, 'NotFound')
    })
    assert.equal(await client.get(ref), undefined)
    await client.delete(ref)
    await assert.rejects(client.patch(ref, 'merge', {}), (error) => isConflict(error) && !hasUnknownOutcome(error))
    await assert.rejects(client.create(pods, pod), (error) => codeIs(500)(error) && hasUnknownOutcome(error))
  })

  test('reuses connections', async (t) => {
    const { client, server } = await setUp(t, (_request, response) => sendJson(response, 200, pod))
    let connections = 0
    server.on('connection', () => {
      connections += 1
    })
    for (let call = 0; call < 20; call += 1) await client.get(ref)
    // Two, because a connection is free again only a tick after its answer has been read.
    assert.ok(connections <= 2, `${connections} connections for 20 calls`)
  })

  test('401 loads the credentials anew, once', async (t) => {
    const { client, requests, useToken } = await setUp(t, (request, response) => {
      if (request.headers.authorization === 'Bearer token-number-two') sendJson(response, 200, pod)
      else sendStatus(response, 401, 'Unauthorized')
    })
    await assert.rejects(client.get(ref), codeIs(401))
    assert.equal(requests.length, 2)
    useToken('token-number-two')
    await client.patch(ref, 'merge', {})
    assert.equal(requests.length, 4)
  })

  test('429 is repeated after Retry-After, for writes too, but not for evictions', async (t) => {
    let refusals = 1
    const { client, requests } = await setUp(t, (_request, response) => {
      if (refusals > 0) sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '1' })
      else sendJson(response, 200, pod)
      refusals -= 1
    })
    const startedMs = performance.now()
    await client.patch(ref, 'merge', {})
    assert.ok(performance.now() - startedMs >= 990)
    assert.equal(requests.length, 2)
    refusals = 1
    await assert.rejects(client.postSubresource(ref, 'eviction', {}), codeIs(429))
    assert.equal(requests.length, 3)
  })

  test('reads survive a passing 503 and a cut connection; a write that was cut is reported as unknown, not repeated', async (t) => {
    let turn = 0
    const { client, requests } = await setUp(t, (request, response) => {
      turn += 1
      if (request.method !== 'GET') response.destroy()
      else if (turn === 1) sendStatus(response, 503, 'ServiceUnavailable')
      else if (turn === 2) response.destroy()
      else sendJson(response, 200, pod)
    })
    assert.equal((await client.get<KubeObject>(ref))?.metadata.name, 'a')
    assert.equal(requests.length, 3)
    await assert.rejects(client.patch(ref, 'merge', {}), (error) => codeIs(0)(error) && hasUnknownOutcome(error))
    assert.equal(requests.length, 4)
  })

  test('an answer that stops in the middle of the body is no answer', async (t) => {
    const { client } = await setUp(t, (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"metadata":{"na')
      setTimeout(() => response.destroy(), 10)
    })
    await assert.rejects(client.patch(ref, 'merge', {}), (error) => codeIs(0)(error) && hasUnknownOutcome(error))
  })

  test('no answer within the deadline', async (t) => {
    const { client } = await setUp(t, () => {}, { deadlineMs: 100 })
    await assert.rejects(client.get(ref), codeIs(0, 'Timeout'))
    await assert.rejects(
      client.patch(ref, 'merge', {}),
      (error) => codeIs(0, 'Timeout')(error) && hasUnknownOutcome(error),
    )
  })

  test('a server that is not there: nothing was sent, and that is known', async (t) => {
    const { client, server } = await setUp(t, () => {})
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await assert.rejects(
      client.patch(ref, 'merge', {}),
      (error) => codeIs(0, 'NotSent')(error) && !hasUnknownOutcome(error),
    )
  })

  test('an answer that is too large is cut off', async (t) => {
    const { client } = await setUp(t, (_request, response) => sendJson(response, 200, { x: 'y'.repeat(5_000) }), {
      maxAnswerBytes: 1_000,
    })
    await assert.rejects(client.get(ref), codeIs(0, 'BadAnswer'))
  })

  test('the gate is asked again after the waits: a lease that ends during a Retry-After stops the write', async (t) => {
    let permitted = true
    const { client, requests } = await setUp(t, (_request, response) => {
      permitted = false
      sendStatus(response, 429, 'TooManyRequests', { 'retry-after': '0' })
    })
    const gated = createGatedClient(client, () => permitted)
    await assert.rejects(gated.patch(ref, 'merge', {}), codeIs(0, 'NotLeader'))
    assert.equal(requests.length, 1)
  })

  test('the gate is asked when a connection takes the write: what waited for one until the lease was over is not sent', async (t) => {
    const CONNECTIONS = 48
    const answers: (() => void)[] = []
    const { client, requests } = await setUp(t, (request, response) => {
      if (request.method !== 'GET') return sendJson(response, 200, pod)
      answers.push(() => sendJson(response, 200, pod))
    })
    const reads = Array.from({ length: CONNECTIONS }, () => client.get(ref))
    while (answers.length < CONNECTIONS) await systemClock.sleep(5)
    let isLeader = true
    const gated = createGatedClient(client, () => isLeader)
    const write = gated.patch(ref, 'merge', { spec: {} })
    const refused = assert.rejects(write, (error) => error instanceof KubeError && error.reason === 'NotLeader')
    // Every connection is taken: the write is behind them.
    await systemClock.sleep(50)
    isLeader = false
    for (const answer of answers) answer()
    await Promise.all(reads)
    await refused
    assert.deepEqual(new Set(requests.map(({ method }) => method)), new Set(['GET']))
    isLeader = true
    assert.equal((await gated.patch(ref, 'merge', { spec: {} })).metadata.name, 'a')
  })

  test('the rate limit holds routine calls back and lets urgent and lease writes pass', async (t) => {
    const { client } = await setUp(t, (_request, response) => sendJson(response, 200, pod), { qps: 2, burst: 1 })
    await client.get(ref)
    const routine = client.get(ref).then(() => 'routine')
    const urgent = client.patch(ref, 'merge', {}, { urgent: true }).then(() => 'urgent')
    assert.equal(await Promise.race([routine, urgent]), 'urgent')
    const lease = client.patch({ kind: leases, namespace: 'n', name: 'l' }, 'merge', {}).then(() => 'lease')
    assert.equal(await Promise.race([routine, lease]), 'lease')
    assert.equal(await routine, 'routine')
  })

  test('a Warning header is logged once, the token never', async (t) => {
    const lines: string[] = []
    const redactor = createRedactor()
    const log = createLogger({ level: 'debug', format: 'json', redactor, write: (line) => lines.push(line) })
    const warning = '299 - "v1beta1 is deprecated, token-of-the-test"'
    const { client } = await setUp(t, (_request, response) => sendJson(response, 200, pod, { warning }), {
      log,
      redactor,
    })
    await client.get(ref)
    await client.get(ref)
    assert.equal(lines.length, 1)
    assert.ok(lines[0]?.includes('v1beta1 is deprecated'))
    assert.ok(!lines[0]?.includes('token-of-the-test'))
  })

  test("metrics have Argo Rollouts' name, no series per pod, and none of what is gone", async (t) => {
    const { client, metrics } = await setUp(t, (_request, response) => sendJson(response, 200, pod))
    await client.get(ref)
    await client.get({ kind: rollouts, namespace: 'shop', name: 'checkout' })
    const text = await renderMetrics(metrics)
    const prefix = 'controller_clientset_k8s_request_total'
    assert.ok(text.includes(`${prefix}{kind="pods",namespace="shop",name="N/A",verb="get",status_code="200"} 1`), text)
    assert.ok(
      text.includes(`${prefix}{kind="rollouts",namespace="shop",name="checkout",verb="get",status_code="200"} 1`),
    )
  })
})

describe('http client watch', () => {
  const options = { resourceVersion: '5', timeoutSeconds: 300 }
  const line = (type: string, name: string): string => `${JSON.stringify({ type, object: { metadata: { name } } })}\n`

  test('yields events however the bytes are cut, asks for bookmarks, and ends when the server closes', async (t) => {
    const { client, requests } = await setUp(t, (_request, response) => {
      const bytes = Buffer.from(`${line('ADDED', 'grün')}\n${line('DELETED', 'b')}`)
      response.writeHead(200)
      for (let at = 0; at < bytes.length; at += 3) response.write(bytes.subarray(at, at + 3))
      response.end()
    })
    const { signal } = new AbortController()
    const events: WatchEvent[] = []
    for await (const event of client.watch(pods, { ...options, namespace: 'shop', signal })) events.push(event)
    assert.deepEqual(
      events.map((event) => `${event.type} ${(event.object as KubeObject).metadata.name}`),
      ['ADDED grün', 'DELETED b'],
    )
    assert.equal(
      requests[0]?.url,
      '/prefix/api/v1/namespaces/shop/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=300',
    )
  })

  test('a line that was cut in the middle is never taken for an event', async (t) => {
    const { client } = await setUp(t, (_request, response) => {
      response.writeHead(200)
      response.end(`${line('ADDED', 'a')}${line('DELETED', 'b').slice(0, -1)}`)
    })
    const events = await collect(client.watch(pods, { ...options, signal: new AbortController().signal }), 5)
    assert.equal(events.length, 1)
  })

  test('410 as HTTP status, a line that is no JSON, a huge line and a cut connection throw', async (t) => {
    const answers: Respond[] = [
      (_request, response) => sendStatus(response, 410, 'Expired'),
      (_request, response) => response.writeHead(200).end('{"type":\n'),
      (_request, response) => response.writeHead(200).end(line('ADDED', 'x'.repeat(3_000))),
      (_request, response) => {
        response.writeHead(200)
        response.write(line('ADDED', 'a'))
        setTimeout(() => response.destroy(), 10)
      },
    ]
    const { client } = await setUp(t, (request, response) => answers.shift()?.(request, response), {
      maxWatchLineBytes: 2_000,
    })
    const open = () => collect(client.watch(pods, { ...options, signal: new AbortController().signal }), 5)
    await assert.rejects(open(), codeIs(410, 'Expired'))
    await assert.rejects(open(), codeIs(0, 'BadAnswer'))
    await assert.rejects(open(), codeIs(0))
    await assert.rejects(open(), codeIs(0))
  })

  test('aborting ends a silent watch without an error', { timeout: 5_000 }, async (t) => {
    const { client } = await setUp(t, (_request, response) => response.writeHead(200).flushHeaders())
    const controller = new AbortController()
    const ended = collect(client.watch(configMaps, { ...options, signal: controller.signal }), 1)
    setTimeout(() => controller.abort(), 50)
    assert.deepEqual(await ended, [])
  })

  test('a server that does not even send headers is given up after the deadline', async (t) => {
    const { client } = await setUp(t, () => {}, { deadlineMs: 100 })
    await assert.rejects(
      collect(client.watch(pods, { ...options, signal: new AbortController().signal }), 1),
      codeIs(0, 'Timeout'),
    )
  })

  test('an open watch is not cut by the deadline of calls', async (t) => {
    const { client } = await setUp(
      t,
      (_request, response) => {
        response.writeHead(200).flushHeaders()
        setTimeout(() => response.end(line('ADDED', 'late')), 300)
      },
      { deadlineMs: 100 },
    )
    const events = await collect(client.watch(pods, { ...options, signal: new AbortController().signal }), 1)
    assert.equal(events.length, 1)
  })
})
