/** Kills the controller when the plan says so, and starts it again. It knows nothing of releases. */
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import type { Stage } from '../bench/stage.ts'
import type { Kill } from './kill-plan.ts'

export interface Faults {
  /** Kills so far; the process that runs now is number `count() + 1`. */
  count(): number
  /** A killed controller is away, or its successor does not lead yet. */
  isDown(): boolean
  /** Resolves when the kill that is under way is over; no further one follows. Rejects when a controller could not be started again. */
  stop(): Promise<void>
}

/** A process that comes to lead late lives for so long at least: kill upon kill would show that nobody works, and nothing else. */
const SHORTEST_LIFE_MS = 3_000

/** Begins to count the time at once. */
export function startFaults(
  stage: Pick<Stage, 'killController'>,
  kills: readonly Kill[],
  say: (text: string) => void,
): Faults {
  const startedMs = clock.monotonicMs()
  const stopping = new AbortController()
  let count = 0
  let isDown = false
  let leadingSinceMs = startedMs
  const run = async (): Promise<void> => {
    for (const { atMs, downMs } of kills) {
      const dueMs = Math.max(startedMs + atMs, leadingSinceMs + SHORTEST_LIFE_MS)
      await clock.sleep(Math.max(0, dueMs - clock.monotonicMs()), stopping.signal)
      if (stopping.signal.aborted) return
      count += 1
      isDown = true
      say(`kill ${count} of ${kills.length}: started again after ${downMs} ms`)
      await stage.killController(downMs)
      isDown = false
      leadingSinceMs = clock.monotonicMs()
    }
  }
  const ended = run()
  // Told by `stop`: until then the releases fail, and say so.
  ended.catch(() => {})
  return {
    count: () => count,
    isDown: () => isDown,
    async stop() {
      stopping.abort()
      await ended
    },
  }
}
