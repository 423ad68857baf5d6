/** Remembers how to stop what was started, and does so once, last started first. One failing stop does not keep the others from running. */
export interface StopList {
  add(stop: () => Promise<void> | void): void
  /** Runs every stop; further calls wait for the first. Rejects with the first failure after all have run. */
  run(): Promise<void>
}

export function createStopList(): StopList {
  const stops: (() => Promise<void> | void)[] = []
  let running: Promise<void> | undefined
  const runAll = async (): Promise<void> => {
    const failures: unknown[] = []
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) {
      try {
        await stop()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
  return {
    add: (stop) => void stops.push(stop),
    run: () => {
      running ??= runAll()
      return running
    },
  }
}
