/**
 * Consul's service mesh: carries a rollout's traffic in a ServiceSplitter between two subsets of a ServiceResolver, configured as the public
 * `hashicorp/consul` plugin is, and managed routes in a ServiceRouter. It owns the two weights, the filters of the two subsets, and the routes that it
 * added.
 */
import { z } from 'zod'
import { routerCapabilities, routerField } from '../api/router-capabilities.ts'
import type { TrafficReading } from '../api/traffic.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import { serviceResolvers, serviceRouters, serviceSplitters } from '../kube/kinds.ts'
import { combine } from './codec/combine.ts'
import { missing } from './codec/missing.ts'
import { patchOf } from './codec/patch.ts'
import type { ServiceRouter, ServiceSplitter } from './consul/objects.ts'
import { findResolverProblem, releaseResolver, subsetKeeper } from './consul/resolver.ts'
import { readPresent, renderPresent } from './consul/service-router.ts'
import { findSplits, isTotalWritable, readSplits, renderSplits, type SubsetNames } from './consul/splitter.ts'
import { readSynced } from './consul/synced.ts'
import { defineRouter, type Router, type RouterContext, type RouterObjects, refKey } from './router.ts'

const ID = 'hashicorp/consul'

const name = z.string().min(1)
const schema = z.looseObject({
  serviceName: name,
  stableSubsetName: name,
  canarySubsetName: name,
  serviceMetaAnnotationSuffix: z
    .string()
    .max(63)
    .regex(/^[\w.-]*$/, 'must be the end of an annotation service-meta-…')
    .optional(),
})
type Config = z.infer<typeof schema>

export const consul = defineRouter<Config>({
  id: ID,
  capabilities: routerCapabilities[ID],
  watches: [
    {
      kind: serviceResolvers,
      verbs: ['patch'],
      serviceOf: ({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`,
      release: releaseResolver,
    },
    { kind: serviceSplitters, verbs: ['patch'] },
    { kind: serviceRouters, verbs: ['patch'] },
  ],
  schema,
  create,
})

function create(config: Config, context: RouterContext): Router {
  const metaKey = config.serviceMetaAnnotationSuffix || 'version'
  const refOf = (kind: ResourceKind): ObjectRef => ({ kind, namespace: context.namespace, name: config.serviceName })
  const [resolver, splitter, router] = [refOf(serviceResolvers), refOf(serviceSplitters), refOf(serviceRouters)]
  const keeper = subsetKeeper(resolver, config, metaKey, context)
  return {
    targets: [resolver, splitter, router],
    subsets: keeper,
    read(objects) {
      const weights = readSplitter(splitter, objects, config, context)
      const { programmedCanary, drivable } = weights
      const carried = { programmedCanary, drivable, confirmation: 'unknown' } as const
      const subsets = keeper.read(objects[refKey(resolver)])
      const whole = combine([
        { ...carried, ...readResolver(resolver, objects, config, metaKey, context) },
        weights,
        ...readRoutes(router, objects, config, context).map((part) => ({ ...carried, ...part })),
      ])
      return subsets ? { ...whole, subsets } : whole
    },
    render(intent, objects) {
      const split: ServiceSplitter | undefined = objects[refKey(splitter)]
      const pair = split && isTotalWritable(context.maxWeight) && findSplits(split, config)
      const routes: ServiceRouter | undefined = objects[refKey(router)]
      return [
        ...(pair ? patchOf(splitter, split, renderSplits(pair, intent, context.maxWeight)) : []),
        ...(routes ? patchOf(router, routes, renderPresent(routes, intent.managedRoutes, config, context)) : []),
      ]
    },
  }
}

type Part = Partial<TrafficReading>

const labelOf = ({ kind, namespace, name: called }: ObjectRef): string => `${kind.kind} "${namespace}/${called}"`
const absent = (ref: ObjectRef): TrafficReading =>
  missing(labelOf(ref), `trafficRouting.${routerField(ID)}.serviceName`)

function readResolver(
  ref: ObjectRef,
  objects: RouterObjects,
  names: SubsetNames,
  metaKey: string,
  context: RouterContext,
): Part {
  const object = objects[refKey(ref)]
  if (!object) return absent(ref)
  const problem = findResolverProblem(labelOf(ref), object, names, metaKey, context)
  return { ...readSynced(labelOf(ref), object), ...(problem === undefined ? {} : { problem }) }
}

function readSplitter(
  ref: ObjectRef,
  objects: RouterObjects,
  names: SubsetNames,
  context: RouterContext,
): TrafficReading {
  const object: ServiceSplitter | undefined = objects[refKey(ref)]
  if (!object) return absent(ref)
  const label = labelOf(ref)
  const { maxWeight } = context
  const { stableSubsetName, canarySubsetName } = names
  const nothing = { programmedCanary: undefined, drivable: false, ...readSynced(label, object) }
  if (!isTotalWritable(maxWeight))
    return { ...nothing, problem: `${label} cannot hold parts of ${maxWeight}: set maxTrafficWeight to 10000 or less` }
  const pair = findSplits(object, names)
  if (!pair)
    return {
      ...nothing,
      problem: `${label}: spec.splits has to name the subsets "${stableSubsetName}" and "${canarySubsetName}", once each, and no others`,
    }
  return { ...nothing, programmedCanary: readSplits(pair, maxWeight), drivable: true }
}

/** Needed where the Rollout reserves names for managed routes, and looked at wherever it is. */
function readRoutes(
  ref: ObjectRef,
  objects: RouterObjects,
  names: SubsetNames,
  context: RouterContext,
): readonly Part[] {
  const object: ServiceRouter | undefined = objects[refKey(ref)]
  if (!object) return context.managedRouteNames.length > 0 ? [absent(ref)] : []
  const managedRoutes = readPresent(object, names, context)
  const mayBeWritten = managedRoutes.length > 0 ? { drivable: true } : {}
  return [{ ...readSynced(labelOf(ref), object), managedRoutes, ...mayBeWritten }]
}
