/** The server's only source of time: real by default, a fake one in tests and in the simulator. */

export interface ServerClock {
  /** Epoch milliseconds. */
  now(): number
  /** Runs `run` once after `delayMs`; the answer cancels it. */
  setTimer(run: () => void, delayMs: number): () => void
}

export const systemClock: ServerClock = {
  now: () => Date.now(),
  setTimer: (run, delayMs) => {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

/** RFC 3339 with whole seconds, as metav1.Time is written. */
export const renderTime = (epochMs: number): string => new Date(epochMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
