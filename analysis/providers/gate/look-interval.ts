/** When to look again: at every scrape, at the same moments for all gates of a run, so that one pass and one write serve them all. */

import type { SampleLog } from '../../domain/gates/sample-log.ts'
import { computeTickMs } from '../../domain/gates/scrape-interval.ts'
import { lengthOf, type PackedNumbers, readNumbers } from '../../domain/stats/packed-numbers.ts'

const SAMPLES_READ = 16
const INITIAL_MS = 15_000
const LONGEST_MS = 120_000

/** Milliseconds from scrape to scrape, as the newest samples have it, and never less than a tick. */
export function estimateLookMs(log: SampleLog, leastTickMs?: number): number {
  let longest: PackedNumbers | undefined
  for (const { times } of log) if (longest === undefined || lengthOf(times) > lengthOf(longest)) longest = times
  const recent = longest === undefined ? [] : readNumbers(longest).slice(-SAMPLES_READ)
  const steps = recent.slice(1).map((time, index) => time - (recent[index] ?? time))
  const median = steps.toSorted((a, b) => a - b)[steps.length >> 1]
  if (median === undefined || median <= 0) return INITIAL_MS
  return Math.min(LONGEST_MS, computeTickMs(Math.round(median / 1000) * 1000 || 1000, leastTickMs))
}

/** The next moment of a clock that began with the run. */
export const nextLookAt = (startedAt: number, now: number, intervalMs: number): number =>
  startedAt + (Math.floor((now - startedAt) / intervalMs) + 1) * intervalMs
