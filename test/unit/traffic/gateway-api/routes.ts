/** Routes as users write them, and a router opened for them: what the tests of the Gateway API router have in common. */
import type { KubeObject } from '../../../../controller/api/meta.ts'
import { gatewayApi } from '../../../../controller/traffic/gateway-api.ts'
import type { Router, RouterContext } from '../../../../controller/traffic/router.ts'
import { routerContext } from '../../../builders/router.ts'

export interface BackendRef {
  readonly name: string
  readonly namespace?: string
  readonly port?: number
  readonly weight?: number
  readonly filters?: readonly object[]
}
export interface Rule {
  readonly name?: string
  readonly matches?: readonly object[]
  readonly filters?: readonly object[]
  readonly backendRefs?: readonly BackendRef[]
}
export interface Route extends KubeObject {
  readonly spec: { readonly parentRefs?: readonly object[]; readonly rules: readonly Rule[] }
  readonly status?: { readonly parents?: readonly object[] }
}

export const keyOf = (plural: string, name = 'shop', namespace = 'web'): string =>
  `${plural}.gateway.networking.k8s.io/${namespace}/${name}`
export const SHOP = keyOf('httproutes')

export const weighted = (stable = 100, canary = 0): Rule => ({
  backendRefs: [
    { name: 'stable', port: 80, weight: stable },
    { name: 'canary', port: 80, weight: canary },
  ],
})

export const route = (rules: readonly Rule[], over: Partial<Route> = {}, metadata: object = {}): Route => ({
  ...over,
  metadata: { name: 'shop', namespace: 'web', resourceVersion: '1', generation: 4, ...metadata },
  spec: { rules, ...over.spec },
})

export function open(config: object = { httpRoute: 'shop' }, over: Partial<RouterContext> = {}): Router {
  const router = gatewayApi.configure(config, routerContext({ managedRouteNames: ['beta', 'vip'], ...over }))
  if ('problem' in router) throw new Error(router.problem)
  return router
}

export const weightsOf = (object: KubeObject | undefined): readonly (readonly string[])[] =>
  (object as Route).spec.rules.map(({ backendRefs = [] }) => backendRefs.map(({ name, weight }) => `${name} ${weight}`))
