/** Three gates over one rollout: which rollouts at least one of them aborts. Pure. */
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
      new Set(gates.flatMap((gate) => byGate[gate].aborted[judges[gate]] ?? [])).size / errors.rollouts
    const aborted = Object.fromEntries(Object.entries(teams).map(([team, judges]) => [team, shareOf(judges)]))
    return [{ noise, rps, history, rollouts: errors.rollouts, aborted }]
  })
}
