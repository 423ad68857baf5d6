/** The tail of the normal distribution. */

/** P(Z > z), within 1.2e-7 of it relatively. Chebyshev fit of erfc, Numerical Recipes 6.2. */
export function normalTail(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + x / 2)
  const coefficients = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
    -1.26551223,
  ]
  const tail = (t * Math.exp(coefficients.reduce((sum, coefficient) => sum * t + coefficient, 0) - x * x)) / 2
  return z < 0 ? 1 - tail : tail
}
