/**
 * Gateway API: carries a rollout's traffic in HTTPRoutes and GRPCRoutes, configured as the public `argoproj-labs/gatewayAPI` plugin is. It owns the
 * weights of the two Services in every rule that names both, the rules and backends that it added, and not one byte more.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { ObjectRef } from '../kube/client.ts'
import { grpcRoutes, httpRoutes } from '../kube/kinds.ts'
import { combine } from './codec/combine.ts'
import type { Target } from './gateway-api/layout.ts'
import type { GatewayRoute } from './gateway-api/objects.ts'
import { readRoute } from './gateway-api/read.ts'
import { renderRoute } from './gateway-api/render.ts'
import { defineRouter, type Router, type RouterContext, type RouterObjects, refKey } from './router.ts'

const routeRef = z.looseObject({ name: z.string().min(1), useHeaderRoutes: z.boolean().optional() })
const KINDS = ['tcpRoute', 'tcpRoutes', 'tlsRoute', 'tlsRoutes'] as const
const SELECTORS = ['httpRouteSelector', 'grpcRouteSelector', 'tcpRouteSelector', 'tlsRouteSelector'] as const

const schema = z
  .looseObject({
    httpRoute: z.string().min(1).optional(),
    httpRoutes: z.array(routeRef).optional(),
    grpcRoute: z.string().min(1).optional(),
    grpcRoutes: z.array(routeRef).optional(),
    namespace: z.string().optional(),
  })
  .superRefine((config, context) => {
    for (const name of [...KINDS, ...SELECTORS])
      if (config[name] !== undefined)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: 'is not supported by this version of Penstock: name HTTPRoutes or GRPCRoutes',
        })
    if (routesOf(config).length === 0)
      context.addIssue({
        code: 'custom',
        message: 'names no route: set httpRoute, httpRoutes, grpcRoute or grpcRoutes',
      })
  })

interface Config {
  readonly httpRoute?: string | undefined
  readonly httpRoutes?: readonly RouteName[] | undefined
  readonly grpcRoute?: string | undefined
  readonly grpcRoutes?: readonly RouteName[] | undefined
  readonly namespace?: string | undefined
}
interface RouteName {
  readonly name: string
  readonly useHeaderRoutes?: boolean | undefined
}

/** A route that is named alone takes header routes; one of a list says whether it does, as in the plugin. */
function routesOf({ httpRoute, httpRoutes: listed = [], grpcRoute, grpcRoutes: listedGrpc = [] }: Config) {
  const alone = (name: string | undefined) => (name === undefined ? [] : [{ name, useHeaderRoutes: true }])
  const http = [...alone(httpRoute), ...listed].map((route) => ({ ...route, kind: httpRoutes }))
  return [...http, ...[...alone(grpcRoute), ...listedGrpc].map((route) => ({ ...route, kind: grpcRoutes }))]
}

export const gatewayApi = defineRouter<Config>({
  id: 'argoproj-labs/gatewayAPI',
  capabilities: routerCapabilities['argoproj-labs/gatewayAPI'],
  watches: [
    { kind: httpRoutes, verbs: ['patch'] },
    { kind: grpcRoutes, verbs: ['patch'] },
  ],
  schema,
  create,
})

interface RouteTarget extends Target {
  readonly ref: ObjectRef
}

function create(config: Config, context: RouterContext): Router {
  const namespace = config.namespace ?? context.namespace
  const targets: readonly RouteTarget[] = routesOf(config).map(({ name, kind, useHeaderRoutes }) => ({
    ref: { kind, namespace, name },
    label: `${kind.kind} "${namespace}/${name}"`,
    managed: useHeaderRoutes === true,
    mirrors: kind === httpRoutes,
  }))
  const routeAt = (objects: RouterObjects, { ref }: RouteTarget): GatewayRoute | undefined => objects[refKey(ref)]
  return {
    targets: targets.map(({ ref }) => ref),
    read: (objects) => combine(targets.map((target) => readRoute(target, routeAt(objects, target), context))),
    render: (intent, objects) =>
      targets.flatMap((target) => {
        const route = routeAt(objects, target)
        if (!route) return []
        const patch = renderRoute(target, route, context, intent)
        return patch.length === 0 ? [] : [{ do: 'patch', ref: target.ref, patch }]
      }),
  }
}
