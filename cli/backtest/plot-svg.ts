/**
 * One case as an SVG picture: how often both arms failed, and the evidence of each gate against its limit on a logarithmic scale, over the stages. Colours
 * are readable on light and on dark ground, and nothing is told by colour alone. Pure text; no dependency.
 */
import type { TrackPoint } from '../../analysis/domain/backtest/gate-track.ts'
import type { PlanGate } from '../../analysis/domain/backtest/plan.ts'
import type { Played } from '../../analysis/domain/backtest/replay-plan.ts'

export interface PlotOrder {
  readonly title: string
  readonly since: number
  readonly gates: readonly PlanGate[]
  readonly weights: readonly number[]
  readonly played: Played
}

const WIDTH = 900
const LEFT = 70
const RIGHT = 20
const TOP = 72
const PANEL = 130
const GAP = 44
const CANARY = '#d95f02'
const STABLE = '#1b8fc4'
const INK = '#7f7f7f'

interface Scale {
  readonly x: (at: number) => number
}

export function renderPlot({ title, since, gates, weights, played }: PlotOrder): string {
  const end = Math.max(played.at, ...played.stages.map(({ endedAt }) => endedAt), since + 60_000)
  const scale: Scale = { x: (at) => LEFT + ((WIDTH - LEFT - RIGHT) * (at - since)) / (end - since) }
  const height = TOP + gates.length * 2 * (PANEL + GAP)
  const panels = gates.flatMap((gate, index) => {
    const points = played.points[index] ?? []
    const top = TOP + index * 2 * (PANEL + GAP)
    return [
      renderRates(gate, points, { ...scale, top }),
      renderEvidence(gate, points, { ...scale, top: top + PANEL + GAP }),
    ]
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="${INK}">
<title>${escapeXml(title)}</title>
<text x="${LEFT}" y="20" font-size="15">${escapeXml(title)}</text>
${renderStages(played, weights, scale, height)}
${panels.join('\n')}
${renderMinutes(since, end, scale, height)}
${renderEnd(played, scale, height)}
</svg>
`
}

function renderStages({ stages }: Played, weights: readonly number[], { x }: Scale, height: number): string {
  return stages
    .map(({ startedAt }, index) => {
      const at = x(startedAt).toFixed(1)
      return `<line x1="${at}" x2="${at}" y1="${TOP - 22}" y2="${height - GAP}" stroke="${INK}" stroke-opacity=".35" stroke-dasharray="3 3"/><text x="${at}" y="${TOP - 26}" dx="3">stage ${index + 1}: ${weights[index] ?? 0} %</text>`
    })
    .join('\n')
}

const MOST_LABELS = 8

function renderMinutes(since: number, end: number, { x }: Scale, height: number): string {
  const minutes = (end - since) / 60_000
  const step = Math.max(1, Math.ceil(minutes / MOST_LABELS))
  const labels = Array.from({ length: Math.floor(minutes / step) + 1 }, (_, index) => index * step)
  return labels
    .map(
      (minute) =>
        `<text x="${x(since + minute * 60_000).toFixed(1)}" y="${height - GAP + 14}" text-anchor="middle">${minute} min</text>`,
    )
    .join('')
}

function renderEnd({ outcome, at, gate, reason }: Played, { x }: Scale, height: number): string {
  if (outcome !== 'aborted' && outcome !== 'held') return ''
  const place = x(at).toFixed(1)
  return `<line x1="${place}" x2="${place}" y1="${TOP - 22}" y2="${height - GAP + 6}" stroke="#e02020" stroke-width="2"/><text x="${place}" y="${height - 8}" text-anchor="end" fill="#e02020">${escapeXml(`${outcome} by ${gate ?? ''}: ${reason ?? ''}`)}</text>`
}

type Panel = Scale & { readonly top: number }

/** Over a few ticks each: single ones have too few events to see anything. */
const TICKS_AVERAGED = 4

function renderRates(gate: PlanGate, points: readonly TrackPoint[], panel: Panel): string {
  const rates = points.map(({ at }, index) => {
    const some = points.slice(Math.max(0, index + 1 - TICKS_AVERAGED), index + 1)
    return { at, canary: rateOf(some, 'canary'), stable: rateOf(some, 'stable') }
  })
  const most = Math.max(1e-6, ...rates.flatMap(({ canary, stable }) => [canary, stable]))
  const y = (rate: number): number => panel.top + PANEL * (1 - rate / most)
  const line = (arm: 'canary' | 'stable', color: string, dash: string): string =>
    renderLine(
      rates.map((rate) => [panel.x(rate.at), y(rate[arm])]),
      color,
      dash,
    )
  const what = {
    errorRate: 'failed requests',
    latency: 'requests beyond the edge near the P99',
    events: 'events per request',
  }[gate.gate]
  return `${renderFrame(panel, `${gate.name}: ${what}, per cent — canary solid, stable dashed`)}
${renderTick(panel.top, `${(100 * most).toPrecision(2)} %`)}${renderTick(panel.top + PANEL, '0')}
${line('stable', STABLE, ' stroke-dasharray="5 3"')}
${line('canary', CANARY, '')}`
}

function rateOf(points: readonly TrackPoint[], arm: 'canary' | 'stable'): number {
  let [bad, total] = [0, 0]
  for (const point of points) [bad, total] = [bad + point[arm].bad, total + point[arm].total]
  return total > 0 ? bad / total : 0
}

const LEAST_LOG = -2

function renderEvidence(gate: PlanGate, points: readonly TrackPoint[], panel: Panel): string {
  const limit = Math.log10(1 / gate.rule.alpha)
  const most = limit + 1.5
  const y = (evidence: number): number => {
    const log = Math.min(most, Math.max(LEAST_LOG, Math.log10(Math.max(evidence, 1e-9))))
    return panel.top + PANEL * (1 - (log - LEAST_LOG) / (most - LEAST_LOG))
  }
  const at = y(1 / gate.rule.alpha).toFixed(1)
  const decades = [0.01, 1, 100].map((odds) => renderTick(y(odds), `${odds} : 1`))
  return `${renderFrame(panel, `${gate.name}: evidence against “as good as stable” (odds, logarithmic)`)}
${decades.join('')}
<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" stroke="#e02020" stroke-dasharray="8 4"/><text x="${WIDTH - RIGHT}" y="${at}" dy="-4" text-anchor="end">limit ${Math.round(1 / gate.rule.alpha)} : 1</text>
${renderLine(
  points.map((point) => [panel.x(point.at), y(point.evidence)]),
  CANARY,
  '',
)}`
}

const renderFrame = ({ top }: Panel, label: string): string =>
  `<rect x="${LEFT}" y="${top}" width="${WIDTH - LEFT - RIGHT}" height="${PANEL}" fill="none" stroke="${INK}" stroke-opacity=".5"/><text x="${LEFT}" y="${top}" dy="-5">${escapeXml(label)}</text>`

const renderTick = (y: number, text: string): string =>
  `<text x="${LEFT - 6}" y="${y.toFixed(1)}" dy="4" text-anchor="end">${escapeXml(text)}</text>`

function renderLine(points: readonly (readonly [number, number])[], color: string, dash: string): string {
  if (points.length === 0) return ''
  const path = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')
  return `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.8"${dash}/>`
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeXml = (text: string): string =>
  text.replaceAll(/\p{Cc}+/gu, ' ').replaceAll(/[&<>"]/g, (character) => ESCAPES[character] ?? '')
