/** A verdict as it is stored: six digits are more than anybody reads, and JSON has no infinities. */
import type { GateVerdict } from '../../../controller/api/verdict.ts'

const DIGITS = 6
/** Beyond this much evidence there is no more to say. */
const LARGEST = 1e12

export const roundNumber = (value: number): number =>
  Number(Math.max(-LARGEST, Math.min(LARGEST, value)).toPrecision(DIGITS))

/** The same verdict with rounded numbers; its text stays. */
export function roundNumbers(verdict: GateVerdict): GateVerdict {
  const round = (value: unknown): unknown => {
    if (typeof value === 'number') return roundNumber(value)
    if (Array.isArray(value)) return value.map(round)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, round(entry)]))
  }
  return round(verdict) as GateVerdict
}
