/**
 * Breaks the product once for every mutant of the list and tells who noticed. A survivor is a scenario that is missing. It never writes to the
 * checkout.
 */
import { availableParallelism } from 'node:os'
import { type Catcher, createCatchers } from './catchers.ts'
import type { Finding } from './finding.ts'
import { mutants } from './list/all-mutants.ts'
import { type CatcherId, catcherIds, type Mutant, splitWitness } from './mutant.ts'

export interface MutantOptions {
  /** Only mutants whose id contains this; all when absent. */
  readonly only?: string | undefined
  /** Mutants at a time; one for each core when absent. */
  readonly jobs?: number | undefined
  /** Does not ask what the list names, but looks for a tale or a seed. */
  readonly isHunt?: boolean | undefined
  /** Takes a line for each mutant when it is through, and a last one. */
  readonly print: (line: string) => void
}

export interface MutantReport {
  readonly mutants: number
  readonly caught: Readonly<Partial<Record<CatcherId, number>>>
  /** Ids. A survivor is a scenario that is missing. */
  readonly survived: readonly string[]
  /** Caught, but not by what the list names. */
  readonly otherwise: readonly string[]
  readonly cpuSeconds: number
}

export interface MutantVerdict {
  readonly mutant: Mutant
  /** Undefined: it survived. */
  readonly caught: { readonly by: CatcherId; readonly finding: Finding } | undefined
  /** What the list says catches it did. */
  readonly isAsListed: boolean
  readonly cpuMs: number
}

export async function reportMutants({
  only = '',
  jobs = availableParallelism(),
  isHunt = false,
  print,
}: MutantOptions): Promise<MutantReport> {
  const queue = mutants.filter(({ id }) => id.includes(only))
  if (queue.length === 0) return summarize([])
  const catchers = createCatchers(isHunt ? [] : namesOfTales(queue))
  const verdicts: MutantVerdict[] = []
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const verdict = await ask(mutant, catchers, isHunt ? HUNTERS : askInOrder(mutant))
      verdicts.push(verdict)
      print(renderVerdict(verdict))
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  const report = summarize(verdicts)
  print(renderReport(report))
  return report
}

function summarize(verdicts: readonly MutantVerdict[]): MutantReport {
  const idsOf = (some: readonly MutantVerdict[]): readonly string[] => some.map(({ mutant }) => mutant.id).sort()
  const counts = catcherIds.flatMap((id) => {
    const count = verdicts.filter(({ caught }) => caught?.by === id).length
    return count > 0 ? [[id, count] as const] : []
  })
  return {
    mutants: verdicts.length,
    caught: Object.fromEntries(counts),
    survived: idsOf(verdicts.filter(({ caught }) => !caught)),
    otherwise: idsOf(verdicts.filter(({ caught, isAsListed }) => caught && !isAsListed)),
    cpuSeconds: Math.round(verdicts.reduce((sum, verdict) => sum + verdict.cpuMs, 0) / 1_000),
  }
}

interface Attempt {
  readonly by: CatcherId
  /** Undefined: everything that it knows. */
  readonly name: string | undefined
}

/** Whole clusters alone: what a witness should be before anything else. */
const HUNTERS: readonly Attempt[] = [
  { by: 'tale', name: undefined },
  { by: 'seed', name: undefined },
]

function askInOrder({ witness }: Mutant): readonly Attempt[] {
  const { catcher, name } = splitWitness(witness)
  return [{ by: catcher, name }, ...catcherIds.map((by) => ({ by, name: undefined }))]
}

const namesOfTales = (some: readonly Mutant[]): readonly string[] =>
  some.map(({ witness }) => splitWitness(witness)).flatMap(({ catcher, name }) => (catcher === 'tale' ? [name] : []))

async function ask(
  mutant: Mutant,
  catchers: Readonly<Record<CatcherId, Catcher>>,
  attempts: readonly Attempt[],
): Promise<MutantVerdict> {
  let cpuMs = 0
  for (const { by, name } of attempts) {
    const search = await catchers[by](mutant, name)
    cpuMs += search.cpuMs
    const isAsListed = `${by} ${name ?? search.found?.where}` === mutant.witness
    if (search.found) return { mutant, caught: { by, finding: search.found }, isAsListed, cpuMs }
  }
  return { mutant, caught: undefined, isAsListed: false, cpuMs }
}

function renderVerdict({ mutant, caught, isAsListed, cpuMs }: MutantVerdict): string {
  const seconds = `${(cpuMs / 1_000).toFixed(1)} s`
  if (!caught) return `SURVIVED ${mutant.id} (${mutant.file}, ${mutant.invariant}): ${mutant.removes}; ${seconds}`
  const { by, finding } = caught
  const listed = isAsListed ? '' : ` [listed: ${mutant.witness}]`
  return `caught   ${mutant.id} by ${by} "${finding.where}"${listed}: ${finding.why}; ${seconds}`
}

function renderReport({ mutants: all, caught, survived, otherwise, cpuSeconds }: MutantReport): string {
  const counts = Object.entries(caught).map(([id, count]) => `${count} by ${id}`)
  const others = otherwise.length > 0 ? `; not as listed: ${otherwise.join(', ')}` : ''
  return `${all} mutants: ${all - survived.length} caught (${counts.join(', ')}), ${survived.length} survived; ${cpuSeconds} CPU s${others}`
}
