/** Deterministic randomness for tests: a seeded generator (mulberry32) and a constant one. */
import type { Random } from '../../controller/runtime/random.ts'

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    },
  }
}

export const constantRandom = (value: number): Random => ({ next: () => value })
