/**
 * Kubernetes quantities ("500m", "1.5Gi", "1e3"): what they are worth, and how Go prints one that it has read. Pure text and integers; it must
 * not round in floating point.
 *
 *   read                                             Go prints
 *   already canonical in its eyes (see `isKept`)     the text as it was
 *   binary suffix, whole and at least 1024           the largest binary suffix without a fraction
 *   everything else                                  the largest decimal suffix (or exponent) without a fraction
 */

interface Quantity {
  /** The value is `digits` × 10^`exponent`, exact to a billionth, rounded away from zero beyond that. */
  readonly digits: bigint
  readonly exponent: number
  readonly format: 'decimal' | 'exponent' | 'binary'
  /** Go keeps the text that it read. */
  readonly kept: boolean
}

const QUANTITY = /^(?<sign>[+-]?)(?<num>\d*)(?:\.(?<denom>\d*))?(?<suffix>[eE][+-]?\d+|[KMGTPE]i|[numkMGTPE]?)$/
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
/** Beyond this an exponent describes no resource; reading it would only cost memory. */
const LARGEST_EXPONENT = 100
const LARGEST_BINARY = 2n ** 63n - 1n
const NANO = -9

const power = (base: bigint, exponent: number): bigint => base ** BigInt(exponent)

function parseQuantity(text: string): Quantity | undefined {
  const parts = QUANTITY.exec(text)?.groups
  if (text === '' || !parts) return undefined
  const { sign = '', suffix = '', denom = '' } = parts
  const stripped = (parts.num ?? '').replace(/^0+/, '')
  // Nothing but zeros: Go stops reading there.
  const num = stripped === '' ? '0' : stripped
  const magnitude = BigInt(num + denom)
  const factor = sign === '-' ? -1n : 1n
  const binary = suffix.endsWith('i') ? BINARY.indexOf(suffix) * 10 : undefined
  if (binary !== undefined) return inBinary(factor, magnitude, denom.length, binary, num)
  const isExponent = suffix.length > 1
  const shift = isExponent ? Number(suffix.slice(1)) : (DECIMAL.indexOf(suffix) - 3) * 3
  if (Math.abs(shift) > LARGEST_EXPONENT) return undefined
  const exponent = shift - denom.length
  const kept = isKept(num + denom, exponent)
  return { ...rounded(factor, magnitude, exponent), format: isExponent ? 'exponent' : 'decimal', kept }
}

/** Go takes a decimal of at most 18 digits as canonical when its scale is a multiple of three and it neither begins nor ends in zeros. */
const isKept = (shifted: string, exponent: number): boolean =>
  shifted === '0'
    ? false
    : shifted.length <= 18 &&
      exponent >= NANO &&
      exponent % 3 === 0 &&
      !shifted.endsWith('000') &&
      !shifted.startsWith('0')

function inBinary(factor: bigint, magnitude: bigint, decimals: number, bits: number, num: string): Quantity {
  const room = 15 - num.length - Math.trunc((bits * 3) / 10) - 1
  const kept = decimals === 0 && room >= 0 && magnitude % 8n !== 0n
  const { digits, exponent } = rounded(1n, magnitude * power(2n, bits), -decimals)
  const whole = exponent < 0 ? digits / power(10n, -exponent) : digits * power(10n, exponent)
  if (whole > LARGEST_BINARY) return { digits: factor * LARGEST_BINARY, exponent: 0, format: 'binary', kept }
  return { digits: factor * digits, exponent, format: 'binary', kept }
}

/** Exact down to a billionth, away from zero below it, without trailing zeros. */
function rounded(factor: bigint, magnitude: bigint, scale: number): { digits: bigint; exponent: number } {
  let digits = magnitude
  let exponent = scale
  if (exponent < NANO) {
    const unit = power(10n, NANO - exponent)
    digits = (digits + unit - 1n) / unit
    exponent = NANO
  }
  while (digits !== 0n && digits % 10n === 0n) {
    digits /= 10n
    exponent += 1
  }
  return { digits: factor * digits, exponent }
}

/** The text that Go prints after reading `text`; undefined when it is no quantity. */
export function printQuantity(text: string): string | undefined {
  const quantity = parseQuantity(text)
  if (!quantity || quantity.kept) return quantity && text
  if (quantity.digits === 0n) return '0'
  const whole = quantity.exponent >= 0 ? quantity.digits * power(10n, quantity.exponent) : undefined
  if (quantity.format === 'binary' && whole !== undefined && (whole >= 1024n || whole <= -1024n))
    return printBinary(whole)
  return printDecimal(quantity)
}

function printBinary(value: bigint): string {
  let rest = value
  let step = 0
  while (rest % 1024n === 0n) {
    rest /= 1024n
    step += 1
  }
  return `${rest}${BINARY[step] ?? ''}`
}

function printDecimal({ digits, exponent, format }: Quantity): string {
  const down = ((exponent % 3) + 3) % 3
  const shown = digits * power(10n, down)
  const scale = exponent - down
  if (format === 'exponent') return scale === 0 ? `${shown}` : `${shown}e${scale}`
  return `${shown}${DECIMAL[scale / 3 + 3] ?? ''}`
}

/**
 * Equal for equal amounts, whatever the notation: "1" and "1000m", "1Gi" and "1024Mi". With `toMilli` fractions of a thousandth count as a
 * whole one, as the API server stores resources. Undefined when `text` is no quantity.
 */
export function quantityValue(text: string, toMilli = false): string | undefined {
  const quantity = parseQuantity(text)
  if (!quantity) return undefined
  const { digits, exponent } = quantity
  if (!toMilli || exponent >= -3) return amount(digits, exponent)
  const unit = power(10n, -3 - exponent)
  const up = digits > 0n ? (digits + unit - 1n) / unit : digits / unit
  const milli = rounded(1n, up, -3)
  return amount(milli.digits, milli.exponent)
}

const amount = (digits: bigint, exponent: number): string => (digits === 0n ? '0' : `${digits}e${exponent}`)
