/**
 * Chance for the simulations: one seeded generator and the distributions that traffic and errors are drawn from. Equal seeds give equal
 * numbers on every machine; the distributions are exact, since a tail that is cut off is a false alarm that is not counted.
 */

export interface Random {
  /** Above 0 and below 1. */
  uniform(): number
  normal(): number
  poisson(mean: number): number
  binomial(n: number, p: number): number
  /** From 1 on. */
  geometric(mean: number): number
  /** Whole numbers from 1 to `most` with tail exponent `shape`. */
  pareto(shape: number, most: number): number
}

const TABLE = 1024
const logFactorials = new Float64Array(TABLE)
for (let k = 2; k < TABLE; k++) logFactorials[k] = (logFactorials[k - 1] ?? 0) + Math.log(k)

/** ln k!, by Stirling's series beyond the table. */
export function logFactorial(k: number): number {
  if (k < TABLE) return logFactorials[k] ?? 0
  const x = k + 1
  return (x - 0.5) * Math.log(x) - x + 0.9189385332046727 + 1 / (12 * x) - 1 / (360 * x * x * x)
}

/** FNV-1a over a text: cells are told apart by their names. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash >>> 0
}

/** xoshiro128** (Blackman and Vigna), its state filled by splitmix32. */
function createUniform(seed: number): () => number {
  let mixed = seed >>> 0
  const split = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0
    let z = mixed ^ (mixed >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let [a, b, c, d] = [split(), split(), split(), split()]
  const next = (): number => {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
  return () => (next() + 0.5) / 4294967296
}

/** `seed` is a whole number; only its low 32 bits count. */
export function createRandom(seed: number): Random {
  const uniform = createUniform(seed)
  let spare: number | undefined

  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  const poisson = (mean: number): number => {
    if (!(mean > 0)) return 0
    return mean < 10 ? countArrivals(uniform, mean) : poissonByRejection(uniform, mean)
  }

  const binomial = (n: number, p: number): number => {
    if (n <= 0 || p <= 0) return 0
    if (p >= 1) return n
    if (p > 0.5) return n - binomial(n, 1 - p)
    return n * p < 10 ? countSkips(uniform, n, p) : binomialByRejection(uniform, n, p)
  }

  const geometric = (mean: number): number =>
    mean <= 1 ? 1 : 1 + Math.floor(Math.log(uniform()) / Math.log(1 - 1 / mean))

  const pareto = (shape: number, most: number): number => Math.min(most, Math.floor(uniform() ** (-1 / shape)))

  return { uniform, normal, poisson, binomial, geometric, pareto }
}

function countArrivals(uniform: () => number, mean: number): number {
  const least = Math.exp(-mean)
  let product = uniform()
  let count = 0
  while (product > least) {
    product *= uniform()
    count++
  }
  return count
}

/** Gaps between successes are geometric. */
function countSkips(uniform: () => number, n: number, p: number): number {
  const logOfMiss = Math.log1p(-p)
  let place = 0
  let count = -1
  do {
    place += Math.floor(Math.log(uniform()) / logOfMiss) + 1
    count++
  } while (place <= n)
  return count
}

/** Hörmann's PTRS (1993), for means from 10 on. */
function poissonByRejection(uniform: () => number, mean: number): number {
  const root = Math.sqrt(mean)
  const b = 0.931 + 2.53 * root
  const a = -0.059 + 0.02483 * b
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
  const surely = 0.9277 - 3.6224 / (b - 2)
  const logMean = Math.log(mean)
  for (;;) {
    const u = uniform() - 0.5
    const v = uniform()
    const s = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / s + b) * u + mean + 0.43)
    if (s >= 0.07 && v <= surely) return k
    if (k < 0 || (s < 0.013 && v > s)) continue
    if (Math.log((v * inverseAlpha) / (a / (s * s) + b)) <= k * logMean - mean - logFactorial(k)) return k
  }
}

/** Hörmann's BTRS (1993), for n·p from 10 on and p up to a half. */
function binomialByRejection(uniform: () => number, n: number, p: number): number {
  const q = 1 - p
  const root = Math.sqrt(n * p * q)
  const b = 1.15 + 2.53 * root
  const a = -0.0873 + 0.0248 * b + 0.01 * p
  const center = n * p + 0.5
  const surely = 0.92 - 4.2 / b
  const alpha = (2.83 + 5.1 / b) * root
  const logOdds = Math.log(p / q)
  const mode = Math.floor((n + 1) * p)
  const atMode = logFactorial(mode) + logFactorial(n - mode)
  for (;;) {
    const u = uniform() - 0.5
    const v = uniform()
    const s = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / s + b) * u + center)
    if (s >= 0.07 && v <= surely) return k
    if (k < 0 || k > n) continue
    const bound = atMode - logFactorial(k) - logFactorial(n - k) + (k - mode) * logOdds
    if (Math.log((v * alpha) / (a / (s * s) + b)) <= bound) return k
  }
}
