import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { type HttpRequest, TransportError, type TransportErrorKind } from '../../../controller/runtime/http.ts'
import { createHttpTransport, type ResolvedAddress } from '../../../controller/runtime/http-transport.ts'
import { createMetricRegistry, renderMetrics } from '../../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../../controller/runtime/outbound-policy.ts'
import { systemRandom } from '../../../controller/runtime/random.ts'
import { createRedactor } from '../../../controller/runtime/redact.ts'

type Respond = (request: IncomingMessage, response: ServerResponse) => void

interface SetUpOptions {
  readonly allow?: readonly string[]
  readonly resolve?: (host: string) => Promise<readonly ResolvedAddress[]>
}

async function setUp(t: TestContext, respond: Respond, options: SetUpOptions = {}) {
  const server = createServer(respond)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const metrics = createMetricRegistry()
  const redactor = createRedactor()
  const transport = createHttpTransport({
    clock: systemClock,
    random: systemRandom,
    policy: createOutboundPolicy({ allow: options.allow ?? ['127.0.0.1'] }),
    redactor,
    metrics,
    ...(options.resolve ? { resolve: options.resolve } : {}),
  })
  t.after(async () => {
    transport.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const send = (change: Partial<HttpRequest> = {}, signal?: AbortSignal) =>
    transport.send(
      { method: 'GET', url: `http://127.0.0.1:${port}/`, timeoutMs: 2_000, maxBytes: 10_000, target: 'web', ...change },
      signal,
    )
  return { send, port, metrics, redactor }
}

const kindIs =
  (kind: TransportErrorKind) =>
  (error: unknown): boolean =>
    error instanceof TransportError && error.kind === kind

describe('http transport', () => {
  test('adds no type to a body, and keeps the one that is given', async (t) => {
    const types: (string | undefined)[] = []
    const { send } = await setUp(t, (request, response) => {
      types.push(request.headers['content-type'])
      request.resume().on('end', () => response.end())
    })
    await send({ method: 'POST', body: 'a=b' })
    await send({ method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
    await send({ method: 'PUT', body: 'x', headers: { 'Content-Type': 'text/xml' } })
    await send()
    assert.deepEqual(types, [undefined, 'application/json', 'text/xml', undefined])
  })

  test('sends method, headers and body as given, and gives back any status as it is', async (t) => {
    const { send, metrics } = await setUp(t, (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      request.on('end', () => {
        response.writeHead(418, { 'X-Seen': [String(request.headers['x-mine']), 'two'] })
        response.end(`${request.method} ${body} ${request.headers['content-type']}`)
      })
    })
    const headers = { 'x-mine': 'yes', 'content-type': 'text/x-own' }
    const answer = await send({ method: 'POST', headers, body: '{"a": 1}' })
    assert.equal(answer.status, 418)
    assert.equal(answer.body, 'POST {"a": 1} text/x-own')
    assert.equal(answer.headers['x-seen'], 'yes, two')
    assert.match(await renderMetrics(metrics), /penstock_outbound_requests_total\{target="web",code="418"\} 1/)
  })

  test('JSON stays text, NaN and all', async (t) => {
    const { send } = await setUp(t, (_request, response) => response.end('{"value": "NaN"} '))
    assert.equal((await send()).body, '{"value": "NaN"} ')
  })

  test('a redirect is an answer, never followed', async (t) => {
    let hits = 0
    const { send } = await setUp(t, (_request, response) => {
      hits += 1
      response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end()
    })
    assert.equal((await send()).status, 302)
    assert.equal(hits, 1)
  })

  test('no answer in time, also when the body stalls', async (t) => {
    const { send, port } = await setUp(t, (request, response) => {
      if (request.url === '/stall') response.writeHead(200).write('half')
    })
    await assert.rejects(send({ timeoutMs: 100 }), kindIs('timeout'))
    await assert.rejects(send({ url: `http://127.0.0.1:${port}/stall`, timeoutMs: 100 }), kindIs('timeout'))
  })

  test('a large answer is cut off', async (t) => {
    const { send } = await setUp(t, (_request, response) => response.end('x'.repeat(20_000)))
    await assert.rejects(send(), kindIs('tooLarge'))
  })

  test('a compressed bomb is cut off', async (t) => {
    const { send } = await setUp(t, (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000)))
    })
    await assert.rejects(send(), kindIs('tooLarge'))
  })

  test('nobody listens, connection cut, caller cancels', async (t) => {
    const { send } = await setUp(t, (_request, response) => response.destroy())
    await assert.rejects(send(), kindIs('network'))
    await assert.rejects(send({ url: 'http://127.0.0.1:1/' }), kindIs('refused'))
    await assert.rejects(send({}, AbortSignal.abort()), kindIs('cancelled'))
  })

  test('loopback is refused unless allowed, by every spelling', async (t) => {
    const { send, port } = await setUp(t, (_request, response) => response.end('reached'), { allow: [] })
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '0']) {
      await assert.rejects(send({ url: `http://${host}:${port}/` }), kindIs('denied'), host)
    }
  })

  test('a name is resolved once and its judged address is the one that is contacted', async (t) => {
    let lookups = 0
    const { send, port } = await setUp(t, (_request, response) => response.end('reached'), {
      resolve: (host) => {
        lookups += 1
        const address = host === 'rebinding.example' && lookups > 1 ? '169.254.169.254' : '127.0.0.1'
        return Promise.resolve([{ address, family: 4 }])
      },
    })
    assert.equal((await send({ url: `http://rebinding.example:${port}/` })).body, 'reached')
    assert.equal(lookups, 1)
    await assert.rejects(send({ url: `http://rebinding.example:${port}/` }), kindIs('denied'))
  })

  test('one forbidden address among several is enough to refuse', async (t) => {
    const resolve = () =>
      Promise.resolve([
        { address: '127.0.0.1', family: 4 },
        { address: 'fe80::1', family: 6 },
      ])
    const { send, port } = await setUp(t, (_request, response) => response.end(), { resolve })
    await assert.rejects(send({ url: `http://mixed.example:${port}/` }), kindIs('denied'))
  })

  test('other schemes, credentials in the URL and nonsense are refused', async (t) => {
    const { send } = await setUp(t, () => {})
    for (const url of ['file:///etc/passwd', 'ftp://x/', 'http://user:pass@127.0.0.1/', 'nonsense', '']) {
      await assert.rejects(send({ url }), kindIs('denied'), url)
    }
  })

  test('errors name the host but neither path nor query, and no secret', async (t) => {
    const { send, redactor } = await setUp(t, (_request, response) => response.destroy())
    redactor.registerSecret('s3cr3t-host')
    const failure = await send({ url: 'http://127.0.0.1:1/T0/path-secret?token=abc' }).catch((error: unknown) => error)
    assert.ok(failure instanceof TransportError)
    assert.doesNotMatch(failure.message, /path-secret|token|abc/)
    assert.match(failure.message, /127\.0\.0\.1:1/)
  })

  test('retries only what may be repeated, only as often as asked', async (t) => {
    let hits = 0
    const { send } = await setUp(t, (_request, response) => {
      hits += 1
      response.writeHead(hits < 3 ? 503 : 200).end()
    })
    const retry = { attempts: 3, firstDelayMs: 1 }
    assert.equal((await send({ retry })).status, 200)
    assert.equal(hits, 3)
    hits = 0
    assert.equal((await send({ method: 'POST', retry })).status, 503)
    assert.equal(hits, 1)
    hits = 0
    assert.equal((await send({ method: 'POST', retry: { ...retry, idempotent: true } })).status, 200)
    hits = 0
    assert.equal((await send({ retry: { ...retry, attempts: 2 } })).status, 503)
  })
})
