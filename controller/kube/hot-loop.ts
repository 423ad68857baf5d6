/**
 * Notices a key that is worked on over and over without pause, the sign of two writers undoing each other or of a status that
 * never settles. It only counts and tells; the queue slows the key down.
 */
import type { Clock } from '../runtime/clock.ts'

export interface HotLoopGuard {
  /** Counts one pass of `key`; returns how long its next pass must be held back, 0 while all is well. */
  holdBackMs(key: string): number
  forget(key: string): void
}

export interface HotLoopOptions {
  readonly clock: Clock
  /** More passes than this within the window are a hot loop; 100 when absent. */
  readonly maxPasses?: number
  readonly windowMs?: number
  readonly holdBackMs?: number
  /** Told once per window and key. */
  readonly onHotLoop?: (key: string, passes: number) => void
}

export function createHotLoopGuard(options: HotLoopOptions): HotLoopGuard {
  const { clock, maxPasses = 100, windowMs = 10_000, holdBackMs = 1_000, onHotLoop } = options
  const windows = new Map<string, { startedMs: number; passes: number }>()
  return {
    holdBackMs(key) {
      const nowMs = clock.monotonicMs()
      const current = windows.get(key)
      if (!current || nowMs - current.startedMs >= windowMs) {
        windows.set(key, { startedMs: nowMs, passes: 1 })
        return 0
      }
      current.passes += 1
      if (current.passes === maxPasses + 1) onHotLoop?.(key, current.passes)
      return current.passes > maxPasses ? holdBackMs : 0
    },
    forget: (key) => void windows.delete(key),
  }
}
