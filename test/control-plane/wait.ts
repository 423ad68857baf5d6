/**
 * Waits for facts about the outside (a port, a file, a health answer) by asking again until they hold, never by
 * sleeping and hoping. It must not wait without a bound: every wait names its limit and what it waited for.
 */
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WaitOptions {
  /** Completes the sentence "waited 30 s for ...". */
  readonly what: string
  readonly timeoutMs: number
  readonly intervalMs?: number
  /** A reason to stop waiting at once, such as "etcd exited with code 1". */
  readonly giveUp?: () => string | undefined
}

/** Asks `probe` until it answers something other than undefined or false. A probe that throws is asked again. */
export async function waitFor<T>(probe: () => Promise<T | undefined | false>, options: WaitOptions): Promise<T> {
  const deadline = Date.now() + options.timeoutMs
  let lastError = ''
  for (;;) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      lastError = ` (last answer: ${error instanceof Error ? error.message : String(error)})`
    }
    const reason = options.giveUp?.()
    if (reason !== undefined) throw new Error(`Gave up waiting for ${options.what}: ${reason}`)
    if (Date.now() >= deadline) {
      throw new Error(`Waited ${Math.round(options.timeoutMs / 1000)} s in vain for ${options.what}${lastError}`)
    }
    await sleep(options.intervalMs ?? 50)
  }
}

/** True when something on loopback accepts a connection on the port. */
export function portAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    const finish = (answers: boolean) => {
      socket.destroy()
      resolve(answers)
    }
    socket.setTimeout(1_000, () => finish(false))
    socket.once('connect', () => finish(true))
    socket.once('error', () => finish(false))
  })
}

export async function waitForClosedPort(port: number, timeoutMs = 10_000): Promise<void> {
  await waitFor(async () => !(await portAnswers(port)), { what: `port ${port} to close`, timeoutMs })
}

const handedOut = new Set<number>()

/**
 * A port nobody listens on now. It lies below the range from which the kernel takes ports for outgoing connections, so
 * that nobody else gets it by chance between this answer and its use.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    if (handedOut.has(port) || !(await canListen(port))) continue
    handedOut.add(port)
    return port
  }
  throw new Error('Found no free port between 20000 and 30000 on 127.0.0.1: stop what listens there')
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
