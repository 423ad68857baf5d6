/**
 * Service Mesh Interface: carries a rollout's traffic in one TrafficSplit, which it makes and owns. Its root Service, the backends and their
 * weights are the router's; whatever else is on the object (labels, `matches`) stays as it is.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficIntent, TrafficReading } from '../api/traffic.ts'
import type { ObjectRef } from '../kube/client.ts'
import { trafficSplits } from '../kube/kinds.ts'
import { covers } from './codec/covers.ts'
import { createOf, isOwned, notOwned } from './codec/owned.ts'
import { patchOf } from './codec/patch.ts'
import { defineRouter, type JsonPatchOperation, type Router, type RouterContext, refKey } from './router.ts'
import { type Backend, readBackends, type TrafficSplit, writesText } from './smi/split.ts'

const schema = z.looseObject({ rootService: z.string().optional(), trafficSplitName: z.string().optional() })

interface Config {
  readonly rootService?: string | undefined
  readonly trafficSplitName?: string | undefined
}

export const smi = defineRouter<Config>({
  id: 'smi',
  capabilities: routerCapabilities.smi,
  watches: [{ kind: trafficSplits, verbs: ['create', 'patch'] }],
  schema,
  create,
})

/** Empty names count as absent, as in Argo. */
function create({ rootService, trafficSplitName }: Config, context: RouterContext): Router {
  const ref: ObjectRef = {
    kind: trafficSplits,
    namespace: context.namespace,
    name: trafficSplitName || context.rollout,
  }
  const root = rootService || context.stableService
  return {
    targets: [ref],
    read: (objects) => readSplit(ref, objects[refKey(ref)], root, context),
    render(intent, objects) {
      const split: TrafficSplit | undefined = objects[refKey(ref)]
      const wanted = backendsOf(intent, context)
      if (!split) return [createOf(ref, context, { spec: { service: root, backends: written(wanted, false) } })]
      return isOwned(split, context) ? patchOf(ref, split, changes(split, root, wanted)) : []
    },
  }
}

/** Without it the root Service's own pods answer, whichever those are: the weight is not known, and it can be made. */
function readSplit(
  ref: ObjectRef,
  split: TrafficSplit | undefined,
  root: string,
  context: RouterContext,
): TrafficReading {
  const nothing = { programmedCanary: undefined, confirmation: 'unknown' } as const
  if (!split) return { ...nothing, drivable: true }
  if (!isOwned(split, context))
    return {
      ...nothing,
      drivable: false,
      problem: notOwned(`TrafficSplit "${context.namespace}/${ref.name}"`, 'trafficRouting.smi.trafficSplitName'),
    }
  const said = split.spec?.service === root ? readBackends(split, context) : undefined
  return { ...nothing, programmedCanary: said?.canary, additional: said?.additional ?? {}, drivable: true }
}

/** In Argo's order: the canary first, experiments, the stable one last. */
const backendsOf = (intent: TrafficIntent, context: RouterContext): readonly Backend<number>[] => [
  { service: context.canaryService, weight: intent.canary },
  ...intent.additional.map(({ service, weight }) => ({ service, weight })),
  { service: context.stableService, weight: intent.stable },
]

const written = (backends: readonly Backend<number>[], asText: boolean): readonly Backend<unknown>[] =>
  backends.map(({ service, weight }) => ({ service, weight: asText ? String(weight) : weight }))

function changes(split: TrafficSplit, root: string, wanted: readonly Backend<number>[]): JsonPatchOperation[] {
  const { service, backends } = split.spec ?? {}
  if (!split.spec) return [{ op: 'add', path: '/spec', value: { service: root, backends: written(wanted, false) } }]
  const lines = written(wanted, writesText(split))
  return [
    ...(service === root ? [] : [{ op: 'add', path: '/spec/service', value: root } as const]),
    ...(covers(backends, lines) ? [] : [{ op: 'add', path: '/spec/backends', value: lines } as const]),
  ]
}
