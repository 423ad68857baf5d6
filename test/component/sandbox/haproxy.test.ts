/** What HAProxy in the place of the gateway does besides what every proxy has to do: weights without a new worker, gRPC, and what it says of routes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { apiVersionOf, grpcRoutes, httpRoutes, services } from '../../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import type { HttpRoute } from '../../../sandbox/gateway/objects.ts'
import { createStopList } from '../../../sandbox/stop-list.ts'
import { waitFor } from '../../../sandbox/wait.ts'
import { startDrivenHaproxy } from '../../bench/driven-haproxy.ts'
import { readTraffic, routeTraffic } from '../../bench/live-router.ts'
import { applyPod, CANARY_SERVICE, HOST, NAMESPACE, STABLE_SERVICE } from '../../bench/proxy-cluster.ts'
import { isPlausible } from '../../bench/proxy-share.ts'
import { openRouter, routerContext } from '../../builders/router.ts'
import { callAll, startGrpcPod } from './grpc-calls.ts'
import { ask, useProxy } from './proxy-client.ts'

const routeRef = { kind: httpRoutes, namespace: NAMESPACE, name: 'shop' }

describe('HAProxy', () => {
  const proxy = useProxy('haproxy', startDrivenHaproxy)

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

  test('calls of gRPC are shared by weight and by header, trailers included', async () => {
    const { url, client } = proxy()
    const stops = createStopList()
    try {
      const names = { stable: 'calls-stable', canary: 'calls-canary' }
      for (const [revision, name] of Object.entries(names)) {
        const metadata = { name, namespace: NAMESPACE }
        const spec = { ports: [{ name: 'http', port: 80 }] }
        await client.create(services, { apiVersion: 'v1', kind: 'Service', metadata, spec })
        await applyPod(client, name, name, await startGrpcPod(revision, stops))
      }
      const metadata = { name: 'calls', namespace: NAMESPACE }
      const backendRefs = Object.values(names).map((name) => ({ name, port: 80 }))
      const rules = [{ matches: [{ method: { service: 'shop.Cart' } }], backendRefs }]
      const spec = { parentRefs: [{ name: 'web' }], hostnames: [HOST], rules }
      await client.create(grpcRoutes, { apiVersion: apiVersionOf(grpcRoutes), kind: 'GRPCRoute', metadata, spec })
      const context = routerContext({
        namespace: NAMESPACE,
        stableService: names.stable,
        canaryService: names.canary,
        managedRouteNames: ['beta'],
      })
      const router = openRouter('argoproj-labs/gatewayAPI', { grpcRoute: 'calls' }, context)
      const match = [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }]
      await routeTraffic(client, router, {
        canary: 20,
        stable: 80,
        additional: [],
        managedRoutes: [{ kind: 'header', name: 'beta', match }],
      })
      await waitFor(async () => (await readTraffic(client, router)).confirmation === 'confirmed', {
        clock,
        what: 'the GRPCRoute to be confirmed',
        withinMs: 15_000,
      })
      const plain = await callAll({ url, host: HOST }, 500, {})
      assert.deepEqual(Object.keys(plain).sort(), ['canary 0', 'stable 0'])
      assert.ok(isPlausible(plain['canary 0'] ?? 0, 500, 0.2), `${plain['canary 0']} of 500 at 20 %`)
      assert.deepEqual(await callAll({ url, host: HOST }, 50, { 'x-beta': 'yes' }), { 'canary 0': 50 })
      assert.notEqual((await ask(url, { host: HOST })).revision, '', 'the HTTPRoute of this host goes on')
      await client.delete({ kind: grpcRoutes, ...metadata })
    } finally {
      await stops.run()
    }
  })

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
