/**
 * Consul's KV store behind a transport, in memory: check-and-set, indexes, blocking queries and flags, as its documentation and a real agent have
 * them (`test/component/traffic/consul-kv.test.ts` runs the same suite against one).
 */
import type { Clock } from '../../controller/runtime/clock.ts'
import type { HttpRequest, HttpResponse, HttpTransport } from '../../controller/runtime/http.ts'
import { httpResponse } from './fake-transport.ts'

interface Entry {
  readonly value: string
  readonly flags: string
  readonly modifyIndex: number
}

export interface FakeConsul extends HttpTransport {
  readonly requests: readonly HttpRequest[]
  /** Everything is forgotten and the index starts anew, as when an agent without a disk starts again. */
  restart(): void
  /** The next answers are this one, until told otherwise. */
  answerWith(response: HttpResponse | undefined): void
}

export function createFakeConsul(clock: Clock): FakeConsul {
  const entries = new Map<string, Entry>()
  const requests: HttpRequest[] = []
  const waiting = new Set<() => void>()
  let index = 10
  let fixed: HttpResponse | undefined

  function change(key: string, entry: Omit<Entry, 'modifyIndex'> | undefined): void {
    index += 1
    if (entry) entries.set(key, { ...entry, modifyIndex: index })
    else entries.delete(key)
    wakeAll()
  }
  const wakeAll = (): void => {
    for (const wake of waiting) wake()
  }
  const indexOf = (key: string): number => entries.get(key)?.modifyIndex ?? index

  async function read(key: string, query: URLSearchParams, signal: AbortSignal | undefined): Promise<HttpResponse> {
    const after = Number(query.get('index') ?? 0)
    const waitMs = Number.parseInt(query.get('wait') ?? '0', 10)
    if (after > 0 && indexOf(key) === after) await untilChanged(key, after, waitMs, signal)
    const headers = { 'x-consul-index': String(indexOf(key)) }
    const entry = entries.get(key)
    if (!entry) return httpResponse(404, '', headers)
    const { value, flags, modifyIndex } = entry
    const text = Buffer.from(value).toString('base64')
    const body = `[{"LockIndex": 0,"Key": "${key}","Flags": ${flags},"Value": "${text}","CreateIndex": 1,"ModifyIndex": ${modifyIndex}}]`
    return httpResponse(200, body, headers)
  }

  function untilChanged(key: string, after: number, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => () => {
        cancel()
        waiting.delete(wake)
        settle()
      }
      const done = end(resolve)
      const wake = (): void => {
        if (indexOf(key) !== after) done()
      }
      const cancel = clock.setTimer(waitMs, done)
      waiting.add(wake)
      const giveUp = end(() => reject(new Error('aborted')))
      if (signal?.aborted) giveUp()
      else signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  function write(method: string, key: string, query: URLSearchParams, value: string): HttpResponse {
    const cas = query.get('cas')
    const at = entries.get(key)?.modifyIndex ?? 0
    if (method === 'DELETE') {
      if (cas !== null && at !== 0 && Number(cas) !== at) return httpResponse(200, 'false')
      if (at !== 0) change(key, undefined)
      return httpResponse(200, 'true')
    }
    if (cas !== null && Number(cas) !== at) return httpResponse(200, 'false')
    change(key, { value, flags: query.get('flags') ?? '0' })
    return httpResponse(200, 'true')
  }

  return {
    requests,
    restart() {
      entries.clear()
      index = 1
      wakeAll()
    },
    answerWith(response) {
      fixed = response
      wakeAll()
    },
    async send(request, signal) {
      requests.push(request)
      const url = new URL(request.url)
      const key = url.pathname.replace('/v1/kv/', '')
      const { method, body = '' } = request
      const answer =
        fixed ??
        (method === 'GET' ? await read(key, url.searchParams, signal) : write(method, key, url.searchParams, body))
      return fixed ?? answer
    },
  }
}
