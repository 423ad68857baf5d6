/**
 * Whether the routes that come with a Rollout fit it: asked where there is no cluster, in the words of the router that would hold the update later. Of
 * Gateway API's routes alone; one that does not come with it is nobody's mistake.
 */
import type { KubeObject } from '../api/meta.ts'
import type { Rollout } from '../api/rollout.ts'
import { routerField } from '../api/router-capabilities.ts'
import type { ConfigProblem } from './check-configs.ts'
import { type Config, configSchema, ROUTE_KINDS, type RouteKind, routeSelectors } from './gateway-api/config.ts'
import type { GatewayRoute } from './gateway-api/objects.ts'
import { asRoute } from './gateway-api/shape.ts'
import { gatewayApi } from './gateway-api.ts'
import { type RouterContext, refKey } from './router.ts'

/** Kubernetes' own, where no manifest says one. */
const UNKNOWN_NAMESPACE = 'default'
const FIELD = `spec.strategy.canary.trafficRouting.${routerField(gatewayApi.id)}`

/** One for each route that no weight could be written to. The Rollout is of its schema's shape. */
export function checkRoutes(rollout: Rollout, objects: readonly KubeObject[]): readonly ConfigProblem[] {
  const { data: config } = configSchema.safeParse(
    rollout.spec.strategy?.canary?.trafficRouting?.plugins?.[gatewayApi.id],
  )
  if (!config) return []
  return objects.flatMap((object) =>
    ROUTE_KINDS.flatMap((routeKind) => {
      const mention = isMeant(routeKind, object) ? findMention(config, routeKind, object) : undefined
      const message = mention && readAlone(rollout, config, routeKind, object)
      return message === undefined ? [] : [{ field: `${FIELD}.${mention}`, message }]
    }),
  )
}

const isMeant = ({ kind }: RouteKind, object: KubeObject): boolean =>
  object.kind === kind.kind && object.apiVersion?.startsWith(`${kind.group}/`) === true

/** Where the configuration names the route, or finds it by its labels. */
function findMention(config: Config, { one, list, selector, kind }: RouteKind, object: KubeObject): string | undefined {
  const { name } = object.metadata
  if (config[one] === name) return one
  const at = (config[list] ?? []).findIndex((route) => route.name === name)
  if (at >= 0) return `${list}[${at}].name`
  const found = routeSelectors(config).find((candidate) => candidate.kind === kind && candidate.matches(object))
  return found && selector
}

/** What a gateway once said of it counts for nothing; a route of another namespace is another route. */
function readAlone(rollout: Rollout, config: Config, { kind, one }: RouteKind, object: KubeObject): string | undefined {
  const { status: _status, ...written } = object as KubeObject & { readonly status?: unknown }
  const { name, namespace: own } = written.metadata
  const namespace = config.namespace || rollout.metadata.namespace || own || UNKNOWN_NAMESPACE
  const route = asRoute({ ...written, metadata: { ...written.metadata, namespace } })
  if (!route || (own !== undefined && own !== namespace) || isVague(rollout, route)) return undefined
  const router = gatewayApi.configure({ [one]: name, namespace }, contextOf(rollout, namespace))
  return 'problem' in router ? undefined : router.read({ [refKey({ kind, namespace, name })]: route }).problem
}

/** The namespace of the Rollout is left to whoever applies it, and the route writes one: nobody can tell whether they are the same. */
const isVague = ({ metadata }: Rollout, { spec }: GatewayRoute): boolean =>
  metadata.namespace === undefined &&
  (spec?.rules ?? []).some(({ backendRefs = [] }) => backendRefs.some((ref) => ref.namespace !== undefined))

function contextOf({ metadata, spec }: Rollout, namespace: string): RouterContext {
  const { stableService, canaryService, pingPong, trafficRouting } = spec.strategy?.canary ?? {}
  const { name } = metadata
  return {
    namespace: metadata.namespace ?? namespace,
    rollout: name,
    owner: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid: '' },
    stableService: pingPong?.pongService ?? stableService ?? '',
    canaryService: pingPong?.pingService ?? canaryService ?? '',
    maxWeight: trafficRouting?.maxTrafficWeight ?? 100,
    managedRouteNames: (trafficRouting?.managedRoutes ?? []).map((route) => route.name),
    revisions: [],
  }
}
