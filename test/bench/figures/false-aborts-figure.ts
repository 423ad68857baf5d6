/** How often each judge of the error rate aborts a healthy release, from the recorded run: one row a judge, one dot a kind of noise. */

import { judgesOf, PENSTOCK } from '../verdicts/judges.ts'
import type { NoiseId } from '../verdicts/noise.ts'
import { type CellFigures, findCell, type VerdictsResult } from '../verdicts/results.ts'
import { createPanel, type Panel } from './panel.ts'
import { drawDot, drawLegend, drawText, renderSvg } from './svg.ts'

const RPS = 100
const ROW = 38
const noises: readonly {
  readonly id: NoiseId
  readonly kind: string
  readonly text: string
  readonly width: number
}[] = [
  { id: 'iid', kind: 'f-blue', text: 'independent errors', width: 160 },
  { id: 'bursty', kind: 'f-orange', text: 'clumps and moods', width: 150 },
  { id: 'skew', kind: 'f-violet', text: 'the same, and an incident of both', width: 230 },
]

function drawRow(panel: Panel, judge: string, row: number, cells: readonly CellFigures[]): string {
  const y = row + 0.5
  const [left, height] = panel.place(0, y)
  const name = drawText(judge === PENSTOCK ? 'our gate' : judge, {
    at: [left - 12, height + 4],
    anchor: 'end',
    ...(judge === PENSTOCK ? { kind: 'head' } : {}),
  })
  const dots = noises.map(({ id, kind }, index) => {
    const share = findCell(cells, `errorRate/healthy/${id}/${RPS}`)?.scores[judge]?.aborted
    // Below each other: many of them lie at nothing.
    return share === undefined ? '' : drawDot(panel.place(100 * share, y + 0.27 * (index - 1)), kind, 4)
  })
  return [name, ...dots].join('')
}

export function drawFalseAborts({ cells, settings }: VerdictsResult): string {
  const judges = judgesOf.errorRate
  const rollouts = findCell(cells, `errorRate/healthy/iid/${RPS}`)?.rollouts ?? 2 * settings.rollouts
  const height = ROW * judges.length
  const panel = createPanel({
    title: `Healthy releases aborted, of ${rollouts} each, ${RPS} requests/s`,
    at: [170, 50],
    size: [640, height],
    x: {
      label: 'aborted, %',
      from: 0,
      to: 100,
      ticks: [0, 20, 40, 60, 80, 100].map((share) => [share, String(share)] as const),
    },
    y: { label: '', from: judges.length, to: 0, ticks: judges.map((_, row) => [row + 1, ''] as const) },
  })
  return renderSvg({
    width: 860,
    height: height + 130,
    title: 'Share of healthy releases that each judge of the error rate aborts, by noise',
    parts: [
      panel.frame,
      ...judges.map((judge, row) => drawRow(panel, judge, row, cells)),
      drawLegend([170, height + 116], noises),
    ],
  })
}
