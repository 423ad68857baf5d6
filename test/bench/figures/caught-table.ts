/** Tables of what can be caught, for a guide, from the engine's statement of power. Pure. */
import { renderMarkdown, type Table } from '../verdicts/render.ts'
import { caughtAfter, minutesUntilCaught } from './power.ts'

const PHI = 1.5
const RATES = [1, 5, 20, 100, 1000]
const WEIGHTS = [0.05, 0.1, 0.25, 0.5]
const MOST_MINUTES = 24 * 60

function tabulate(render: (rps: number, weight: number) => string): string {
  const table: Table = {
    head: ['requests/s', ...WEIGHTS.map((weight) => `${weight * 100} %`)],
    rows: RATES.map((rps) => [String(rps), ...WEIGHTS.map((weight) => render(rps, weight))]),
  }
  return renderMarkdown(table)
}

function renderMinutes(minutes: number | undefined): string {
  if (minutes === undefined) return 'over a day'
  if (minutes >= 120) return `${Math.ceil(minutes / 60)} h`
  return `${Math.ceil(minutes)} min`
}

/** Rounded away from what would be too good. */
const renderRatio = (ratio: number | undefined): string => {
  if (ratio === undefined) return 'nothing'
  return ratio >= 10 ? `×${Math.ceil(ratio)}` : `×${(Math.ceil(ratio * 10) / 10).toFixed(1)}`
}

/** By name. */
export const caughtTables: Readonly<Record<string, () => string>> = {
  'time-to-threefold': () =>
    tabulate((rps, weight) => renderMinutes(minutesUntilCaught({ rps, weight, phi: PHI }, 3, MOST_MINUTES))),
  'caught-in-five-minutes': () => tabulate((rps, weight) => renderRatio(caughtAfter({ rps, weight, phi: PHI }, 5))),
}
