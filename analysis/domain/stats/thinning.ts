/**
 * Makes counts of a larger share of traffic as rough as those of a smaller one: each event is kept with the same chance. The chance comes from a
 * generator that always begins alike, so equal counts in the same order are thinned equally, on every machine.
 */

/** How many of `count` events are kept, each with chance `share`, 0..1. */
export type Thinning = (count: number, share: number) => number

/** Beyond so many kept events a normal draw is as good, and its cost does not grow with them. */
const MANY = 60
const SEED = 20240607

export function createThinning(): Thinning {
  const uniform = createUniform(SEED)
  return (count, share) => {
    if (share >= 1) return count
    if (count <= 0 || share <= 0) return 0
    return count * share * (1 - share) > MANY ? drawNormal(uniform, count, share) : countSkips(uniform, count, share)
  }
}

/** Gaps between kept events are geometric: exact, and one draw for each of them. */
function countSkips(uniform: () => number, count: number, share: number): number {
  const logOfMiss = Math.log1p(-share)
  let place = 0
  let kept = -1
  do {
    place += Math.floor(Math.log(uniform()) / logOfMiss) + 1
    kept += 1
  } while (place <= count)
  return kept
}

function drawNormal(uniform: () => number, count: number, share: number): number {
  const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const kept = Math.round(count * share + normal * Math.sqrt(count * share * (1 - share)))
  return Math.min(count, Math.max(0, kept))
}

/** Above 0 and below 1: a Weyl sequence through the finalizer of MurmurHash3 (splitmix32). */
function createUniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return (((mixed ^ (mixed >>> 16)) >>> 0) + 0.5) / 4294967296
  }
}
