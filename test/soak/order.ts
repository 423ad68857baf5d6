/** Which release comes next. Pure: the same seed gives the same order. */
import type { Random } from '../../controller/runtime/random.ts'

export const kinds = ['promote', 'abort', 'alert-abort', 'blue-green', 'supersede'] as const
export type Kind = (typeof kinds)[number]

/** Every kind once, in an order drawn by chance, and again: each is met as often, after each of the others. */
export function* drawKinds(random: Random): Generator<Kind, never> {
  for (;;) {
    const left: Kind[] = [...kinds]
    while (left.length > 0) yield* left.splice(Math.floor(random.next() * left.length), 1)
  }
}
