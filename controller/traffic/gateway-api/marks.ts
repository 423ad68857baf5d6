/**
 * The marks of an update on a route: the label that tells GitOps tools to look away, as the public plugin sets it, and the entry in the ledger
 * that keeps other Rollouts off the same Services. Both are there exactly while traffic is not at rest, and a label that the user gave another value
 * is his.
 *
 *   anybody shifts traffic here   label now          then
 *   yes                           absent             set
 *   no                            ours               removed
 *   any                           another value      as it is
 */
import type { ForeignEntry } from '../codec/ledger.ts'
import { label } from '../codec/patch.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import type { Layout, Target } from './layout.ts'
import type { RouteRule } from './objects.ts'

/** The two Services while the route sends anything to another one than stable, or can. */
export const steersWhile = (isOpen: boolean, { stableService, canaryService }: RouterContext): readonly string[] =>
  isOpen ? [canaryService, stableService].sort() : []

export function renderLabel(target: Target, { route, others }: Layout, isOpen: boolean): JsonPatchOperation[] {
  if (!target.inProgress) return []
  const { key, value } = target.inProgress
  const now = route.metadata.labels?.[key]
  if (now !== undefined && now !== value) return []
  return label(route, key, isOpen || others.some(isOpenElsewhere) ? value : undefined)
}

const isOpenElsewhere = ({ entry }: ForeignEntry<RouteRule>): boolean => (entry.steers ?? []).length > 0

/** Both marks say what they have to. Traffic that was shifted before we came gets them with the next write: they are worth none of their own. */
export function marksFit(target: Target, layout: Layout, context: RouterContext, isOpen: boolean): boolean {
  if (isOpen && (layout.entry.steers ?? []).length === 0) return true
  const steers = JSON.stringify(layout.entry.steers ?? []) === JSON.stringify(steersWhile(isOpen, context))
  return steers && renderLabel(target, layout, isOpen).length === 0
}

/** The Rollout of this namespace that is shifting traffic between one of the same Services here, and the Service. */
export function rivalOf({ others }: Layout, { namespace, stableService, canaryService }: RouterContext) {
  for (const { rollout, entry } of others) {
    const service = [stableService, canaryService].find((name) => entry.steers?.includes(name))
    if (service !== undefined && rollout.startsWith(`${namespace}/`)) return { rollout, service }
  }
  return undefined
}
