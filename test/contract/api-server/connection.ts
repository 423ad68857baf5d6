/**
 * How the conformance suite talks to an API server: raw requests and raw watches, next to the KubeClient port. One adapter goes
 * through the embedded server in-process, the other over HTTP to any server. No expectation about answers is held here.
 */
import { Agent, request } from 'undici'
import type { KubeClient } from '../../../controller/kube/client.ts'
import type { WatchLine } from '../../../sandbox/api-server/api-message.ts'
import { cloneJson, isObject, type JsonObject } from '../../../sandbox/api-server/json.ts'
import type { ApiServer } from '../../../sandbox/api-server/server.ts'

export interface RawCall {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
}

export interface RawAnswer {
  readonly code: number
  readonly body: JsonObject
  /** The texts of Warning headers. */
  readonly warnings: readonly string[]
}

export interface RawWatch {
  /** The next line; undefined when the server ended the stream. */
  next(): Promise<WatchLine | undefined>
  close(): void
}

export interface Connection {
  readonly client: KubeClient
  send(call: RawCall): Promise<RawAnswer>
  watch(path: string, headers?: Readonly<Record<string, string>>): Promise<RawWatch>
  close(): Promise<void>
}

const bodyOf = (value: unknown): JsonObject => (isObject(value) ? value : {})

/** Buffers lines that arrive before they are asked for. */
const createLineBuffer = (): {
  readonly push: (line: WatchLine | undefined) => void
  readonly next: () => Promise<WatchLine | undefined>
} => {
  const lines: (WatchLine | undefined)[] = []
  const waiting: ((line: WatchLine | undefined) => void)[] = []
  return {
    push(line: WatchLine | undefined): void {
      const reader = waiting.shift()
      if (reader === undefined) lines.push(line)
      else reader(line)
    },
    next: (): Promise<WatchLine | undefined> =>
      lines.length > 0
        ? Promise.resolve(lines.shift())
        : new Promise((resolve) => {
            waiting.push(resolve)
          }),
  }
}

const split = (path: string): { path: string; query: URLSearchParams } => {
  const url = new URL(path, 'http://in-process')
  return { path: url.pathname, query: url.searchParams }
}

export const connectInProcess = (server: ApiServer): Connection => ({
  client: server.client({ userAgent: 'conformance' }),
  async send({ method, path, headers = {}, body }) {
    const answer = server.handle({
      method,
      ...split(path),
      headers: { 'content-type': 'application/json', 'user-agent': 'conformance/1', ...headers },
      body: cloneJson(body),
    })
    if (answer.kind !== 'object') return { code: answer.kind === 'bytes' ? answer.code : 0, body: {}, warnings: [] }
    return { code: answer.code, body: answer.body, warnings: answer.warnings }
  },
  async watch(path, headers = {}) {
    const answer = server.handle({ method: 'GET', ...split(path), headers })
    if (answer.kind !== 'watch') throw new Error(`GET ${path} is no watch: ${JSON.stringify(answer)}`)
    const buffer = createLineBuffer()
    const stop = answer.start({ send: buffer.push, end: () => buffer.push(undefined) })
    return { next: buffer.next, close: stop }
  },
  close: async () => {},
})

export interface HttpTarget {
  readonly url: string
  readonly caPem?: string
  readonly token?: string
}

const parseWarnings = (header: string | string[] | undefined): string[] => {
  const lines = header === undefined ? [] : [header].flat()
  return lines.flatMap((line) =>
    [...line.matchAll(/299 \S+ ("(?:[^"\\]|\\.)*")/g)].map(([, text]) => JSON.parse(text ?? '""') as string),
  )
}

const parseJson = (text: string): JsonObject => {
  try {
    return bodyOf(JSON.parse(text))
  } catch {
    return {}
  }
}

export const connectOverHttp = (target: HttpTarget, client: KubeClient): Connection => {
  const agent = new Agent(target.caPem === undefined ? {} : { connect: { ca: target.caPem } })
  const base: Record<string, string> = { 'user-agent': 'conformance/1', accept: 'application/json' }
  if (target.token !== undefined) base.authorization = `Bearer ${target.token}`
  return {
    client,
    async send({ method, path, headers = {}, body }) {
      const answer = await request(`${target.url}${path}`, {
        dispatcher: agent,
        method: method as 'GET',
        headers: { ...base, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      })
      const text = await answer.body.text()
      return { code: answer.statusCode, body: parseJson(text), warnings: parseWarnings(answer.headers.warning) }
    },
    async watch(path, headers = {}) {
      const answer = await request(`${target.url}${path}`, { dispatcher: agent, headers: { ...base, ...headers } })
      if (answer.statusCode !== 200) throw new Error(`GET ${path} is no watch: ${await answer.body.text()}`)
      const buffer = createLineBuffer()
      void readLines(answer.body, buffer.push)
      return { next: buffer.next, close: () => void answer.body.destroy() }
    },
    close: () => agent.destroy(),
  }
}

const readLines = async (
  stream: AsyncIterable<unknown>,
  push: (line: WatchLine | undefined) => void,
): Promise<void> => {
  let rest = ''
  try {
    for await (const chunk of stream) {
      rest += String(chunk)
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) push(JSON.parse(line) as WatchLine)
    }
  } catch {
    // The test closed the stream.
  }
  push(undefined)
}
