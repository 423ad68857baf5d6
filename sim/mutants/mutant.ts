/**
 * A mutant: the product with one guard removed or turned around, as a replacement of one text in one file. It exists to be caught: whatever
 * catches it would notice if somebody lost that guard by accident. Nothing here is ever written to the checkout.
 */
import { readFileSync } from 'node:fs'

/** What looks for the damage, in the order in which they are asked. */
export const catcherIds = ['tale', 'story', 'seed', 'walk', 'golden', 'test'] as const
export type CatcherId = (typeof catcherIds)[number]

export interface Mutant {
  /** In kebab-case, unique. */
  readonly id: string
  /** Below the root of the project. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly before: string
  readonly after: string
  /** What does not hold any more, in plain words. */
  readonly removes: string
  /** The invariants that rest on it, such as `S1` or `S8 L2`. */
  readonly invariant: string
  /**
   * What is known to catch it, and is asked first: `tale NAME`, `tale NAME › WHAT GOES WRONG`, `seed N`, `story NAME`, `golden NAME`, `walk NAME` or
   * `test FILE › NAME`. Everybody else is asked only when it does not.
   */
  readonly witness: `${CatcherId} ${string}`
}

/** The text of its file with the guard gone. Throws when the list is out of date. */
export function mutate({ id, file, before, after }: Mutant, source: string): string {
  const parts = source.split(before)
  if (parts.length !== 2) throw new Error(`mutant ${id}: its text stands ${parts.length - 1} times in ${file}`)
  return parts.join(after)
}

export const readSource = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')

export const isCatcherId = (word: string): word is CatcherId => catcherIds.some((id) => id === word)

/** `story abort` as catcher and name. */
export function splitWitness(witness: Mutant['witness']): { readonly catcher: CatcherId; readonly name: string } {
  const at = witness.indexOf(' ')
  const catcher = witness.slice(0, at)
  if (!isCatcherId(catcher)) throw new Error(`${witness}: nobody is called ${catcher}`)
  return { catcher, name: witness.slice(at + 1) }
}
