/**
 * Chooses by weight with the least possible deviation: after every whole turn each choice was taken exactly as often as its weight
 * says, and turns are evenly mixed (smooth weighted round robin, as nginx describes it). Not for secrets, not random.
 */
export interface Weighted {
  readonly key: string
  readonly weight: number
}

export interface SmoothChoice {
  /** The key to take now; undefined when no weight is above zero. */
  next(): string | undefined
}

/** `choices` must not change; build a new one for new weights. Weights are whole numbers ≥ 0. */
export function createSmoothChoice(choices: readonly Weighted[]): SmoothChoice {
  const total = choices.reduce((sum, choice) => sum + choice.weight, 0)
  const credits = choices.map(() => 0)
  return {
    next() {
      let best: number | undefined
      for (const [index, { weight }] of choices.entries()) {
        if (weight <= 0) continue
        const credit = (credits[index] ?? 0) + weight
        credits[index] = credit
        if (best === undefined || credit > (credits[best] ?? 0)) best = index
      }
      if (best === undefined) return undefined
      credits[best] = (credits[best] ?? 0) - total
      return choices[best]?.key
    },
  }
}
