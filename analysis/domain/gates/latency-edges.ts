/**
 * Chooses the bounds at which the latency gate counts slow requests: a request slower than such an edge is a bad event, exactly, whatever lies
 * within buckets. The choice rests on stable alone, so the canary cannot influence it.
 */
import { type Survival, scaledRatio } from './survival.ts'

export interface LatencyEdge {
  /** Seconds. */
  readonly bound: number
  /** Place of it in `bounds` of the plan, and so in `slower` of ticks. */
  readonly index: number
  /** Share of the evidence; the weights of all edges add up to 1. */
  readonly weight: number
  /** How many times as many requests may be slower: so many would be, were all as much slower as is tolerated. */
  readonly toleranceRatio: number
}

export interface EdgePlan {
  /** What has to be read of the histograms, seconds, ascending: the edges and what the quantile is read from. */
  readonly bounds: readonly number[]
  /** The weightiest first. */
  readonly edges: readonly LatencyEdge[]
  /** More than 1 % of stable's requests are slower than the last bound: evidence counts, but nothing can be passed. */
  readonly endsBelowP99: boolean
}

/** Share of slower requests that an edge should have, and its weight (analysis.md 2.4). */
const targets: readonly { readonly share: number; readonly weight: number }[] = [
  { share: 0.01, weight: 0.5 },
  { share: 0.05, weight: 0.3 },
  { share: 0.003, weight: 0.2 },
]
const LARGEST_SHARE = 0.3
const SMALLEST_SHARE = 0.0003
const P99_SHARE = 0.01

/** `toleranceScale`: how many times as long requests may take. Undefined when there is no bound that few enough requests exceed. */
export function planEdges(survival: Survival, toleranceScale: number): EdgePlan | undefined {
  const { bounds, slower, total } = survival
  if (total <= 0) return undefined
  const shares = slower.map((count) => (count + 0.5) / (total + 1))
  const inRange = (share: number): boolean => share <= LARGEST_SHARE && share >= SMALLEST_SHARE
  const usable = bounds.flatMap((_, index) => {
    const ratio = scaledRatio(survival, index, toleranceScale)
    return ratio === undefined || (shares[index] ?? 1) > LARGEST_SHARE ? [] : [{ index, ratio }]
  })
  const good = usable.filter(({ index }) => inRange(shares[index] ?? 0))
  const weights = new Map<number, number>()
  for (const target of targets) {
    const nearest = findNearest(good.length > 0 ? good : usable, shares, target.share)
    if (nearest !== undefined) weights.set(nearest, (weights.get(nearest) ?? 0) + target.weight)
  }
  if (weights.size === 0) return undefined
  const read = listRead(shares, [...weights.keys()])
  const edges = usable.flatMap(({ index, ratio }): LatencyEdge[] => {
    const weight = weights.get(index)
    return weight === undefined
      ? []
      : [{ bound: bounds[index] ?? 0, index: read.indexOf(index), weight, toleranceRatio: ratio }]
  })
  return {
    bounds: read.map((index) => bounds[index] ?? 0),
    edges: edges.toSorted((one, other) => other.weight - one.weight),
    endsBelowP99: (shares.at(-1) ?? 1) > P99_SHARE,
  }
}

function findNearest(
  from: readonly { readonly index: number }[],
  shares: readonly number[],
  wanted: number,
): number | undefined {
  const distance = (index: number): number => Math.abs(Math.log((shares[index] ?? 1) / wanted))
  let nearest: number | undefined
  for (const { index } of from) if (nearest === undefined || distance(index) < distance(nearest)) nearest = index
  return nearest
}

/** Bounds that a person's P99 and the rank part are read from: around the tail, with a neighbour on either side. */
function listRead(shares: readonly number[], edges: readonly number[]): number[] {
  const tail = shares.flatMap((share, index) => (share <= LARGEST_SHARE && share >= SMALLEST_SHARE ? [index] : []))
  const first = Math.min(...tail, ...edges)
  const last = Math.max(...tail, ...edges)
  return shares.flatMap((_, index) => (index >= first - 1 && index <= last + 1 ? [index] : []))
}
