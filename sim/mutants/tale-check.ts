/**
 * Tells tales of the exploration with whatever product is bundled, and stops at the first that ends otherwise than with the product as it is, or that
 * breaks an invariant. One that is told without trouble has to take the same course as well. A search tells all of them, then each with a few troubles.
 */
import { type Manifests, takeManifests } from '../cluster/definitions.ts'
import { compareEndings } from '../explore/compare.ts'
import { compareCourses } from '../explore/course.ts'
import { listTroubles } from '../explore/points.ts'
import type { Tale } from '../explore/tale.ts'
import { tales } from '../explore/tales/all-tales.ts'
import { type Ending, tell } from '../explore/tell.ts'
import { parseTrouble, renderTrouble, type Trouble } from '../explore/trouble.ts'
import type { Finding } from './finding.ts'

/** By name, told without trouble by the product as it is. */
export type KnownTales = Readonly<Record<string, Ending>>

const findTale = (name: string): Tale => {
  const tale = tales.find((one) => one.name === name)
  if (!tale) throw new Error(`there is no tale "${name}"`)
  return tale
}

/** `NAME`, or `NAME › what goes wrong`. */
function parseName(witness: string): { readonly tale: Tale; readonly trouble: Trouble | undefined } {
  const [name = '', words] = witness.split(' › ')
  return { tale: findTale(name), trouble: words === undefined ? undefined : parseTrouble(words) }
}

const renderName = ({ name }: Tale, trouble: Trouble | undefined): string =>
  trouble ? `${name} › ${renderTrouble(trouble)}` : name

/** @param names of tales; what follows a name is left out; all when absent */
export async function learnTales(names: readonly string[] = tales.map(({ name }) => name)): Promise<KnownTales> {
  const known: Record<string, Ending> = {}
  for (const name of names) {
    const { tale } = parseName(name)
    known[tale.name] ??= await tell(tale)
  }
  return known
}

/**
 * One tale as a witness names it.
 *
 * @param manifests see `takeManifests`
 */
export async function checkTale(
  witness: string,
  known: KnownTales,
  manifests: Manifests,
): Promise<Finding | undefined> {
  takeManifests(manifests)
  const { tale, trouble } = parseName(witness)
  const why = await judge(tale, trouble, known)
  return why === undefined ? undefined : { where: witness, why }
}

/** @param mostSeconds of the processor, in which it looks */
export async function findOtherTale(known: KnownTales, mostSeconds: number): Promise<Finding | undefined> {
  for (const [tale, trouble] of listAttempts(known)) {
    const { user, system } = process.cpuUsage()
    if (user + system > mostSeconds * 1e6) return undefined
    const why = await judge(tale, trouble, known)
    if (why !== undefined) return { where: renderName(tale, trouble), why }
  }
  return undefined
}

/** Of each kind of trouble so many places, spread over what comes after the first deploy. */
const PLACES = { late: 9, crash: 6, stale: 4, drop: 4, touch: 4, repeat: 4 } as const

function* listAttempts(known: KnownTales): Generator<readonly [Tale, Trouble | undefined]> {
  for (const tale of tales) yield [tale, undefined]
  for (const kind of Object.keys(PLACES) as (keyof typeof PLACES)[])
    for (const tale of tales) {
      const ending = known[tale.name]
      if (!ending || tale.once) continue
      const all = listTroubles(ending, { from: ending.firstDeed, rivals: tale.rivals }).filter(
        (one) => one.kind === kind,
      )
      for (const trouble of spread(all.filter(isWorst), PLACES[kind])) yield [tale, trouble]
    }
}

/** Of three grades the last. */
const isWorst = (trouble: Trouble): boolean =>
  trouble.kind === 'late' ? trouble.lines === 3 : trouble.kind !== 'stale' || trouble.versions === 3

const spread = <T>(all: readonly T[], count: number): readonly T[] =>
  all.length <= count
    ? all
    : Array.from({ length: count }, (_none, at) => all[Math.floor(((at + 0.5) * all.length) / count)] as T)

/** Who takes so many times the events of the product as it is will not come to an end. */
const PATIENCE = 3

/** What differs first, in one line. */
async function judge(tale: Tale, trouble: Trouble | undefined, known: KnownTales): Promise<string | undefined> {
  const measure = known[tale.name]
  if (!measure) throw new Error(`it is not known how "${tale.name}" ends`)
  try {
    const ending = await tell(tale, trouble, PATIENCE * measure.steps)
    const [first] = compareEndings(ending, measure)
    return first ?? (trouble ? undefined : compareCourses(ending.course, measure.course))
  } catch (error) {
    return String(error).split('\n')[0] ?? 'it throws'
  }
}
