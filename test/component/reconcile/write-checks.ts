/**
 * Safety of one write, judged by what the API server holds before and after it, whatever the controller has seen (S1, S4, S8, S10). It shares no
 * rule with the code that it checks.
 */
import { POD_TEMPLATE_HASH } from '../../../controller/api/labels.ts'
import type { ReplicaSet, Rollout, Service } from '../../../controller/api/rollout.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'
import type { EndpointSlice } from '../../../controller/reconcile/caches.ts'
import type { HttpRoute } from './story-ending.ts'

const options = { namespace: 'web' }

interface Seen {
  readonly rollout: Rollout | undefined
  readonly sets: readonly ReplicaSet[]
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  readonly routes: readonly HttpRoute[]
}

async function see(client: KubeClient): Promise<Seen> {
  const [rollout, sets, services, slices, routes] = await Promise.all([
    client.get<Rollout>({ kind: kinds.rollouts, namespace: 'web', name: 'shop' }),
    client.list<ReplicaSet>(kinds.replicaSets, options),
    client.list<Service>(kinds.services, options),
    client.list<EndpointSlice>(kinds.endpointSlices, options),
    client.list<HttpRoute>(kinds.httpRoutes, options),
  ])
  return {
    rollout,
    sets: sets.items,
    services: services.items,
    slices: slices.items,
    routes: routes.items,
  }
}

const hashOf = ({ spec }: Service): string | undefined => spec.selector?.[POD_TEMPLATE_HASH]
const setOf = ({ sets }: Seen, hash: string | undefined) =>
  sets.find((rs) => rs.metadata.labels?.[POD_TEMPLATE_HASH] === hash)
const availableOf = (seen: Seen, hash: string | undefined): number => setOf(seen, hash)?.status?.availableReplicas ?? 0
const canaryOf = ({ rollout }: Seen) => rollout?.spec.strategy?.canary
const activeOf = ({ rollout }: Seen) => rollout?.spec.strategy?.blueGreen?.activeService

/** What a rule sends to a Service; a managed rule counts with its own weights. */
function weightsOf({ routes }: Seen): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const [at, { name, backendRefs = [] }] of routes.flatMap(({ spec }) => spec.rules).entries())
    for (const { name: service, weight = 1 } of backendRefs) weights.set(`${name ?? at} ${service}`, weight)
  return weights
}

function weightOn(seen: Seen, service: string): number {
  if (activeOf(seen) === service) return 100
  return Math.max(0, ...[...weightsOf(seen)].map(([key, weight]) => (key.endsWith(` ${service}`) ? weight : 0)))
}

const answers = ({ slices }: Seen, service: string): boolean =>
  slices.some(
    ({ metadata, endpoints = [] }) =>
      metadata.labels?.['kubernetes.io/service-name'] === service &&
      endpoints.some(({ conditions }) => conditions?.ready !== false),
  )

/** Where no Service of the route answers, as before the first deploy, none is better than any other. */
function S1(before: Seen, after: Seen): string | undefined {
  const had = weightsOf(before)
  const now = [...weightsOf(after)].map(([key, weight]) => ({ key, weight, service: key.slice(key.indexOf(' ') + 1) }))
  if (!now.some(({ service }) => answers(after, service))) return undefined
  const raised = now.find(({ key, weight, service }) => weight > (had.get(key) ?? 0) && !answers(after, service))
  return raised && `weight ${raised.weight} for "${raised.service}", which has no endpoint`
}

/** A preview Service has no users behind it. */
function S4(before: Seen, after: Seen): string | undefined {
  for (const service of after.services) {
    const { name } = service.metadata
    const former = before.services.find(({ metadata }) => metadata.name === name)
    const from = former && hashOf(former)
    const to = hashOf(service)
    if (from === to || to === undefined || weightOn(before, name) === 0) continue
    const wanted = Math.min(after.rollout?.spec.replicas ?? 1, Math.max(1, availableOf(before, from)))
    const there = availableOf(after, to)
    if (there < wanted) return `Service "${name}" goes to ${there} pods where ${wanted} served`
  }
  return undefined
}

/** Weight from the moment of the request; pods once the abort is on record as such, for until then it may not have been seen. */
function S8(before: Seen, after: Seen): string | undefined {
  const { abort, phase, currentPodHash, stableRS } = before.rollout?.status ?? {}
  if (!abort || !after.rollout?.status?.abort || currentPodHash === stableRS) return undefined
  const size = (seen: Seen) => setOf(seen, currentPodHash)?.spec.replicas ?? 0
  if (phase === 'Degraded' && size(after) > size(before))
    return `an aborted revision goes from ${size(before)} to ${size(after)} pods`
  for (const service of before.services.filter((one) => hashOf(one) === currentPodHash)) {
    const { name } = service.metadata
    const [now, then] = [weightOn(after, name), weightOn(before, name)]
    if (now > then) return `an aborted revision gets weight ${now} after ${then}`
  }
  return undefined
}

function S10(before: Seen, after: Seen): string | undefined {
  const [then, now] = [before.rollout?.status ?? {}, after.rollout?.status ?? {}]
  const isSame = then.currentPodHash === now.currentPodHash && then.currentStepHash === now.currentStepHash
  if (!isSame || now.abort || then.stableRS === undefined || then.stableRS !== now.stableRS) return undefined
  const moved = (now.currentStepIndex ?? 0) - (then.currentStepIndex ?? 0)
  const skipsAll = then.promoteFull === true && now.currentStepIndex === (canaryOf(after)?.steps ?? []).length
  return moved === 0 || moved === 1 || skipsAll ? undefined : `the step moves by ${moved}`
}

const rules = { S1, S4, S8, S10 }

/** Performs a write between two looks; what it broke is added to `violations`. */
export async function judged<T>(
  client: KubeClient,
  violations: string[],
  request: string,
  perform: () => Promise<T>,
): Promise<T> {
  const before = await see(client)
  const answer = await perform()
  const after = await see(client)
  for (const [name, rule] of Object.entries(rules)) {
    const broken = rule(before, after)
    if (broken !== undefined) violations.push(`${name}: ${request}: ${broken}`)
  }
  return answer
}
