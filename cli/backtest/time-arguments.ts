/** Times and durations of the command line. Pure. */
import { parseDurationMs, parseInstant } from '../../controller/api/scalars.ts'
import { CliError } from '../cli-error.ts'

/** `now`, `24h` (before now), or an instant such as 2026-01-01T12:00:00Z; epoch milliseconds. */
export function readTime(flag: string, text: string, now: number): number {
  if (text === 'now') return now
  const ago = parseDurationMs(text.replace(/^-/, ''))
  if (ago !== undefined) return now - ago
  const at = parseInstant(text)
  if (at === undefined)
    throw new CliError(`${flag} "${text}" is no time; write now, 24h (before now) or 2026-01-01T12:00:00Z`, 2)
  return at
}

export function readDuration(flag: string, text: string): number {
  const ms = parseDurationMs(text)
  if (ms === undefined || ms <= 0)
    throw new CliError(`${flag} "${text}" is not a duration; write for example 20m or 1h30m`, 2)
  return ms
}

const MOST_PARALLEL = 16

export function readParallel(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > MOST_PARALLEL)
    throw new CliError(`--parallel "${text}" is not a number from 1 to ${MOST_PARALLEL}`, 2)
  return count
}
