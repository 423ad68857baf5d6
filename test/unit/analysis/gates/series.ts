/** Raw series for the suites of the gates: counters sampled every 15 s from a start that is easy to read. */
import type { Arm, GateSeries, SeriesRole } from '../../../../analysis/domain/gates/samples.ts'

export const START = 1_700_000_000_000
export const SCRAPE_MS = 15_000

export interface SeriesOptions {
  readonly arm?: Arm
  readonly pod?: string
  readonly role?: SeriesRole
  readonly detail?: string
  readonly le?: number
  /** First scrape, in scrape intervals after the start; a fraction is the pod's phase. */
  readonly first?: number
}

/** `undefined` is a scrape that failed. */
export function buildSeries(values: readonly (number | undefined)[], options: SeriesOptions = {}): GateSeries {
  const { arm = 'canary', pod = arm, role = 'requests', first = 0, ...rest } = options
  const samples = values.flatMap((value, index) =>
    value === undefined ? [] : [{ time: START + (first + index) * SCRAPE_MS, value }],
  )
  return { arm, pod, role, ...rest, times: samples.map(({ time }) => time), values: samples.map(({ value }) => value) }
}

/** Counter that grows by `step` a scrape. */
export const growing = (scrapes: number, step: number, base = 0): number[] =>
  Array.from({ length: scrapes }, (_, index) => base + index * step)

export const atScrape = (index: number): number => START + index * SCRAPE_MS
