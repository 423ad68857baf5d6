/**
 * One Ingress of an ALB taken apart: the user's paths to the action with the weights, and which annotations and paths are managed routes. It says
 * what of a route can be written here, and writes nothing.
 */
import type { ManagedRoute } from '../../api/traffic.ts'
import type { ObjectRef } from '../../kube/client.ts'
import { type RecordedRoute, readForeignEntries, readLedger } from '../codec/ledger.ts'
import type { Ingress, IngressPath } from '../ingress.ts'
import type { RouterContext } from '../router.ts'
import type { ForwardConfig } from './action.ts'
import { type AlbRule, rulesOf } from './condition.ts'
import { managedByOthers } from './managed-list.ts'
import { isBypassed, type RulePaths, sortPaths, takenBy } from './paths.ts'

export interface AlbConfig extends ForwardConfig {
  readonly ingress?: string | undefined
  readonly ingresses?: readonly string[] | undefined
  readonly rootService?: string | undefined
  readonly annotationPrefix?: string | undefined
}

export interface AlbTarget {
  readonly ref: ObjectRef
  /** For words: `Ingress "web/shop"`. */
  readonly label: string
  /** The configuration's field that names it. */
  readonly field: string
  /** The Service that the user's paths name, and the name of the action with the weights. */
  readonly action: string
  readonly config: AlbConfig
  readonly context: RouterContext
}

export const annotationKey = ({ config }: AlbTarget, kind: 'actions' | 'conditions', name: string): string =>
  `${config.annotationPrefix || 'alb.ingress.kubernetes.io'}/${kind}.${name}`

export const actionKey = (target: AlbTarget): string => annotationKey(target, 'actions', target.action)

export interface AlbLayout {
  readonly ingress: Ingress
  readonly recorded: readonly RecordedRoute<AlbRule>[]
  readonly paths: readonly RulePaths[]
  /** Some path of the user's leads to the action. */
  readonly isRooted: boolean
  /** Names of actions that are, or were, a managed route of this Rollout; sorted. */
  readonly ours: readonly string[]
  /** Names of actions and Services that are somebody else's: the user's, or another Rollout's. */
  readonly theirs: readonly string[]
}

export function examine(target: AlbTarget, ingress: Ingress): AlbLayout {
  const { context, action } = target
  const recorded = readLedger<AlbRule>(ingress, context).routes
  const onRecord = namesOf(recorded)
  const foreign = readForeignEntries<AlbRule>(ingress, context).flatMap(({ entry }) => namesOf(entry.routes))
  const others = [action, ...foreign, ...actionNames(target, managedByOthers(ingress, context.rollout))]
  // Argo keeps no record but the names that the Rollout reserves.
  const isOurs = (name: string): boolean =>
    onRecord.includes(name) || (context.managedRouteNames.includes(name) && !others.includes(name))
  const paths = sortPaths(ingress, action, isOurs)
  const annotated = actionNames(target, Object.keys(ingress.metadata.annotations ?? {}))
  const named = [...annotated, ...paths.flatMap(({ all }) => all.map(nameOf))]
  const ours = new Set([...onRecord, ...annotated.filter(isOurs), ...paths.flatMap(({ own }) => own.map(nameOf))])
  return {
    ingress,
    recorded,
    paths,
    isRooted: paths.some(({ roots }) => roots.length > 0),
    ours: [...ours].sort(),
    theirs: [...others, ...named.filter((name) => !ours.has(name))],
  }
}

const nameOf = ({ backend }: IngressPath): string => backend?.service?.name ?? ''

const namesOf = (recorded: readonly RecordedRoute<AlbRule>[]): readonly string[] =>
  recorded.flatMap(({ rules }) => rules.map(({ name }) => name))

const actionNames = (target: AlbTarget, keys: readonly string[]): readonly string[] =>
  (['actions', 'conditions'] as const).flatMap((kind) => {
    const start = annotationKey(target, kind, '')
    return keys.flatMap((key) => (key.startsWith(start) ? [key.slice(start.length)] : []))
  })

/** Every route with the rules that it becomes, none when it cannot be written; nothing where no path leads to the action. */
export function recordRoutes(
  routes: readonly ManagedRoute[],
  target: AlbTarget,
  layout: AlbLayout,
): readonly RecordedRoute<AlbRule>[] {
  if (!layout.isRooted) return []
  return routes.map((route) => {
    const outcome = outcomeOf(route, target, layout)
    return { route, rules: 'reason' in outcome ? [] : outcome }
  })
}

function outcomeOf(route: ManagedRoute, target: AlbTarget, layout: AlbLayout): ReturnType<typeof rulesOf> {
  const { ingress, paths, theirs } = layout
  const narrowing = annotationKey(target, 'conditions', target.action)
  if (ingress.metadata.annotations?.[narrowing] !== undefined)
    return { reason: `${narrowing} narrows the paths already: remove it` }
  const outcome = rulesOf(route, takenBy(paths))
  const taken = 'reason' in outcome ? undefined : outcome.find(({ name }) => theirs.includes(name))
  return taken
    ? { reason: `an action "${taken.name}" exists that is not a route of the Rollout: rename the route` }
    : outcome
}

/** What is wrong with the Ingress in one sentence: weights that are not served, or a route on record that became nothing. */
export function findProblem(target: AlbTarget, layout: AlbLayout): string | undefined {
  if (isBypassed(layout.paths))
    return `${target.label}: its path to Service "${target.action}" names a port: name the port use-annotation, or the weights are not served`
  for (const { route, rules } of layout.recorded) {
    if (rules.length > 0) continue
    const outcome = outcomeOf(route, target, layout)
    const reason = 'reason' in outcome ? outcome.reason : 'it could not be when it was asked for'
    return `${target.label}: managed route "${route.name}" cannot be written: ${reason}`
  }
  return undefined
}
