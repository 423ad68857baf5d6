/**
 * Takes the samples out of a matrix as Prometheus writes it, straight from the text: hours of samples as objects of their own would cost more than all
 * that is done with them. What is left is small JSON. Anything that is not written as expected is left to the JSON parser.
 */

export interface Columns {
  /** Epoch milliseconds. */
  readonly times: number[]
  readonly values: number[]
}

export interface Extracted {
  /** The answer with the place of its columns as `values` of each series. */
  readonly skeleton: string
  readonly columns: readonly Columns[]
}

/** Within a JSON text a quote has a backslash before it, so this is never a part of one. */
const START = '"values":[['

/** Undefined when the text is written in another way. */
export function extractValues(body: string): Extracted | undefined {
  const kept: string[] = []
  const columns: Columns[] = []
  let from = 0
  for (let found = body.indexOf(START); found >= 0; found = body.indexOf(START, from)) {
    const read: Columns = { times: [], values: [] }
    const end = readSamples(body, found + START.length - 1, read)
    if (end === undefined) return undefined
    kept.push(body.slice(from, found), `"values":${columns.length}`)
    columns.push(read)
    from = end
  }
  kept.push(body.slice(from))
  return { skeleton: kept.join(''), columns }
}

const [OPEN, CLOSE, COMMA, QUOTE, POINT, ZERO, NINE] = Array.from('[],".09', (character) => character.charCodeAt(0))

/** `[1.5,"2"],[3,"4"]]`, from the first bracket on; where it ends, or undefined. */
function readSamples(body: string, start: number, { times, values }: Columns): number | undefined {
  let at = start
  for (;;) {
    if (body.charCodeAt(at) !== OPEN) return undefined
    const comma = readTime(body, at + 1, times)
    if (comma === undefined || body.charCodeAt(comma + 1) !== QUOTE) return undefined
    const quote = readValue(body, comma + 2, values)
    if (quote === undefined || body.charCodeAt(quote + 1) !== CLOSE) return undefined
    const next = body.charCodeAt(quote + 2)
    if (next === CLOSE) return quote + 3
    if (next !== COMMA) return undefined
    at = quote + 3
  }
}

const MILLISECOND_DIGITS = 3

/** Seconds with at most three decimals; returns the place of the comma. */
function readTime(body: string, start: number, times: number[]): number | undefined {
  let milliseconds = 0
  let decimals = -1
  for (let at = start; ; at += 1) {
    const code = body.charCodeAt(at)
    if (isDigit(code)) {
      milliseconds = milliseconds * 10 + code - (ZERO ?? 0)
      if (decimals >= 0) decimals += 1
    } else if (code === POINT && decimals < 0) decimals = 0
    else if (code !== COMMA || decimals > MILLISECOND_DIGITS || at === start) return undefined
    else {
      times.push(milliseconds * 10 ** (MILLISECOND_DIGITS - Math.max(0, decimals)))
      return at
    }
  }
}

/** Whole counts are read digit by digit, everything else as a number's text; returns the place of the quote. */
function readValue(body: string, start: number, values: number[]): number | undefined {
  let value = 0
  let at = start
  while (isDigit(body.charCodeAt(at))) {
    value = value * 10 + body.charCodeAt(at) - (ZERO ?? 0)
    at += 1
  }
  if (body.charCodeAt(at) === QUOTE && at > start && value <= Number.MAX_SAFE_INTEGER) {
    values.push(value)
    return at
  }
  const quote = body.indexOf('"', at)
  if (quote < 0) return undefined
  values.push(readNumber(body.slice(start, quote)))
  return quote
}

const isDigit = (code: number): boolean => code >= (ZERO ?? 0) && code <= (NINE ?? 0)

const SPECIAL: Readonly<Record<string, number>> = {
  '+Inf': Number.POSITIVE_INFINITY,
  Inf: Number.POSITIVE_INFINITY,
  '-Inf': Number.NEGATIVE_INFINITY,
}

/** NaN for what is no number: whoever counts leaves it out and says so. */
export function readNumber(text: unknown): number {
  if (typeof text === 'number') return text
  if (typeof text !== 'string' || text === '') return Number.NaN
  return SPECIAL[text] ?? Number(text)
}
