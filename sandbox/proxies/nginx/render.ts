/**
 * The planned hosts as a configuration of nginx. Pure; equal plans give equal bytes. Each canary is a chain of variables: the header names the
 * upstream or leaves it to the cookie, the cookie or leaves it to the weight, and the weight draws by a random number of each request.
 */
import { REFUSAL_HEADER } from '../../gateway/proxy.ts'
import type { CanaryRules, Decision } from './canary.ts'
import type { Host, Location, NginxPlan, Upstream } from './plan.ts'

export interface NginxSettings {
  /** `host:port` to listen on. */
  readonly address: string
  /** Directory of the caller's for everything that nginx writes. */
  readonly directory: string
  /** Included as it is: the server that says which configuration is served. */
  readonly statusFile: string
}

/** After a reload, connections that stay busy for longer are cut: nothing may be served by an older configuration for ever. */
const SHUTDOWN_SECONDS = 5
/** Shorter than a server's, so that nginx and never the pod closes an idle connection. */
const IDLE_SECONDS = 2
/** Stands for an upstream without anybody ready. */
const NO_ENDPOINT = 'no-endpoint'
/** What `split_clients` can tell apart, in percent. */
const FINEST_PERCENT = 0.01

/** In double quotes only backslash and quote are special; the values of nginx's `map` keys are never expanded. */
const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
const nameOf = ({ name, endpoints }: Upstream): string => (endpoints.length === 0 ? NO_ENDPOINT : name)
const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => (line === '' ? '' : `  ${line}`))
const block = (head: string, lines: readonly string[]): readonly string[] => [`${head} {`, ...indent(lines), '}']

export function renderNginx({ hosts }: NginxPlan, settings: NginxSettings): string {
  const locations = hosts.flatMap(({ locations }) => locations)
  const upstreams = new Map(
    locations
      .flatMap(({ stable, canary }) => [stable, ...(canary ? [canary.upstream] : [])])
      .filter(({ endpoints }) => endpoints.length > 0)
      .map((upstream) => [upstream.name, upstream]),
  )
  const chains = new Map(locations.map((location, index) => [location, renderChain(location, index)]))
  const http = [
    ...renderDefaults(settings),
    ...[...upstreams.keys()].sort().flatMap((name) => ['', ...renderUpstream(upstreams.get(name))]),
    ...[...chains.values()].flatMap(({ lines }) => lines),
    '',
    '# What no host claims.',
    ...block('server', [
      `listen ${settings.address} default_server;`,
      'server_name "";',
      `add_header ${REFUSAL_HEADER} no-route always;`,
      'return 404 "no-route\\n";',
    ]),
    ...hosts.flatMap((host) => ['', ...renderServer(host, chains, settings)]),
  ]
  const lines = [
    'daemon off;',
    'worker_processes 1;',
    `worker_shutdown_timeout ${SHUTDOWN_SECONDS}s;`,
    `pid ${settings.directory}/nginx.pid;`,
    'error_log stderr warn;',
    ...block('events', ['worker_connections 2048;']),
    ...block('http', http),
  ]
  return `${lines.join('\n')}\n`
}

const renderDefaults = ({ directory, statusFile }: NginxSettings): readonly string[] => [
  'access_log off;',
  'server_tokens off;',
  'server_names_hash_bucket_size 256;',
  'keepalive_timeout 60s;',
  '# Bodies go through as they come; nothing of a request is written to a file.',
  'proxy_request_buffering off;',
  'proxy_max_temp_file_size 0;',
  ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`),
  'proxy_http_version 1.1;',
  'proxy_connect_timeout 5s;',
  'proxy_read_timeout 30s;',
  'proxy_set_header Host $http_host;',
  'proxy_set_header X-Request-ID $request_id;',
  'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
  'proxy_set_header X-Forwarded-Proto $scheme;',
  ...['Connection', 'Keep-Alive', 'Proxy-Authorization', 'Proxy-Connection', 'TE'].map(
    (name) => `proxy_set_header ${name} "";`,
  ),
  `include ${statusFile};`,
]

const renderUpstream = (upstream: Upstream | undefined): readonly string[] =>
  block(`upstream ${upstream?.name}`, [
    ...(upstream?.endpoints ?? []).map(({ address, port }) => `server ${address}:${port};`),
    'keepalive 32;',
    `keepalive_timeout ${IDLE_SECONDS}s;`,
  ])

interface Chain {
  readonly lines: readonly string[]
  /** Name of an upstream, or the variable that holds it. */
  readonly target: string
}

function renderChain({ stable, canary, path }: Location, index: number): Chain {
  if (!canary) return { lines: [], target: nameOf(stable) }
  const names = { stable: nameOf(stable), canary: canary.upstream.name }
  const { header, cookie } = canary.rules
  const weight = renderWeight(canary.rules, names, `$by_weight_${index}`)
  const byCookie =
    cookie && renderDecision('$http_cookie', cookie, { ...names, rest: weight.target }, `$by_cookie_${index}`)
  const rest = (byCookie ?? weight).target
  const variable = `$http_${header?.name.toLowerCase().replaceAll('-', '_')}`
  const byHeader = header && renderDecision(variable, header, { ...names, rest }, `$by_header_${index}`)
  const chain = [weight, byCookie, byHeader].flatMap((part) => part?.lines ?? [])
  const title = chain.length === 0 ? [] : ['', `# ${canary.owner} ${path}`]
  return { lines: [...title, ...chain], target: (byHeader ?? byCookie ?? weight).target }
}

interface Names {
  readonly stable: string
  readonly canary: string
}

/** No weight but 0 is rounded to nothing, and none but the whole to all. */
function renderWeight({ weight, total }: CanaryRules, { stable, canary }: Names, variable: string): Chain {
  if (weight === 0) return { lines: [], target: stable }
  if (weight === total) return { lines: [], target: canary }
  const percent = Math.min(Math.max((weight / total) * 100, FINEST_PERCENT), 100 - FINEST_PERCENT)
  const lines = block(`split_clients $request_id ${variable}`, [`${percent.toFixed(2)}% ${canary};`, `* ${stable};`])
  return { lines, target: variable }
}

function renderDecision(
  source: string,
  decision: Decision,
  { stable, canary, rest }: Names & { readonly rest: string },
  variable: string,
): Chain {
  const lines = block(`map ${source} ${variable}`, [
    `default ${rest};`,
    `${quote(`~${decision.canary}`)} ${canary};`,
    ...(decision.stable === undefined ? [] : [`${quote(`~${decision.stable}`)} ${stable};`]),
  ])
  return { lines, target: variable }
}

const escapeDots = (text: string): string => text.replaceAll('.', '\\.')

/** A wildcard stands for one label. */
const serverName = (name: string | undefined): string => {
  if (name === undefined) return '~.'
  return name.startsWith('*.') ? quote(`~^[^.]+${escapeDots(name.slice(1))}$`) : name
}

const refusals = [
  { codes: '502 504', code: 502, reason: 'connection-lost' },
  { codes: '503', code: 503, reason: NO_ENDPOINT },
] as const

function renderServer(
  { name, locations }: Host,
  chains: ReadonlyMap<Location, Chain>,
  { address }: NginxSettings,
): readonly string[] {
  return block('server', [
    `listen ${address};`,
    `server_name ${serverName(name)};`,
    ...refusals.map(({ codes, reason }) => `error_page ${codes} @${reason};`),
    ...refusals.flatMap(({ code, reason }) =>
      block(`location @${reason}`, [
        `add_header ${REFUSAL_HEADER} ${reason} always;`,
        `return ${code} "${reason}\\n";`,
      ]),
    ),
    ...locations.flatMap((location) =>
      renderLocation(location, locations, chains.get(location)?.target ?? NO_ENDPOINT),
    ),
  ])
}

/** A prefix is whole elements of a path; an exact path of the same name has it to itself. */
function renderLocation({ path, isExact }: Location, all: readonly Location[], target: string): readonly string[] {
  const lines = [
    `set $target ${target};`,
    `if ($target = ${NO_ENDPOINT}) { return 503; }`,
    'proxy_pass http://$target;',
  ]
  const isTaken = !isExact && all.some((other) => other.isExact && other.path === path)
  return [
    ...(isTaken || (path === '/' && !isExact) ? [] : block(`location = ${quote(path)}`, lines)),
    ...(isExact ? [] : block(`location ${quote(path === '/' ? path : `${path}/`)}`, lines)),
  ]
}
