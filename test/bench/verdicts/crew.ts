/** Measures cells on all cores: a process each, which takes the next cell when it is done with one. Figures do not depend on who measured what. */
import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Cell } from './cells.ts'
import type { CellResult, Settings } from './measure.ts'

export interface CellTask {
  readonly cell: Cell
  readonly settings: Settings
}

interface Member {
  readonly measure: (task: CellTask) => Promise<CellResult>
  readonly dismiss: () => void
}

export type Crew = readonly Member[]

export function hireCrew(size: number = availableParallelism()): Crew {
  const script = fileURLToPath(new URL('./crew-member.ts', import.meta.url))
  return Array.from({ length: size }, () => hire(fork(script, { serialization: 'advanced' })))
}

function hire(child: ChildProcess): Member {
  return {
    measure: (task) =>
      new Promise((resolve, reject) => {
        const fail = (code: number | null): void =>
          reject(new Error(`a process that measured ${task.cell.id} ended with ${code}`))
        child.once('exit', fail)
        child.once('message', (result: CellResult) => {
          child.off('exit', fail)
          resolve(result)
        })
        child.send(task)
      }),
    dismiss: () => void child.kill(),
  }
}

/** The results in the cells' order. `say` hears of each cell when it is begun. */
export async function measureTogether(
  cells: readonly Cell[],
  settings: Settings,
  crew: Crew,
  say: (text: string) => void,
): Promise<readonly CellResult[]> {
  const results: CellResult[] = []
  let next = 0
  const work = async (member: Member): Promise<void> => {
    for (;;) {
      const index = next++
      const cell = cells[index]
      if (!cell) return
      say(`${index + 1}/${cells.length} ${cell.id}`)
      results[index] = await member.measure({ cell, settings })
    }
  }
  await Promise.all(crew.map(work))
  return results
}
