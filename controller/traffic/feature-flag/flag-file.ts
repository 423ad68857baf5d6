/**
 * A file of feature flags as text: how the shares of two variants are read from it and written into it, leaving every other byte as it stands as
 * far as its format lets us. It must never give out a text that does not say exactly what was asked for.
 */

export interface Variants {
  readonly flag: string
  readonly stable: string
  readonly canary: string
}

/** Reads and writes one format. Weights are whole numbers that sum up to `maxWeight`. */
export interface FlagFile {
  /** The canary's weight; a sentence without a subject when the text cannot be driven; undefined when it says nothing usable yet. */
  read(text: string, variants: Variants, maxWeight: number): number | undefined | { readonly problem: string }
  /** The text with the weights, or what `read` finds wrong with it. */
  write(text: string, variants: Variants, canary: number, maxWeight: number): string | { readonly problem: string }
}

/** The weight of the canary among two shares in any unit; undefined unless they are shares that give a whole weight. */
export function weightOf(stable: unknown, canary: unknown, maxWeight: number): number | undefined {
  if (typeof stable !== 'number' || typeof canary !== 'number' || !(stable >= 0) || !(canary >= 0)) return undefined
  const exact = (canary / (stable + canary)) * maxWeight
  const weight = Math.round(exact)
  return Math.abs(exact - weight) < 1e-6 ? weight : undefined
}
