/**
 * Answers of Prometheus on disk: what it said about times that are over is kept under a hash of the question, so that a backtest that was interrupted, or
 * is run again with another policy, asks only for the rest. Nothing is kept of the last five minutes, of failures, or of questions with credentials.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HttpRequest, HttpResponse } from '../../controller/runtime/http.ts'

/** Scrapes and remote writes may still be on their way. */
const SETTLED_MS = 5 * 60_000

export type Send = (request: HttpRequest) => Promise<HttpResponse>

export interface CachedSend {
  readonly send: Send
  /** How many answers came from the disk. */
  readonly hits: () => number
}

/** `now`: epoch milliseconds. */
export function createCachedSend(send: Send, directory: string, now: number): CachedSend {
  let hits = 0
  return {
    hits: () => hits,
    async send(request) {
      if (!isSettled(request, now)) return await send(request)
      const file = join(directory, `${hashOf(request)}.json`)
      const known = await readFile(file, 'utf8').catch(() => undefined)
      if (known !== undefined) {
        hits += 1
        return { status: 200, headers: {}, body: known }
      }
      const response = await send(request)
      if (response.status === 200 && !response.body.includes('"warnings"')) await keep(directory, file, response.body)
      return response
    },
  }
}

/** Names of headers that credentials come in, authorization among them. */
const CREDENTIAL = /auth|cookie|token|key|secret|pass|credential|session|signature/i

/** Also where the address has more than host and path: nobody knows what it is. */
function hasCredentials({ url, headers = {} }: HttpRequest): boolean {
  const { username, password, search } = new URL(url)
  return username + password + search !== '' || Object.keys(headers).some((name) => CREDENTIAL.test(name))
}

function isSettled(request: HttpRequest, now: number): boolean {
  const { body = '' } = request
  const time = Number(new URLSearchParams(body).get('time') ?? new URLSearchParams(body).get('end') ?? Number.NaN)
  return !hasCredentials(request) && time * 1000 <= now - SETTLED_MS
}

/** Headers may choose whose samples are asked for. */
function hashOf({ url, headers = {}, body = '' }: HttpRequest): string {
  const named = Object.entries(headers).map(([name, value]) => `${name.toLowerCase()}: ${value}`)
  return createHash('sha256')
    .update([url, ...named.toSorted(), body].join('\n'))
    .digest('hex')
}

/** Whole or not at all: an interrupted write leaves no half answer. */
async function keep(directory: string, file: string, body: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const part = `${file}.part`
  await writeFile(part, body, { mode: 0o600 })
  await rename(part, file)
}
