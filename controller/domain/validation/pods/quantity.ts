/**
 * Quantities of Kubernetes ("500m", "1.5Gi", "1e3") as exact numbers that can be compared. Exact, because a float would call 0.1 and 100m
 * different. It must not render or round for display.
 */

/** Billionths, the finest grain that the API server keeps. */
const SCALE_DIGITS = 9
const BINARY_SUFFIXES = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const DECIMAL_EXPONENTS: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
}
const LONGEST_TEXT = 100
const LARGEST_EXPONENT = 100

/** Billionths of the unit, rounded away from zero; undefined when the text is not a quantity. */
export function parseQuantity(value: string | number): bigint | undefined {
  const text = String(value)
  const parts =
    text.length > LONGEST_TEXT ? null : /^([+-]?)(\d*)\.?(\d*)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)$/.exec(text)
  const [, sign = '', whole = '', fraction = '', suffix = ''] = parts ?? []
  if (!parts || whole + fraction === '') return undefined
  const factor = readSuffix(suffix)
  if (factor === undefined) return undefined
  const shift = SCALE_DIGITS + factor.exponent - fraction.length
  const magnitude = shiftDecimal(BigInt(whole + fraction) * factor.multiplier, shift)
  return sign === '-' ? -magnitude : magnitude
}

function readSuffix(suffix: string): { readonly multiplier: bigint; readonly exponent: number } | undefined {
  const binary = BINARY_SUFFIXES.indexOf(suffix)
  if (binary >= 0) return { multiplier: 1024n ** BigInt(binary + 1), exponent: 0 }
  const exponent = DECIMAL_EXPONENTS[suffix] ?? Number(suffix.slice(1))
  return Math.abs(exponent) > LARGEST_EXPONENT ? undefined : { multiplier: 1n, exponent }
}

function shiftDecimal(value: bigint, digits: number): bigint {
  if (digits >= 0) return value * 10n ** BigInt(digits)
  const divisor = 10n ** BigInt(-digits)
  return (value + divisor - 1n) / divisor
}

/** Whether the quantity is a whole number of units. */
export const isWhole = (quantity: bigint): boolean => quantity % 10n ** BigInt(SCALE_DIGITS) === 0n
