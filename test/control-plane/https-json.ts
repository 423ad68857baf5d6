/**
 * Speaks JSON over HTTPS with the test cluster's API server, trusting only that cluster's own certificate authority.
 * For the tests' own questions; the product's client (`controller/kube`) is what is under test and is not used here.
 */
import { request } from 'node:https'

export interface ApiTarget {
  readonly url: string
  readonly caPem: string
}

export interface ApiCall {
  readonly method?: string
  readonly path: string
  readonly token?: string | undefined
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly timeoutMs?: number
}

export interface ApiAnswer {
  readonly status: number
  /** The parsed JSON, or the text when it is not JSON. */
  readonly body: unknown
}

export function callApi(target: ApiTarget, call: ApiCall): Promise<ApiAnswer> {
  const payload = call.body === undefined ? undefined : JSON.stringify(call.body)
  const headers: Record<string, string> = { accept: call.accept ?? 'application/json' }
  if (call.token !== undefined) headers.authorization = `Bearer ${call.token}`
  if (payload !== undefined) headers['content-type'] = call.contentType ?? 'application/json'
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(call.path, target.url),
      { method: call.method ?? 'GET', headers, ca: target.caPem, agent: false, timeout: call.timeoutMs ?? 10_000 },
      (incoming) => {
        let text = ''
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body: parse(text) }))
        incoming.once('error', reject)
      },
    )
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${call.path} did not answer in time`)))
    outgoing.once('error', reject)
    outgoing.end(payload)
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
