/**
 * The port of the one outbound transport, for everything that is not the API server: Prometheus, web metrics, Slack, webhooks.
 * It names requests, answers and failures; `http-transport.ts` sends them.
 */
export type HttpMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface HttpTls {
  /** True accepts any certificate. */
  readonly insecure?: boolean
  /** PEM of the authority to trust besides the system's. */
  readonly ca?: string
}

export interface HttpRetry {
  /** Attempts in all, the first included. */
  readonly attempts: number
  readonly firstDelayMs: number
  /** POST and PATCH are repeated only when the caller says that repeating them does no harm. */
  readonly idempotent?: boolean
}

export interface HttpRequest {
  readonly method: HttpMethod
  /** http or https, without user and password in it. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Bound on one attempt, from name resolution to the last byte. */
  readonly timeoutMs: number
  /** Bound on the answer's body, after decompression. */
  readonly maxBytes: number
  readonly tls?: HttpTls
  readonly retry?: HttpRetry
  /** Metric label: the kind of the other side, such as `prometheus` or `slack`. Never a host or a URL. */
  readonly target: string
}

export interface HttpResponse {
  /** Any status; redirects are answers like others and never followed. */
  readonly status: number
  /** Names in lower case; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface HttpTransport {
  /** Resolves with whatever the other side answered, throws {@link TransportError} when it did not. */
  send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse>
}

/**
 * timeout: no complete answer in time · refused: nobody listens or no such name · tooLarge: answer over `maxBytes` ·
 * denied: our own rules forbid the address or the URL · tls: certificate not accepted · cancelled: the caller's signal ·
 * network: everything else
 */
export type TransportErrorKind = 'timeout' | 'refused' | 'tooLarge' | 'denied' | 'tls' | 'cancelled' | 'network'

/** No answer. The message names the host but neither path nor query, which may be secret. */
export class TransportError extends Error {
  readonly kind: TransportErrorKind
  constructor(kind: TransportErrorKind, message: string) {
    super(message)
    this.name = 'TransportError'
    this.kind = kind
  }
}
