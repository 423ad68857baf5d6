/**
 * Which bytes of a shared object are ours: an annotation on it, one entry per Rollout, naming the rules and backends that it added and the
 * Services that it shifts traffic between. What is not in it belongs to somebody else and stays. An entry that holds nothing is removed, and so is
 * an annotation without entries.
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
  /** Services whose weights the Rollout has moved away from rest here: while they stand in its entry, nobody else may set them. */
  readonly steers?: readonly string[]
}

/** The entry of another Rollout on the same object. */
export interface ForeignEntry<Rule> {
  /** `namespace/name`. */
  readonly rollout: string
  readonly entry: LedgerEntry<Rule>
}

const managedRoute = z
  .looseObject({ kind: z.enum(['header', 'color', 'mirror']), name: z.string(), match: z.array(z.looseObject({})) })
  .transform((value) => value as unknown)
const entrySchema = z.object({
  routes: z.array(z.object({ route: managedRoute, rules: z.array(z.looseObject({})) })).optional(),
  backends: z.array(z.string()).optional(),
  steers: z.array(z.string()).optional(),
})
const ledgerSchema = z.record(z.string(), z.unknown())

const keyOf = ({ namespace, rollout }: RouterContext): string => `${namespace}/${rollout}`

/** A missing or unreadable entry counts as empty: nothing is ours then. */
export const readLedger = <Rule>(object: KubeObject, context: RouterContext): LedgerEntry<Rule> =>
  parseEntry(parseLedger(object)[keyOf(context)])

/** What other Rollouts have on record on this object. */
export const readForeignEntries = <Rule>(object: KubeObject, context: RouterContext): readonly ForeignEntry<Rule>[] =>
  Object.entries(parseLedger(object)).flatMap(([rollout, entry]) =>
    rollout === keyOf(context) ? [] : [{ rollout, entry: parseEntry<Rule>(entry) }],
  )

function parseEntry<Rule>(value: unknown): LedgerEntry<Rule> {
  const parsed = entrySchema.safeParse(value)
  if (!parsed.success) return { routes: [], backends: [], steers: [] }
  const { routes = [], backends = [], steers = [] } = parsed.data
  return { routes: routes as readonly RecordedRoute<Rule>[], backends, steers }
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

/** The change of the annotation, none when it says so already. */
export const renderLedger = <Rule>(
  object: KubeObject,
  context: RouterContext,
  entry: LedgerEntry<Rule>,
): JsonPatchOperation[] => annotate(object, MANAGED_RULES, ledgerText(object, context, entry))

/** What the annotation is to say; undefined: nothing. Entries are sorted, so that equal content is equal bytes. */
export function ledgerText<Rule>(
  object: KubeObject,
  context: RouterContext,
  entry: LedgerEntry<Rule>,
): string | undefined {
  const others = Object.entries(parseLedger(object)).filter(([key]) => key !== keyOf(context))
  const { routes, backends, steers = [] } = entry
  const record = { routes, backends, ...(steers.length > 0 ? { steers } : {}) }
  const own = routes.length + backends.length + steers.length > 0 ? [[keyOf(context), record] as const] : []
  const entries = [...others, ...own].sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length > 0 ? JSON.stringify(Object.fromEntries(entries)) : undefined
}
