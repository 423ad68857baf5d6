/** Requests through a proxy over a few kept connections, counted by the revision that answered. */
import { Agent, type IncomingMessage, request } from 'node:http'
import { HASH_HEADER } from '../../sandbox/gateway/proxy.ts'

export interface RequestOptions {
  /** Base URL of the proxy. */
  readonly url: string
  readonly host: string
  readonly headers?: Readonly<Record<string, string>>
  /** Asked before each request. */
  readonly isWanted: () => boolean
}

export interface Tally {
  readonly requests: number
  readonly byRevision: Readonly<Record<string, number>>
  /** Answers of the proxy's own, and requests without any, by code. */
  readonly failures: Readonly<Record<string, number>>
  /** Requests that were sent again because a kept connection was closed under them. */
  readonly repeated: number
}

const CONNECTIONS = 8
const ANSWER_TIMEOUT_MS = 10_000

/** The first `count` times true. */
export const times = (count: number): (() => boolean) => {
  let left = count
  return () => left-- > 0
}

/** Resolves when no request is wanted any more and each has its answer. */
export async function sendRequests({ url, host, headers = {}, isWanted }: RequestOptions): Promise<Tally> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const byRevision: Record<string, number> = {}
  const failures: Record<string, number> = {}
  let requests = 0
  let repeated = 0
  const count = (counts: Record<string, number>, key: string): void => {
    counts[key] = (counts[key] ?? 0) + 1
  }

  const ask = async (): Promise<void> => {
    const options = { agent, headers: { host, ...headers }, timeout: ANSWER_TIMEOUT_MS }
    const answer = await send(url, options).catch((error: SendError) => {
      if (!error.isOnKeptConnection) throw error
      repeated += 1
      // The other kept connections may have been closed with this one.
      return send(url, { ...options, agent: false })
    })
    const revision = answer.headers[HASH_HEADER]
    if (answer.statusCode === 200 && typeof revision === 'string') count(byRevision, revision)
    else count(failures, String(answer.statusCode))
  }
  const work = async (): Promise<void> => {
    while (isWanted()) {
      requests += 1
      await ask().catch((error: SendError) => count(failures, error.code))
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, work))
  agent.destroy()
  return { requests, byRevision, failures, repeated }
}

class SendError extends Error {
  readonly code: string
  /** A server may close a kept connection at any time, even under a request: RFC 9112 (9.3.1) has the client send it again. */
  readonly isOnKeptConnection: boolean

  constructor(code: string, isOnKeptConnection: boolean) {
    super(code)
    this.code = code
    this.isOnKeptConnection = isOnKeptConnection
  }
}

function send(url: string, options: Parameters<typeof request>[1] & object): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, options, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer))
      answer.once('error', () => reject(new SendError('cut', false)))
    })
    outgoing.once('timeout', () => outgoing.destroy(new Error('timeout')))
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      const isCut = error.code === 'ECONNRESET' || error.code === 'EPIPE'
      reject(new SendError(error.code ?? error.message, outgoing.reusedSocket && isCut))
    })
    outgoing.end()
  })
}
