/**
 * AWS App Mesh: carries a rollout's traffic in the VirtualRouter behind a VirtualService, between two VirtualNodes. It owns the weights of the two and
 * the pod hash in their selectors, and not one byte more.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficReading } from '../api/traffic.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import { meshNodes, meshRouters, meshServices } from '../kube/kinds.ts'
import { hashOf, ownerOf, renderNode, wantedHashes } from './app-mesh/nodes.ts'
import type { VirtualNode, VirtualRouter, VirtualService } from './app-mesh/objects.ts'
import { examineRouter, type RouterLayout } from './app-mesh/weights.ts'
import { missing } from './codec/missing.ts'
import { patchOf } from './codec/patch.ts'
import { readPairs, renderPair } from './codec/weighted-pair.ts'
import {
  defineRouter,
  type Router,
  type RouterContext,
  type RouterObjects,
  type RouterWrite,
  refKey,
} from './router.ts'

const named = z.looseObject({ name: z.string().min(1) })
const schema = z.looseObject({
  virtualService: z.looseObject({ name: z.string().min(1), routes: z.array(z.string().min(1)).nullish() }),
  virtualNodeGroup: z.looseObject({ canaryVirtualNodeRef: named, stableVirtualNodeRef: named }),
})

interface Config {
  readonly virtualService: { readonly name: string; readonly routes?: readonly string[] | null | undefined }
  readonly virtualNodeGroup: {
    readonly canaryVirtualNodeRef: { readonly name: string }
    readonly stableVirtualNodeRef: { readonly name: string }
  }
}

export const appMesh = defineRouter<Config>({
  id: 'appMesh',
  capabilities: routerCapabilities.appMesh,
  watches: [
    { kind: meshServices, verbs: [] },
    { kind: meshRouters, verbs: ['patch'] },
    { kind: meshNodes, verbs: ['patch'] },
  ],
  schema,
  create,
})

const FIELD = 'trafficRouting.appMesh'

function create({ virtualService, virtualNodeGroup }: Config, context: RouterContext): Router {
  const { namespace } = context
  const refTo = (kind: ResourceKind, name: string): ObjectRef => ({ kind, namespace, name })
  const refs = {
    service: refTo(meshServices, virtualService.name),
    stable: refTo(meshNodes, virtualNodeGroup.stableVirtualNodeRef.name),
    canary: refTo(meshNodes, virtualNodeGroup.canaryVirtualNodeRef.name),
  }
  const nodes = { namespace, stable: refs.stable.name, canary: refs.canary.name }
  const view = (objects: RouterObjects): MeshView => {
    const service: VirtualService | undefined = objects[refKey(refs.service)]
    const routerRef = service && routerRefOf(service, context)
    const router: VirtualRouter | undefined = routerRef && objects[refKey(routerRef)]
    const layout = router && examineRouter(router, virtualService.routes ?? [], nodes)
    return {
      refs,
      service,
      routerRef,
      router,
      layout,
      programmed: layout && readPairs(layout.pairs, context.maxWeight),
      stable: objects[refKey(refs.stable)],
      canary: objects[refKey(refs.canary)],
    }
  }
  return {
    targets: [refs.service, refs.stable, refs.canary],
    selections: [
      {
        kind: meshRouters,
        namespace,
        selects(candidate, found) {
          const service: VirtualService | undefined = found[refKey(refs.service)]
          return service !== undefined && routerRefOf(service, context)?.name === candidate.metadata.name
        },
      },
    ],
    read: (objects) => readMesh(view(objects), context),
    render(intent, objects) {
      const seen = view(objects)
      const { routerRef, router, layout } = seen
      const changes = (layout?.pairs ?? []).flatMap((pair) => renderPair(pair, intent))
      return [...renderNodes(seen, context), ...(routerRef && router ? patchOf(routerRef, router, changes) : [])]
    },
  }
}

interface MeshView {
  readonly refs: { readonly service: ObjectRef; readonly stable: ObjectRef; readonly canary: ObjectRef }
  readonly service: VirtualService | undefined
  readonly routerRef: ObjectRef | undefined
  readonly router: VirtualRouter | undefined
  readonly layout: RouterLayout | undefined
  readonly programmed: number | undefined
  readonly stable: VirtualNode | undefined
  readonly canary: VirtualNode | undefined
}

/** Undefined when it has none, or one of another namespace, whose changes nobody would tell us of. */
function routerRefOf({ spec }: VirtualService, { namespace }: RouterContext): ObjectRef | undefined {
  const { name, namespace: where } = spec?.provider?.virtualRouter?.virtualRouterRef ?? {}
  return name && (where || namespace) === namespace ? { kind: meshRouters, namespace, name } : undefined
}

/** In front of the weights: a VirtualNode stands for its pods before it gets any. */
function renderNodes({ refs, programmed, stable, canary }: MeshView, context: RouterContext): readonly RouterWrite[] {
  const hashes = wantedHashes(context)
  const ofStable = programmed === undefined ? undefined : context.maxWeight - programmed
  return [
    ...(stable ? patchOf(refs.stable, stable, renderNode(stable, hashes?.stable, ofStable, context)) : []),
    ...(canary ? patchOf(refs.canary, canary, renderNode(canary, hashes?.canary, programmed, context)) : []),
  ]
}

const labelOf = ({ kind, namespace, name }: ObjectRef): string => `${kind.kind} "${namespace}/${name}"`

function readMesh(seen: MeshView, context: RouterContext): TrafficReading {
  const { refs, service, router, layout } = seen
  if (!service && !seen.stable && !seen.canary) return missing(labelOf(refs.service), `${FIELD}.virtualService.name`)
  const problem = problemOf(seen, context)
  return {
    programmedCanary: seen.programmed,
    confirmation: 'unknown',
    drivable: router !== undefined && (layout?.pairs.length ?? 0) > 0,
    ...(renderNodes(seen, context).length > 0 ? { marksFit: false } : {}),
    ...(problem === undefined ? {} : { problem }),
  }
}

function problemOf(seen: MeshView, context: RouterContext): string | undefined {
  const { refs, service, routerRef, router, layout } = seen
  if (!service) return missing(labelOf(refs.service), `${FIELD}.virtualService.name`).problem
  if (!routerRef)
    return `${labelOf(refs.service)}: spec.provider.virtualRouter.virtualRouterRef has to name a VirtualRouter of namespace "${context.namespace}"`
  if (!router || !layout) return missing(labelOf(routerRef), `the virtualRouterRef of ${labelOf(refs.service)}`).problem
  const [unfit] = layout.unfit
  if (unfit !== undefined || layout.pairs.length === 0)
    return `${labelOf(routerRef)}: ${unfit === undefined ? 'one of spec.routes' : `route "${unfit}" of spec.routes`} has to have two weightedTargets, "${refs.stable.name}" and "${refs.canary.name}"`
  return nodeProblem(refs.stable, seen.stable, context) ?? nodeProblem(refs.canary, seen.canary, context)
}

function nodeProblem(ref: ObjectRef, node: VirtualNode | undefined, context: RouterContext): string | undefined {
  if (!node) return missing(labelOf(ref), `${FIELD}.virtualNodeGroup`).problem
  const owner = ownerOf(node, context)
  const names = hashOf(node)
  return owner === undefined
    ? undefined
    : `${labelOf(ref)} is managed by another Rollout, "${owner}", and names ${String(names)}: its selector is not written`
}
