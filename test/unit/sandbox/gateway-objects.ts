/** Gateway API objects as short as a test can say them. */
import type { GatewayEndpointSlice, GatewayService, HttpRoute, RouteRule } from '../../../sandbox/gateway/objects.ts'
import type { RoutePlanInput } from '../../../sandbox/gateway/route-plan.ts'

export const gatewayClass = {
  metadata: { name: 'sandbox' },
  spec: { controllerName: 'sandbox.penstock.dev/gateway' },
}

export const gateway = {
  metadata: { name: 'web', namespace: 'shop', generation: 1 },
  spec: { gatewayClassName: 'sandbox', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
}

export const httpRoute = (
  name: string,
  rules: readonly RouteRule[],
  more: { hostnames?: readonly string[]; createdAt?: string; generation?: number } = {},
): HttpRoute => ({
  metadata: {
    name,
    namespace: 'shop',
    uid: name,
    generation: more.generation ?? 1,
    creationTimestamp: more.createdAt ?? '2026-01-01T00:00:00Z',
  },
  spec: { parentRefs: [{ name: 'web' }], rules, ...(more.hostnames ? { hostnames: more.hostnames } : {}) },
})

export const to = (name: string, weight?: number) => ({ name, port: 80, ...(weight === undefined ? {} : { weight }) })

export const slice = (
  ...endpoints: readonly { address: string; ready?: boolean; terminating?: boolean }[]
): GatewayEndpointSlice => ({
  metadata: { name: 'slice' },
  endpoints: endpoints.map(({ address, ready, terminating }) => ({
    addresses: [address],
    conditions: { ready: ready ?? true, terminating: terminating ?? false },
  })),
  ports: [{ name: 'http', port: 8080 }],
})

/** Every Service named in `endpoints` exists with port 80 and these ready addresses. */
export function tableInput(
  routes: readonly HttpRoute[],
  endpoints: Readonly<Record<string, GatewayEndpointSlice>>,
): RoutePlanInput {
  const service = (name: string): GatewayService => ({
    metadata: { name, namespace: 'shop' },
    spec: { ports: [{ name: 'http', port: 80 }] },
  })
  return {
    classes: [gatewayClass],
    gateways: [gateway],
    routes,
    service: (namespace, name) => (namespace === 'shop' && endpoints[name] ? service(name) : undefined),
    slices: (_namespace, name) => (endpoints[name] ? [endpoints[name]] : []),
  }
}
