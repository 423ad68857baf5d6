/**
 * What a run of the suite leaves: one document that can be kept, compared, and drawn again. Shapes, and how one looks up what a judge did in a cell. Pure.
 */
import { type Cell, type CellGate, isHealthy } from './cells.ts'
import { judgesOf, PENSTOCK } from './judges.ts'
import type { CellResult, Score, Settings } from './measure.ts'

export type CellFigures = CellResult

/** Healthy releases in one kind of noise, at one rate, judged by three gates. */
export interface HealthyFigures {
  readonly noise: string
  readonly rps: number
  readonly history: string
  /** Of the gate of which the fewest were simulated. */
  readonly rollouts: number
  /** Share of rollouts that were aborted, by team of judges. */
  readonly aborted: Readonly<Record<string, number>>
}

/** Something the judge is to reach; texts are for people. */
export interface Target {
  readonly id: string
  readonly what: string
  readonly goal: string
  readonly measured: string
  readonly met: boolean
  readonly bestPeer: string
}

export interface VerdictsResult {
  readonly settings: Settings
  readonly cells: readonly CellFigures[]
  readonly healthy: readonly HealthyFigures[]
}

/** Judges as somebody would run them together, one for each gate. */
export const teams: Readonly<Record<string, Readonly<Record<CellGate, string>>>> = {
  'thresholds FL0': { errorRate: 'success ≥ .99 FL0', latency: 'ratio ≤ 1.15 FL0', events: 'ratio ≥ .8 FL0' },
  'thresholds FL3': { errorRate: 'success ≥ .99 FL3', latency: 'ratio ≤ 1.15 FL3', events: 'ratio ≥ .8 FL3' },
  'Mann-Whitney': { errorRate: 'Mann-Whitney', latency: 'Mann-Whitney', events: 'Mann-Whitney' },
  [PENSTOCK]: { errorRate: PENSTOCK, latency: PENSTOCK, events: PENSTOCK },
}

export const findCell = (cells: readonly CellFigures[], id: string): CellFigures | undefined =>
  cells.find(({ cell }) => cell.id === id)

/** The healthy cell of the same gate, traffic and noise, which says what a judge's speed is paid with. */
export function healthyTwin(cells: readonly CellFigures[], { cell }: CellFigures): CellFigures | undefined {
  const isTwin = ({ cell: other }: CellFigures): boolean =>
    isHealthy(other) &&
    other.gate === cell.gate &&
    other.rps === cell.rps &&
    other.noise === cell.noise &&
    other.history === cell.history &&
    baseOf(other) === baseOf(cell)
  return cells.find(isTwin)
}

const baseOf = (cell: Cell): number | string => (cell.gate === 'latency' ? cell.buckets : cell.base)

/** More false aborts than this, and nobody would keep the judge. */
export const USABLE = 0.1

export interface PeerScore {
  readonly judge: string
  readonly score: Score
  /** Share of healthy releases that it aborts in the same noise; undefined when that was not measured. */
  readonly falseAborts: number | undefined
}

/** All peers in a cell whose false aborts are bearable, the fastest first. */
export function usablePeers(cells: readonly CellFigures[], figures: CellFigures): readonly PeerScore[] {
  const twin = healthyTwin(cells, figures)
  return judgesOf[figures.cell.gate]
    .filter((judge) => judge !== PENSTOCK)
    .flatMap((judge): PeerScore[] => {
      const score = figures.scores[judge]
      const falseAborts = twin?.scores[judge]?.aborted
      return score && (falseAborts ?? 0) <= USABLE ? [{ judge, score, falseAborts }] : []
    })
    .sort((a, b) => slownessOf(a.score) - slownessOf(b.score) || b.score.aborted - a.score.aborted)
}

const slownessOf = ({ medianSeconds }: Score): number => medianSeconds ?? Number.POSITIVE_INFINITY
