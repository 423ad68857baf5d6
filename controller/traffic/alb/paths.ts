/**
 * The paths of an Ingress that lead to actions: the user's own, which carry the weights, and ours right in front of each, one for every managed
 * route. A copy of the user's path, in its place: it catches nothing that the user's does not.
 *
 *   as the user wrote it     with the managed route "beta"
 *   /api/*  → other          /api/*  → other
 *   /*      → root           /*      → beta   use-annotation
 *                            /*      → root   use-annotation
 */
import type { Ingress, IngressPath, IngressRule } from '../ingress.ts'
import { sendsTo } from '../ingress.ts'

/** The name of a port that stands for the action annotation. */
const USE_ANNOTATION = 'use-annotation'

const leadsToAction = ({ backend }: IngressPath): boolean => backend?.service?.port?.name === USE_ANNOTATION

/** By rule of the Ingress. */
export interface RulePaths {
  readonly rule: IngressRule
  readonly all: readonly IngressPath[]
  readonly own: readonly IngressPath[]
  /** The user's paths to the action. */
  readonly roots: readonly IngressPath[]
}

export const sortPaths = ({ spec }: Ingress, action: string, isOurs: (name: string) => boolean): readonly RulePaths[] =>
  (spec?.rules ?? []).map((rule) => {
    const all = rule.http?.paths ?? []
    const own = all.filter((path) => leadsToAction(path) && isOurs(path.backend?.service?.name ?? ''))
    const roots = all.filter((path) => !own.includes(path) && sendsTo(path.backend, action))
    return { rule, all, own, roots }
  })

/** A path that names the Service and a real port is never sent to the action. */
export const isBypassed = (rules: readonly RulePaths[]): boolean =>
  rules.some(({ roots }) => roots.some((path) => !leadsToAction(path)))

/** The paths of a rule as they are to be, with ours for these names in their order. */
export const arrangePaths = ({ all, own, roots }: RulePaths, names: readonly string[]): readonly IngressPath[] =>
  all.flatMap((path) => {
    if (own.includes(path)) return []
    const ours = roots.includes(path) ? names : []
    return [...ours.map((name) => ({ ...path, backend: { service: { name, port: { name: USE_ANNOTATION } } } })), path]
  })

/** How many values host and path take of what a listener rule may compare, where they take most. */
export const takenBy = (rules: readonly RulePaths[]): number =>
  Math.max(0, ...rules.flatMap(({ rule, roots }) => roots.map((path) => (rule.host ? 1 : 0) + patternsOf(path))))

/** A prefix is told by two patterns, itself and everything below, except for `/`. */
const patternsOf = ({ path = '', pathType }: IngressPath): number => (pathType === 'Prefix' && path !== '/' ? 2 : 1)
