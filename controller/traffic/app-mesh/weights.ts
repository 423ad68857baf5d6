/** The routes of a VirtualRouter that carry a rollout's weights. A route that names one of the two VirtualNodes and not the other is told. */
import { findPair, type WeightedPair } from '../codec/weighted-pair.ts'
import { type MeshRoute, ROUTE_FIELDS, type VirtualRouter, type WeightedTarget } from './objects.ts'

/** The two VirtualNodes, in the Rollout's namespace. */
export interface NodeNames {
  readonly namespace: string
  readonly stable: string
  readonly canary: string
}

export interface RouterLayout {
  readonly pairs: readonly WeightedPair[]
  /** Routes that ought to have both and nothing else, and do not; a wanted name that no route has. */
  readonly unfit: readonly string[]
}

/** @param wanted names of routes; all that name either VirtualNode when empty, as in Argo */
export function examineRouter(router: VirtualRouter, wanted: readonly string[], nodes: NodeNames): RouterLayout {
  const routes: readonly MeshRoute[] = Array.isArray(router.spec?.routes) ? router.spec.routes : []
  const looks = routes.map((route, at) => look(route, at, nodes))
  const chosen = looks.filter(({ name, isConcerned }) => (wanted.length > 0 ? wanted.includes(name) : isConcerned))
  const names = new Set(chosen.map(({ name }) => name))
  return {
    pairs: chosen.flatMap(({ pair }) => pair ?? []),
    unfit: [...chosen.flatMap(({ name, pair }) => (pair ? [] : [name])), ...wanted.filter((name) => !names.has(name))],
  }
}

interface RouteLook {
  readonly name: string
  readonly isConcerned: boolean
  readonly pair: WeightedPair | undefined
}

function look(route: MeshRoute, at: number, nodes: NodeNames): RouteLook {
  const fields = new Map<string, unknown>(Object.entries(route ?? {}))
  const field = ROUTE_FIELDS.find((one) => fields.has(one)) ?? ''
  const targets = targetsOf(fields.get(field))
  const roles = targets.map((target) => roleOf(target, nodes))
  const path = ['spec', 'routes', at, field, 'action', 'weightedTargets']
  return {
    name: String(route?.name ?? ''),
    isConcerned: roles.some((role) => role !== undefined),
    pair: targets.length === 2 ? findPair(path, targets, (target: WeightedTarget) => roleOf(target, nodes)) : undefined,
  }
}

function targetsOf(rule: unknown): readonly WeightedTarget[] {
  const { action } = (rule ?? {}) as { readonly action?: { readonly weightedTargets?: unknown } }
  return Array.isArray(action?.weightedTargets) ? action.weightedTargets : []
}

function roleOf(target: WeightedTarget, { namespace, stable, canary }: NodeNames) {
  const { name, namespace: where } = target?.virtualNodeRef ?? {}
  if ((where || namespace) !== namespace) return undefined
  if (name === stable) return 'stable'
  return name === canary ? 'canary' : undefined
}
