/** Where we are behind: cells in which a peer that is bearable in the same noise finds a bad release sooner, or more of them. Pure. */
import { isHealthy } from './cells.ts'
import { PENSTOCK } from './judges.ts'
import type { Score } from './measure.ts'
import { renderPercent, renderSeconds, type Table } from './render.ts'
import { type CellFigures, usablePeers, type VerdictsResult } from './results.ts'

/** Less than this share of rollouts more is chance. */
const LEAST_DIFFERENCE = 0.05

/** Within the tolerance: to abort it is no merit. */
const isTolerated = ({ cell }: CellFigures): boolean =>
  cell.gate === 'latency' && cell.effect.tail === 1 && cell.effect.scale <= 1.15

const slowness = ({ medianSeconds }: Score): number => medianSeconds ?? Number.POSITIVE_INFINITY

const isBetter = (peer: Score, ours: Score): boolean =>
  slowness(peer) < slowness(ours) || peer.aborted >= ours.aborted + LEAST_DIFFERENCE

export function tabulateLosses({ cells }: VerdictsResult): Table {
  const rows = cells
    .filter((figures) => !isHealthy(figures.cell) && !isTolerated(figures))
    .flatMap((figures) => {
      const ours = figures.scores[PENSTOCK]
      if (!ours) return []
      return usablePeers(cells, figures)
        .filter(({ score }) => isBetter(score, ours))
        .map(({ judge, score, falseAborts }) => [
          figures.cell.id,
          `${renderPercent(ours.aborted)}, ${renderSeconds(ours.medianSeconds)}`,
          judge,
          `${renderPercent(score.aborted)}, ${renderSeconds(score.medianSeconds)}`,
          falseAborts === undefined ? '?' : renderPercent(falseAborts),
        ])
    })
  return { head: ['cell', 'ours: found, median', 'peer', 'found, median', 'its false aborts there'], rows }
}
