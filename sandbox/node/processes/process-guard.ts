/**
 * The promise that no pod's process outlives this one: it knows every live process group and kills them when Node exits, also
 * by SIGINT, SIGTERM or SIGHUP. Hooks exist only while there is something to guard. It never touches a group it was not given.
 */
export interface ProcessGuard {
  add(groupId: number): void
  remove(groupId: number): void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Sends `signal` to a whole process group; a group that is gone is no failure. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-groupId, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

export function createProcessGuard(): ProcessGuard {
  const groups = new Set<number>()

  const killAll = (): void => {
    for (const groupId of groups) signalGroup(groupId, 'SIGKILL')
    groups.clear()
  }
  /** Where somebody else handles the signal, their orderly stop comes first and the exit hook is the safety net. */
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return
    killAll()
    unhook()
    process.kill(process.pid, signal)
  }
  const hook = (): void => {
    process.on('exit', killAll)
    for (const signal of signals) process.on(signal, onSignal)
  }
  const unhook = (): void => {
    process.off('exit', killAll)
    for (const signal of signals) process.off(signal, onSignal)
  }

  return {
    add(groupId) {
      if (groups.size === 0) hook()
      groups.add(groupId)
    },
    remove(groupId) {
      if (groups.delete(groupId) && groups.size === 0) unhook()
    },
  }
}
