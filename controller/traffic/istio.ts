/**
 * Istio: carries a rollout's traffic in VirtualServices, between two Services or between two subsets of a DestinationRule. It owns the weights of
 * the two in the routes that the configuration names, the pod hash of the two subsets, the routes and destinations that it added, and not one byte
 * more. Delegates are driven by naming the VirtualService that is delegated to.
 */
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficReading } from '../api/traffic.ts'
import type { ObjectRef } from '../kube/client.ts'
import { destinationRules, virtualServices } from '../kube/kinds.ts'
import { combine } from './codec/combine.ts'
import { missing } from './codec/missing.ts'
import { addressOf, type Config, configSchema, type DestinationRuleRef, listVirtualServices } from './istio/config.ts'
import {
  addedSubsets,
  findRuleProblem,
  hostRule,
  releaseRule,
  renderAddedSubsets,
  subsetKeeper,
} from './istio/destination-rule.ts'
import { serviceOf } from './istio/hosts.ts'
import type { Target } from './istio/layout.ts'
import { parseDestinationRule } from './istio/objects.ts'
import { readVirtualService } from './istio/read.ts'
import { renderVirtualService } from './istio/render.ts'
import { defineRouter, type Router, type RouterContext, type RouterObjects, refKey } from './router.ts'

export const istio = defineRouter<Config>({
  id: 'istio',
  capabilities: routerCapabilities.istio,
  watches: [
    { kind: virtualServices, verbs: ['patch'] },
    {
      kind: destinationRules,
      verbs: ['patch'],
      serviceOf(rule) {
        const service = serviceOf(parseDestinationRule(rule)?.host, rule.metadata.namespace ?? '')
        return service && `${service.namespace}/${service.name}`
      },
      release: releaseRule,
    },
  ],
  schema: configSchema,
  create,
})

interface VirtualServiceTarget extends Target {
  readonly address: ObjectRef
}

function create(config: Config, context: RouterContext): Router {
  const targets = listVirtualServices(config).map((ref): VirtualServiceTarget => {
    const { name, namespace } = addressOf(ref.name, context.namespace)
    const address = { kind: virtualServices, namespace, name }
    return { address, ref, namespace, label: `VirtualService "${namespace}/${name}"` }
  })
  const rule = config.destinationRule ? openRule(config.destinationRule, context) : undefined
  return {
    targets: [...targets.map(({ address }) => address), ...(rule ? [rule.address] : [])],
    ...(rule ? { subsets: rule.keeper } : {}),
    read(objects) {
      const readings = targets.map((target) =>
        readVirtualService(target, objects[refKey(target.address)], context, rule?.host(objects)),
      )
      const rooms = readings.flatMap(({ room }) => room ?? [])
      const whole = { ...combine(readings), ...(rooms.length > 0 ? { room: Math.min(...rooms) } : {}) }
      return rule ? rule.read(objects, whole) : whole
    },
    render: (intent, objects) => [
      ...targets.flatMap((target) => {
        const object = objects[refKey(target.address)]
        if (!object) return []
        const patch = renderVirtualService(target, object, context, { rule: rule?.host(objects), intent })
        return patch.length === 0 ? [] : [{ do: 'patch', ref: target.address, patch } as const]
      }),
      ...(rule?.render(objects, intent.additional) ?? []),
    ],
  }
}

function openRule(ref: DestinationRuleRef, context: RouterContext) {
  const address = { kind: destinationRules, namespace: context.namespace, name: ref.name }
  const label = `DestinationRule "${context.namespace}/${ref.name}"`
  const keeper = subsetKeeper(address, ref, context)
  const objectIn = (objects: RouterObjects) => objects[refKey(address)]
  return {
    address,
    keeper,
    host: (objects: RouterObjects) => hostRule(ref, objectIn(objects), context.namespace),
    /** What the VirtualServices say, and what the rule adds to it. */
    read(objects: RouterObjects, whole: TrafficReading): TrafficReading {
      const object = objectIn(objects)
      const problem = object
        ? findRuleProblem(label, ref, object, context)
        : missing(label, 'trafficRouting.istio.destinationRule.name').problem
      const subsets = keeper.read(object)
      const left = object ? addedSubsets(object, context).map((name) => [name, 0] as const) : []
      return {
        ...whole,
        ...(left.length > 0 ? { additional: { ...Object.fromEntries(left), ...whole.additional } } : {}),
        ...(subsets ? { subsets } : {}),
        // Without the rule no route can be right.
        ...(problem === undefined ? {} : { problem }),
      }
    },
    render(objects: RouterObjects, additional: Parameters<typeof renderAddedSubsets>[3]) {
      const object = objectIn(objects)
      return object ? renderAddedSubsets(address, object, context, additional) : []
    },
  }
}
