/** Runs many seeds on the workers. Which of them runs which seed changes nothing: a run knows only its seed. */
import type { Violation } from '../invariants/invariant.ts'
import { runTasks } from './pool.ts'

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

function* tasksFrom(from: number, count: number, twice: boolean): Generator<Task> {
  for (let seed = from; seed < from + count; seed += 1) yield { seed, twice }
}

/** In the order in which they end. Rejects when a worker dies. */
export function runSeeds(
  from: number,
  count: number,
  twice: boolean,
  onReport: (report: SeedReport) => void,
): Promise<void> {
  return runTasks<Task, SeedReport>('sim/cli/worker.ts', tasksFrom(from, count, twice), onReport)
}
