/** Every tale, disturbed at every place, one at a time: who ends otherwise is told. */
import { runTasks } from '../cli/pool.ts'
import { tales } from './tales/all-tales.ts'
import { renderTrouble } from './trouble.ts'
import type { ExploreAnswer, ExploreTask } from './worker.ts'

export interface ExploreReport {
  readonly tales: number
  /** With a trouble each. */
  readonly runs: number
  readonly violations: number
  readonly wallMs: number
}

export interface ExploreOptions {
  /** Only tales whose name contains it. */
  readonly only: string | undefined
  readonly print: (line: string) => void
}

export async function explore({ only = '', print }: ExploreOptions): Promise<ExploreReport> {
  const startedMs = performance.now()
  let violations = 0
  const run = (tasks: readonly ExploreTask[], onAnswer: (answer: ExploreAnswer, task: ExploreTask) => void) =>
    runTasks<ExploreTask, ExploreAnswer>('sim/explore/worker.ts', tasks, (answer, task) => {
      onAnswer(answer, task)
      if (answer.problems.length === 0) return
      violations += 1
      print(`${tales[task.tale]?.name}, ${renderTrouble(task.trouble)}:`)
      for (const problem of answer.problems) print(`  ${problem}`)
    })
  const plain = tales.flatMap(({ name }, tale) => (name.includes(only) ? [{ tale, trouble: undefined }] : []))
  const found = new Map<number, readonly ExploreTask[]>()
  await run(plain, ({ troubles }, { tale }) => {
    const tasks = troubles.map((trouble) => ({ tale, trouble }))
    found.set(tale, tasks)
  })
  // In the order of the tales, whichever worker came first.
  const tasks = plain.flatMap(({ tale }) => found.get(tale) ?? [])
  await run(tasks, () => {})
  return { tales: plain.length, runs: tasks.length, violations, wallMs: Math.round(performance.now() - startedMs) }
}
