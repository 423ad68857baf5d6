/**
 * ingress-nginx: carries a rollout's traffic by a second Ingress beside the stable one, which ingress-nginx knows as its canary. It makes that
 * Ingress, keeps it in step with the stable one, and leaves every other object alone. Weights stay in it at zero when nothing is released.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficIntent, TrafficReading } from '../api/traffic.ts'
import type { ObjectRef } from '../kube/client.ts'
import { apiVersionOf, ingresses } from '../kube/kinds.ts'
import { definedOf } from './codec/annotations.ts'
import { combine } from './codec/combine.ts'
import { missing } from './codec/missing.ts'
import { patchOf } from './codec/patch.ts'
import { type Ingress, ingressLabel, namesNoService } from './ingress.ts'
import { canaryIngressName, type NginxConfig, prefixOf, renderCanaryIngress } from './nginx/canary-ingress.ts'
import {
  changesOf,
  givenRecord,
  ledgerOf,
  type NginxTarget,
  wantedAnnotations,
  whyUncarried,
  writtenWeight,
} from './nginx/target.ts'
import {
  defineRouter,
  type Router,
  type RouterContext,
  type RouterObjects,
  type RouterWrite,
  refKey,
} from './router.ts'

const annotations = z.record(z.string(), z.string()).optional()

const schema = z
  .looseObject({
    stableIngress: z.string().optional(),
    stableIngresses: z.array(z.string().min(1)).optional(),
    annotationPrefix: z.string().optional(),
    additionalIngressAnnotations: annotations,
    canaryIngressAnnotations: annotations,
  })
  .superRefine((config, context) => {
    const complain = (path: readonly string[], message: string) =>
      context.addIssue({ code: 'custom', path: [...path], message })
    const [one, many] = [Boolean(config.stableIngress), config.stableIngresses !== undefined]
    if (one === many)
      complain(
        one ? ['stableIngresses'] : ['stableIngress'],
        `Either StableIngress or StableIngresses must be configured. ${one ? 'Both' : 'Neither'} are configured.`,
      )
    if (many && config.stableIngresses?.length === 0) complain(['stableIngresses'], 'names no Ingress: name one')
    for (const field of ['additionalIngressAnnotations', 'canaryIngressAnnotations'] as const)
      for (const name of Object.keys(config[field] ?? {}))
        if (name === 'canary-weight-total' || name === `${prefixOf(config)}/canary-weight-total`)
          complain([field], 'sets canary-weight-total: set trafficRouting.maxTrafficWeight instead')
  })

export const nginx = defineRouter<NginxConfig>({
  id: 'nginx',
  capabilities: routerCapabilities.nginx,
  watches: [{ kind: ingresses, verbs: ['create', 'patch'] }],
  schema,
  create,
})

function create(config: NginxConfig, context: RouterContext): Router {
  const targets = targetsOf(config, context)
  const clash = findClash(targets)
  if (clash !== undefined) return { targets: [], read: () => unreadable(clash), render: () => [] }
  return {
    targets: targets.flatMap(({ stableRef, canaryRef }) => [stableRef, canaryRef]),
    read: (objects) => combine(targets.map((target) => readTarget(target, objects))),
    render: (intent, objects) => targets.flatMap((target) => renderTarget(target, intent, objects)),
  }
}

function targetsOf(config: NginxConfig, context: RouterContext): readonly NginxTarget[] {
  const { namespace, rollout } = context
  const field = config.stableIngress ? 'stableIngress' : 'stableIngresses'
  const refTo = (name: string): ObjectRef => ({ kind: ingresses, namespace, name })
  return [...new Set(config.stableIngress ? [config.stableIngress] : config.stableIngresses)].map((name) => ({
    stableRef: refTo(name),
    canaryRef: refTo(canaryIngressName(rollout, name)),
    label: ingressLabel(namespace, name),
    field: `trafficRouting.nginx.${field}`,
    config,
    context,
  }))
}

/** Long names are cut, and may be one name then. */
function findClash(targets: readonly NginxTarget[]): string | undefined {
  const names = targets.map(({ canaryRef }) => canaryRef.name)
  const twin = targets.find(({ canaryRef }, at) => names.indexOf(canaryRef.name) < at)
  return twin && `${twin.field}: the canary Ingresses of two of them would both be named "${twin.canaryRef.name}"`
}

const ingressAt = (objects: RouterObjects, ref: ObjectRef): Ingress | undefined => objects[refKey(ref)]

/** Argo writes to none but those that it controls. */
const isControlled = ({ metadata }: Ingress, { owner }: RouterContext): boolean =>
  (metadata.ownerReferences ?? []).some(({ uid, controller }) => controller === true && uid === owner.uid)

/**
 *   stable Ingress   leads to the stable Service   canary Ingress | weight        can be driven
 *   any              -                             another's      | unreadable    no
 *   missing          -                             missing        | gone          no
 *   there            no                            missing        | unreadable    no
 *   there            yes                           missing        | unreadable    yes: it is made
 *   missing          -                             ours           | as written    yes: an abort has to reach it
 *   there            no                            ours           | as written    yes
 *   there            yes                           ours, in step  | as written    yes
 *   there            yes                           ours, not      | unreadable    yes
 */
function readTarget(target: NginxTarget, objects: RouterObjects): TrafficReading {
  const { context, canaryRef, stableRef, label, field } = target
  const [stable, canary] = [ingressAt(objects, stableRef), ingressAt(objects, canaryRef)]
  if (canary && !isControlled(canary, context)) return unreadable(foreign(target))
  const followed = stable && renderCanaryIngress(stable, target.config, context)
  const problem = stable
    ? followed
      ? unfitTotal(target)
      : namesNoService(stableRef.name, context.stableService)
    : missing(label, field).problem
  if (!canary) return stable ? { ...unreadable(problem), drivable: followed !== undefined } : missing(label, field)
  const { routes } = ledgerOf(canary, target)
  const managedRoutes = routes.map(({ route }) => route)
  const weight = writtenWeight(target, canary)
  const isInStep =
    weight !== undefined && changesOf(target, stable, canary, { canary: weight, managedRoutes }).length === 0
  const said = problem ?? whyUncarried(routes, target)
  return {
    programmedCanary: isInStep ? weight : undefined,
    managedRoutes: managedRoutes.map((route) => ({ route, intact: true })),
    confirmation: 'unknown',
    drivable: true,
    ...(said === undefined ? {} : { problem: said }),
  }
}

const unreadable = (problem: string | undefined): TrafficReading => ({
  programmedCanary: undefined,
  managedRoutes: [],
  confirmation: 'unknown',
  drivable: false,
  ...(problem === undefined ? {} : { problem }),
})

const foreign = ({ canaryRef, context }: NginxTarget): string =>
  `canary ingress \`${canaryRef.name}\` controlled by different object: delete it, or rename the Rollout "${context.rollout}"`

/** It takes a smaller total for 100, and would send less than was asked for. */
const unfitTotal = ({ context: { maxWeight } }: NginxTarget): string | undefined =>
  maxWeight < 100
    ? `trafficRouting.maxTrafficWeight: ingress-nginx takes totals of 100 and above, not ${maxWeight}: raise it`
    : undefined

function renderTarget(target: NginxTarget, intent: TrafficIntent, objects: RouterObjects): readonly RouterWrite[] {
  const { canaryRef, stableRef, context } = target
  const [stable, canary] = [ingressAt(objects, stableRef), ingressAt(objects, canaryRef)]
  if (!canary) return stable ? makeCanary(target, stable, intent) : []
  return isControlled(canary, context) ? patchOf(canaryRef, canary, changesOf(target, stable, canary, intent)) : []
}

function makeCanary(target: NginxTarget, stable: Ingress, intent: TrafficIntent): readonly RouterWrite[] {
  const { canaryRef: ref, context } = target
  const followed = renderCanaryIngress(stable, target.config, context)
  if (!followed) return []
  const metadata = { name: ref.name, namespace: context.namespace, ownerReferences: [context.owner] }
  const empty = { apiVersion: apiVersionOf(ref.kind), kind: ref.kind.kind, metadata }
  const all = definedOf({ ...wantedAnnotations(target, empty, followed, intent), ...givenRecord(target) })
  const object = { ...empty, metadata: { ...metadata, annotations: all }, spec: followed.spec }
  return [{ do: 'create', ref, object }]
}
