/**
 * The simulator's only chance: xoshiro128** seeded by splitmix32. Streams forked under different labels are independent, so that one model's draws
 * do not move another's.
 */
import type { Random } from '../../controller/runtime/random.ts'

export interface SeededRandom extends Random {
  /** A stream of its own, the same for the same seed and label whatever was drawn before. */
  fork(label: string): SeededRandom
  /** 32 random bits. */
  bits(): number
  /** A whole number in [from, to]. */
  between(from: number, to: number): number
  chance(probability: number): boolean
  /** Throws RangeError when there is nothing to pick from. */
  pick<T>(choices: readonly T[]): T
}

function splitmix32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}

const rotate = (value: number, by: number): number => ((value << by) | (value >>> (32 - by))) >>> 0

/** FNV-1a, to turn a label into a seed. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

export function createRandom(seed: number): SeededRandom {
  const next = splitmix32(seed)
  let [a, b, c, d] = [next(), next(), next(), next()]

  function bits(): number {
    const result = Math.imul(rotate(Math.imul(b, 5) >>> 0, 7), 9) >>> 0
    const shifted = (b << 9) >>> 0
    c = (c ^ a) >>> 0
    d = (d ^ b) >>> 0
    b = (b ^ c) >>> 0
    a = (a ^ d) >>> 0
    c = (c ^ shifted) >>> 0
    d = rotate(d, 11)
    return result
  }

  const unit = (): number => bits() / 2 ** 32
  const between = (from: number, to: number): number => from + Math.floor(unit() * (to - from + 1))
  return {
    next: unit,
    bits,
    between,
    chance: (probability) => unit() < probability,
    pick(choices) {
      const choice = choices[between(0, choices.length - 1)]
      if (choice === undefined) throw new RangeError('nothing to pick from')
      return choice
    },
    fork: (label) => createRandom((seed ^ hashText(label)) >>> 0),
  }
}
