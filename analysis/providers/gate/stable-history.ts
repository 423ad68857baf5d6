/**
 * Reads what stable did in the hours before the release, in bounded pieces, each reduced to counts at once. The same hours are read whenever it is
 * asked, so that what they teach does not depend on when that was. A piece belongs to the version that had most of its traffic: stable, or the release
 * before it, never one that was being tried.
 */
import type { GateSeries } from '../../domain/gates/samples.ts'
import type { SeriesIdentity } from './classify.ts'
import { collectSeries } from './collect-series.ts'
import type { RawSeries } from './matrix.ts'
import type { Ask } from './samples-of-run.ts'

export interface HistoryOrder {
  /** Of each query that a gate reads. */
  readonly parts: readonly HistoryPart[]
  readonly versionLabel: string
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
}

export interface HistoryPart {
  readonly selector: string
  /** Takes any version for stable. */
  readonly classify: (labels: Readonly<Record<string, string>>, isNative: boolean) => SeriesIdentity | undefined
}

/** What stable did within a part of the history. */
export interface Piece {
  readonly series: readonly GateSeries[]
  /** Values of the label `le` that there are. */
  readonly les: readonly string[]
  /** Epoch milliseconds; there are samples from a little before. */
  readonly from: number
  readonly to: number
}

const PIECE_MS = 30 * 60_000
const BASE_MS = 120_000

/** Calls `add` for each piece that has samples, oldest first. The first problem ends it. */
export async function readHistory(
  { parts, versionLabel, from, to }: HistoryOrder,
  ask: Ask,
  add: (piece: Piece) => void,
): Promise<string | undefined> {
  for (let start = from; start < to; start += PIECE_MS) {
    const end = Math.min(to, start + PIECE_MS)
    const series: GateSeries[] = []
    const les = new Set<string>()
    let version: string | undefined
    for (const { selector, classify } of parts) {
      const answer = await ask({ selector, at: end, windowMs: end - start + BASE_MS })
      if ('problem' in answer) return answer.problem
      version ??= findBusiest(answer.series, versionLabel)
      const own = answer.series.filter(({ labels }) => (labels[versionLabel] ?? '') === version)
      for (const { labels } of own) if (labels.le !== undefined) les.add(labels.le)
      for (const one of collectSeries(own, classify)) series.push(one)
    }
    if (series.length > 0) add({ series, les: [...les], from: start, to: end })
  }
  return undefined
}

/** The version whose counters grew most; the first by name among equals. Undefined without series. */
function findBusiest(answer: readonly RawSeries[], label: string): string | undefined {
  const growth = new Map<string, number>()
  for (const { labels, values, histograms } of answer) {
    const version = labels[label] ?? ''
    const counts = histograms.length > 0 ? histograms.map(({ count }) => count) : values
    let grown = 0
    for (let index = 1; index < counts.length; index += 1)
      grown += Math.max(0, (counts[index] ?? 0) - (counts[index - 1] ?? 0)) || 0
    growth.set(version, (growth.get(version) ?? 0) + grown)
  }
  const [busiest] = [...growth].sort(([one, much], [other, more]) => more - much || (one < other ? -1 : 1))
  return busiest?.[0]
}
