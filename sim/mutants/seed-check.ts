/** Runs seeds of the simulator with whatever product is bundled, up to the first that breaks an invariant. */
import { makePlan } from '../run/plan.ts'
import { run } from '../run/run.ts'
import type { Finding } from './finding.ts'

/** `seed 17`, and which invariant it breaks. */
export async function findBrokenSeed(from: number, count: number): Promise<Finding | undefined> {
  for (let seed = from; seed < from + count; seed += 1) {
    const [first] = await violationsOf(seed)
    if (first !== undefined) return { where: `seed ${seed}`, why: first }
  }
  return undefined
}

/** A mutant may make the run itself fail. */
async function violationsOf(seed: number): Promise<readonly string[]> {
  try {
    const { violations } = await run(makePlan(seed))
    return violations.map(({ id, sentence }) => `${id}: ${sentence}`)
  } catch (error) {
    return [String(error).split('\n')[0] ?? 'it throws']
  }
}
