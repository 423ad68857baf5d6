/**
 * Consul's HTTP API, as far as one key of its KV store needs it: a read that may block, a write and a deletion by check-and-set. It sends one bounded
 * request and names what came of it; it keeps nothing and repeats nothing.
 */
import { KubeError, noAnswerReasons, type ObjectRef } from '../../kube/client.ts'
import { describeRef } from '../../kube/kinds.ts'
import { type HttpRequest, type HttpResponse, type HttpTransport, TransportError } from '../../runtime/http.ts'
import { type ConsulKey, parseKeyName } from '../../traffic/consul-kv/key.ts'
import { LONGEST_VALUE_BYTES, parseEntry } from './kv-value.ts'

export interface ConsulAccess {
  /** Such as `https://consul.example:8501`, without a path. */
  readonly address: string
  /** PEM of the authority to trust besides the system's. */
  readonly ca?: string
  /** Asked for each request, so that a token that was rotated is taken up. */
  readToken(): Promise<string | undefined>
  /** Only keys that begin with it are read or written. */
  readonly prefix: string
}

export interface KeyAnswer {
  /** Undefined: there is no such key. */
  readonly object: ConsulKey | undefined
  /** For the next blocking read; undefined when Consul names none. */
  readonly index: number | undefined
}

export interface KvApi {
  /** @param after returns once the key is at another index, or after {@link BLOCK_MS}; without it what a majority of servers has is asked for */
  read(ref: ObjectRef, after?: number, signal?: AbortSignal): Promise<KeyAnswer>
  /** @param cas ModifyIndex that the key must have; '0': there must be none. False: it has another. */
  put(ref: ObjectRef, body: string, parameters: { readonly cas: string; readonly flags?: string }): Promise<boolean>
  delete(ref: ObjectRef, cas: string): Promise<boolean>
}

/** How long Consul may keep a read open; it adds up to a sixteenth. */
export const BLOCK_MS = 10_000
const ANSWER_MS = 3_000
/** Base64 makes four bytes of three; the rest is for names. */
const LONGEST_ANSWER_BYTES = 2 * LONGEST_VALUE_BYTES
const LONGEST_WORDS = 160

export function createKvApi(transport: HttpTransport, access: ConsulAccess): KvApi {
  async function send(ref: ObjectRef, request: Request, signal?: AbortSignal): Promise<HttpResponse> {
    const { method, parameters, body, timeoutMs = ANSWER_MS } = request
    const what = `${method} ${describeRef(ref)}`
    const url = urlOf(ref, parameters, access)
    if (!url.ok) throw new KubeError({ code: 403, reason: 'Forbidden', message: url.why }, what)
    try {
      const token = await access.readToken()
      const sent: HttpRequest = {
        method,
        url: url.href,
        headers: token === undefined ? {} : { 'X-Consul-Token': token },
        ...(body === undefined ? {} : { body }),
        timeoutMs,
        maxBytes: LONGEST_ANSWER_BYTES,
        ...(access.ca === undefined ? {} : { tls: { ca: access.ca } }),
        target: 'consul',
      }
      return await transport.send(sent, signal)
    } catch (error) {
      throw failureOf(error, what)
    }
  }

  async function change(ref: ObjectRef, request: Request): Promise<boolean> {
    const { status, body } = await send(ref, request)
    if (status !== 200) throw refusal(status, body, `${request.method} ${describeRef(ref)}`)
    return body.trim() === 'true'
  }

  return {
    async read(ref, after, signal) {
      const parameters = after === undefined ? { consistent: '' } : { index: String(after), wait: `${BLOCK_MS}ms` }
      const timeoutMs = after === undefined ? ANSWER_MS : BLOCK_MS + BLOCK_MS / 16 + ANSWER_MS
      const what = `GET ${describeRef(ref)}`
      const { status, headers, body } = await send(ref, { method: 'GET', parameters, timeoutMs }, signal)
      const index = parseIndex(headers['x-consul-index'])
      // A proxy in front may answer 404, too, and knows nothing of the key.
      if (status === 404 && index !== undefined) return { object: undefined, index }
      if (status !== 200) throw refusal(status, body, what)
      try {
        return { object: parseEntry(ref, body), index }
      } catch {
        throw new KubeError(
          { code: 0, reason: noAnswerReasons.badAnswer, message: 'the answer is none of Consul' },
          what,
        )
      }
    },
    put: (ref, body, { cas, flags = '0' }) =>
      change(ref, { method: 'PUT', parameters: { cas, ...(flags === '0' ? {} : { flags }) }, body }),
    delete: (ref, cas) => change(ref, { method: 'DELETE', parameters: { cas } }),
  }
}

interface Request {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly parameters: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutMs?: number
}

type Target = { readonly ok: true; readonly href: string } | { readonly ok: false; readonly why: string }

function urlOf({ name }: ObjectRef, parameters: Request['parameters'], { address, prefix }: ConsulAccess): Target {
  const parsed = parseKeyName(name)
  if (!parsed) return { ok: false, why: 'it is no key of the KV store' }
  if (!parsed.key.startsWith(prefix))
    return { ok: false, why: `the key does not begin with "${prefix}", see the controller's flag --consul-kv-prefix` }
  const query = [parsed.query, new URLSearchParams(parameters).toString()].filter((part) => part !== '').join('&')
  return { ok: true, href: `${address.replace(/\/+$/, '')}/v1/kv/${parsed.key}${query && `?${query}`}` }
}

function parseIndex(header: string | undefined): number | undefined {
  const index = Number(header)
  return header !== undefined && Number.isSafeInteger(index) && index > 0 ? index : undefined
}

/** Consul answers in plain words. */
const refusal = (code: number, body: string, what: string): KubeError => {
  const message = body.trim().replaceAll(/\s+/g, ' ').slice(0, LONGEST_WORDS)
  return new KubeError({ code, message: `Consul answers ${code}${message && ` (${message})`}` }, what)
}

const reasonOf = {
  timeout: noAnswerReasons.timeout,
  refused: noAnswerReasons.notSent,
  denied: noAnswerReasons.notSent,
  tls: noAnswerReasons.notSent,
  tooLarge: noAnswerReasons.badAnswer,
  cancelled: noAnswerReasons.lost,
  network: noAnswerReasons.lost,
} as const

function failureOf(error: unknown, what: string): KubeError {
  if (error instanceof TransportError)
    return new KubeError({ code: 0, reason: reasonOf[error.kind], message: error.message }, what, { cause: error })
  const message = error instanceof Error ? error.message : String(error)
  return new KubeError({ code: 0, reason: noAnswerReasons.notSent, message }, what, { cause: error })
}
