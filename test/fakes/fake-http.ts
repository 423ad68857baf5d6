/** An HttpTransport that answers from a function and remembers what it was asked. */
import {
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  TransportError,
  type TransportErrorKind,
} from '../../controller/runtime/http.ts'

export interface FakeHttp extends HttpTransport {
  readonly requests: readonly HttpRequest[]
  /** Replaces the answer to all further requests. A thrown error fails the request. */
  answer(respond: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>): void
}

export const httpAnswer = (status: number, body: unknown = '', headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

export const httpFailure = (kind: TransportErrorKind): TransportError => new TransportError(kind, `fake ${kind}`)

export function createFakeHttp(respond: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>): FakeHttp {
  const requests: HttpRequest[] = []
  let current = respond
  return {
    requests,
    answer(next) {
      current = next
    },
    async send(request, signal) {
      requests.push(request)
      if (signal?.aborted) throw httpFailure('cancelled')
      return await current(request)
    },
  }
}
