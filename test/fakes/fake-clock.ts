/**
 * Virtual time for tests. Nothing moves until the test says so; timers run in due order with the microtasks between them
 * settled, so that a chain of awaits behaves as it would in real time.
 */
import { type Clock, createSleep } from '../../controller/runtime/clock.ts'

export interface FakeClock extends Clock {
  /** Moves both clocks forward, running every timer on the way. */
  advance(ms: number): Promise<void>
  /** Time passes and nothing runs, as when the process is suspended. Overdue timers run at the next `advance`. */
  suspend(ms: number): void
  /** Moves only the wall clock (NTP step, operator's mistake). */
  jumpWall(ms: number): void
  /** Lets pending promises and immediates run without moving time. */
  settle(): Promise<void>
  pendingTimers(): number
}

interface Timer {
  readonly id: number
  readonly dueMs: number
  readonly fn: () => void
}

const turns = 6

async function settle(): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** `startMs` is the wall time at the start; the monotonic clock starts at 0. */
export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let monotonic = 0
  let wallOffsetMs = startMs
  let nextId = 0
  const timers = new Map<number, Timer>()

  const earliestTimer = (limitMs: number): Timer | undefined => {
    let earliest: Timer | undefined
    for (const timer of timers.values()) {
      if (timer.dueMs > limitMs) continue
      if (!earliest || timer.dueMs < earliest.dueMs || (timer.dueMs === earliest.dueMs && timer.id < earliest.id)) {
        earliest = timer
      }
    }
    return earliest
  }

  const setTimer: Clock['setTimer'] = (delayMs, fn) => {
    nextId += 1
    const id = nextId
    timers.set(id, { id, dueMs: monotonic + Math.max(0, delayMs), fn })
    return () => void timers.delete(id)
  }

  return {
    now: () => monotonic + wallOffsetMs,
    monotonicMs: () => monotonic,
    setTimer,
    sleep: createSleep(setTimer),
    async advance(ms) {
      const targetMs = monotonic + ms
      await settle()
      for (let timer = earliestTimer(targetMs); timer; timer = earliestTimer(targetMs)) {
        timers.delete(timer.id)
        monotonic = Math.max(monotonic, timer.dueMs)
        timer.fn()
        await settle()
      }
      monotonic = targetMs
    },
    suspend(ms) {
      monotonic += ms
    },
    jumpWall(ms) {
      wallOffsetMs += ms
    },
    settle,
    pendingTimers: () => timers.size,
  }
}
