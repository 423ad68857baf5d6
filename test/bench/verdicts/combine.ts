/**
 * Three gates over one rollout: the chance that at least one of them aborts a healthy release. Gates are simulated with chances of their own, so chances to be
 * left alone multiply. Pure.
 */
import type { CellGate } from './cells.ts'
import type { CellResult } from './measure.ts'
import { type HealthyFigures, teams } from './results.ts'

const gates: readonly CellGate[] = ['errorRate', 'latency', 'events']

const keyOf = ({ cell }: CellResult): string => `${cell.noise}/${cell.rps}/${cell.history}`

const isOfGate =
  (gate: CellGate) =>
  ({ cell }: CellResult): boolean =>
    cell.gate === gate && (cell.gate !== 'latency' || cell.buckets === 'classic')

/** Cells of healthy releases, by noise, rate and history, where all three gates were measured. */
export function combineHealthy(results: readonly CellResult[]): readonly HealthyFigures[] {
  const isCombined = ({ cell: { group } }: CellResult): boolean => group === 'healthy' || group === 'history'
  const combined = results.filter(isCombined)
  return [...new Set(combined.map(keyOf))].flatMap((key): HealthyFigures[] => {
    const cells = combined.filter((result) => keyOf(result) === key)
    const [errors, latency, events] = gates.map((gate) => cells.find(isOfGate(gate)))
    if (!errors || !latency || !events) return []
    const { noise, rps, history } = errors.cell
    const byGate = { errorRate: errors, latency, events }
    const shareOf = (judges: Readonly<Record<CellGate, string>>): number =>
      1 - gates.reduce((kept, gate) => kept * (1 - (byGate[gate].scores[judges[gate]]?.aborted ?? 0)), 1)
    const aborted = Object.fromEntries(Object.entries(teams).map(([team, judges]) => [team, shareOf(judges)]))
    const rollouts = Math.min(errors.rollouts, latency.rollouts, events.rollouts)
    return [{ noise, rps, history, rollouts, aborted }]
  })
}
