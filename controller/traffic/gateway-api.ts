/**
 * Gateway API: carries a rollout's traffic in HTTPRoutes, GRPCRoutes, TCPRoutes and TLSRoutes, configured as the public `argoproj-labs/gatewayAPI`
 * plugin is. It owns the weights of the two Services in every rule that names both, the rules and backends that it added, the marks of an update, and
 * not one byte more.
 */
import type { KubeObject } from '../api/meta.ts'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficReading } from '../api/traffic.ts'
import type { ObjectRef } from '../kube/client.ts'
import { refOf } from '../kube/kinds.ts'
import { combine } from './codec/combine.ts'
import { readLedger } from './codec/ledger.ts'
import {
  type Config,
  configSchema,
  inProgressLabel,
  type NamedRoute,
  namedRoutes,
  ROUTE_KINDS,
  type RouteSelector,
  routeSelectors,
} from './gateway-api/config.ts'
import type { Target } from './gateway-api/layout.ts'
import type { GatewayRoute } from './gateway-api/objects.ts'
import { readRoute } from './gateway-api/read.ts'
import { renderRoute } from './gateway-api/render.ts'
import { asRoute } from './gateway-api/shape.ts'
import { defineRouter, type Router, type RouterContext, type RouterObjects, refKey } from './router.ts'

export const gatewayApi = defineRouter<Config>({
  id: 'argoproj-labs/gatewayAPI',
  capabilities: routerCapabilities['argoproj-labs/gatewayAPI'],
  watches: ROUTE_KINDS.map(({ kind }) => ({ kind, verbs: ['patch'] })),
  schema: configSchema,
  create,
})

interface RouteTarget extends Target {
  readonly ref: ObjectRef
}

function create(config: Config, context: RouterContext): Router {
  const namespace = config.namespace || context.namespace
  const selectors = routeSelectors(config)
  const toTarget = targetsIn(config, namespace)
  const named = namedRoutes(config).map(toTarget)
  /** By name, so that equal objects are written in an equal order. */
  const selected = (selector: RouteSelector, objects: RouterObjects): readonly KubeObject[] =>
    Object.entries(objects)
      .flatMap(([key, object]) => {
        const isOfKind = object && key === refKey({ ...refOf(selector.kind, object), namespace })
        return isOfKind && isSelected(selector, object, context) ? [object] : []
      })
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  /** The named routes, and then each other one that a selector finds. */
  const targetsAmong = (objects: RouterObjects): readonly RouteTarget[] => {
    const keys = new Set(named.map(({ ref }) => refKey(ref)))
    const found = selectors.flatMap((selector) =>
      selected(selector, objects).map(({ metadata }) =>
        toTarget({ ...selector, name: metadata.name, takesHeaderRoutes: false }),
      ),
    )
    return [...named, ...found.filter(({ ref }) => !keys.has(refKey(ref)))]
  }
  return {
    targets: named.map(({ ref }) => ref),
    selections: selectors.map((selector) => ({
      kind: selector.kind,
      namespace,
      selects: (candidate) => isSelected(selector, candidate, context),
    })),
    read: (objects) =>
      combine([
        ...targetsAmong(objects).map((target) => readRoute(target, routeAt(objects, target), context)),
        ...selectors.flatMap((selector) =>
          selected(selector, objects).length === 0 ? [nothingSelected(selector, namespace)] : [],
        ),
      ]),
    render: (intent, objects) =>
      targetsAmong(objects).flatMap((target) => {
        const route = routeAt(objects, target)
        const patch = route ? renderRoute(target, route, context, intent) : []
        return patch.length === 0 ? [] : [{ do: 'patch', ref: target.ref, patch }]
      }),
  }
}

function routeAt(objects: RouterObjects, { ref }: RouteTarget): GatewayRoute | undefined {
  const object = objects[refKey(ref)]
  return object && asRoute(object)
}

const targetsIn =
  (config: Config, namespace: string) =>
  ({ kind, name, dialect, takesHeaderRoutes }: NamedRoute): RouteTarget => {
    const inProgress = inProgressLabel(config)
    return {
      ref: { kind, namespace, name },
      label: `${kind.kind} "${namespace}/${name}"`,
      dialect,
      managed: takesHeaderRoutes && dialect !== 'bytes',
      ...(inProgress ? { inProgress } : {}),
    }
  }

/** A route that loses its labels in the midst of an update stays with it until its traffic is back at rest. */
const isSelected = ({ matches }: RouteSelector, candidate: KubeObject, context: RouterContext): boolean =>
  matches(candidate) || (readLedger(candidate, context).steers ?? []).length > 0

/** Whether its routes are gone or have lost their labels cannot be told: they may still send somewhere. */
const nothingSelected = ({ kind, selector }: RouteSelector, namespace: string): TrafficReading => ({
  programmedCanary: undefined,
  confirmation: 'unknown',
  drivable: false,
  isGone: true,
  problem: `${kind.kind} with the labels of ${selector} not found in namespace "${namespace}": create it or correct trafficRouting.plugins`,
})
