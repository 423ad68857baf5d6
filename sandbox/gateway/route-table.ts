/**
 * Everything the proxy needs to serve one request, computed whole from the objects of the API server and swapped in at once, and what
 * has to be told about each route. Choices keep their state while the weights stay as they are. It must not do I/O.
 */
import { type Attachment, decideAttachments, listOwnGateways } from './attachment.ts'
import { type BackendSource, type Endpoint, type ResolvedBackend, resolveBackend } from './backends.ts'
import type { Gateway, GatewayClass, HttpRoute, RouteRule } from './objects.ts'
import {
  type CompiledMatch,
  compareRanks,
  compileMatch,
  isHostCovered,
  type RequestFacts,
  rankHostname,
} from './request-match.ts'
import { createSmoothChoice, type SmoothChoice } from './smooth-choice.ts'

export interface RouteTableInput extends BackendSource {
  readonly classes: readonly GatewayClass[]
  readonly gateways: readonly Gateway[]
  readonly routes: readonly HttpRoute[]
}

/** Where a request goes: endpoints to try in this order, or why there is none. */
export type Destination =
  | {
      readonly kind: 'endpoints'
      readonly route: string
      readonly backend: string
      readonly endpoints: readonly Endpoint[]
      /** Where a copy of the request goes besides; nobody waits for its answer. */
      readonly mirrors: readonly Endpoint[]
    }
  | { readonly kind: 'no-route' | 'no-backend' | 'no-endpoint'; readonly route: string; readonly backend: string }

export interface RouteVerdict {
  readonly route: HttpRoute
  readonly attachments: readonly Attachment[]
  /** Reason and message of the first backend or rule that cannot be served; absent when all can. */
  readonly unresolved?: { readonly reason: string; readonly message: string }
  readonly unsupported?: string
}

export interface RouteTable {
  find(request: RequestFacts): Destination
  readonly verdicts: readonly RouteVerdict[]
  /** Every endpoint that a request may be sent to. */
  readonly endpoints: readonly Endpoint[]
}

interface Entry {
  readonly route: string
  readonly hostname: string | undefined
  readonly match: CompiledMatch
  readonly rank: readonly number[]
  readonly rule: ServedRule
}

interface ServedRule {
  readonly backends: ReadonlyMap<string, ResolvedBackend>
  readonly choice: SmoothChoice
  readonly mirrors: readonly Mirror[]
}

interface Mirror {
  readonly backend: ResolvedBackend
  /** Names the backend for the requests that are to be copied. */
  readonly choice: SmoothChoice
}

/** The choices of a former table by rule and weights, so that a pod that comes or goes does not restart the turn. */
export type ChoiceMemory = Map<string, SmoothChoice>

const describeRoute = (route: HttpRoute): string => `${route.metadata.namespace}/${route.metadata.name}`

const byAge = (a: HttpRoute, b: HttpRoute): number => {
  const left = `${a.metadata.creationTimestamp ?? ''} ${describeRoute(a)}`
  const right = `${b.metadata.creationTimestamp ?? ''} ${describeRoute(b)}`
  return left < right ? -1 : left > right ? 1 : 0
}

/** Builds the table; `memory` is read and updated. */
export function buildRouteTable(input: RouteTableInput, memory: ChoiceMemory): RouteTable {
  const own = listOwnGateways(input.gateways, input.classes)
  const served = new Map<string, SmoothChoice>()
  const compiled = [...input.routes].sort(byAge).map((route) => compileRoute(route, own, input, { memory, served }))
  memory.clear()
  for (const [key, choice] of served) memory.set(key, choice)
  const entries = compiled.flatMap(({ entries }) => entries).sort((a, b) => compareRanks(a.rank, b.rank))
  const endpoints = compiled.flatMap(({ entries }) =>
    entries.flatMap(({ rule }) =>
      [...rule.backends.values(), ...rule.mirrors.map(({ backend }) => backend)].flatMap((backend) =>
        'endpoints' in backend ? backend.endpoints : [],
      ),
    ),
  )
  const turns = new Map<string, number>()
  return {
    verdicts: compiled.map(({ verdict }) => verdict).filter(({ attachments }) => attachments.length > 0),
    endpoints,
    find: (request) => findDestination(entries, request, turns),
  }
}

interface CompiledRoute {
  readonly entries: readonly Entry[]
  readonly verdict: RouteVerdict
}

interface Choices {
  readonly memory: ChoiceMemory
  readonly served: ChoiceMemory
}

function compileRoute(
  route: HttpRoute,
  own: readonly Gateway[],
  source: BackendSource,
  choices: Choices,
): CompiledRoute {
  const attachments = decideAttachments(route, own)
  const hostnames = attachments.flatMap((attachment) => (attachment.accepted ? attachment.hostnames : []))
  if (hostnames.length === 0) return { entries: [], verdict: { route, attachments } }
  const rules = (route.spec.rules ?? [{}]).map((rule) => ({ rule, problem: findUnsupported(rule) }))
  const unsupported = rules.find(({ problem }) => problem !== undefined)?.problem
  // A route that cannot be served as written is not served at all: half of it would be another route than its author meant.
  if (unsupported !== undefined) return { entries: [], verdict: { route, attachments, unsupported } }
  const compiled = rules.map(({ rule }, index) => ({ rule, served: compileRule(route, rule, index, source, choices) }))
  const failed = compiled
    .flatMap(({ served }) => [...served.backends.values(), ...served.mirrors.map(({ backend }) => backend)])
    .find((backend) => 'reason' in backend)
  const entries = compiled.flatMap(({ rule, served }) =>
    [...new Set(hostnames)].flatMap((hostname) =>
      (rule.matches ?? [{}]).map((match) => {
        const ready = compileMatch(match)
        return {
          route: describeRoute(route),
          hostname,
          match: ready,
          rank: [...rankHostname(hostname), ...ready.rank],
          rule: served,
        }
      }),
    ),
  )
  const unresolved = failed && 'reason' in failed ? { reason: failed.reason, message: failed.message } : undefined
  return { entries, verdict: { route, attachments, ...(unresolved ? { unresolved } : {}) } }
}

/** What of a rule this gateway does not do, as one sentence. */
function findUnsupported(rule: RouteRule): string | undefined {
  const filter = rule.filters?.find(({ type, requestMirror }) => type !== 'RequestMirror' || !requestMirror)
  if (filter) return `filter "${filter.type}" is not supported by the sandbox's gateway`
  try {
    for (const match of rule.matches ?? []) compileMatch(match)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function compileRule(
  route: HttpRoute,
  rule: RouteRule,
  index: number,
  source: BackendSource,
  choices: Choices,
): ServedRule {
  const resolved = (rule.backendRefs ?? []).map((ref) => resolveBackend(route, ref, source))
  const weights = resolved.map(({ key, weight }) => ({ key, weight }))
  const id = JSON.stringify([route.metadata.uid ?? describeRoute(route), index, weights])
  const choice = choices.memory.get(id) ?? createSmoothChoice(weights)
  choices.served.set(id, choice)
  const mirrors = (rule.filters ?? []).flatMap(({ requestMirror }) => {
    if (!requestMirror) return []
    const { backendRef, percent = 100 } = requestMirror
    const backend = resolveBackend(route, backendRef, source)
    return [{ backend, choice: chooseShare(`${id}#${backend.key}#${percent}`, percent, choices) }]
  })
  return { backends: new Map(resolved.map((backend) => [backend.key, backend])), choice, mirrors }
}

/** Says `copy` for `percent` of the turns, evenly. */
function chooseShare(id: string, percent: number, choices: Choices): SmoothChoice {
  const shares = [
    { key: 'copy', weight: percent },
    { key: 'none', weight: 100 - percent },
  ]
  const choice = choices.memory.get(id) ?? createSmoothChoice(shares)
  choices.served.set(id, choice)
  return choice
}

function findDestination(entries: readonly Entry[], request: RequestFacts, turns: Map<string, number>): Destination {
  const entry = entries.find(
    ({ hostname, match }) => (hostname === undefined || isHostCovered(hostname, request.host)) && match.fits(request),
  )
  if (!entry) return { kind: 'no-route', route: '', backend: '' }
  const { route, rule } = entry
  const key = rule.choice.next()
  const backend = key === undefined ? undefined : rule.backends.get(key)
  if (!backend || !('endpoints' in backend)) return { kind: 'no-backend', route, backend: key ?? '' }
  if (backend.endpoints.length === 0) return { kind: 'no-endpoint', route, backend: backend.key }
  const turn = turns.get(backend.key) ?? 0
  turns.set(backend.key, turn + 1)
  const first = turn % backend.endpoints.length
  return {
    kind: 'endpoints',
    route,
    backend: backend.key,
    endpoints: [...backend.endpoints.slice(first), ...backend.endpoints.slice(0, first)],
    mirrors: rule.mirrors.flatMap((mirror) => copyTo(mirror, turn)),
  }
}

function copyTo({ backend, choice }: Mirror, turn: number): readonly Endpoint[] {
  if (choice.next() !== 'copy' || !('endpoints' in backend) || backend.endpoints.length === 0) return []
  return backend.endpoints.slice(turn % backend.endpoints.length).slice(0, 1)
}
