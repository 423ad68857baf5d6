/**
 * Regular expressions for what a router cannot compare otherwise: prefixes, cookies, ranges of an id. All fit a whole value, whether the engine
 * asks for that or not, and use nothing but what RE2, PCRE and Go have in common.
 *
 *   an id modulo 1000 from 1 to 50:  ^(?:[0-9]*(?:0(?:0[1-9]|[1-4][0-9]|50))|(?:0[1-9]|[1-4][0-9]|50)|[1-9])$
 */
import type { IdRange } from '../../api/color-step.ts'

interface StringMatch {
  readonly exact?: string | undefined
  readonly prefix?: string | undefined
  readonly regex?: string | undefined
}

export const quote = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
export const whole = (pattern: string): string => `^(?:${pattern})$`

/** The value as a pattern without anchors. */
export function patternOf({ exact, prefix, regex }: StringMatch): string {
  if (exact) return quote(exact)
  return prefix ? `${quote(prefix)}.*` : unanchored(regex ?? '')
}

/** As a pattern that fits whole values; one that does already stays as it is. */
export const wholeOf = (match: StringMatch): string =>
  match.regex && !match.exact && !match.prefix && isWhole(match.regex) ? match.regex : whole(patternOf(match))

/** One group from end to end, which `^(?:a)|(?:b)$` is not. */
function isWhole(regex: string): boolean {
  const bare = regex.replace(/\\./g, '').replace(/\[[^\]]*\]/g, '')
  if (!bare.startsWith('^(?:') || !bare.endsWith(')$')) return false
  let depth = 0
  return Array.from(bare.slice(1, -2)).every((character) => {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    return depth > 0
  })
}

/** A whole value is asked for anyway; inside of another pattern an anchor would never fit. */
const unanchored = (regex: string): string => regex.replace(/^\^/, '').replace(/(?<!\\)\$$/, '')

/** Fits the value of a Cookie header that holds the cookie. */
export const cookiePattern = (name: string, value: string): string =>
  whole(`(?:.*;\\s*)?${quote(name)}=(?:${value})(?:\\s*;.*)?`)

/** The id's pattern without anchors; undefined when the modulus is no power of ten: no short pattern tells it then. */
export function idPattern({ modulo, from, to }: IdRange): string | undefined {
  const digits = String(modulo).length - 1
  if (modulo !== 10 ** digits) return undefined
  const long = `[0-9]*(?:${digitsBetween(from, to, digits)})`
  const short = Array.from({ length: digits - 1 }, (_, at) => digits - 1 - at).flatMap((width) =>
    from < 10 ** width ? [digitsBetween(from, Math.min(to, 10 ** width - 1), width)] : [],
  )
  return [long, ...short].join('|')
}

/** Numbers from `from` to `to`, written with `width` digits. */
function digitsBetween(from: number, to: number, width: number): string {
  if (width === 0) return ''
  const unit = 10 ** (width - 1)
  if (from === 0 && to === unit * 10 - 1) return width === 1 ? '[0-9]' : `[0-9]{${width}}`
  const parts: string[] = []
  let digit = Math.floor(from / unit)
  const last = Math.floor(to / unit)
  while (digit <= last) {
    const low = digit * unit
    const start = Math.max(from, low) - low
    // Neighbouring digits that are wanted whole share one class.
    let end = digit
    while (start === 0 && end <= last && (end + 1) * unit - 1 <= to) end += 1
    if (end > digit) {
      const lead = end - 1 === digit ? String(digit) : `[${digit}-${end - 1}]`
      parts.push(`${lead}${digitsBetween(0, unit - 1, width - 1)}`)
      digit = end
    } else {
      parts.push(`${digit}${digitsBetween(start, Math.min(to, low + unit - 1) - low, width - 1)}`)
      digit += 1
    }
  }
  return parts.length === 1 ? (parts[0] ?? '') : `(?:${parts.join('|')})`
}
