/**
 * Gateway API: carries the weights in the backendRefs of HTTPRoutes, configured as the public `argoproj-labs/gatewayAPI` plugin is. It owns the
 * `weight` of the two Services' backendRefs in every rule that names both, and not one byte more.
 */
import { z } from 'zod'
import type { KubeObject } from '../api/meta.ts'
import type { ObjectRef } from '../kube/client.ts'
import { httpRoutes } from '../kube/kinds.ts'
import {
  defineRouter,
  type Router,
  type RouterContext,
  type RouterObjects,
  type RouterReading,
  type RouterWrite,
  refKey,
  type Weights,
} from './router.ts'

const routeRef = z.looseObject({ name: z.string().min(1), useHeaderRoutes: z.boolean().optional() })
const schema = z
  .looseObject({
    httpRoute: z.string().min(1).optional(),
    httpRoutes: z.array(routeRef).optional(),
    namespace: z.string().optional(),
  })
  .refine((config) => config.httpRoute !== undefined || (config.httpRoutes ?? []).length > 0, {
    error: 'names no route: set httpRoute or httpRoutes',
  })
type Config = z.infer<typeof schema>

/** Of an HTTPRoute, what this router reads. Everything else stays as it is. */
interface HttpRoute extends KubeObject {
  readonly spec?: { readonly rules?: readonly { readonly backendRefs?: readonly BackendRef[] }[] }
  readonly status?: { readonly parents?: readonly { readonly conditions?: readonly ParentCondition[] }[] }
}
interface BackendRef {
  readonly group?: string
  readonly kind?: string
  readonly name?: string
  readonly namespace?: string
  readonly weight?: number
}
interface ParentCondition {
  readonly type: string
  readonly status: string
  readonly message?: string
  readonly observedGeneration?: number
}

export const gatewayApi = defineRouter<Config>({
  id: 'argoproj-labs/gatewayAPI',
  capabilities: { headers: false, mirror: false, confirms: true },
  watches: [httpRoutes],
  schema,
  create,
})

function create(config: Config, context: RouterContext): Router {
  const names = [
    ...(config.httpRoute === undefined ? [] : [config.httpRoute]),
    ...(config.httpRoutes ?? []).map((route) => route.name),
  ]
  const namespace = config.namespace ?? context.namespace
  const targets = names.map((name) => ({ kind: httpRoutes, namespace, name }))
  return {
    targets,
    read: (objects) => combine(targets.map((ref) => readRoute(ref, routeAt(objects, ref), context))),
    render: (weights, objects) => targets.flatMap((ref) => renderRoute(ref, routeAt(objects, ref), context, weights)),
  }
}

const routeAt = (objects: RouterObjects, ref: ObjectRef): HttpRoute | undefined => objects[refKey(ref)]

interface Slot {
  readonly rule: number
  readonly stable: number
  readonly canary: number
  readonly weights: readonly [number | undefined, number | undefined]
}

/** The rules that name both Services, with the places of their backendRefs. */
function slotsOf(route: HttpRoute, { stableService, canaryService, namespace }: RouterContext): Slot[] {
  const isService = (ref: BackendRef, name: string) =>
    ref.name === name &&
    (ref.kind ?? 'Service') === 'Service' &&
    (ref.group ?? '') === '' &&
    (ref.namespace ?? route.metadata.namespace) === namespace
  return (route.spec?.rules ?? []).flatMap(({ backendRefs = [] }, rule) => {
    const stable = backendRefs.findIndex((ref) => isService(ref, stableService))
    const canary = backendRefs.findIndex((ref) => isService(ref, canaryService))
    if (stable < 0 || canary < 0) return []
    return [{ rule, stable, canary, weights: [backendRefs[stable]?.weight, backendRefs[canary]?.weight] as const }]
  })
}

function readRoute(ref: ObjectRef, route: HttpRoute | undefined, context: RouterContext): RouterReading {
  const unreadable = (problem: string): RouterReading => ({
    programmedCanary: undefined,
    confirmation: 'pending',
    drivable: false,
    problem,
  })
  if (!route)
    return unreadable(`HTTPRoute "${ref.namespace}/${ref.name}" not found: create it or correct trafficRouting.plugins`)
  const slots = slotsOf(route, context)
  if (slots.length === 0) {
    return unreadable(
      `HTTPRoute "${ref.namespace}/${ref.name}" has no rule whose backendRefs name both "${context.stableService}" and "${context.canaryService}": add both to one rule`,
    )
  }
  const exact = slots.every(
    ({ weights: [stable, canary] }) =>
      stable !== undefined && canary !== undefined && stable + canary === context.maxWeight,
  )
  const canaries = new Set(slots.map(({ weights }) => weights[1]))
  return {
    programmedCanary: exact && canaries.size === 1 ? slots[0]?.weights[1] : undefined,
    drivable: true,
    ...readParents(ref, route),
  }
}

/** A parent has confirmed once its Accepted condition speaks of the generation that is written. */
function readParents(ref: ObjectRef, route: HttpRoute): Pick<RouterReading, 'confirmation' | 'problem'> {
  const accepted = (route.status?.parents ?? []).flatMap(({ conditions = [] }) =>
    conditions.filter(({ type }) => type === 'Accepted'),
  )
  const dated = accepted.filter(({ observedGeneration }) => observedGeneration !== undefined)
  if (dated.length === 0) return { confirmation: 'unknown' }
  const generation = route.metadata.generation ?? 0
  if (dated.some(({ observedGeneration = 0 }) => observedGeneration < generation)) return { confirmation: 'pending' }
  const refused = dated.find(({ status }) => status === 'False')
  if (!refused) return { confirmation: 'confirmed' }
  return {
    confirmation: 'pending',
    problem: `HTTPRoute "${ref.namespace}/${ref.name}" is not accepted by its gateway: ${refused.message ?? 'no reason given'}`,
  }
}

/**
 * Several routes count as one: the same weight on all that can be written or none, the slowest confirmation, the first problem. A route that is
 * missing leaves the others to be driven (an abort must reach them) and is never confirmed.
 */
function combine(readings: readonly RouterReading[]): RouterReading {
  const drivable = readings.filter((reading) => reading.drivable)
  const weights = new Set(drivable.map(({ programmedCanary }) => programmedCanary))
  const slowest = (['pending', 'unknown', 'confirmed'] as const).find((state) =>
    readings.some(({ confirmation }) => confirmation === state),
  )
  const problem = readings.find((reading) => reading.problem !== undefined)?.problem
  return {
    programmedCanary: weights.size === 1 ? drivable[0]?.programmedCanary : undefined,
    drivable: drivable.length > 0,
    confirmation: slowest ?? 'unknown',
    ...(problem === undefined ? {} : { problem }),
  }
}

function renderRoute(
  ref: ObjectRef,
  route: HttpRoute | undefined,
  context: RouterContext,
  { canary, stable }: Weights,
): RouterWrite[] {
  if (!route) return []
  const changes = slotsOf(route, context).flatMap((slot) => [
    ...(slot.weights[0] === stable ? [] : [weightAt(slot.rule, slot.stable, stable)]),
    ...(slot.weights[1] === canary ? [] : [weightAt(slot.rule, slot.canary, canary)]),
  ])
  if (changes.length === 0) return []
  const unmoved = {
    op: 'replace',
    path: '/metadata/resourceVersion',
    value: route.metadata.resourceVersion ?? '',
  } as const
  return [{ ref, patch: [unmoved, ...changes] }]
}

const weightAt = (rule: number, backend: number, value: number) =>
  ({ op: 'add', path: `/spec/rules/${rule}/backendRefs/${backend}/weight`, value }) as const
