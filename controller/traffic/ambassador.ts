/**
 * Ambassador (Emissary): carries a rollout's traffic in copies of the user's Mappings, which it makes and deletes: a weighted one per Mapping, and one
 * per Mapping and alternative of a managed route. The user's Mappings get no weight; at most a record is written to the first. Both API groups are
 * spoken.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficReading } from '../api/traffic.ts'
import type { ObjectRef, ResourceKind } from '../kube/client.ts'
import { ambassadorMappings, mappings } from '../kube/kinds.ts'
import { notFound, type Pair, readCopy, renderCopy } from './ambassador/copies.ts'
import type { Mapping } from './ambassador/objects.ts'
import { canarySpec, routeSpecs } from './ambassador/specs.ts'
import { combine } from './codec/combine.ts'
import { isOwned } from './codec/owned.ts'
import {
  type FoundObject,
  findUnwritten,
  type RouteRenderer,
  readOwnedRoutes,
  renderHome,
  renderOwnedRoutes,
} from './codec/owned-routes.ts'
import { patchOf } from './codec/patch.ts'
import { defineRouter, type Router, type RouterContext, type RouterObjects, refKey } from './router.ts'

const schema = z.looseObject({ mappings: z.array(z.string().min(1)).min(1) })

interface Config {
  readonly mappings: readonly string[]
}

const KINDS = [mappings, ambassadorMappings]

export const ambassador = defineRouter<Config>({
  id: 'ambassador',
  capabilities: routerCapabilities.ambassador,
  watches: KINDS.map((kind) => ({ kind, verbs: ['create', 'patch', 'delete'] as const, optional: true as const })),
  schema,
  create,
})

function create({ mappings: names }: Config, context: RouterContext): Router {
  const { namespace } = context
  const refs = names.flatMap((name) => KINDS.map((kind) => refsOf(kind, name, context)))
  return {
    targets: refs.flatMap(({ ref, copyRef }) => [ref, copyRef]),
    selections: KINDS.map((kind) => ({ kind, namespace, selects: (candidate) => isOwned(candidate, context) })),
    read(objects) {
      const found = find(names, objects, context)
      const readings = found.map(({ name, pairs }) =>
        pairs.length > 0
          ? combine(pairs.map((pair) => readCopy(pair, context)))
          : notFound(refTo(mappings, name, context)),
      )
      const home = homeOf(found)
      const managedRoutes = readOwnedRoutes(
        besides(names, objects, context),
        home?.base,
        context,
        rendererOf(found, context),
      )
      const combined = combine(readings)
      const unwritten = findUnwritten(home?.base, context)
      return {
        ...combined,
        ...(combined.isGone && managedRoutes.length === 0 ? {} : { managedRoutes }),
        drivable: combined.drivable || managedRoutes.length > 0,
        ...problemOf(combined, unwritten),
      }
    },
    render(intent, objects) {
      const found = find(names, objects, context)
      const home = homeOf(found)
      const render = rendererOf(found, context)
      const routes = home ? intent.managedRoutes : []
      return [
        ...found.flatMap(({ pairs }) => pairs.flatMap((pair) => renderCopy(pair, intent, context))),
        ...(home?.base ? patchOf(home.ref, home.base, renderHome(home.base, routes, context, render)) : []),
        ...renderOwnedRoutes(besides(names, objects, context), routes, context, render),
      ]
    },
  }
}

const refTo = (kind: ResourceKind, name: string, { namespace }: RouterContext): ObjectRef => ({ kind, namespace, name })

/** The copy's name is Argo's. */
function refsOf(kind: ResourceKind, name: string, context: RouterContext): Pick<Pair, 'ref' | 'copyRef'> {
  return { ref: refTo(kind, name, context), copyRef: refTo(kind, `${name.slice(0, 246)}-canary`, context) }
}

interface FoundMapping {
  readonly name: string
  /** One per group that has it or its copy. */
  readonly pairs: readonly Pair[]
}

const find = (names: readonly string[], objects: RouterObjects, context: RouterContext): readonly FoundMapping[] =>
  names.map((name) => ({
    name,
    pairs: KINDS.flatMap((kind): Pair[] => {
      const refs = refsOf(kind, name, context)
      const base: Mapping | undefined = objects[refKey(refs.ref)]
      const copy: Mapping | undefined = objects[refKey(refs.copyRef)]
      return base || copy ? [{ ...refs, base, copy }] : []
    }),
  }))

const homeOf = (found: readonly FoundMapping[]): Pair | undefined =>
  found.flatMap(({ pairs }) => pairs).find(({ base }) => base !== undefined)

/** Everything of ours but the weighted copies. */
function besides(names: readonly string[], objects: RouterObjects, context: RouterContext): readonly FoundObject[] {
  const named = names.flatMap((name) => KINDS.map((kind) => refsOf(kind, name, context)))
  const taken = new Set(named.flatMap(({ ref, copyRef }) => [refKey(ref), refKey(copyRef)]))
  return KINDS.flatMap((kind) => {
    const prefix = refKey(refTo(kind, '', context))
    return Object.keys(objects)
      .filter((key) => key.startsWith(prefix) && !taken.has(key))
      .sort()
      .flatMap((key) => {
        const object = objects[key]
        return object ? [{ ref: refTo(kind, object.metadata.name, context), object }] : []
      })
  })
}

/** All Mappings or none: a route that some requests miss is none. */
const rendererOf =
  (found: readonly FoundMapping[], context: RouterContext): RouteRenderer =>
  (route) => {
    const originals = found.flatMap(({ pairs }) => pairs).filter(({ base }) => base !== undefined)
    const each = originals.map(({ ref, base }) => {
      const spec = canarySpec(base?.spec, context)
      return (spec ? routeSpecs(route, spec) : []).map((one, at) => ({
        ref: refTo(ref.kind, `${ref.name}-route-${route.name}${at === 0 ? '' : `-${at}`}`, context),
        spec: one,
        apiVersion: base?.apiVersion,
      }))
    })
    return each.every((made) => made.length > 0) ? each.flat() : []
  }

function problemOf({ problem }: TrafficReading, unwritten: string | undefined): Pick<TrafficReading, 'problem'> {
  if (problem !== undefined) return { problem }
  if (unwritten === undefined) return {}
  return {
    problem: `Mappings of trafficRouting.ambassador: managed route "${unwritten}" does not fit the headers that they ask for`,
  }
}
