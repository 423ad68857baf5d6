/** Waiting for conditions with a bound, by asking again. The only place in the sandbox that polls. */
import type { Clock } from '../controller/runtime/clock.ts'

export interface WaitOptions {
  readonly clock: Clock
  /** What is waited for, as the end of the sentence "waited 30 s for …". */
  readonly what: string
  readonly withinMs: number
  readonly everyMs?: number
  readonly signal?: AbortSignal
}

export class WaitError extends Error {}

/** The first answer of `look` that is not undefined or false. Throws {@link WaitError} when time is up or `signal` aborts. */
export async function waitFor<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: WaitOptions,
): Promise<T> {
  const { clock, signal } = options
  const endMs = clock.monotonicMs() + options.withinMs
  for (;;) {
    if (signal?.aborted) throw new WaitError(`interrupted while waiting for ${options.what}`)
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (clock.monotonicMs() >= endMs)
      throw new WaitError(`waited ${Math.round(options.withinMs / 1000)} s for ${options.what}`)
    await clock.sleep(options.everyMs ?? 50, signal)
  }
}
