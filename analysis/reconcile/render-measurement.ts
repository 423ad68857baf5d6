/** From what a provider said to the measurement that is stored: judged, bounded and masked. Nothing leaves a pass without going through here. */
import type { Measurement, Metric } from '../../controller/api/analysis.ts'
import { SECRET_MASK } from '../domain/decide.ts'
import { judgeReading, type VerdictMode } from '../domain/verdict.ts'
import type { LookOutcome } from '../providers/long-provider.ts'
import type { ProviderOutcome } from '../providers/provider.ts'

export type Mask = (text: string) => string

/** A measurement and what is known of its metric. */
export interface Taken {
  readonly measurement: Measurement
  /** The open measurement may stay as it is stored. */
  readonly isUnchanged?: boolean
  readonly metadata: Readonly<Record<string, string>>
}

const LONGEST_MESSAGE = 1000

/** Without times, which are the caller's. */
export function renderMeasurement(
  outcome: ProviderOutcome,
  metric: Metric,
  mode: VerdictMode,
  mask: Mask,
): Measurement {
  if (outcome.kind === 'error')
    return { phase: 'Error', message: renderText(outcome.message, mask), ...withMetadata(outcome.metadata, mask) }
  const verdict = judgeReading(outcome, metric, mode)
  const metadata = { ...outcome.metadata, ...(verdict.isNoData ? { verdict: 'NoData' } : {}) }
  return {
    phase: verdict.phase,
    ...(verdict.message === undefined ? {} : { message: renderText(verdict.message, mask) }),
    ...(outcome.kind === 'sample' ? { value: mask(outcome.text) } : {}),
    ...withMetadata(metadata, mask),
  }
}

/** What a provider has decided itself, or has not decided yet. */
export function renderOwn(outcome: Extract<LookOutcome, { kind: 'running' | 'decided' }>, mask: Mask): Measurement {
  return {
    phase: outcome.kind === 'decided' ? outcome.phase : 'Running',
    ...(outcome.message === undefined ? {} : { message: renderText(outcome.message, mask) }),
    ...(outcome.value === undefined ? {} : { value: mask(outcome.value) }),
    ...withMetadata(outcome.metadata, mask),
  }
}

/** The mask that hides those texts as well. */
export const hideFrom =
  (mask: Mask, hidden: readonly string[]): Mask =>
  (text) =>
    mask(hidden.reduce((masked, secret) => (secret === '' ? masked : masked.replaceAll(secret, SECRET_MASK)), text))

export function renderText(text: string, mask: Mask): string {
  const masked = mask(text)
  return masked.length > LONGEST_MESSAGE ? `${masked.slice(0, LONGEST_MESSAGE)}…` : masked
}

export const maskAll = (map: Readonly<Record<string, string>>, mask: Mask): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, mask(value)]))

const withMetadata = (
  metadata: Readonly<Record<string, string>> | undefined,
  mask: Mask,
): Pick<Measurement, 'metadata'> =>
  metadata === undefined || Object.keys(metadata).length === 0 ? {} : { metadata: maskAll(metadata, mask) }
