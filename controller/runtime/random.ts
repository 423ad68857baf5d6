/**
 * The only source of randomness in the product, a port so that a simulator can seed it. Not for secrets: those come from
 * node:crypto where they are made.
 */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
}

export const systemRandom: Random = { next: () => Math.random() }

/** `baseMs` stretched by a random share of up to `factor`: jitter(1000, 0.2) lies in [1000, 1200). */
export const jitter = (random: Random, baseMs: number, factor: number): number => baseMs * (1 + factor * random.next())
