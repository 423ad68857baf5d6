/**
 * When this process, which holds the API server, the node, the gateway and the pods, did not get the CPU that it asked for. What is lost in such a
 * moment may have been lost by a cluster that stood still, and nobody can say that it was the controller.
 */
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Loss } from '../../sandbox/load/load.ts'

/** Epoch milliseconds. */
export interface Stall {
  readonly fromMs: number
  readonly toMs: number
}

export interface StallWatch {
  stalls(): readonly Stall[]
  stop(): void
}

const TICK_MS = 50
/** A turn of the event loop that takes longer is a stall: pods and the gateway learn of each other within a few turns. */
const STALL_MS = 250
/** For so long after a stall what waited in it is still being worked off. */
const AFTERMATH_MS = 2_000

/** Begins at once. */
export function watchStalls(clock: Clock): StallWatch {
  const stalls: Stall[] = []
  let lastMs = clock.monotonicMs()
  let cancel = (): void => {}
  const tick = (): void => {
    const nowMs = clock.monotonicMs()
    const lateMs = nowMs - lastMs - TICK_MS
    if (lateMs > STALL_MS) stalls.push({ fromMs: clock.now() - lateMs, toMs: clock.now() })
    lastMs = nowMs
    cancel = clock.setTimer(TICK_MS, tick)
  }
  cancel = clock.setTimer(TICK_MS, tick)
  return { stalls: () => [...stalls], stop: () => cancel() }
}

/** The losses that no stall can be blamed for. */
export const findOurs = (losses: readonly Loss[], stalls: readonly Stall[]): readonly Loss[] =>
  losses.filter(
    ({ sentAtMs, lostAtMs }) =>
      !stalls.some(({ fromMs, toMs }) => fromMs <= lostAtMs && sentAtMs <= toMs + AFTERMATH_MS),
  )

export const stalledMs = (stalls: readonly Stall[]): number =>
  stalls.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
