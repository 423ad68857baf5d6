/**
 * Managed routes as entries of a list in the user's object, in front of the user's own and on record in the ledger: which of the entries are ours, and
 * the list as it should be. What an entry looks like is the router's business. An entry is ours when it asks the same of a request as a recorded one,
 * so that one whose destinations somebody edits is still known; the user's stay as they are.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { PresentRoute } from '../../api/traffic.ts'
import type { RouterContext } from '../router.ts'
import { covers } from './covers.ts'
import { type RecordedRoute, readLedger } from './ledger.ts'

export interface RouteList<Rule> {
  readonly entries: readonly Rule[]
  readonly recorded: readonly RecordedRoute<Rule>[]
  readonly own: ReadonlySet<Rule>
  /** What an entry asks of a request: none of its destinations. */
  identify(rule: Rule): unknown
}

export function examineList<Rule extends object>(
  object: KubeObject,
  list: unknown,
  identify: RouteList<Rule>['identify'],
  context: RouterContext,
): RouteList<Rule> {
  const entries: readonly Rule[] = Array.isArray(list) && list.every(isObject) ? list : []
  const recorded = readLedger<Rule>(object, context).routes
  const own = new Set<Rule>()
  for (const rule of recorded.flatMap(({ rules }) => rules)) {
    // Ours stand in front: a user's that asks for the same comes later.
    const found = entries.find((entry) => !own.has(entry) && covers(identify(entry), identify(rule)))
    if (found) own.add(found)
  }
  return { entries, recorded, own, identify }
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

export const theirs = <Rule>({ entries, own }: RouteList<Rule>): readonly Rule[] =>
  entries.filter((entry) => !own.has(entry))

const isThere = <Rule>({ own, identify }: RouteList<Rule>, rule: Rule): boolean =>
  [...own].some((entry) => covers(identify(entry), identify(rule)) && covers(entry, rule))

/** @param rendered the recorded routes as they would be written now, in their order */
export const readRouteList = <Rule>(
  list: RouteList<Rule>,
  rendered: readonly RecordedRoute<Rule>[],
): readonly PresentRoute[] =>
  list.recorded.map(({ route, rules }, at) => {
    const asRendered = JSON.stringify(rules) === JSON.stringify(rendered[at]?.rules)
    return { route, intact: asRendered && rules.every((rule) => isThere(list, rule)) }
  })

/** The list with these routes and no others of ours: the very same one when it says so already. */
export function arrangeList<Rule>(list: RouteList<Rule>, wanted: readonly RecordedRoute<Rule>[]): readonly Rule[] {
  const rules = wanted.flatMap(({ rules: rendered }) => rendered)
  const same = list.own.size === rules.length && rules.every((rule) => isThere(list, rule))
  return same ? list.entries : [...rules, ...theirs(list)]
}

/** The name of a managed route that none of the user's entries can be narrowed by. */
export const findUnwrittenIn = <Rule>({ recorded }: Pick<RouteList<Rule>, 'recorded'>): string | undefined =>
  recorded.find(({ rules }) => rules.length === 0)?.route.name
