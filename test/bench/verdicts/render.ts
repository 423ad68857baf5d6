/** How figures of the suite are written: shares, seconds, one judge in one cell. Pure. */
import { isHealthy } from './cells.ts'
import { PENSTOCK } from './judges.ts'
import type { Score } from './measure.ts'
import type { CellFigures } from './results.ts'

/** At most one decimal, and none where it would be a zero. */
export function renderPercent(share: number): string {
  const percent = share * 100
  return `${percent >= 10 || Number.isInteger(percent) ? percent.toFixed(0) : percent.toFixed(1)} %`
}

/** `–`: not in at least half (p95: 95 %) of the rollouts. */
export const renderSeconds = (seconds: number | undefined): string =>
  seconds === undefined || !Number.isFinite(seconds) ? '–' : `${seconds} s`

const renderExcess = (excess: number | undefined): string =>
  excess === undefined ? '' : ` · ${excess < 10 ? excess.toFixed(1) : excess.toFixed(0)}`

const renderDelay = (seconds: number | undefined): string => (seconds === undefined ? '–' : String(seconds))

/** A healthy release: share of false aborts. A bad one: share that is found, median/p95 seconds, bad requests too many. */
export function renderScore(score: Score | undefined, healthy: boolean): string {
  if (score === undefined) return ''
  if (healthy) return renderPercent(score.aborted)
  const delays = `${renderDelay(score.medianSeconds)}/${renderDelay(score.p95Seconds)}`
  return `${renderPercent(score.aborted)} · ${delays}${renderExcess(score.excess)}`
}

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Cells of one gate below each other, judges beside each other, ours last. */
export function tabulate(figures: readonly CellFigures[], judges: readonly string[]): Table {
  return {
    head: ['cell', ...judges.map((judge) => (judge === PENSTOCK ? 'ours' : judge))],
    rows: figures.map(({ cell, scores }) => [
      cell.id.replace(/^[^/]*\//, ''),
      ...judges.map((judge) => renderScore(scores[judge], isHealthy(cell))),
    ]),
  }
}

/** For documents. */
export function renderMarkdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}
