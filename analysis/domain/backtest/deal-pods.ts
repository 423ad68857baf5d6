/**
 * Which of the pods in a tick play the canary. In a pseudo-rollout they are a share of stable's, the same ones as long as they are there, and those of a
 * stage stay in all later ones. Weights are met as far as pods are many: at least one plays, and at least one does not.
 */

export interface Arms<T> {
  readonly canary: readonly T[]
  readonly stable: readonly T[]
}

/** Deals the pods of a tick at a stage's weight. */
export type Deal = <T extends { readonly pod: string }>(tick: Arms<T>, weightPercent: number) => Arms<T>

/** A release that happened has its arms. */
export const asReleased: Deal = (tick) => tick

/** `seed`: another case, other pods. Undefined arms do not occur; a tick of a single pod has no canary. */
export function dealStable(seed: number): Deal {
  const ranks = new Map<string, number>()
  const rankOf = (pod: string): number => {
    const known = ranks.get(pod)
    if (known !== undefined) return known
    const rank = hash(`${seed}/${pod}`)
    ranks.set(pod, rank)
    return rank
  }
  return ({ stable }, weightPercent) => {
    const size = canarySize(stable.length, weightPercent)
    const limit = stable.map(({ pod }) => rankOf(pod)).toSorted((one, other) => one - other)[size - 1] ?? -1
    return {
      canary: stable.filter(({ pod }) => rankOf(pod) <= limit),
      stable: stable.filter(({ pod }) => rankOf(pod) > limit),
    }
  }
}

/** How many of so many pods play the canary; 0 when there are too few. */
export const canarySize = (pods: number, weightPercent: number): number =>
  pods < 2 ? 0 : Math.min(pods - 1, Math.max(1, Math.round((pods * weightPercent) / 100)))

/** FNV-1a with a final mix, so that names that differ in their last letter are far apart. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
