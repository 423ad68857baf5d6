/** Failures without an answer from the API server, told apart by what they leave open about a write. Pure. */
import { KubeError, noAnswerReasons } from './client.ts'

/** The error of a write that the fencing gate has stopped. It was certainly not applied. */
export const notLeader = (request: string): KubeError =>
  new KubeError(
    { code: 0, reason: noAnswerReasons.notLeader, message: 'this process does not hold the lease; nothing was sent' },
    request,
  )

const notSentCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

function wasNeverSent(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(wasNeverSent)
  return notSentCodes.has(codeOf(error))
}

/** A failure without an answer as {@link KubeError} with code 0. */
export function renderNoAnswer(error: unknown, request: string, timedOut: boolean): KubeError {
  if (error instanceof KubeError) return error
  const reason = timedOut
    ? noAnswerReasons.timeout
    : wasNeverSent(error)
      ? noAnswerReasons.notSent
      : noAnswerReasons.lost
  const message = timedOut ? 'no answer within the deadline' : error instanceof Error ? error.message : String(error)
  return new KubeError({ code: 0, reason, message: message || codeOf(error) }, request, { cause: error })
}
