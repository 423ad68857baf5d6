/** Where requests go: S1, S2, S4. */

import {
  claimedWeight,
  endpointsOf,
  type HttpRoute,
  hashOf,
  programmedWeight,
  replicaSetOf,
  SERVICE_NAME,
  type World,
} from '../cluster/world.ts'
import type { Scenario } from '../run/scenario.ts'
import { isAskedToAbort } from './history.ts'
import { type Context, type Invariant, isWriteOf } from './invariant.ts'
import {
  isBetweenRevisions,
  isShared,
  podHashOf,
  type Rule,
  rolesOf,
  rolloutOf,
  rulesOf,
  statusOf,
  wantedPods,
} from './reading.ts'

const MAX_WEIGHT = 100

function servicesOf(world: World): readonly string[] {
  const { stable, canary } = rolesOf(world)
  return [stable, canary].flatMap((name) => name ?? [])
}

/** An Experiment's own Services among them. */
const backendsOf = (world: World): readonly string[] => {
  const roles = rolesOf(world)
  const shared = rulesOf(world).filter((rule) => isShared(rule, roles))
  return [...new Set(shared.flatMap(({ backendRefs = [] }) => backendRefs.map(({ name }) => name)))]
}

/** EndpointSlices go on naming pods that are gone, until they follow. */
const answers = ({ endpointSlices, pods }: World, service: string): boolean =>
  [...endpointSlices.values()].some(
    ({ metadata, endpoints = [] }) =>
      metadata.labels?.[SERVICE_NAME] === service &&
      endpoints.some(({ conditions, targetRef }) => conditions?.ready !== false && pods.has(targetRef?.name ?? '')),
  )

/**
 * Where no Service of the route has an endpoint, as before the first deploy, none is worse than any other. Whoever asks for no pods has none of
 * stable: a canary that is taken back is left all the same, though a step has asked for pods of it whatever the size.
 */
export const S1: Invariant = {
  id: 'S1',
  words: 'No write of ours gives weight to a Service behind which no pod is ready.',
  check(before, after, context) {
    if (!isWriteOf(context, 'httproutes')) return undefined
    const names = [...new Set([...servicesOf(after), ...backendsOf(after)])]
    if (!names.some((name) => answers(after, name))) return undefined
    const tolerated = wantedPods(after) === 0 ? rolesOf(after).stable : undefined
    const starved = names.find(
      (name) =>
        name !== tolerated &&
        programmedWeight(after, name) > programmedWeight(before, name) &&
        endpointsOf(after, name) === 0,
    )
    return starved && `weight ${programmedWeight(after, starved)} for "${starved}", which has no endpoint`
  },
}

const isOurs = ({ backendRefs = [] }: Rule, names: readonly string[]): boolean =>
  backendRefs.some(({ name }) => names.includes(name))

/** What users put into their routes, and we neither weigh nor move. */
const strangersOf = ({ objects }: Scenario, names: readonly string[]): readonly string[] =>
  objects
    .filter(({ kind }) => kind === 'HTTPRoute')
    .flatMap((route) => (route as HttpRoute).spec?.rules ?? [])
    .flatMap(({ backendRefs = [] }) => backendRefs.map(({ name }) => name))
    .filter((name) => !names.includes(name))

/** Of several routes each is written in its turn. */
export const S2: Invariant = {
  id: 'S2',
  words:
    'The weights that we write sum up to 100, each a whole number and zero written out, and no rule of anybody else changes.',
  check(before, after, context) {
    const { cause, scenario } = context
    if (!isWriteOf(context, 'httproutes') || cause.kind !== 'write') return undefined
    const names = servicesOf(after)
    const strangers = strangersOf(scenario, names)
    // A rule with one backend sends everything there, whatever number stands beside it.
    const written = after.httpRoutes.get(cause.name)?.spec?.rules ?? []
    const shared = written.filter((rule) => isOurs(rule, names) && (rule.backendRefs ?? []).length > 1)
    const most = rolloutOf(after)?.spec.strategy?.canary?.trafficRouting?.maxTrafficWeight ?? MAX_WEIGHT
    for (const { backendRefs = [] } of shared) {
      const weights = backendRefs.flatMap(({ name, weight }) => (strangers.includes(name) ? [] : [weight]))
      const sum = weights.reduce<number>((total, weight) => total + (weight ?? Number.NaN), 0)
      if (sum !== most || weights.some((weight) => !Number.isInteger(weight) || Number(weight) < 0))
        return `weights ${weights.map((weight) => weight ?? 'none').join(' and ')}`
    }
    const foreign = (world: World): string => JSON.stringify(rulesOf(world).filter((rule) => !isOurs(rule, names)))
    return foreign(before) === foreign(after) ? undefined : "a rule that is the user's own was changed"
  },
}

/** On record, or about to be: users go back before the abort that sends them is written down. */
function isTakenBack(world: World, { history }: Context): boolean {
  const { abort, currentPodHash } = statusOf(world)
  const { progressDeadlineAbort, progressDeadlineSeconds = 600 } = rolloutOf(world)?.spec ?? {}
  if (!isBetweenRevisions(world)) return false
  const isLate = world.atMs - history.progressMs >= (progressDeadlineSeconds ?? 600) * 1000
  const hasFailed = [...world.analysisRuns.values()].some(
    ({ metadata, status }) => podHashOf({ metadata }) === currentPodHash && /Failed|Error/.test(status?.phase ?? ''),
  )
  return abort === true || hasFailed || isAskedToAbort(world, history) || (progressDeadlineAbort === true && isLate)
}

/** A Service that no route and no user reaches may be pointed anywhere; that a gateway lies about it nobody can know. */
export const S4: Invariant = {
  id: 'S4',
  words:
    'A Service is pointed at other pods only while it gets no requests, or at as many ready pods as served before; back to stable at once, as soon as one is ready.',
  check(before, after, context) {
    const { cause, scenario } = context
    if (!isWriteOf(context, 'services') || cause.kind !== 'write') return undefined
    const [former, now] = [before.services.get(cause.name), after.services.get(cause.name)]
    const [from, to] = [former && hashOf(former), now && hashOf(now)]
    if (from === to || to === undefined) return undefined
    if (claimedWeight(before, cause.name) === 0 && !scenario.direct.includes(cause.name)) return undefined
    const served = endpointsOf(before, cause.name)
    const { spec, status } = rolloutOf(after) ?? {}
    const isWayBack = to === status?.stableRS && isTakenBack(before, context)
    const wanted = isWayBack ? Math.min(served, 1) : Math.min(served, spec?.replicas ?? 1)
    const there = replicaSetOf(after, to)?.status?.availableReplicas ?? 0
    return there < wanted ? `"${cause.name}" goes to ${there} ready pods where ${served} served` : undefined
  },
}
