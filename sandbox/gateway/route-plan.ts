/**
 * What the HTTPRoutes of this gateway ask for, in the order in which a request is to be compared, and what has to be told about each route. Pure
 * and without state: how a request is matched and a backend chosen is the data plane's business.
 */
import { type Attachment, decideAttachments, listOwnGateways } from './attachment.ts'
import { type BackendSource, type ResolvedBackend, resolveBackend } from './backends.ts'
import { isGrpc } from './grpc-route.ts'
import type { Gateway, GatewayClass, HttpRoute, RouteMatch, RouteRule } from './objects.ts'
import { type CompiledMatch, compareRanks, compileMatch, rankHostname } from './request-match.ts'

export interface RoutePlanInput extends BackendSource {
  readonly classes: readonly GatewayClass[]
  readonly gateways: readonly Gateway[]
  readonly routes: readonly HttpRoute[]
}

export interface RouteVerdict {
  readonly route: HttpRoute
  readonly attachments: readonly Attachment[]
  /** Reason and message of the first backend or rule that cannot be served; absent when all can. */
  readonly unresolved?: { readonly reason: string; readonly message: string }
  readonly unsupported?: string
}

export interface PlannedRule {
  /** `namespace/name` of the route. */
  readonly route: string
  /** HTTP/2 is spoken to its backends. */
  readonly isGrpc: boolean
  /** Stays the same while the route and the rule's place in it do. */
  readonly id: string
  readonly backends: readonly ResolvedBackend[]
  /** `percent` of the requests are copied. */
  readonly mirrors: readonly { readonly backend: ResolvedBackend; readonly percent: number }[]
}

/** One hostname and one match of a rule; `hostname` undefined stands for every host. */
export interface PlannedMatch {
  readonly hostname: string | undefined
  readonly match: RouteMatch
  readonly compiled: CompiledMatch
  readonly rule: PlannedRule
}

export interface RoutePlan {
  /** The first that fits a request serves it. */
  readonly matches: readonly PlannedMatch[]
  readonly verdicts: readonly RouteVerdict[]
}

/** Why a data plane cannot do a rule, as one sentence; undefined when it can. */
export type FindUnsupported = (rule: RouteRule, route: HttpRoute) => string | undefined

interface RankedMatch extends PlannedMatch {
  readonly rank: readonly number[]
}

interface PlannedRoute {
  readonly matches: readonly RankedMatch[]
  readonly verdict: RouteVerdict
}

const describeRoute = (route: HttpRoute): string => `${route.metadata.namespace}/${route.metadata.name}`

const byAge = (a: HttpRoute, b: HttpRoute): number => {
  const left = `${a.metadata.creationTimestamp ?? ''} ${describeRoute(a)}`
  const right = `${b.metadata.creationTimestamp ?? ''} ${describeRoute(b)}`
  return left < right ? -1 : left > right ? 1 : 0
}

export function planRoutes(input: RoutePlanInput, findUnsupported: FindUnsupported): RoutePlan {
  const own = listOwnGateways(input.gateways, input.classes)
  const planned = [...input.routes].sort(byAge).map((route) => planRoute(route, own, input, findUnsupported))
  return {
    matches: planned.flatMap(({ matches }) => matches).sort((a, b) => compareRanks(a.rank, b.rank)),
    verdicts: planned.map(({ verdict }) => verdict).filter(({ attachments }) => attachments.length > 0),
  }
}

function planRoute(
  route: HttpRoute,
  own: readonly Gateway[],
  source: BackendSource,
  findUnsupported: FindUnsupported,
): PlannedRoute {
  const attachments = decideAttachments(route, own)
  const hostnames = attachments.flatMap((attachment) => (attachment.accepted ? attachment.hostnames : []))
  if (hostnames.length === 0) return { matches: [], verdict: { route, attachments } }
  const rules = route.spec.rules ?? [{}]
  const unsupported = rules
    .map((rule) => findMismatch(rule) ?? findUnsupported(rule, route))
    .find((problem) => problem !== undefined)
  // A route that cannot be served as written is not served at all: half of it would be another route than its author meant.
  if (unsupported !== undefined) return { matches: [], verdict: { route, attachments, unsupported } }
  const planned = rules.map((rule, index) => ({ rule, ready: planRule(route, rule, index, source) }))
  const failed = planned
    .flatMap(({ ready }) => [...ready.backends, ...ready.mirrors.map(({ backend }) => backend)])
    .find((backend) => 'reason' in backend)
  const matches = planned.flatMap(({ rule, ready }) =>
    [...new Set(hostnames)].flatMap((hostname) =>
      (rule.matches ?? [{}]).map((match) => {
        const compiled = compileMatch(match)
        return { hostname, match, compiled, rank: [...rankHostname(hostname), ...compiled.rank], rule: ready }
      }),
    ),
  )
  const unresolved = failed && 'reason' in failed ? { reason: failed.reason, message: failed.message } : undefined
  return { matches, verdict: { route, attachments, ...(unresolved ? { unresolved } : {}) } }
}

/** What of a rule's matches nobody can understand, as one sentence. */
function findMismatch(rule: RouteRule): string | undefined {
  try {
    for (const match of rule.matches ?? []) compileMatch(match)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function planRule(route: HttpRoute, rule: RouteRule, index: number, source: BackendSource): PlannedRule {
  const home = route.metadata.namespace ?? ''
  return {
    route: describeRoute(route),
    isGrpc: isGrpc(route),
    id: `${route.metadata.uid ?? describeRoute(route)}/${index}`,
    backends: (rule.backendRefs ?? []).map((ref) => resolveBackend(home, ref, source)),
    mirrors: (rule.filters ?? []).flatMap(({ requestMirror }) =>
      requestMirror
        ? [
            {
              backend: resolveBackend(home, requestMirror.backendRef, source),
              percent: requestMirror.percent ?? 100,
            },
          ]
        : [],
    ),
  }
}
