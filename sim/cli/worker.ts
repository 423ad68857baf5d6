/** A worker process: runs the seeds that it is told to, and says what became of each. */
import { makePlan } from '../run/plan.ts'
import { run } from '../run/run.ts'
import { answerTasks } from './pool.ts'
import type { SeedReport, Task } from './seeds.ts'

answerTasks(async ({ seed, twice }: Task): Promise<SeedReport> => {
  const { hash, steps, violations, hits } = await run(makePlan(seed))
  const isReplayed = !twice || (await run(makePlan(seed))).hash === hash
  return { seed, hash, steps, violations, isReplayed, hits: [...hits] }
})
