/**
 * Lets a few pieces of heavy work be done at once, the others in the order in which they came. Answers with hours of samples that arrive together are read
 * one after the other without a pause: a hundred of them would keep the process from renewing its Lease.
 */

export type TakeTurn = <T>(work: () => Promise<T>) => Promise<T>

export function createTurns(most: number): TakeTurn {
  const waiting: (() => void)[] = []
  let working = 0
  return async (work) => {
    if (working >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else working += 1
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else working -= 1
    }
  }
}
