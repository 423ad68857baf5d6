/**
 * Numbers as people read them in a verdict: thousands apart, as many digits as mean something, never rounded across a limit. Spaces within a
 * number or before its unit are narrow and do not break.
 */

/** U+202F, which neither a terminal nor Slack breaks a line at. */
export const NARROW_SPACE = '\u202f'

const thousands = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE)

/** `2 010`; amounts that need not be whole have one digit below ten: `0.6`. */
export function formatCount(count: number): string {
  const rounded = Math.abs(count) < 10 ? Math.round(count * 10) / 10 : Math.round(count)
  const [whole = '0', fraction] = String(Math.abs(rounded)).split('.')
  const sign = rounded < 0 ? '−' : ''
  return `${sign}${thousands(whole)}${fraction === undefined ? '' : `.${fraction}`}`
}

/** `1 request`, `2 010 requests`. */
export const formatAmount = (count: number, noun: Noun): string =>
  `${formatCount(count)} ${formatCount(count) === '1' ? noun.one : noun.many}`

export interface Noun {
  readonly one: string
  readonly many: string
}

/** A share of 1: `2.04 %`, `0.53 %`, `0.0021 %`. */
export function formatShare(share: number): string {
  const percent = share * 100
  return `${percent >= 99.995 ? '100' : formatDigits(percent, 2)}${NARROW_SPACE}%`
}

/** Percent as a plan writes it: `5 %`, `12.5 %`. */
export const formatPercent = (percent: number): string => `${Number(percent.toFixed(2))}${NARROW_SPACE}%`

type Rounding = 'nearest' | 'down' | 'up'

/** `3.9×`, `0.98×`, `12×`. */
export const formatRatio = (ratio: number, rounding: Rounding = 'nearest'): string => `${ratioDigits(ratio, rounding)}×`

/** `2.1–6.8×`: rounded outward, so that no more is claimed than is known; open where an end is unknown. */
export function formatInterval(lower: number | undefined, upper: number | undefined): string | undefined {
  if (lower === undefined) return upper === undefined ? undefined : `≤${NARROW_SPACE}${formatRatio(upper, 'up')}`
  if (upper === undefined) return `≥${NARROW_SPACE}${formatRatio(lower, 'down')}`
  return `${ratioDigits(lower, 'down')}–${formatRatio(upper, 'up')}`
}

function ratioDigits(ratio: number, rounding: Rounding): string {
  if (ratio >= 1000) return `over${NARROW_SPACE}${thousands('1000')}`
  const decimals = ratio < 0.1 ? 3 : ratio < 2 ? 2 : ratio < 10 ? 1 : 0
  return trimZeros(roundTo(ratio, decimals, rounding))
}

function roundTo(value: number, decimals: number, rounding: Rounding): string {
  const scale = 10 ** decimals
  const round = { nearest: Math.round, down: Math.floor, up: Math.ceil }[rounding]
  // Digits that a double cannot hold must not push 1.2 up to 1.21.
  return (round(Number((value * scale).toPrecision(12))) / scale).toFixed(decimals)
}

/** `2.0` is said as `2`. */
const trimZeros = (digits: string): string => (digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits)

/** At least `decimals` digits after the point, and more of them where only those tell it from 0. */
function formatDigits(value: number, decimals: number): string {
  if (value === 0) return '0'
  if (value >= 99.95) return thousands(value.toFixed(0))
  if (value >= 10) return value.toFixed(Math.min(1, decimals))
  if (value >= 0.1) return value.toFixed(decimals)
  return String(Number(value.toPrecision(2)))
}

const MOST_EVIDENCE = 1_000_000
const TINY = 1e-9

/** `1 240 : 1`. Rounded down: what is below a limit never reads as if it had reached it. */
export function formatOdds(odds: number): string {
  if (odds < 0.1) return `below 0.1${NARROW_SPACE}:${NARROW_SPACE}1`
  if (odds > MOST_EVIDENCE) return `over ${thousands(String(MOST_EVIDENCE))}${NARROW_SPACE}:${NARROW_SPACE}1`
  // Limits are 1/α: 299.99999999999994 is 300.
  const shown = odds < 10 ? String(Math.floor(odds * 10 + TINY) / 10) : thousands(String(Math.floor(odds + TINY)))
  return `${shown}${NARROW_SPACE}:${NARROW_SPACE}1`
}

/** `45 s`, `1 min 45 s`, `9 min`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const total = Math.max(0, Math.round(seconds))
  if (total < 60) return `${total}${NARROW_SPACE}s`
  if (total < 3600) return joinUnits(Math.floor(total / 60), 'min', total % 60, 's')
  const minutes = Math.round(total / 60)
  return joinUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
}

const joinUnits = (large: number, largeUnit: string, small: number, smallUnit: string): string =>
  `${large}${NARROW_SPACE}${largeUnit}${small === 0 ? '' : ` ${small}${NARROW_SPACE}${smallUnit}`}`

/** A wait, rounded up to what a person plans with: `45 s`, `9 min`, `3 h`, `over 1 day`. */
export function formatWait(seconds: number): string {
  if (seconds > 86_400) return 'over 1 day'
  if (seconds > 5400) return `${Math.ceil(seconds / 3600)}${NARROW_SPACE}h`
  if (seconds >= 60) return `${Math.ceil(seconds / 60)}${NARROW_SPACE}min`
  return `${Math.max(1, Math.ceil(seconds))}${NARROW_SPACE}s`
}

/** A latency in seconds: `242 ms`, `1.1 s`. */
export const formatLatency = (seconds: number): string => latencyDigits(seconds).join(NARROW_SPACE)

/** `100–250 ms`, `500 ms–1 s`. */
export function formatLatencies(lower: number, upper: number): string {
  const [digits, unit] = latencyDigits(lower)
  return latencyDigits(upper)[1] === unit
    ? `${digits}–${formatLatency(upper)}`
    : `${formatLatency(lower)}–${formatLatency(upper)}`
}

const latencyDigits = (seconds: number): readonly [string, string] =>
  seconds < 0.9995
    ? [trimZeros(formatDigits(seconds * 1000, seconds < 0.01 ? 1 : 0)), 'ms']
    : [trimZeros(formatDigits(seconds, 2)), 's']
