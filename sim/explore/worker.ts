/** Tells one tale with one trouble after the other and compares each end with the undisturbed one. */
import { answerTasks } from '../cli/pool.ts'
import { compareEndings } from './compare.ts'
import { tales } from './tales/all-tales.ts'
import { type Ending, tell } from './tell.ts'
import type { Trouble } from './trouble.ts'

export interface ExploreTask {
  /** Index in the list of tales. */
  readonly tale: number
  readonly trouble: Trouble
}

const undisturbed = new Map<number, Ending>()

answerTasks(async ({ tale: index, trouble }: ExploreTask): Promise<readonly string[]> => {
  const tale = tales[index]
  if (!tale) throw new RangeError(`no tale ${index}`)
  const measure = undisturbed.get(index) ?? (await tell(tale))
  undisturbed.set(index, measure)
  return compareEndings(await tell(tale, trouble), measure)
})
