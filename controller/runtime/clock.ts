/**
 * The only source of time in the product. Everything that waits or stamps takes a `Clock`, so that a simulator can run it on
 * virtual time. It must not schedule work of its own.
 */
import { performance } from 'node:perf_hooks'

export interface Clock {
  /** Wall time, epoch milliseconds. May jump; use it for stamps, never for intervals. */
  now(): number
  /** Milliseconds from an arbitrary origin; never goes back. Use it for intervals and leases. */
  monotonicMs(): number
  /** Runs `fn` once after `delayMs`; the returned function cancels it and is harmless when called late. */
  setTimer(delayMs: number, fn: () => void): () => void
  /** Resolves after `ms`, or at once when `signal` is or becomes aborted: the caller checks the signal. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Node fires a timer with a longer delay immediately, so longer waits are cut into pieces of this length. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Builds `sleep` from `setTimer`, shared by every clock so that real and virtual time end a sleep alike. */
export function createSleep(setTimer: Clock['setTimer']): Clock['sleep'] {
  return (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const wake = (): void => {
        cancel()
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const cancel = setTimer(ms, wake)
      signal?.addEventListener('abort', wake, { once: true })
    })
}

function setSystemTimer(delayMs: number, fn: () => void): () => void {
  let timer: NodeJS.Timeout
  const arm = (remainingMs: number): void => {
    const pieceMs = Math.min(Math.max(remainingMs, 0), LONGEST_TIMER_MS)
    timer = setTimeout(() => (remainingMs > pieceMs ? arm(remainingMs - pieceMs) : fn()), pieceMs)
  }
  arm(delayMs)
  return () => clearTimeout(timer)
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: setSystemTimer,
  sleep: createSleep(setSystemTimer),
}
