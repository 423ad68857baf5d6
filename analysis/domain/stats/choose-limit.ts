/**
 * Which limit per pod and tick tells a regression from clumps soonest, if any does: judged on history alone, before the rollout.
 *
 *   growth of evidence ∝ E[Y]·(ρ·ln ρ − ρ + 1) / φ_Y        Y = min(X, limit);  ρ: the ratio that remains of a true one when Y is compared
 *
 * What becomes of a true ratio of 2 (4) is read from the sums of two (four) pods of the same tick, which fail twice (four times) as often as one.
 */
import type { PodCount, Tick } from './ticks.ts'

/** Bad events of one pod and tick that may be the limit. */
const LIMITS = [1, 2, 3, 5, 8, 13, 20] as const
/** Evidence has to grow this much faster with a limit: halving the bet on whole counts costs as well. */
const LEAST_GAIN = 1.2

export interface ChosenLimit<Known> {
  readonly limit: number
  readonly known: Known
}

/** `learn` gives what history teaches about counts under a limit, φ above all. Undefined when whole counts are as good, or when pods are too few. */
export function chooseLimit<Known extends { readonly phi: number }>(
  history: readonly Tick[],
  phi: number,
  learn: (limit: number) => Known,
): ChosenLimit<Known> | undefined {
  let best: ChosenLimit<Known> | undefined
  let largest = LEAST_GAIN
  for (const limit of LIMITS) {
    const [twofold, fourfold] = informationLeft(history, limit)
    // Not even without any overdispersion.
    if (Math.min(twofold, fourfold) * phi < largest) continue
    const known = learn(limit)
    const gain = (Math.sqrt(twofold * fourfold) * phi) / known.phi
    if (gain <= largest) continue
    largest = gain
    best = { limit, known }
  }
  return best
}

/** Share of the information about a ratio of 2, and of 4, that limited counts keep, apart from φ. */
function informationLeft(history: readonly Tick[], limit: number): readonly [number, number] {
  let [whole, one, two, four] = [0, 0, 0, 0]
  for (const { stable } of history) {
    for (let index = 0; index + 3 < stable.length; index += 4) {
      const [a, b, c, d] = [
        badOf(stable[index]),
        badOf(stable[index + 1]),
        badOf(stable[index + 2]),
        badOf(stable[index + 3]),
      ]
      whole += a + b + c + d
      one += Math.min(a, limit) + Math.min(b, limit) + Math.min(c, limit) + Math.min(d, limit)
      two += 2 * (Math.min(a + b, limit) + Math.min(c + d, limit))
      four += 4 * Math.min(a + b + c + d, limit)
    }
  }
  if (one === 0) return [0, 0]
  const kept = one / whole
  return [(kept * growthAt(two / one)) / growthAt(2), (kept * growthAt(four / one)) / growthAt(4)]
}

/** Expected log likelihood ratio per expected event, where the canary is a small share. */
function growthAt(ratio: number): number {
  return ratio <= 1 ? 0 : ratio * Math.log(ratio) - ratio + 1
}

function badOf(pod: PodCount | undefined): number {
  return pod?.bad ?? 0
}
