/** An outbound transport that records requests and answers as the test says; 200 with `ok` until told otherwise. */
import type { HttpRequest, HttpResponse, HttpTransport } from '../../controller/runtime/http.ts'

export interface FakeTransport extends HttpTransport {
  readonly requests: readonly HttpRequest[]
  /** Answers the n-th request (from 0) from here on; throws to play a lost connection. */
  answer: (request: HttpRequest, index: number) => Promise<HttpResponse> | HttpResponse
}

export const httpResponse = (status: number, body = '', headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body,
})

export function createFakeTransport(): FakeTransport {
  const requests: HttpRequest[] = []
  const self: FakeTransport = {
    requests,
    answer: () => httpResponse(200, 'ok'),
    async send(request) {
      requests.push(request)
      return self.answer(request, requests.length - 1)
    },
  }
  return self
}
