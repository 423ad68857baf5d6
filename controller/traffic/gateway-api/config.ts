/**
 * The router's configuration, field by field that of the public plugin, and the routes that it names or selects. As there, an empty name names
 * nothing, a route that is named alone takes header routes, one of a list says whether it does, and one found by its labels takes none.
 */
import { z } from 'zod'
import { LABEL_VALUE } from '../../api/labels.ts'
import type { KubeObject } from '../../api/meta.ts'
import type { ResourceKind } from '../../kube/client.ts'
import { grpcRoutes, httpRoutes, tcpRoutes, tlsRoutes } from '../../kube/kinds.ts'
import { compileLabelSelector } from '../../kube/label-selector.ts'
import type { InProgressLabel } from './layout.ts'
import type { Dialect } from './matches.ts'

export interface RouteKind {
  readonly kind: ResourceKind
  readonly dialect: Dialect
  readonly one: 'httpRoute' | 'grpcRoute' | 'tcpRoute' | 'tlsRoute'
  readonly list: 'httpRoutes' | 'grpcRoutes' | 'tcpRoutes' | 'tlsRoutes'
  readonly selector: 'httpRouteSelector' | 'grpcRouteSelector' | 'tcpRouteSelector' | 'tlsRouteSelector'
}

/** In the order of writes. */
export const ROUTE_KINDS: readonly RouteKind[] = [
  { kind: httpRoutes, dialect: 'http', one: 'httpRoute', list: 'httpRoutes', selector: 'httpRouteSelector' },
  { kind: grpcRoutes, dialect: 'grpc', one: 'grpcRoute', list: 'grpcRoutes', selector: 'grpcRouteSelector' },
  { kind: tcpRoutes, dialect: 'bytes', one: 'tcpRoute', list: 'tcpRoutes', selector: 'tcpRouteSelector' },
  { kind: tlsRoutes, dialect: 'bytes', one: 'tlsRoute', list: 'tlsRoutes', selector: 'tlsRouteSelector' },
]

const DEFAULT_LABEL: InProgressLabel = { key: 'rollouts.argoproj.io/gatewayapi-canary', value: 'in-progress' }
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/

const routeName = z.string().nullish()
const routeList = z.array(z.looseObject({ name: z.string().min(1), useHeaderRoutes: z.boolean().nullish() })).nullish()
const requirement = z
  .object({
    key: z.string().min(1),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(z.string()).nullish(),
  })
  .refine(({ operator, values }) => !operator.endsWith('In') || (values?.length ?? 0) > 0, {
    path: ['values'],
    message: 'must not be empty with In and NotIn',
  })
const labelSelector = z
  .object({
    matchLabels: z.record(z.string(), z.string()).nullish(),
    matchExpressions: z.array(requirement).nullish(),
  })
  .nullish()

const fields = z.looseObject({
  httpRoute: routeName,
  httpRoutes: routeList,
  httpRouteSelector: labelSelector,
  grpcRoute: routeName,
  grpcRoutes: routeList,
  grpcRouteSelector: labelSelector,
  tcpRoute: routeName,
  tcpRoutes: routeList,
  tcpRouteSelector: labelSelector,
  tlsRoute: routeName,
  tlsRoutes: routeList,
  tlsRouteSelector: labelSelector,
  namespace: z.string().nullish(),
  disableInProgressLabel: z.boolean().nullish(),
  inProgressLabelKey: z.union([z.literal(''), z.string().regex(LABEL_KEY, 'is no key of a label')]).nullish(),
  inProgressLabelValue: z.union([z.literal(''), z.string().regex(LABEL_VALUE, 'is no value of a label')]).nullish(),
})

export type Config = z.infer<typeof fields>

export const configSchema: z.ZodType<Config> = fields.refine(
  (config) => ROUTE_KINDS.some(({ one, list, selector }) => config[one] || config[list]?.length || config[selector]),
  { message: `names no route: set ${ROUTE_KINDS.flatMap(({ one, list }) => [one, list]).join(', ')} or a selector` },
)

type SelectorConfig = z.infer<typeof labelSelector>

/** One way in which the configuration finds routes: by name, or all that have certain labels. */
export interface NamedRoute extends RouteKind {
  readonly name: string
  readonly takesHeaderRoutes: boolean
}
export interface RouteSelector extends RouteKind {
  matches(candidate: KubeObject): boolean
}

/** Each route once: it takes header routes when one of its mentions says so. */
export function namedRoutes(config: Config): readonly NamedRoute[] {
  return ROUTE_KINDS.flatMap((routeKind) => {
    const names = new Map<string, boolean>()
    for (const { name, useHeaderRoutes } of config[routeKind.list] ?? [])
      names.set(name, useHeaderRoutes === true || names.get(name) === true)
    const alone = config[routeKind.one]
    if (alone) names.set(alone, true)
    return [...names].map(([name, takesHeaderRoutes]) => ({ ...routeKind, name, takesHeaderRoutes }))
  })
}

/** As in Kubernetes an empty selector finds every route of the namespace. */
export const routeSelectors = (config: Config): readonly RouteSelector[] =>
  ROUTE_KINDS.flatMap((routeKind) => {
    const selector = config[routeKind.selector]
    if (!selector) return []
    const matches = compile(selector)
    return [{ ...routeKind, matches: ({ metadata }: KubeObject) => matches(metadata.labels) }]
  })

const compile = ({ matchLabels, matchExpressions }: NonNullable<SelectorConfig>) =>
  compileLabelSelector({
    matchLabels: matchLabels ?? {},
    matchExpressions: (matchExpressions ?? []).map((one) => ({ ...one, values: one.values ?? [] })),
  })

export function inProgressLabel(config: Config): InProgressLabel | undefined {
  if (config.disableInProgressLabel) return undefined
  return {
    key: config.inProgressLabelKey || DEFAULT_LABEL.key,
    value: config.inProgressLabelValue || DEFAULT_LABEL.value,
  }
}
