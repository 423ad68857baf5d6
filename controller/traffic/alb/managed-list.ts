/** Argo's annotation that lists which annotations of an Ingress are a Rollout's, by Rollout. It is kept for Argo; what is ours it does not decide. */
import { z } from 'zod'
import type { Ingress } from '../ingress.ts'
import { parseJson, sameJson } from './action.ts'

export const MANAGED_LIST = 'rollouts.argoproj.io/managed-alb-annotations'
const listSchema = z.record(z.string(), z.array(z.string()).nullable())

/** Undefined when somebody made it unreadable. */
function parseList({ metadata }: Ingress): Readonly<Record<string, readonly string[] | null>> | undefined {
  const text = metadata.annotations?.[MANAGED_LIST]
  const parsed = listSchema.safeParse(text === undefined || text === '' ? {} : parseJson(text))
  return parsed.success ? parsed.data : undefined
}

/** Annotations that are on record as another Rollout's. */
export const managedByOthers = (ingress: Ingress, rollout: string): readonly string[] =>
  Object.entries(parseList(ingress) ?? {}).flatMap(([name, keys]) => (name === rollout ? [] : (keys ?? [])))

/**
 * The annotation with the Rollout's entry as it is to be: `kept` and nothing of `dropped`, what is listed already in its order. An unreadable
 * one is left alone; undefined: there is to be none.
 */
export function renderList(
  ingress: Ingress,
  rollout: string,
  { kept, dropped }: { readonly kept: readonly string[]; readonly dropped: readonly string[] },
): string | undefined {
  const text = ingress.metadata.annotations?.[MANAGED_LIST]
  const lists = parseList(ingress)
  if (!lists) return text
  const before = lists[rollout] ?? []
  const own = [...before.filter((key) => !dropped.includes(key)), ...kept.filter((key) => !before.includes(key))]
  const others = Object.entries(lists).filter(([name]) => name !== rollout)
  const entries = [...others, ...(own.length > 0 ? [[rollout, own] as const] : [])]
  if (entries.length === 0) return undefined
  const after = JSON.stringify(Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))))
  return text !== undefined && sameJson(text, after) ? text : after
}
