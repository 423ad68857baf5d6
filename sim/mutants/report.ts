/**
 * Breaks the product once for every mutant of the list and tells who noticed. A survivor is a scenario that is missing. It never writes to the
 * checkout.
 */
import { availableParallelism } from 'node:os'
import { type Catcher, createCatchers, learnKnown } from './catchers.ts'
import type { Finding } from './finding.ts'
import { mutants } from './list/all-mutants.ts'
import { type CatcherId, catcherIds, type Mutant, splitWitness } from './mutant.ts'

export interface MutantOptions {
  /** Only mutants whose id contains this; all when absent. */
  readonly only?: string | undefined
  /** Mutants at a time; one for each core when absent. */
  readonly jobs?: number | undefined
  /** Who looks; everybody when absent. */
  readonly catchers?: readonly CatcherId[] | undefined
  /** Called for each mutant when it is through. */
  readonly tell?: (verdict: MutantVerdict) => void
}

export interface MutantVerdict {
  readonly mutant: Mutant
  /** Undefined: it survived. */
  readonly caught: { readonly by: CatcherId; readonly finding: Finding } | undefined
  /** What the list says catches it did. */
  readonly isAsListed: boolean
  readonly cpuMs: number
}

export interface MutantReport {
  readonly verdicts: readonly MutantVerdict[]
  readonly survivors: readonly Mutant[]
  /** Caught, but not by what the list names. */
  readonly wrongWitnesses: readonly Mutant[]
  readonly cpuSeconds: number
}

export async function runMutants(options: MutantOptions = {}): Promise<MutantReport> {
  const { known, cpuMs } = await learnKnown()
  const catchers = createCatchers(known)
  const asked = catcherIds.filter((id) => options.catchers?.includes(id) ?? true)
  const queue = mutants.filter(({ id }) => id.includes(options.only ?? ''))
  const verdicts: MutantVerdict[] = []
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      const verdict = await hunt(mutant, catchers, asked)
      verdicts.push(verdict)
      options.tell?.(verdict)
    }
  }
  await Promise.all(Array.from({ length: options.jobs ?? availableParallelism() }, work))
  return {
    verdicts,
    survivors: verdicts.filter(({ caught }) => !caught).map(({ mutant }) => mutant),
    wrongWitnesses: verdicts.filter(({ caught, isAsListed }) => caught && !isAsListed).map(({ mutant }) => mutant),
    cpuSeconds: Math.round((cpuMs + verdicts.reduce((sum, verdict) => sum + verdict.cpuMs, 0)) / 1000),
  }
}

async function hunt(
  mutant: Mutant,
  catchers: Readonly<Record<CatcherId, Catcher>>,
  asked: readonly CatcherId[],
): Promise<MutantVerdict> {
  const witness = splitWitness(mutant.witness)
  const attempts = [
    ...(asked.includes(witness.catcher) ? [{ by: witness.catcher, name: witness.name, isAsListed: true }] : []),
    ...asked.map((by) => ({ by, name: undefined, isAsListed: false })),
  ]
  let cpuMs = 0
  for (const { by, name, isAsListed } of attempts) {
    const search = await catchers[by](mutant, name)
    cpuMs += search.cpuMs
    if (search.found) return { mutant, caught: { by, finding: search.found }, isAsListed, cpuMs }
  }
  return { mutant, caught: undefined, isAsListed: false, cpuMs }
}

/** One line for each mutant. */
export function renderVerdict({ mutant, caught, isAsListed, cpuMs }: MutantVerdict): string {
  const seconds = `${(cpuMs / 1000).toFixed(1)} s`
  if (!caught) return `SURVIVED ${mutant.id} (${mutant.file}, ${mutant.invariant}): ${mutant.removes}; ${seconds}`
  const { by, finding } = caught
  const listed = isAsListed ? '' : ` [listed: ${mutant.witness}]`
  return `caught   ${mutant.id} by ${by} "${finding.where}"${listed}: ${finding.why}; ${seconds}`
}

export function renderReport({ verdicts, survivors, cpuSeconds }: MutantReport): string {
  const counts = catcherIds.flatMap((id) => {
    const count = verdicts.filter(({ caught }) => caught?.by === id).length
    return count > 0 ? [`${count} by ${id}`] : []
  })
  const caught = verdicts.length - survivors.length
  return `${verdicts.length} mutants: ${caught} caught (${counts.join(', ')}), ${survivors.length} survived; ${cpuSeconds} CPU s`
}
