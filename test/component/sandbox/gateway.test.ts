/** The gateway on a real (embedded) API server, in front of real HTTP servers. */
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import { afterEach, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import type { TrafficIntent } from '../../../controller/api/traffic.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import { endpointSlices, httpRoutes, namespaces } from '../../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { systemRandom } from '../../../controller/runtime/random.ts'
import { refKey } from '../../../controller/traffic/router.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { type RunningGateway, startGateway } from '../../../sandbox/gateway/gateway.ts'
import type { HttpRoute } from '../../../sandbox/gateway/objects.ts'
import { startLoad } from '../../../sandbox/load/load.ts'
import { applyManifest, readManifests } from '../../../sandbox/manifests.ts'
import { createStopList, type StopList } from '../../../sandbox/stop-list.ts'
import { waitFor } from '../../../sandbox/wait.ts'
import { openRouter, routerContext } from '../../builders/router.ts'

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const HOST = 'shop.example'
/** Pods differ by address and share the port. */
const PORT = 8080
const routeRef = { kind: httpRoutes, namespace: 'shop', name: 'shop' }

let stops: StopList = createStopList()

/** Stops what a test started; inside `describe`, because hooks at the root would run for every suite of the process. */
function useStops(): void {
  afterEach(async () => {
    await stops.run()
    stops = createStopList()
  })
}

interface Backend {
  readonly address: string
  close(): Promise<void>
}

/** A pod's HTTP server; like a pod it serves for a moment after it was told to go. */
async function startBackend(address: string, hash: string, onRequest = () => {}): Promise<Backend> {
  const server: Server = createServer((_request, response) => {
    onRequest()
    setTimeout(() => response.writeHead(200, { 'x-pod-template-hash': hash }).end('ok'), 20)
  })
  await new Promise<void>((resolve) => server.listen(PORT, address, resolve))
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeIdleConnections()
    })
  stops.add(close)
  return { address, close }
}

/** One write, as an endpoints controller makes it: there is no moment without endpoints. */
async function setEndpoints(client: KubeClient, service: string, backends: readonly Backend[]): Promise<void> {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: service, namespace: 'shop', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: backends.map(({ address }) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'http', port: PORT, protocol: 'TCP' }],
  }
  const ref = { kind: endpointSlices, namespace: 'shop', name: service }
  await client.patch(ref, 'apply', slice, { fieldManager: 'test', force: true })
}

async function setWeights(client: KubeClient, stable: number, canary: number): Promise<void> {
  const weightAt = (index: number, value: number) => ({
    op: 'add',
    path: `/spec/rules/0/backendRefs/${index}/weight`,
    value,
  })
  await client.patch(routeRef, 'json', [weightAt(0, stable), weightAt(1, canary)])
  await waitFor(
    async () => {
      const route = await client.get<HttpRoute>(routeRef)
      const programmed = route?.status?.parents?.[0]?.conditions.find(({ type }) => type === 'Programmed')
      return programmed?.status === 'True' && programmed.observedGeneration === route?.metadata.generation
    },
    { clock, what: 'the weights to be programmed', withinMs: 5_000, everyMs: 5 },
  )
}

/** Writes what a rollout wants as the controller's own router writes it. */
async function route(client: KubeClient, intent: TrafficIntent): Promise<void> {
  const context = routerContext({
    namespace: 'shop',
    stableService: 'shop-stable',
    canaryService: 'shop-canary',
    managedRouteNames: intent.managedRoutes.map(({ name }) => name),
  })
  const router = openRouter('argoproj-labs/gatewayAPI', { httpRoute: 'shop' }, context)
  const observed = { [refKey(routeRef)]: await client.get<HttpRoute>(routeRef) }
  for (const write of router.render(intent, observed))
    if (write.do === 'patch') await client.patch(write.ref, 'json', write.patch)
  await waitFor(
    async () => {
      const reading = router.read({ [refKey(routeRef)]: await client.get<HttpRoute>(routeRef) })
      return reading.confirmation === 'confirmed'
    },
    { clock, what: 'the route to be confirmed', withinMs: 5_000, everyMs: 5 },
  )
}

async function ask(
  gateway: RunningGateway,
  more: Readonly<Record<string, string>> = {},
): Promise<{ code: number; hash: string; refusal: string }> {
  const { statusCode, headers, body } = await request(`${gateway.url}/`, { headers: { host: HOST, ...more } })
  await body.dump()
  return {
    code: statusCode,
    hash: String(headers['x-pod-template-hash'] ?? ''),
    refusal: String(headers['x-penstock-gateway'] ?? ''),
  }
}

async function setUp(): Promise<{ client: KubeClient; gateway: RunningGateway }> {
  const server = createApiServer()
  stops.add(() => server.close())
  const client = server.client()
  for (const manifest of await readManifests(pathOf('../../../sandbox/crds')))
    await applyManifest(client, manifest, 'test')
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  for (const manifest of await readManifests(pathOf('../../../sandbox/story'))) {
    if (!manifest.apiVersion.startsWith('argoproj.io/')) await applyManifest(client, manifest, 'test')
  }
  const gateway = await startGateway({ client, clock, random: systemRandom, log: silentLogger })
  stops.add(() => gateway.stop())
  return { client, gateway }
}

describe('gateway on the embedded API server', () => {
  useStops()

  test('serves the shares that the route says, and confirms the generation it serves', async () => {
    const { client, gateway } = await setUp()
    await setEndpoints(client, 'shop-stable', [await startBackend('127.11.0.1', 'stable')])
    await setEndpoints(client, 'shop-canary', [await startBackend('127.11.0.2', 'canary')])
    for (const canary of [5, 50, 0]) {
      await setWeights(client, 100 - canary, canary)
      const answers = await Promise.all(Array.from({ length: 200 }, () => ask(gateway)))
      assert.equal(answers.filter(({ hash }) => hash === 'canary').length, 2 * canary)
      assert.ok(answers.every(({ code }) => code === 200))
    }
  })

  test("obeys the controller's header and mirror routes, and nothing of them is left when they are taken back", async () => {
    const { client, gateway } = await setUp()
    let copies = 0
    await setEndpoints(client, 'shop-stable', [await startBackend('127.11.0.1', 'stable')])
    await setEndpoints(client, 'shop-canary', [await startBackend('127.11.0.2', 'canary', () => void copies++)])
    const weights = { canary: 0, stable: 100, additional: [] }
    const before = await client.get<HttpRoute>(routeRef)
    const hashes = async (headers: Readonly<Record<string, string>> = {}) => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(gateway, headers)))
      return [...new Set(answers.map(({ hash }) => hash))]
    }
    const headerRoute = {
      kind: 'header',
      name: 'beta',
      match: [{ headerName: 'x-user', headerValue: { prefix: 'beta.' } }],
    } as const
    await route(client, { ...weights, managedRoutes: [headerRoute] })
    assert.deepEqual(await hashes({ 'x-user': 'beta.ann' }), ['canary'])
    assert.deepEqual(await hashes({ 'x-user': 'betaXann' }), ['stable'])
    assert.deepEqual(await hashes(), ['stable'])

    copies = 0
    const mirrorRoute = { kind: 'mirror', name: 'shadow', match: [{}], percentage: 50 } as const
    await route(client, { ...weights, managedRoutes: [mirrorRoute] })
    assert.deepEqual(await hashes(), ['stable'], 'a mirror answers nobody')
    await waitFor(async () => copies === 10, { clock, what: 'half of 20 copies', withinMs: 5_000, everyMs: 5 })

    await route(client, { ...weights, managedRoutes: [] })
    const after = await client.get<HttpRoute>(routeRef)
    assert.deepEqual(
      [after?.spec.rules?.length, after?.metadata.annotations],
      [before?.spec.rules?.length, before?.metadata.annotations],
    )
    assert.deepEqual(await hashes({ 'x-user': 'beta.ann' }), ['stable'])
  })

  test('marks what it answers itself, and counts it apart', async () => {
    const { client, gateway } = await setUp()
    await setWeights(client, 100, 0)
    assert.deepEqual(await ask(gateway), { code: 503, hash: '', refusal: 'no-endpoint' })
    const metrics = await (await fetch(gateway.metricsUrl)).text()
    assert.match(metrics, /penstock_gateway_refusals_total\{route="shop\/shop",reason="no-endpoint"\} 1/)
  })

  test('tries another endpoint when the connection is refused, and says so when there is none', async () => {
    const { client, gateway } = await setUp()
    const alive = await startBackend('127.11.0.3', 'stable')
    const gone = await startBackend('127.11.0.4', 'stable')
    await gone.close()
    await setEndpoints(client, 'shop-stable', [gone, alive])
    await setWeights(client, 100, 0)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(gateway)))
    assert.ok(answers.every(({ code }) => code === 200))
    await setEndpoints(client, 'shop-stable', [gone])
    await waitFor(async () => (await ask(gateway)).refusal === 'connect-failed', {
      clock,
      what: 'the refused endpoint alone',
      withinMs: 5_000,
    })
  })

  test('passes method, query, body and headers on, and nothing that belongs to one connection', async () => {
    const { client, gateway } = await setUp()
    const echo = createServer((incoming, response) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const { method, url, headers } = incoming
        response.writeHead(201, { 'x-answer': 'yes', 'keep-alive': 'timeout=99' })
        response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') }))
      })
    })
    await new Promise<void>((resolve) => echo.listen(PORT, '127.11.2.1', resolve))
    stops.add(() => new Promise((resolve) => void echo.close(() => resolve())))
    await setEndpoints(client, 'shop-stable', [{ address: '127.11.2.1', close: async () => {} }])
    await setWeights(client, 100, 0)
    await waitFor(async () => (await ask(gateway)).code === 201, { clock, what: 'the echo', withinMs: 5_000 })
    const { statusCode, headers, body } = await request(`${gateway.url}/cart?item=1`, {
      method: 'POST',
      headers: { host: HOST, 'x-user': 'u', 'proxy-authorization': 'Basic secret' },
      body: 'x'.repeat(100_000),
    })
    const seen = (await body.json()) as { method: string; url: string; headers: Record<string, string>; body: string }
    assert.equal(statusCode, 201)
    assert.equal(headers['x-answer'], 'yes')
    assert.notEqual(headers['keep-alive'], 'timeout=99')
    assert.deepEqual([seen.method, seen.url, seen.body.length], ['POST', '/cart?item=1', 100_000])
    assert.equal(seen.headers['x-user'], 'u')
    assert.equal(seen.headers.host, HOST)
    assert.equal(seen.headers['proxy-authorization'], undefined)
  })

  test('loses nothing while pods are replaced under load', async () => {
    const { client, gateway } = await setUp()
    let current = await startBackend('127.11.1.1', 'v1')
    await setEndpoints(client, 'shop-stable', [current])
    await setWeights(client, 100, 0)
    await waitFor(async () => (await ask(gateway)).code === 200, { clock, what: 'the first answer', withinMs: 5_000 })
    const load = startLoad({ url: gateway.url, host: HOST, requestsPerSecond: 200, clock })
    stops.add(() => load.stop())
    for (let round = 2; round < 6; round += 1) {
      const next = await startBackend(`127.11.1.${round}`, `v${round}`)
      await setEndpoints(client, 'shop-stable', [next, current])
      await setEndpoints(client, 'shop-stable', [next])
      // A pod goes on serving until every proxy has heard; here: until a tenth of a second of answers came from the next one alone.
      const isSwitched = (): boolean => {
        const nowMs = clock.now()
        const counts = gateway.responses.count(nowMs - 100, nowMs)
        return (counts.get(`v${round}`) ?? 0) >= 10 && counts.size === 1
      }
      await waitFor(isSwitched, { clock, what: 'the next version alone', withinMs: 5_000, everyMs: 10 })
      await current.close()
      current = next
    }
    await load.stop()
    const counts = load.counts()
    assert.ok(counts.ok > 20, `only ${counts.ok} answers`)
    assert.deepEqual({ lost: counts.lost, lostBy: counts.lostBy }, { lost: 0, lostBy: {} })
  })
})
