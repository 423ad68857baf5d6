/** Open-loop load from a process of its own, asked for its counts now and then. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadPlan, LoadReading } from './load-reading.ts'

export interface LoadProcess {
  read(): Promise<LoadReading>
  /** Stops sending and resolves with the last reading once every request has its answer; the same however often it is called. */
  stop(): Promise<LoadReading>
}

/** Begins to send at once. Readings reject when the process has ended. */
export function startLoadProcess(plan: LoadPlan): LoadProcess {
  const child = fork(fileURLToPath(new URL('./load-process.ts', import.meta.url)), [JSON.stringify(plan)])
  let turn: Promise<unknown> = Promise.resolve()
  let stopped: Promise<LoadReading> | undefined
  const ask = (order: 'read' | 'stop'): Promise<LoadReading> => {
    const reading = turn.then(() => askOnce(child, order))
    turn = reading.catch(() => {})
    return reading
  }
  return {
    read: () => ask('read'),
    stop() {
      stopped ??= ask('stop').finally(() => child.disconnect())
      return stopped
    },
  }
}

const askOnce = (child: ChildProcess, order: 'read' | 'stop'): Promise<LoadReading> =>
  new Promise((resolve, reject) => {
    const fail = (code: number | null): void => reject(new Error(`the load ended with ${code}`))
    if (!child.connected) return fail(child.exitCode)
    child.once('exit', fail)
    child.once('message', (reading: LoadReading) => {
      child.off('exit', fail)
      resolve(reading)
    })
    child.send(order)
  })
