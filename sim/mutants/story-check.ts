/**
 * Tells the crash stories with whatever product is bundled, and stops at the first that ends otherwise than with the product as it is: another end,
 * another set of creations and deletions, another call, a write that breaks an invariant. First undisturbed, then with a few troubles each.
 */
import * as kinds from '../../controller/kube/kinds.ts'
import { type Ending, type Story, type Trouble, tell } from '../../test/component/reconcile/crash-cluster.ts'
import { stories } from '../../test/component/reconcile/stories/all-stories.ts'
import type { Finding } from './finding.ts'

/** Of a story told undisturbed with the product as it is. */
export interface Known {
  readonly births: readonly string[]
  readonly calls: readonly string[]
  readonly writes: number
  readonly deployWrites: number
}
export type KnownEndings = Readonly<Record<string, Known>>

export interface StoryOrder {
  /** Undefined: find out. */
  readonly known?: KnownEndings
  /** Only this one; every one when absent. */
  readonly only?: string
}

const knownOf = ({ births, calls, writes, deployWrites }: Ending): Known => ({
  births,
  calls,
  deployWrites,
  writes: writes.length,
})

export async function learnEndings(): Promise<KnownEndings> {
  const known: Record<string, Known> = {}
  for (const [name, story] of Object.entries(stories)) known[name] = knownOf(await tell(story))
  return known
}

/** @param known of the product as it is */
export async function findDifference({ known = {}, only }: StoryOrder): Promise<Finding | undefined> {
  const told = Object.entries(stories).filter(([name]) => only === undefined || name === only)
  if (told.length === 0) throw new Error(`there is no story "${only}"`)
  for (const [name, story] of told) {
    const why = await judge(story, known[name], {})
    if (why !== undefined) return { where: `${name}, undisturbed`, why }
  }
  for (const [at, [name, story]] of told.entries())
    for (const [where, trouble] of troublesOf(at, known[name])) {
      const why = await judge(story, known[name], trouble)
      if (why !== undefined) return { where: `${name}, ${where}`, why }
    }
  return undefined
}

const CRASHES = 4
const lateKinds = [kinds.replicaSets, kinds.rollouts, kinds.services, kinds.endpointSlices, kinds.httpRoutes]

/** A few crashes over the whole of it, half of them with the write lost; one late view of each kind in turn; one lost race. */
function troublesOf(story: number, known: Known | undefined): readonly (readonly [string, Trouble])[] {
  const { writes = 0, deployWrites = 0 } = known ?? {}
  const crashes = Array.from({ length: CRASHES }, (_none, at): readonly [string, Trouble] => {
    const atWrite = deployWrites + 1 + Math.floor(((at + 0.5) * (writes - deployWrites)) / CRASHES)
    const applied = at % 2 === 0
    return [`dead at write ${atWrite}, ${applied ? 'applied' : 'lost'}`, { crash: { atWrite, applied } }]
  })
  const late = [0, 2].map((step): readonly [string, Trouble] => {
    const kind = lateKinds[(story + step) % lateKinds.length] ?? kinds.replicaSets
    return [`${kind.plural} 2 events late`, { late: { kinds: [kind], events: 2 } }]
  })
  const rivalAt = deployWrites + Math.floor((writes - deployWrites) / 2)
  return [...crashes, ...late, [`race lost at change ${rivalAt}`, { rivalAt }]]
}

/** What differs, in one line; undefined: nothing. */
async function judge(story: Story, known: Known | undefined, trouble: Trouble): Promise<string | undefined> {
  let ending: Ending
  try {
    ending = await tell(story, trouble)
  } catch (error) {
    return String(error).split('\n').slice(0, 3).join(' ')
  }
  if (ending.violations[0] !== undefined) return ending.violations[0]
  const wrong = ending.lines.find((line, at) => line !== story.ending[at])
  if (wrong !== undefined || ending.lines.length !== story.ending.length) return `it ends with "${wrong ?? 'less'}"`
  if (!known) return undefined
  const calls = [...new Set(ending.calls)]
  if (String(calls) !== String(known.calls)) return `calls: ${calls.join(', ')}`
  return String(ending.births) === String(known.births)
    ? undefined
    : `births: ${differing(ending.births, known.births).join(', ')}`
}

/** What one list has and the other has not, at most three. */
function differing(some: readonly string[], others: readonly string[]): readonly string[] {
  const more = some.filter((one) => !others.includes(one)).map((one) => `also ${one}`)
  const less = others.filter((one) => !some.includes(one)).map((one) => `never ${one}`)
  const both = [...more, ...less]
  return both.length > 0 ? both.slice(0, 3) : [`${some.length} instead of ${others.length}`]
}
