/**
 * What HAProxy is to do with the planned routes: a configuration for matches and endpoints, and a map for the weights, which can be exchanged
 * while it runs. Pure; equal plans give equal bytes.
 *
 * HAProxy's own server weights end at 256, so a backend is drawn: a random number below the sum of a rule's weights, compared with the running
 * sums. That is exact for every whole weight, and a weight of zero is never drawn.
 */
import type { ResolvedBackend } from '../../gateway/backends.ts'
import { REFUSAL_HEADER } from '../../gateway/proxy.ts'
import type { PlannedMatch, PlannedRule, RoutePlan } from '../../gateway/route-plan.ts'
import { renderConditions } from './conditions.ts'

export interface HaproxySettings {
  /** `host:port` to listen on. */
  readonly address: string
  /** Files of the caller's: the socket through which listeners are handed over, and the map of the weights. */
  readonly handoverSocket: string
  readonly weightsFile: string
  /** Numeric user and group of the worker; that of the caller when absent. */
  readonly runAs?: number
}

export interface RenderedHaproxy {
  readonly config: string
  /** `total|running sum|backend|running sum|backend…` by rule. */
  readonly weights: Readonly<Record<string, string>>
}

/** Takes the place of a backend that cannot be resolved; names of pools have a colon. */
const NO_BACKEND = 'none'
/** After a reload, connections that stay idle for longer are cut: nothing may be served by an older configuration for ever. */
const HARD_STOP_SECONDS = 5
/** Shorter than a server's, so that HAProxy and never the pod closes an idle connection. */
const IDLE_SECONDS = 2

type ReadyBackend = Extract<ResolvedBackend, { readonly endpoints: unknown }>
const isReady = (backend: ResolvedBackend): backend is ReadyBackend => 'endpoints' in backend

/** Proxies of HAProxy may not have a slash in their names. */
const poolName = ({ key }: ReadyBackend, isGrpc: boolean): string => `${key.replace('/', ':')}${isGrpc ? ':grpc' : ''}`

interface Pool {
  readonly backend: ReadyBackend
  readonly isGrpc: boolean
}

const refusal = (code: number, reason: string): string =>
  `status ${code} content-type text/plain string ${reason} hdr ${REFUSAL_HEADER} ${reason}`

export function renderHaproxy({ matches }: RoutePlan, settings: HaproxySettings): RenderedHaproxy {
  const rules = [...new Map(matches.map(({ rule }) => [rule.id, rule])).values()]
  const pools = new Map(
    rules.flatMap(({ backends, isGrpc }) =>
      backends.filter(isReady).map((backend): [string, Pool] => [poolName(backend, isGrpc), { backend, isGrpc }]),
    ),
  )
  const ordered = [...pools].sort(([a], [b]) => (a < b ? -1 : 1))
  const config = [
    ...renderGlobal(settings),
    ...renderDefaults(),
    '',
    'frontend routes',
    ...renderFrontend(matches, rules, settings).map((line) => `  ${line}`),
    ...ordered.flatMap(([name, pool]) => ['', `backend ${name}`, ...renderPool(pool).map((line) => `  ${line}`)]),
  ]
  return {
    config: `${config.join('\n')}\n`,
    weights: Object.fromEntries(rules.map((rule) => [rule.id, renderWeights(rule)])),
  }
}

function renderWeights({ backends, isGrpc }: PlannedRule): string {
  let sum = 0
  const shares = backends.flatMap((backend) => {
    sum += backend.weight
    return [sum, isReady(backend) ? poolName(backend, isGrpc) : NO_BACKEND]
  })
  return [sum, ...shares].join('|')
}

const renderGlobal = ({ handoverSocket, runAs }: HaproxySettings): readonly string[] => [
  'global',
  '  nbthread 1',
  '  maxconn 2000',
  `  hard-stop-after ${HARD_STOP_SECONDS}s`,
  `  stats socket ${handoverSocket} mode 600 level admin expose-fd listeners`,
  ...(runAs === undefined ? [] : [`  uid ${runAs}`, `  gid ${runAs}`]),
  '',
]

const renderDefaults = (): readonly string[] => [
  'defaults',
  '  mode http',
  '  timeout connect 5s',
  '  timeout client 60s',
  '  timeout server 30s',
  '  timeout http-keep-alive 60s',
  '  # A reload waits for the next request of an idle connection instead of closing it under that request.',
  '  option idle-close-on-response',
  '  option forwardfor',
  '  balance roundrobin',
  '  retries 1',
  '  option redispatch 1',
  '  retry-on conn-failure empty-response',
  `  http-error ${refusal(502, 'connection-lost')}`,
  `  http-error ${refusal(503, 'connect-failed')}`,
  `  http-error ${refusal(504, 'connection-lost')}`,
]

function renderFrontend(
  matches: readonly PlannedMatch[],
  rules: readonly PlannedRule[],
  { address, weightsFile }: HaproxySettings,
): readonly string[] {
  const most = Math.max(0, ...rules.map(({ backends }) => backends.length))
  return [
    `bind ${address}`,
    '# Nothing is done twice but what is safe to do twice.',
    'http-request disable-l7-retry unless { method GET HEAD OPTIONS }',
    ...['keep-alive', 'proxy-authorization', 'proxy-connection'].map((name) => `http-request del-header ${name}`),
    'http-response del-header keep-alive',
    'http-request set-var(txn.host) req.hdr(host),field(1,:),lower',
    'acl matched var(txn.rule) -m found',
    ...matches.flatMap(renderMatch),
    '# The backend is drawn by weight.',
    `http-request return ${refusal(404, 'no-route')} if !matched`,
    `http-request set-var(txn.weights) var(txn.rule),map_str(${weightsFile})`,
    'http-request set-var(txn.total) var(txn.weights),field(1,|)',
    `http-request return ${refusal(500, 'no-backend')} unless { var(txn.total) -m int gt 0 }`,
    'http-request set-var(txn.draw) rand,mod(txn.total)',
    'acl drawn var(txn.backend) -m found',
    ...Array.from({ length: most }, (_, index) => renderDraw(2 * index + 2)),
    `http-request return ${refusal(500, 'no-backend')} if !drawn || { var(txn.backend) -m str ${NO_BACKEND} }`,
    'use_backend %[var(txn.backend)]',
  ]
}

function renderMatch({ hostname, match, rule }: PlannedMatch, index: number): readonly string[] {
  const conditions = renderConditions(hostname, match)
  const names = conditions.map((_, place) => `match_${index}_${place}`)
  return [
    `# ${rule.route}`,
    ...conditions.flatMap((tests, place) => tests.map((test) => `acl ${names[place]} ${test}`)),
    ['http-request', `set-var(txn.rule) str(${rule.id}) if !matched`, ...names].join(' '),
  ]
}

/** `field` is that of a running sum; the backend's name is in the next. */
const renderDraw = (field: number): string =>
  `http-request set-var(txn.backend) var(txn.weights),field(${field + 1},|) if !drawn { var(txn.weights),field(${field},|),sub(txn.draw) gt 0 }`

/** gRPC needs its trailers announced all the way; for HTTP/1 the header belongs to one connection. */
function renderPool({ backend, isGrpc }: Pool): readonly string[] {
  const addresses = [...new Set(backend.endpoints.map(({ address, port }) => `${address}:${port}`))].sort()
  if (addresses.length === 0) return [`http-request return ${refusal(503, 'no-endpoint')}`]
  const servers = addresses.map((address) => `server ${address} ${address} pool-purge-delay ${IDLE_SECONDS}s`)
  return isGrpc ? servers.map((server) => `${server} proto h2`) : ['http-request del-header te', ...servers]
}
