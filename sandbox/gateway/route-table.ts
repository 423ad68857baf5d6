/**
 * Everything the proxy needs to serve one request, computed whole from the objects of the API server and swapped in at once. Choices keep their
 * state while the weights stay as they are. It must not do I/O.
 */
import type { Endpoint, ResolvedBackend } from './backends.ts'
import type { RouteRule } from './objects.ts'
import { type CompiledMatch, isHostCovered, type RequestFacts } from './request-match.ts'
import { type PlannedRule, planRoutes, type RoutePlanInput, type RouteVerdict } from './route-plan.ts'
import { createSmoothChoice, type SmoothChoice, type Weighted } from './smooth-choice.ts'

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

export interface RouteTable {
  find(request: RequestFacts): Destination
  readonly verdicts: readonly RouteVerdict[]
  /** Every endpoint that a request may be sent to. */
  readonly endpoints: readonly Endpoint[]
}

interface Entry {
  readonly hostname: string | undefined
  readonly compiled: CompiledMatch
  readonly rule: ServedRule
}

interface ServedRule {
  readonly route: string
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

/** Builds the table; `memory` is read and updated. */
export function buildRouteTable(input: RoutePlanInput, memory: ChoiceMemory): RouteTable {
  const { matches, verdicts } = planRoutes(input, findUnsupported)
  const served: ChoiceMemory = new Map()
  const choose = (key: string, weights: readonly Weighted[]): SmoothChoice => {
    const id = JSON.stringify([key, weights])
    const choice = served.get(id) ?? memory.get(id) ?? createSmoothChoice(weights)
    served.set(id, choice)
    return choice
  }
  const rules = new Map(matches.map(({ rule }) => [rule, serveRule(rule, choose)]))
  memory.clear()
  for (const [key, choice] of served) memory.set(key, choice)
  const entries = matches.flatMap(({ hostname, compiled, rule }): readonly Entry[] => {
    const ready = rules.get(rule)
    return ready ? [{ hostname, compiled, rule: ready }] : []
  })
  const endpoints = [...rules.keys()].flatMap(({ backends, mirrors }) =>
    [...backends, ...mirrors.map(({ backend }) => backend)].flatMap((backend) =>
      'endpoints' in backend ? backend.endpoints : [],
    ),
  )
  const turns = new Map<string, number>()
  return { verdicts, endpoints, find: (request) => findDestination(entries, request, turns) }
}

/** What of a rule this gateway does not do, as one sentence. */
function findUnsupported(rule: RouteRule): string | undefined {
  const filter = rule.filters?.find(({ type, requestMirror }) => type !== 'RequestMirror' || !requestMirror)
  return filter ? `filter "${filter.type}" is not supported by the sandbox's gateway` : undefined
}

function serveRule(rule: PlannedRule, choose: (key: string, weights: readonly Weighted[]) => SmoothChoice): ServedRule {
  const { id, route, backends, mirrors } = rule
  const weights = backends.map(({ key, weight }) => ({ key, weight }))
  return {
    route,
    backends: new Map(backends.map((backend) => [backend.key, backend])),
    choice: choose(id, weights),
    mirrors: mirrors.map(({ backend, percent }) => ({
      backend,
      choice: choose(`${id}#${backend.key}`, [
        { key: 'copy', weight: percent },
        { key: 'none', weight: 100 - percent },
      ]),
    })),
  }
}

function findDestination(entries: readonly Entry[], request: RequestFacts, turns: Map<string, number>): Destination {
  const entry = entries.find(
    ({ hostname, compiled }) =>
      (hostname === undefined || isHostCovered(hostname, request.host)) && compiled.fits(request),
  )
  if (!entry) return { kind: 'no-route', route: '', backend: '' }
  const { rule } = entry
  const { route } = rule
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
