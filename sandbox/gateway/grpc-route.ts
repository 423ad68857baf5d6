/**
 * A GRPCRoute as the HTTPRoute that means the same: a call of a method is a POST to `/service/method`. Pure. Its kind stays what it is, for whoever
 * answers in its status and for those who have to speak HTTP/2 to its backends.
 *
 *   type                service  method  path
 *   Exact               s        m       exact /s/m
 *   Exact               s        -       prefix /s
 *   Exact               -        m       expression /[^/]+/m
 *   RegularExpression   s or -   m or -  expression of both
 *   any                 -        -       any
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type {
  BackendRef,
  HttpRoute,
  ParentRef,
  RouteFilter,
  RouteMatch,
  RouteParentStatus,
  RouteRule,
  ValueMatch,
} from './objects.ts'

export interface GrpcMethodMatch {
  readonly type?: string
  readonly service?: string
  readonly method?: string
}

interface GrpcRule {
  readonly name?: string
  readonly matches?: readonly { readonly method?: GrpcMethodMatch; readonly headers?: readonly ValueMatch[] }[]
  readonly filters?: readonly RouteFilter[]
  readonly backendRefs?: readonly BackendRef[]
}

export interface GrpcRoute extends KubeObject {
  readonly spec: {
    readonly parentRefs?: readonly ParentRef[]
    readonly hostnames?: readonly string[]
    readonly rules?: readonly GrpcRule[]
  }
  readonly status?: { readonly parents?: readonly RouteParentStatus[] }
}

const KIND = 'GRPCRoute'
const ANY = '[^/]+'

export function asHttpRoute({ spec: { rules, ...spec }, ...route }: GrpcRoute): HttpRoute {
  return { ...route, kind: KIND, spec: { ...spec, ...(rules ? { rules: rules.map(asHttpRule) } : {}) } }
}

function asHttpRule({ matches, ...rule }: GrpcRule): RouteRule {
  if (!matches) return rule
  return { ...rule, matches: matches.map(({ method = {}, headers = [] }) => ({ ...pathOf(method), headers })) }
}

export const isGrpc = ({ kind }: KubeObject): boolean => kind === KIND

function pathOf({ type = 'Exact', service, method }: GrpcMethodMatch): Pick<RouteMatch, 'path'> {
  if (!service && !method) return {}
  if (type === 'Exact' && service)
    return { path: method ? { type, value: `/${service}/${method}` } : { type: 'PathPrefix', value: `/${service}` } }
  const text = type === 'Exact' ? quote(method ?? '') : method || ANY
  return { path: { type: 'RegularExpression', value: `/(${service || ANY})/(${text})` } }
}

const quote = (text: string): string => text.replace(/[^\w]/g, '\\$&')
