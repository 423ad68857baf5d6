/** Names the failures of outbound requests without repeating anything that could be secret: only the host is told. Pure. */
import { AxiosError } from 'axios'
import { TransportError } from './http.ts'

const refusedCodes = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'])

/** What axios or the network threw, as the kinds of failure callers tell apart. */
export function renderTransportFailure(
  error: unknown,
  url: URL,
  state: { readonly timedOut: boolean; readonly cancelled: boolean },
): TransportError {
  if (error instanceof TransportError) return error
  const code = codeOf(error)
  if (state.cancelled) return new TransportError('cancelled', `the request to ${url.host} was cancelled`)
  if (state.timedOut) return new TransportError('timeout', `${url.host} gave no complete answer in time`)
  if (error instanceof AxiosError && /maxContentLength/.test(error.message)) {
    return new TransportError('tooLarge', `the answer of ${url.host} is larger than allowed`)
  }
  if (refusedCodes.has(code)) return new TransportError('refused', `${url.host} cannot be reached (${code})`)
  if (/CERT|TLS|SSL|SIGNATURE|ALTNAME/.test(code)) {
    return new TransportError('tls', `the certificate of ${url.host} is not accepted (${code})`)
  }
  return new TransportError('network', `the connection to ${url.host} failed (${code || 'no code'})`)
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.cause === undefined ? '' : codeOf(error.cause)
}
