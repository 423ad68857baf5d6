/**
 * A list of destinations in which the two roles stand once each, with their weights: what most routers' objects come down to. It reads and sets
 * these two weights; what else is in the list is somebody else's.
 */
import type { TrafficIntent } from '../../api/traffic.ts'
import type { JsonPatchOperation } from '../router.ts'
import { pointer } from './patch.ts'

export interface WeightedPair {
  /** Of the list, as in a JSON pointer. */
  readonly path: readonly (string | number)[]
  readonly entries: readonly { readonly weight?: unknown }[]
  readonly stable: number
  readonly canary: number
}

export type Role = 'stable' | 'canary' | undefined

/** Undefined unless each role stands there exactly once: a second entry would carry weight that nobody sets. */
export function findPair<Entry extends { readonly weight?: unknown }>(
  path: readonly (string | number)[],
  list: unknown,
  roleOf: (entry: Entry) => Role,
): WeightedPair | undefined {
  const entries: readonly Entry[] = Array.isArray(list) ? list : []
  const roles = entries.map((entry) => (typeof entry === 'object' && entry !== null ? roleOf(entry) : undefined))
  const [stable, canary] = [roles.indexOf('stable'), roles.indexOf('canary')]
  const isOnce = roles.lastIndexOf('stable') === stable && roles.lastIndexOf('canary') === canary
  return stable >= 0 && canary >= 0 && isOnce ? { path, entries, stable, canary } : undefined
}

/** The canary's weight, or undefined unless both are written as whole numbers and sum up. */
export function readPair({ entries, stable, canary }: WeightedPair, maxWeight: number): number | undefined {
  const [ofStable, ofCanary] = [entries[stable]?.weight, entries[canary]?.weight]
  if (!isWeight(ofStable) || !isWeight(ofCanary) || ofStable + ofCanary !== maxWeight) return undefined
  return ofCanary
}

const isWeight = (weight: unknown): weight is number =>
  typeof weight === 'number' && Number.isInteger(weight) && weight >= 0

/** All that carry weights have to say the same. */
export function readPairs(pairs: readonly WeightedPair[], maxWeight: number): number | undefined {
  const [first, ...others] = pairs.map((pair) => readPair(pair, maxWeight))
  return others.every((weight) => weight === first) ? first : undefined
}

export const renderPair = (
  { path, entries, stable, canary }: WeightedPair,
  intent: Pick<TrafficIntent, 'stable' | 'canary'>,
): JsonPatchOperation[] =>
  [[stable, intent.stable] as const, [canary, intent.canary] as const].flatMap(([at, weight]) =>
    entries[at]?.weight === weight ? [] : [{ op: 'add', path: pointer(...path, at, 'weight'), value: weight }],
  )

/** The entries with the two weights set. */
export const withWeights = <Entry extends object>(
  entries: readonly Entry[],
  { stable, canary }: Pick<WeightedPair, 'stable' | 'canary'>,
  intent: Pick<TrafficIntent, 'stable' | 'canary'>,
): readonly Entry[] =>
  entries.map((entry, at) => {
    if (at === stable) return { ...entry, weight: intent.stable }
    return at === canary ? { ...entry, weight: intent.canary } : entry
  })
