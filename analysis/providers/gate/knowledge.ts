/**
 * What the history of stable taught a gate, as text that fits into a measurement's metadata. Numbers are rounded, long lists thinned evenly and
 * quantized. A gate judges by what the text says from the start, so that its numbers are the same before and after a restart.
 */
import type { Calibration, Count } from '../../domain/stats/ticks.ts'

export interface GateKnowledge {
  readonly calibration: Calibration
  /** What stable counted within the history. */
  readonly before: Count
}

/** Key of a measurement's metadata. */
export const GATE_KNOWLEDGE = 'penstock.dev/calibration'

/** Lists this long are packed. */
const SHORT_LIST = 8
const MOST_PACKED = 400
/** Residuals are standardized: less than this matters to nobody. */
const STEP = 1 / 32
const MARK = '~'

export const renderKnowledge = (knowledge: GateKnowledge): string =>
  JSON.stringify(knowledge, (_key, value: unknown) => {
    if (typeof value === 'number') return Number(value.toPrecision(6))
    return Array.isArray(value) && value.length > SHORT_LIST && value.every(isFiniteNumber) ? pack(value) : value
  })

/** Undefined for what no gate of this kind has written. */
export function parseKnowledge(text: string | undefined): GateKnowledge | undefined {
  if (text === undefined) return undefined
  try {
    const read: unknown = JSON.parse(text, (_key, value: unknown) =>
      typeof value === 'string' && value.startsWith(MARK) ? unpack(value) : value,
    )
    return isKnowledge(read) ? read : undefined
  } catch {
    return undefined
  }
}

const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined

function isKnowledge(value: unknown): value is GateKnowledge {
  const calibration = fieldOf(value, 'calibration')
  const residuals = fieldOf(calibration, 'residuals')
  const numbers = [
    ...['phi', 'rho', 'historyMs'].map((key) => fieldOf(calibration, key)),
    ...['bad', 'total'].map((key) => fieldOf(fieldOf(value, 'before'), key)),
  ]
  return numbers.every(isFiniteNumber) && Array.isArray(residuals) && residuals.every(isFiniteNumber)
}

/** `~first,differences` of ascending numbers, in steps and base 36. */
function pack(values: readonly number[]): string {
  const steps = thin(values.toSorted((a, b) => a - b)).map((value) => Math.round(value / STEP))
  const deltas = steps.map((step, index) => (step - (steps[index - 1] ?? 0)).toString(36))
  return `${MARK}${deltas.join(',')}`
}

function unpack(text: string): number[] {
  let step = 0
  return text
    .slice(MARK.length)
    .split(',')
    .map((delta) => {
      step += Number.parseInt(delta, 36)
      return step * STEP
    })
}

/** Evenly by rank, both ends included. */
const thin = (values: readonly number[]): readonly number[] =>
  values.length <= MOST_PACKED
    ? values
    : Array.from(
        { length: MOST_PACKED },
        (_, index) => values[Math.round((index * (values.length - 1)) / (MOST_PACKED - 1))] ?? 0,
      )
