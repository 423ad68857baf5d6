/** When versions had traffic, read off raw counters, and the releases that follow from it: times in which two versions had some. Pure. */
import type { GateSeries } from '../gates/samples.ts'
import type { VersionSeries } from './gate-source.ts'

/** Epoch milliseconds, both ends included. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface PastRelease {
  readonly canary: string
  readonly stable: string
  readonly since: number
  readonly until: number
  /** Which of the two was left: the new one (`promoted`), the old one (`rolledBack`), or neither was gone by then. */
  readonly ended: 'promoted' | 'rolledBack' | 'open'
}

/** Longer pauses end a span: a release that is tried again is another one. */
const LONGEST_PAUSE_MS = 5 * 60_000

/** Spans in which any counter of requests grew, by version; the order of versions is kept. */
export const findTraffic = (series: VersionSeries): ReadonlyMap<string, readonly Span[]> =>
  new Map([...series].map(([version, own]) => [version, mergeSpans(own.flatMap(listGrowth))]))

function listGrowth({ role, le, times, values, histograms }: GateSeries): Span[] {
  if (role === 'events' || (role === 'bucket' && le !== Number.POSITIVE_INFINITY)) return []
  const spans: { from: number; to: number }[] = []
  for (let index = 1; index < times.length; index += 1) {
    const count = (at: number): number => values[at] ?? histograms?.[at]?.count ?? 0
    if (count(index) === count(index - 1)) continue
    const span = { from: times[index - 1] ?? 0, to: times[index] ?? 0 }
    const last = spans.at(-1)
    if (last && span.from - last.to <= LONGEST_PAUSE_MS) last.to = span.to
    else spans.push(span)
  }
  return spans
}

function mergeSpans(spans: readonly Span[]): readonly Span[] {
  const merged: { from: number; to: number }[] = []
  for (const { from, to } of spans.toSorted((one, other) => one.from - other.from)) {
    const last = merged.at(-1)
    if (last && from - last.to <= LONGEST_PAUSE_MS) last.to = Math.max(last.to, to)
    else merged.push({ from, to })
  }
  return merged
}

/**
 * A version that gets its first traffic (of a span) while another one has some is released over it; over the one that has had traffic longest, if there
 * are several. Whoever was there when the range began is nobody's canary.
 */
export function findReleases(traffic: ReadonlyMap<string, readonly Span[]>, range: Span): readonly PastRelease[] {
  const spans = [...traffic].flatMap(([version, own]) => own.map((span) => ({ version, ...span })))
  const releases = spans.flatMap((canary): PastRelease[] => {
    if (canary.from <= range.from + LONGEST_PAUSE_MS) return []
    const [stable] = spans
      .filter(({ version, from, to }) => version !== canary.version && from < canary.from && to > canary.from)
      .toSorted((one, other) => one.from - other.from)
    if (!stable) return []
    const until = Math.min(canary.to, stable.to)
    const isOpen = until >= range.to - LONGEST_PAUSE_MS
    const ended = isOpen ? 'open' : canary.to > stable.to ? 'promoted' : 'rolledBack'
    return [{ canary: canary.version, stable: stable.version, since: canary.from, until, ended }]
  })
  return releases.toSorted((one, other) => one.since - other.since)
}
