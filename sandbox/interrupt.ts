/** Resolves at the first SIGINT, SIGTERM or SIGHUP of this process; a second one ends it at once, for people who cannot wait. */
export function untilInterrupted(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isSecond = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (isSecond) process.exit(130)
        isSecond = true
        resolve(signal)
      })
    }
  })
}
