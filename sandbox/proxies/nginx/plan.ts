/**
 * What the Ingresses of one class ask for: hosts, paths and, for each path, the stable backend and the canary that shares it. Pure. What cannot be
 * obeyed is left out and told.
 */
import { type BackendSource, type Endpoint, resolveBackend } from '../../gateway/backends.ts'
import { type CanaryRules, isCanary, readCanary } from './canary.ts'
import type { Ingress, IngressPath } from './objects.ts'

export interface NginxInput extends BackendSource {
  readonly ingresses: readonly Ingress[]
}

export interface Upstream {
  readonly name: string
  /** In order of address; empty when nobody is ready. */
  readonly endpoints: readonly Endpoint[]
}

export interface Location {
  /** `/` or without a slash at the end. */
  readonly path: string
  readonly isExact: boolean
  /** `namespace/name` of the Ingress. */
  readonly owner: string
  readonly stable: Upstream
  readonly canary?: { readonly owner: string; readonly upstream: Upstream; readonly rules: CanaryRules }
}

export interface Host {
  /** Undefined: every host that no other names. */
  readonly name: string | undefined
  readonly locations: readonly Location[]
}

export interface Problem {
  /** `namespace/name` */
  readonly ingress: string
  readonly problem: string
}

export interface NginxPlan {
  readonly hosts: readonly Host[]
  readonly problems: readonly Problem[]
}

export const CLASS_NAME = 'nginx'
const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'
/** Nothing in these can end a quoted word of nginx or stand for a variable. */
const PATH = /^\/[\w.~!&()*+,=:@%/-]*$/
const HOST = /^(?:\*\.)?[a-z0-9.-]+$/

interface Claim {
  readonly ingress: Ingress
  readonly owner: string
  readonly host: string | undefined
  readonly path: string
  readonly isExact: boolean
  readonly upstream: Upstream
}

const nameOf = ({ metadata }: Ingress): string => `${metadata.namespace}/${metadata.name}`
const annotationsOf = ({ metadata }: Ingress) => metadata.annotations ?? {}
const isOurs = (ingress: Ingress): boolean =>
  (ingress.spec?.ingressClassName ?? annotationsOf(ingress)[CLASS_ANNOTATION]) === CLASS_NAME

const byAge = (a: Ingress, b: Ingress): number => {
  const left = `${a.metadata.creationTimestamp ?? ''} ${nameOf(a)}`
  const right = `${b.metadata.creationTimestamp ?? ''} ${nameOf(b)}`
  return left < right ? -1 : left > right ? 1 : 0
}

const placeOf = ({ host, path, isExact }: Claim): string => JSON.stringify([host ?? null, path, isExact])

/** Two Ingresses that claim the same path: the older one has it. A canary shares a path that somebody has. */
export function planNginx(input: NginxInput): NginxPlan {
  const problems: Problem[] = []
  const own = input.ingresses.filter(isOurs).sort(byAge)
  const claimAll = (some: readonly Ingress[]): ReadonlyMap<string, Claim> => {
    const claims = new Map<string, Claim>()
    for (const ingress of some) {
      for (const claim of listClaims(ingress, input)) {
        if ('problem' in claim) problems.push({ ingress: nameOf(ingress), problem: claim.problem })
        else if (!claims.has(placeOf(claim))) claims.set(placeOf(claim), claim)
        else problems.push({ ingress: nameOf(ingress), problem: `${claim.path}: an older Ingress has it` })
      }
    }
    return claims
  }
  const claims = claimAll(own.filter((ingress) => !isCanary(annotationsOf(ingress))))
  const canaries = claimAll(own.filter((ingress) => isCanary(annotationsOf(ingress))))
  for (const [place, { owner, path }] of canaries)
    if (!claims.has(place))
      problems.push({ ingress: owner, problem: `${path}: no Ingress for a canary to share it with` })
  const hosts = new Map<string | undefined, Location[]>()
  for (const [place, { host, path, isExact, owner, upstream: stable }] of claims) {
    const sharing = shareWith(canaries.get(place))
    if (sharing && 'problem' in sharing) problems.push(sharing)
    const canary = sharing && 'rules' in sharing ? { canary: sharing } : {}
    hosts.set(host, [...(hosts.get(host) ?? []), { path, isExact, owner, stable, ...canary }])
  }
  return {
    hosts: [...hosts].sort(byHost).map(([name, locations]) => ({ name, locations: locations.sort(byPath) })),
    problems,
  }
}

/** The longest name first: nginx takes the first expression that fits. */
function byHost(
  [a = '']: readonly [string | undefined, unknown],
  [b = '']: readonly [string | undefined, unknown],
): number {
  if (a.length !== b.length) return b.length - a.length
  return a < b ? -1 : 1
}

const byPath = (a: Location, b: Location): number => {
  if (a.path === b.path) return Number(b.isExact) - Number(a.isExact)
  return a.path < b.path ? -1 : 1
}

/** As in ingress-nginx a canary without anybody ready gets nothing: the path stays with its owner. */
function shareWith(claim: Claim | undefined): Location['canary'] | Problem | undefined {
  if (!claim || claim.upstream.endpoints.length === 0) return undefined
  const rules = readCanary(annotationsOf(claim.ingress))
  return 'problem' in rules
    ? { ingress: claim.owner, ...rules }
    : { owner: claim.owner, upstream: claim.upstream, rules }
}

function* listClaims(ingress: Ingress, source: BackendSource): Generator<Claim | { readonly problem: string }> {
  for (const { host, http } of ingress.spec?.rules ?? []) {
    if (host !== undefined && !HOST.test(host)) {
      yield { problem: `host "${host}" is not supported` }
      continue
    }
    for (const entry of http?.paths ?? []) yield readClaim(ingress, host, entry, source)
  }
  const backend = ingress.spec?.defaultBackend
  if (backend) yield readClaim(ingress, undefined, { path: '/', pathType: 'Prefix', backend }, source)
}

function readClaim(
  ingress: Ingress,
  host: string | undefined,
  { path = '/', pathType, backend }: IngressPath,
  source: BackendSource,
): Claim | { readonly problem: string } {
  if (!PATH.test(path)) return { problem: `path "${path}" is not supported` }
  if (!backend.service) return { problem: `path "${path}": only Services are served` }
  const isExact = pathType === 'Exact'
  const claim = {
    ingress,
    owner: nameOf(ingress),
    host,
    isExact,
    path: isExact ? path : path.replace(/\/+$/, '') || '/',
  }
  const { name, port } = backend.service
  const home = ingress.metadata.namespace ?? ''
  const number =
    port?.number ?? source.service(home, name)?.spec?.ports?.find((candidate) => candidate.name === port?.name)?.port
  const resolved = resolveBackend(home, { name, ...(number === undefined ? {} : { port: number }) }, source)
  const endpoints = 'endpoints' in resolved ? [...resolved.endpoints].sort(byAddress) : []
  return { ...claim, upstream: { name: `${home}_${name}_${number ?? 'none'}`, endpoints } }
}

const byAddress = (a: Endpoint, b: Endpoint): number =>
  a.address === b.address ? a.port - b.port : a.address < b.address ? -1 : 1
