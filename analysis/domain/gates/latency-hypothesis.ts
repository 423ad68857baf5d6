/**
 * Evidence against one hypothesis "the canary's tail is at most (for `down`: at least) that much slower" (analysis.md 2.4): of counts at each edge, and of
 * the ranks of the shift among those of history. It decides nothing.
 *
 *   E = 0.6·Σ_b w_b·E_b + 0.4·E_shift          without ranks: E = Σ_b w_b·E_b
 *
 * A mean of e-processes with weights that are fixed in advance is one.
 */
import type { PairCounts } from '../stats/arms.ts'
import { capOf, createCountEvidence, type Direction } from '../stats/count-evidence.ts'
import { addLogs, mixLogs } from '../stats/log-space.ts'
import { createRankEvidence, type RankHistory } from '../stats/rank-evidence.ts'
import type { LatencyEdge } from './latency-edges.ts'

const COUNT_SHARE = 0.6

export interface LatencyMoment {
  readonly at: number
  /** By edge; undefined when one of the arms had no request. */
  readonly counts: readonly (PairCounts | undefined)[]
  /** ln(P99/P99), where a block of it is complete. */
  readonly shift: number | undefined
}

export interface LatencyHypothesis {
  /** `phis`: overdispersion by edge. */
  readonly advance: (moment: LatencyMoment, phis: readonly number[]) => void
  /** ln E. */
  readonly logEvidence: () => number
}

export interface HypothesisOptions {
  readonly direction: Direction
  readonly alpha: number
  /** By edge. */
  readonly nullRatios: readonly number[]
  /** ln of how many times as slow. */
  readonly nullShift: number
  /** Undefined: counts alone. */
  readonly ranks: RankHistory | undefined
  /** r/r0 of the alternatives that counts are held against; those of all gates when absent. */
  readonly alternatives?: readonly number[]
  /** Share of what runs from the start, 0..1, of counts; as in all gates when absent. */
  readonly whole?: number
}

export function createLatencyHypothesis(edges: readonly LatencyEdge[], options: HypothesisOptions): LatencyHypothesis {
  const { direction, alpha, nullRatios, nullShift, ranks, alternatives, whole } = options
  const cap = capOf(alpha)
  const counts = edges.map((_, edge) => {
    const nullRatio = nullRatios[edge] ?? 1
    return createCountEvidence({
      direction,
      nullRatio,
      cap,
      ...(alternatives && { alternatives }),
      ...(whole && { whole }),
    })
  })
  const shifts = ranks && createRankEvidence({ direction, cap, ...ranks })

  function advance({ at, counts: pairs, shift }: LatencyMoment, phis: readonly number[]): void {
    for (const [edge, evidence] of counts.entries()) {
      const pair = pairs[edge]
      if (pair !== undefined) evidence.advance(pair, phis[edge] ?? 1)
    }
    if (shift !== undefined) shifts?.advance(at, shift - nullShift)
  }

  function logEvidence(): number {
    let sum = Number.NEGATIVE_INFINITY
    for (const [edge, { weight }] of edges.entries()) {
      sum = addLogs(sum, Math.log(weight) + (counts[edge]?.logEvidence() ?? 0))
    }
    return shifts === undefined ? sum : mixLogs(COUNT_SHARE, sum, shifts.logEvidence())
  }

  return { advance, logEvidence }
}
