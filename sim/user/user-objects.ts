/**
 * The objects that a user's Rollout names: from the files where they hold them, made up where they do not, with only the parts that the models look at.
 * What was made up or left out is said in a sentence.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type { CanaryStrategy, Rollout, Service } from '../../controller/api/rollout.ts'
import { namedRoutes, routeSelectors } from '../../controller/traffic/gateway-api/config.ts'
import type { HttpRoute } from '../cluster/world.ts'
import { readGatewayConfig } from './unmodelled.ts'

export interface UserObjects {
  readonly objects: readonly KubeObject[]
  /** Services that users reach without a route. */
  readonly direct: readonly string[]
  readonly assumptions: readonly string[]
}

/** `secretsOf`: where arguments may name Secrets. */
export function takeObjects(
  rollout: Rollout,
  given: readonly KubeObject[],
  secretsOf: readonly unknown[],
): UserObjects {
  const routes = listRoutes(rollout, given)
  const direct = listDirect(rollout, given)
  const services = [...new Set([...namedServices(rollout), ...direct])]
  const secrets = findSecrets([rollout.spec.strategy, ...secretsOf])
  const find = (title: string): KubeObject | undefined => given.find((object) => titleOf(object) === title)
  return {
    objects: [
      ...services.map((name) => renderService(rollout, name, find(`Service ${name}`))),
      ...routes.map((name) => renderRoute(rollout, name, find(`HTTPRoute ${name}`))),
      ...[...secrets].map(([name, keys]) => renderSecret(rollout, name, keys)),
    ],
    direct,
    assumptions: describe(given, [
      ...services.map((name) => `Service ${name}`),
      ...routes.map((name) => `HTTPRoute ${name}`),
      ...[...secrets.keys()].map((name) => `Secret ${name}`),
    ]),
  }
}

/** A Secret of the files is made up as well: what is in it is nobody's business. */
function describe(given: readonly KubeObject[], taken: readonly string[]): readonly string[] {
  const titles = given.map(titleOf)
  const madeUp = taken.filter((title) => !titles.includes(title) || title.startsWith('Secret '))
  const leftOut = titles.filter((title) => !taken.includes(title))
  return [
    ...(madeUp.length > 0 ? [`made up: ${madeUp.join(', ')}`] : []),
    ...(leftOut.length > 0 ? [`left out: ${leftOut.join(', ')}`] : []),
  ]
}

const titleOf = ({ kind = '', metadata }: KubeObject): string => `${kind} ${metadata.name}`

function namedServices({ spec }: Rollout): readonly string[] {
  const { canary, blueGreen } = spec.strategy ?? {}
  const names = [...backendsOf(canary), blueGreen?.activeService, blueGreen?.previewService]
  return names.flatMap((name) => (name === undefined || name === '' ? [] : [name]))
}

/** The two that share the requests of a route. */
const backendsOf = (canary: CanaryStrategy | undefined): readonly (string | undefined)[] =>
  canary?.pingPong
    ? [canary.pingPong.pingService, canary.pingPong.pongService]
    : [canary?.stableService, canary?.canaryService]

function listRoutes(rollout: Rollout, given: readonly KubeObject[]): readonly string[] {
  const config = readGatewayConfig(rollout)
  if (!config) return []
  const routes = given.filter(({ kind }) => kind === 'HTTPRoute')
  const selected = routeSelectors(config).flatMap(({ matches }) => routes.filter((route) => matches(route)))
  return [...new Set([...namedRoutes(config), ...selected.map(({ metadata }) => metadata)].map(({ name }) => name))]
}

/** The active Service of blue-green; where nothing divides the requests, every other Service that selects the pods. */
function listDirect(rollout: Rollout, given: readonly KubeObject[]): readonly string[] {
  const { blueGreen } = rollout.spec.strategy ?? {}
  if (blueGreen) return [blueGreen.activeService]
  if (readGatewayConfig(rollout)) return []
  const labels = rollout.spec.template?.metadata?.labels ?? {}
  const named = namedServices(rollout)
  const found = given.flatMap((object) => {
    const selector = object.kind === 'Service' ? Object.entries((object as Service).spec?.selector ?? {}) : []
    const isOurs = selector.length > 0 && selector.every(([key, value]) => labels[key] === value)
    return isOurs && !named.includes(object.metadata.name) ? [object.metadata.name] : []
  })
  return found.length > 0 ? found : [`${rollout.metadata.name}-users`]
}

const placeIn = ({ metadata }: Rollout, name: string): KubeObject['metadata'] => ({
  name,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
})

function renderService(rollout: Rollout, name: string, given: KubeObject | undefined): KubeObject {
  const { selector, ports = [] } = (given as Service | undefined)?.spec ?? {
    selector: rollout.spec.selector?.matchLabels,
  }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...given?.metadata, ...placeIn(rollout, name) },
    spec: { ...(selector ? { selector } : {}), ports: ports.length > 0 ? ports : [{ port: 80 }] },
  } as KubeObject
}

/** Whatever gateways a user's route is attached to, here there is one. */
function renderRoute(rollout: Rollout, name: string, given: KubeObject | undefined): KubeObject {
  const backendRefs = backendsOf(rollout.spec.strategy?.canary).map((backend) => ({ name: backend, port: 80 }))
  const rules = (given as HttpRoute | undefined)?.spec?.rules ?? [{ backendRefs }]
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { ...given?.metadata, ...placeIn(rollout, name) },
    spec: { parentRefs: [{ name: 'front' }], rules },
  } as KubeObject
}

function renderSecret(rollout: Rollout, name: string, keys: readonly string[]): KubeObject {
  const data = Object.fromEntries(keys.map((key) => [key, Buffer.from('simulated').toString('base64')]))
  return { apiVersion: 'v1', kind: 'Secret', metadata: placeIn(rollout, name), data } as KubeObject
}

/** Name → keys, of every reference to a Secret, however deep. */
function findSecrets(values: readonly unknown[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { secretKeyRef } = value as { readonly secretKeyRef?: { readonly name?: unknown; readonly key?: unknown } }
    const { name, key } = secretKeyRef ?? {}
    if (typeof name === 'string' && typeof key === 'string') found.set(name, [...(found.get(name) ?? []), key])
    for (const part of Object.values(value)) visit(part)
  }
  for (const value of values) visit(value)
  return found
}
