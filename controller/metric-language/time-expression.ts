/**
 * Times of a range query as Argo Rollouts writes them: `now()` or `date("2026-01-02T03:04:05Z")`, with durations added or taken away. A bare RFC 3339
 * time is read as well. What is not supported is refused. Pure.
 */
import { parseGoDuration } from '../api/scalars.ts'

const LONGEST = 300
const QUOTED = '(?:"([^"]*)"|\'([^\']*)\'|`([^`]*)`)'
const START = new RegExp(`^(?:now\\(\\s*\\)|date\\(\\s*${QUOTED}\\s*\\))`)
const SHIFT = new RegExp(`^\\s*([+-])\\s*duration\\(\\s*${QUOTED}\\s*\\)`)
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/

/** Epoch milliseconds, or undefined when the text is no such time. */
export function readTimeExpression(source: string, now: number): number | undefined {
  const text = source.trim()
  if (text.length > LONGEST) return undefined
  if (INSTANT.test(text)) return readInstant(text)
  const start = START.exec(text)
  if (!start) return undefined
  const written = start[1] ?? start[2] ?? start[3]
  let time = written === undefined ? now : readInstant(written)
  let rest = text.slice(start[0].length)
  while (rest !== '' && time !== undefined) {
    const shift = SHIFT.exec(rest)
    const shiftMs = shift ? parseGoDuration(shift[2] ?? shift[3] ?? shift[4] ?? '') : undefined
    if (!shift || shiftMs === undefined) return undefined
    time += shift[1] === '-' ? -shiftMs : shiftMs
    rest = rest.slice(shift[0].length)
  }
  return time
}

function readInstant(text: string): number | undefined {
  const time = INSTANT.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
