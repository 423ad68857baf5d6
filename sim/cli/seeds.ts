/** Runs many seeds on two worker processes. Which worker runs which seed changes nothing: a run knows only its seed. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Violation } from '../invariants/invariant.ts'

export interface Task {
  readonly seed: number
  readonly twice: boolean
}

export interface SeedReport {
  readonly seed: number
  readonly hash: string
  readonly steps: number
  readonly violations: readonly Violation[]
  /** False when a second run of the seed gave another log. */
  readonly isReplayed: boolean
  readonly hits: readonly (readonly [string, number])[]
}

type Answer = { readonly report: SeedReport } | { readonly seed: number; readonly failure: string }

const WORKERS = 2

/** In the order in which they end. Rejects when a worker dies. */
export async function runSeeds(
  from: number,
  count: number,
  twice: boolean,
  onReport: (report: SeedReport) => void,
): Promise<void> {
  let next = from
  const work = (child: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      const give = (): void => {
        if (next >= from + count) {
          child.disconnect()
          return
        }
        child.send({ seed: next, twice } satisfies Task)
        next += 1
      }
      child.on('message', (answer: Answer) => {
        if ('failure' in answer) {
          child.disconnect()
          return reject(new Error(`seed ${answer.seed}: the simulator failed: ${answer.failure}`))
        }
        onReport(answer.report)
        give()
      })
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with code ${code}`))))
      give()
    })
  const file = fileURLToPath(new URL('./worker.ts', import.meta.url))
  await Promise.all(Array.from({ length: Math.min(WORKERS, count) }, () => work(fork(file))))
}
