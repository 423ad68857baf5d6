/**
 * Which bytes of a shared route are ours: an annotation on the route, one entry per Rollout, naming the rules and backends that it added. What is
 * not in it belongs to somebody else and stays. An entry that holds nothing is removed, and so is an annotation without entries.
 */
import { z } from 'zod'
import { MANAGED_RULES } from '../../api/labels.ts'
import type { ManagedRoute } from '../../api/traffic.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import type { GatewayRoute, RouteRule } from './objects.ts'

/** A managed route as it was asked for, and the rules that it became. */
export interface RecordedRoute {
  readonly route: ManagedRoute
  readonly rules: readonly RouteRule[]
}

export interface LedgerEntry {
  readonly routes: readonly RecordedRoute[]
  /** Services that were added to the weighted rules. */
  readonly backends: readonly string[]
}

const EMPTY: LedgerEntry = { routes: [], backends: [] }

const rule = z.looseObject({}).transform((value) => value as RouteRule)
const managedRoute = z
  .looseObject({ kind: z.enum(['header', 'mirror']), name: z.string(), match: z.array(z.looseObject({})) })
  .transform((value) => value as unknown)
const entrySchema = z.object({
  routes: z.array(z.object({ route: managedRoute, rules: z.array(rule) })).optional(),
  backends: z.array(z.string()).optional(),
})
const ledgerSchema = z.record(z.string(), z.unknown())

const keyOf = ({ namespace, rollout }: RouterContext): string => `${namespace}/${rollout}`

/** A missing or unreadable entry counts as empty: nothing is ours then. */
export function readLedger(route: GatewayRoute, context: RouterContext): LedgerEntry {
  const parsed = entrySchema.safeParse(parseLedger(route)[keyOf(context)])
  if (!parsed.success) return EMPTY
  const { routes = [], backends = [] } = parsed.data
  return { routes: routes as readonly RecordedRoute[], backends }
}

function parseLedger(route: GatewayRoute): Readonly<Record<string, unknown>> {
  const text = route.metadata.annotations?.[MANAGED_RULES]
  if (text === undefined) return {}
  try {
    const parsed = ledgerSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}

/** The change of the annotation, none when it says so already. Entries are sorted, so that equal content is equal bytes. */
export function renderLedger(route: GatewayRoute, context: RouterContext, entry: LedgerEntry): JsonPatchOperation[] {
  const others = Object.entries(parseLedger(route)).filter(([key]) => key !== keyOf(context))
  const own = entry.routes.length + entry.backends.length > 0 ? [[keyOf(context), entry] as const] : []
  const entries = [...others, ...own].sort(([a], [b]) => (a < b ? -1 : 1))
  const before = route.metadata.annotations?.[MANAGED_RULES]
  const after = entries.length > 0 ? JSON.stringify(Object.fromEntries(entries)) : undefined
  if (after === before) return []
  const all = '/metadata/annotations'
  const path = `${all}/${MANAGED_RULES.replace('/', '~1')}`
  const { annotations = {} } = route.metadata
  if (after === undefined) return [{ op: 'remove', path: Object.keys(annotations).length === 1 ? all : path }]
  if (route.metadata.annotations === undefined) return [{ op: 'add', path: all, value: { [MANAGED_RULES]: after } }]
  return [{ op: 'add', path, value: after }]
}
