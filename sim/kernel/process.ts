/**
 * A simulated process: its own wall and monotonic clock, and the gate through which everything reaches it. While it is paused (a garbage collection, a
 * SIGSTOP) what would reach it waits; once it is dead nothing ever does.
 */
import { type Clock, createSleep } from '../../controller/runtime/clock.ts'
import type { Kernel } from './kernel.ts'

export interface SimProcess {
  readonly name: string
  readonly clock: Clock
  /** Runs `run` inside the process after `delayMs` of true time, later when it is paused then, never when it is dead then. */
  deliver(delayMs: number, label: string | undefined, run: () => void): () => void
  /** Nothing happens in the process until `forMs` have passed; its clocks go on. */
  pause(forMs: number): void
  /** The wall clock alone moves. */
  jumpWall(ms: number): void
  kill(): void
  isAlive(): boolean
  isPaused(): boolean
}

export interface ProcessOptions {
  readonly name: string
  readonly kernel: Kernel
  /** Epoch milliseconds at virtual time 0, as this process believes it. */
  readonly wallStartMs: number
}

export function createProcess({ name, kernel, wallStartMs }: ProcessOptions): SimProcess {
  const bornMs = kernel.now()
  let wallMs = wallStartMs
  let pausedUntilMs = 0
  let isAlive = true

  function deliver(delayMs: number, label: string | undefined, run: () => void): () => void {
    let cancel = (): void => {}
    const arrive = (): void => {
      if (!isAlive) return
      const leftMs = pausedUntilMs - kernel.now()
      if (leftMs > 0) cancel = kernel.schedule(leftMs, undefined, arrive)
      else {
        if (label !== undefined) kernel.note(`${name} ${label}`)
        run()
      }
    }
    cancel = kernel.schedule(delayMs, undefined, arrive)
    return () => cancel()
  }

  const setTimer: Clock['setTimer'] = (delayMs, fn) => deliver(delayMs, undefined, fn)
  return {
    name,
    deliver,
    clock: {
      now: () => wallMs + kernel.now(),
      monotonicMs: () => kernel.now() - bornMs,
      setTimer,
      sleep: createSleep(setTimer),
    },
    pause(forMs) {
      pausedUntilMs = Math.max(pausedUntilMs, kernel.now() + forMs)
    },
    jumpWall(ms) {
      wallMs += ms
    },
    kill() {
      isAlive = false
    },
    isAlive: () => isAlive,
    isPaused: () => kernel.now() < pausedUntilMs,
  }
}
