/**
 * Runs one piece of work again and again, never twice at a time: what is asked for while it runs is one more run afterwards. A failed run is told
 * and tried again later, unless something new comes first.
 */
import type { Clock } from '../../controller/runtime/clock.ts'

export interface SingleFlight {
  request(): void
  /** Resolves when nothing runs any more; later requests are ignored. */
  stop(): Promise<void>
}

const RETRY_MS = 5_000

export function createSingleFlight(
  work: () => Promise<void>,
  options: { readonly clock: Clock; readonly onFailure: (error: unknown) => void },
): SingleFlight {
  let isWanted = false
  let isStopped = false
  let running: Promise<void> | undefined
  let cancelRetry = (): void => {}

  const runAll = async (): Promise<void> => {
    // A burst of events is one run.
    await new Promise((resolve) => setImmediate(resolve))
    while (isWanted && !isStopped) {
      isWanted = false
      try {
        await work()
      } catch (error) {
        if (isStopped) return
        options.onFailure(error)
        cancelRetry()
        cancelRetry = options.clock.setTimer(RETRY_MS, request)
      }
    }
  }
  const request = (): void => {
    if (isStopped) return
    isWanted = true
    cancelRetry()
    running ??= runAll().finally(() => {
      running = undefined
    })
  }
  return {
    request,
    async stop() {
      isStopped = true
      cancelRetry()
      await running
    },
  }
}
