/**
 * Skipper: carries a rollout's traffic in RouteGroups, with header routes and colours, and in Ingresses, which take weights alone. It owns the weights
 * of the two Services and the routes that it added, and not one byte more.
 */
import { z } from 'zod'
import type { KubeObject } from '../api/meta.ts'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficIntent, TrafficReading } from '../api/traffic.ts'
import type { ResourceKind } from '../kube/client.ts'
import { ingresses, routeGroups } from '../kube/kinds.ts'
import { combine } from './codec/combine.ts'
import { missing } from './codec/missing.ts'
import { patchOf } from './codec/patch.ts'
import { defineRouter, type JsonPatchOperation, type Router, type RouterContext, refKey } from './router.ts'
import { readIngress, renderIngress } from './skipper/ingress.ts'
import { readGroup, renderGroup } from './skipper/route-group.ts'

const names = z.array(z.string().min(1))
const schema = z
  .looseObject({ routeGroups: names.default([]), ingresses: names.default([]) })
  .refine((config) => config.routeGroups.length + config.ingresses.length > 0, {
    path: ['routeGroups'],
    message: 'no RouteGroup is named, and no Ingress under ingresses',
  })

interface Config {
  readonly routeGroups: readonly string[]
  readonly ingresses: readonly string[]
}

export const skipper = defineRouter<Config>({
  id: 'penstock/skipper',
  capabilities: routerCapabilities['penstock/skipper'],
  watches: [
    { kind: routeGroups, verbs: ['patch'] },
    { kind: ingresses, verbs: ['patch'] },
  ],
  schema,
  create,
})

/** How objects of one kind are read and written. */
interface Door {
  readonly kind: ResourceKind
  readonly field: keyof Config
  read(label: string, object: KubeObject, context: RouterContext): TrafficReading
  render(object: KubeObject, intent: TrafficIntent, context: RouterContext): readonly JsonPatchOperation[]
}

const DOORS: readonly Door[] = [
  { kind: routeGroups, field: 'routeGroups', read: readGroup, render: renderGroup },
  { kind: ingresses, field: 'ingresses', read: readIngress, render: renderIngress },
]

function create(config: Config, context: RouterContext): Router {
  const places = DOORS.flatMap((door) =>
    [...new Set(config[door.field])].map((name) => ({
      door,
      ref: { kind: door.kind, namespace: context.namespace, name },
    })),
  )
  return {
    targets: places.map(({ ref }) => ref),
    read: (objects) =>
      combine(
        places.map(({ door, ref }) => {
          const label = `${ref.kind.kind} "${ref.namespace}/${ref.name}"`
          const object = objects[refKey(ref)]
          return object
            ? door.read(label, object, context)
            : missing(label, `trafficRouting.plugins["penstock/skipper"].${door.field}`)
        }),
      ),
    render: (intent, objects) =>
      places.flatMap(({ door, ref }) => {
        const object = objects[refKey(ref)]
        return object ? patchOf(ref, object, door.render(object, intent, context)) : []
      }),
  }
}
