/** Every tale, disturbed at every place, one at a time: who ends otherwise is told. */
import { runTasks } from '../cli/pool.ts'
import { listTroubles } from './points.ts'
import { tales } from './tales/all-tales.ts'
import { tell } from './tell.ts'
import { renderTrouble, type Trouble } from './trouble.ts'
import type { ExploreTask } from './worker.ts'

export interface ExploreReport {
  readonly tales: number
  readonly runs: number
  readonly violations: number
  readonly wallMs: number
}

/** The first deploy is the same in all tales of a kind: it is disturbed in these alone. */
const disturbedFromStart = new Set(['canary, promoted', 'pods alone, promoted', 'blue-green, promoted by itself'])

export interface ExploreOptions {
  /** Only tales whose name contains it. */
  readonly only: string | undefined
  readonly print: (line: string) => void
}

interface Counted {
  readonly tasks: readonly ExploreTask[]
  readonly problems: number
}

async function listTasks({ only, print }: ExploreOptions): Promise<Counted> {
  const tasks: ExploreTask[] = []
  let problems = 0
  for (const [index, tale] of tales.entries()) {
    if (only !== undefined && !tale.name.includes(only)) continue
    const ending = await tell(tale)
    const again = await tell(tale)
    const faults = [
      ...(ending.hash === again.hash ? [] : ['a second telling gave another log']),
      ...(ending.lines[0]?.startsWith('the tale did not end') ? ending.lines : []),
      ...ending.violations.map(({ id, sentence }) => `${id}: ${sentence}`),
    ]
    for (const fault of faults) print(`${tale.name}, undisturbed: ${fault}`)
    problems += faults.length === 0 ? 0 : 1
    const from = disturbedFromStart.has(tale.name) ? { writes: 0, reads: 0, lines: 0 } : ending.firstDeed
    tasks.push(...listTroubles(ending, from).map((trouble: Trouble) => ({ tale: index, trouble })))
  }
  return { tasks, problems }
}

export async function explore(options: ExploreOptions): Promise<ExploreReport> {
  const { print } = options
  const startedMs = performance.now()
  const { tasks, problems } = await listTasks(options)
  let violations = problems
  await runTasks<ExploreTask, readonly string[]>('sim/explore/worker.ts', tasks, (differences, { tale, trouble }) => {
    if (differences.length === 0) return
    violations += 1
    print(`${tales[tale]?.name}, ${renderTrouble(trouble)}:`)
    for (const difference of differences) print(`  ${difference}`)
  })
  const told = new Set(tasks.map(({ tale }) => tale)).size
  return { tales: told, runs: tasks.length, violations, wallMs: Math.round(performance.now() - startedMs) }
}
