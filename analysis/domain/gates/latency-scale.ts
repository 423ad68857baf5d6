/**
 * Between "so many times as slow" and "so many times as many requests beyond an edge", at stable's own curve. What the buckets at hand do not reach
 * is taken as the farthest that they do: less than it is, so nothing is claimed to be caught that would not be.
 */
import { type Survival, scaledRatio } from './survival.ts'

/** Beyond this nobody asks how much slower. */
const LARGEST_SCALE = 20
const STEPS = 24

/** How many times as many requests are beyond `bounds[at]` when all take `scale` times as long. */
export function ratioAtScale(survival: Survival, at: number, scale: number): number {
  return scaledRatio(survival, at, scale) ?? scaledRatio(survival, at, largestScale(survival, at)) ?? 1
}

/** The other way round; undefined when no scale within the buckets at hand brings so many. */
export function findScale(survival: Survival, at: number, ratio: number): number | undefined {
  let [few, enough] = [0, Math.log(largestScale(survival, at))]
  if (ratioAtScale(survival, at, Math.exp(enough)) < ratio) return undefined
  for (let step = 0; step < STEPS; step++) {
    const middle = (few + enough) / 2
    if (ratioAtScale(survival, at, Math.exp(middle)) < ratio) few = middle
    else enough = middle
  }
  return Math.exp(enough)
}

function largestScale({ bounds }: Survival, at: number): number {
  const [lowest = 0, bound = 0] = [bounds[0], bounds[at]]
  return lowest > 0 ? Math.min(LARGEST_SCALE, Math.max(1, bound / lowest)) : LARGEST_SCALE
}
