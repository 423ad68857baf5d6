/** Tells tales: without trouble first, which gives the places for it, then with one trouble after the other, each compared with the undisturbed end. */
import { answerTasks } from '../cli/pool.ts'
import { compareEndings } from './compare.ts'
import { listTroubles } from './points.ts'
import type { Tale } from './tale.ts'
import { tales } from './tales/all-tales.ts'
import { type Ending, tell } from './tell.ts'
import type { Trouble } from './trouble.ts'

export interface ExploreTask {
  /** Index in the list of tales. */
  readonly tale: number
  /** Undefined: told twice without any. */
  readonly trouble: Trouble | undefined
}

export interface ExploreAnswer {
  /** Sentences; none when all is well. */
  readonly problems: readonly string[]
  /** Of a tale told without trouble: everything that can go wrong with it. */
  readonly troubles: readonly Trouble[]
}

/** The first deploy is the same in all tales of a kind: it is disturbed in these alone. */
const disturbedFromStart = new Set(['canary, promoted', 'pods alone, promoted', 'blue-green, promoted by itself'])
const START = { writes: 0, reads: 0, lines: 0 }

const undisturbed = new Map<Tale, Ending>()

async function tellTwice(tale: Tale): Promise<ExploreAnswer> {
  const ending = await tell(tale)
  const again = await tell(tale)
  const problems = [
    ...(ending.hash === again.hash ? [] : ['a second telling gave another log']),
    ...(ending.lines[0]?.startsWith('the tale did not end') ? ending.lines : []),
    ...ending.violations.map(({ id, sentence }) => `${id}: ${sentence}`),
  ]
  const from = disturbedFromStart.has(tale.name) ? START : ending.firstDeed
  return { problems, troubles: tale.once ? [] : listTroubles(ending, { from, rivals: tale.rivals }) }
}

async function tellDisturbed(tale: Tale, trouble: Trouble): Promise<ExploreAnswer> {
  const measure = undisturbed.get(tale) ?? (await tell(tale))
  undisturbed.set(tale, measure)
  return { problems: compareEndings(await tell(tale, trouble), measure), troubles: [] }
}

answerTasks(async ({ tale: index, trouble }: ExploreTask): Promise<ExploreAnswer> => {
  const tale = tales[index]
  if (!tale) throw new RangeError(`no tale ${index}`)
  return trouble ? tellDisturbed(tale, trouble) : tellTwice(tale)
})
