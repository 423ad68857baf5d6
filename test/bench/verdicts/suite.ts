/** `npm run bench -- verdicts`: measures the cells one after the other. Equal settings give equal figures on every machine. */
import { setImmediate } from 'node:timers/promises'
import { cells } from './cells.ts'
import { combineHealthy } from './combine.ts'
import { type CellResult, measureCell, type Settings } from './measure.ts'
import type { VerdictsResult } from './results.ts'

export interface VerdictsOptions {
  readonly settings: Settings
  /** Only cells whose id contains this. */
  readonly only: string | undefined
  readonly say: (text: string) => void
}

/** Throws when no cell is meant. */
export async function measureVerdicts({ settings, only, say }: VerdictsOptions): Promise<VerdictsResult> {
  const meant = cells.filter(({ id }) => only === undefined || id.includes(only))
  if (meant.length === 0) throw new Error(`no cell has "${only}" in its name, such as "${cells[0]?.id}"`)
  const results: CellResult[] = []
  for (const cell of meant) {
    say(`${results.length + 1}/${meant.length} ${cell.id}`)
    results.push(measureCell(cell, settings))
    // A signal is heard between two cells.
    await setImmediate()
  }
  return {
    settings,
    cells: results.map(({ cell, rollouts, scores }) => ({ cell, rollouts, scores })),
    healthy: combineHealthy(results),
  }
}
