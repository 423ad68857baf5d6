/** `npm run bench -- verdicts`: measures the cells. Equal settings give equal figures on every machine, however many processes there are. */
import { cells } from './cells.ts'
import { combineHealthy } from './combine.ts'
import { hireCrew, measureTogether } from './crew.ts'
import { measureCell, type Settings } from './measure.ts'
import type { VerdictsResult } from './results.ts'

export interface VerdictsOptions {
  readonly settings: Settings
  /** Only cells whose id contains this. */
  readonly only: string | undefined
  readonly say: (text: string) => void
  /** 0: in this one. */
  readonly processes?: number
}

/** Throws when no cell is meant. */
export async function measureVerdicts({ settings, only, say, processes }: VerdictsOptions): Promise<VerdictsResult> {
  const meant = cells.filter(({ id }) => only === undefined || id.includes(only))
  if (meant.length === 0) throw new Error(`no cell has "${only}" in its name, such as "${cells[0]?.id}"`)
  const results = processes === 0 ? meant.map((cell) => measureCell(cell, settings)) : await measureByCrew()
  return { settings, cells: results, healthy: combineHealthy(results) }

  async function measureByCrew() {
    const crew = hireCrew(processes)
    try {
      return await measureTogether(meant, settings, crew, say)
    } finally {
      for (const member of crew) member.dismiss()
    }
  }
}
