/**
 * Which bytes of a shared object are ours: an annotation on it, one entry per Rollout, naming the rules and backends that it added. What is
 * not in it belongs to somebody else and stays. An entry that holds nothing is removed, and so is an annotation without entries.
 */
import { z } from 'zod'
import { MANAGED_RULES } from '../../api/labels.ts'
import type { KubeObject } from '../../api/meta.ts'
import type { ManagedRoute } from '../../api/traffic.ts'
import type { JsonPatchOperation, RouterContext } from '../router.ts'
import { annotate } from './patch.ts'

/** A managed route as it was asked for, and the rules that it became, in the words of the object's kind. */
export interface RecordedRoute<Rule> {
  readonly route: ManagedRoute
  readonly rules: readonly Rule[]
}

export interface LedgerEntry<Rule> {
  readonly routes: readonly RecordedRoute<Rule>[]
  /** Services that were added to the weighted rules. */
  readonly backends: readonly string[]
}

const managedRoute = z
  .looseObject({ kind: z.enum(['header', 'color', 'mirror']), name: z.string(), match: z.array(z.looseObject({})) })
  .transform((value) => value as unknown)
const entrySchema = z.object({
  routes: z.array(z.object({ route: managedRoute, rules: z.array(z.looseObject({})) })).optional(),
  backends: z.array(z.string()).optional(),
})
const ledgerSchema = z.record(z.string(), z.unknown())

const keyOf = ({ namespace, rollout }: RouterContext): string => `${namespace}/${rollout}`

/** A missing or unreadable entry counts as empty: nothing is ours then. */
export function readLedger<Rule>(object: KubeObject, context: RouterContext): LedgerEntry<Rule> {
  const parsed = entrySchema.safeParse(parseLedger(object)[keyOf(context)])
  if (!parsed.success) return { routes: [], backends: [] }
  const { routes = [], backends = [] } = parsed.data
  return { routes: routes as readonly RecordedRoute<Rule>[], backends }
}

function parseLedger(object: KubeObject): Readonly<Record<string, unknown>> {
  const text = object.metadata.annotations?.[MANAGED_RULES]
  if (text === undefined) return {}
  try {
    const parsed = ledgerSchema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : {}
  } catch {
    return {}
  }
}

/** The change of the annotation, none when it says so already. Entries are sorted, so that equal content is equal bytes. */
export function renderLedger<Rule>(
  object: KubeObject,
  context: RouterContext,
  entry: LedgerEntry<Rule>,
): JsonPatchOperation[] {
  const others = Object.entries(parseLedger(object)).filter(([key]) => key !== keyOf(context))
  const own = entry.routes.length + entry.backends.length > 0 ? [[keyOf(context), entry] as const] : []
  const entries = [...others, ...own].sort(([a], [b]) => (a < b ? -1 : 1))
  return annotate(object, MANAGED_RULES, entries.length > 0 ? JSON.stringify(Object.fromEntries(entries)) : undefined)
}
