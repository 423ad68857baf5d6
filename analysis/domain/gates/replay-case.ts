/** A saved case judged again: the verdict, and in what it differs from the recorded one. */
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import { judgeGate } from './judge-gate.ts'
import type { SavedCase } from './saved-case.ts'

export interface Replay {
  readonly verdict: GateVerdict
  /** Fields that differ, as paths such as `noise.phi`, with both values. Empty: the same numbers, byte by byte. */
  readonly differences: readonly VerdictDifference[]
}

export interface VerdictDifference {
  readonly field: string
  readonly recorded: unknown
  readonly replayed: unknown
}

export function replayCase({ gateCase, verdict: recorded }: SavedCase): Replay {
  const verdict = judgeGate(gateCase)
  return { verdict, differences: compareVerdicts(recorded, verdict) }
}

export function compareVerdicts(recorded: GateVerdict, replayed: GateVerdict): readonly VerdictDifference[] {
  return compare('', recorded, replayed)
}

function compare(field: string, recorded: unknown, replayed: unknown): readonly VerdictDifference[] {
  if (!isObject(recorded) || !isObject(replayed))
    return JSON.stringify(recorded) === JSON.stringify(replayed) ? [] : [{ field, recorded, replayed }]
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])].sort()
  return keys.flatMap((key) => compare(field === '' ? key : `${field}.${key}`, recorded[key], replayed[key]))
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
