/**
 * The catalogue of failures a Kubernetes API server answers with: one constructor per reason, each with the code, reason and
 * sentence that clients match on. It must not decide when a failure is due.
 */
import type { JsonObject } from './json.ts'

export interface Cause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

export interface Status extends JsonObject {
  kind: 'Status'
  apiVersion: 'v1'
  status: 'Success' | 'Failure'
  code: number
  reason?: string
  message?: string
  details?: JsonObject
}

/** Names a resource in messages and details: `deployments.apps "web"`. */
export interface Named {
  readonly group: string
  readonly plural: string
  readonly kind: string
}

export class ApiError extends Error {
  readonly status: Status
  constructor(code: number, reason: string, message: string, details?: JsonObject) {
    super(message)
    this.name = 'ApiError'
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    }
  }
}

const qualified = (type: Named): string => (type.group === '' ? type.plural : `${type.plural}.${type.group}`)

const detailsOf = (type: Named, name: string): JsonObject => ({
  name,
  ...(type.group === '' ? {} : { group: type.group }),
  kind: type.plural,
})

export const notFound = (type: Named, name: string): ApiError =>
  new ApiError(404, 'NotFound', `${qualified(type)} "${name}" not found`, detailsOf(type, name))

export const pageNotFound = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})

export const alreadyExists = (type: Named, name: string): ApiError =>
  new ApiError(409, 'AlreadyExists', `${qualified(type)} "${name}" already exists`, detailsOf(type, name))

export const conflict = (type: Named, name: string, why: string): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${qualified(type)} "${name}": ${why}`,
    detailsOf(type, name),
  )

export const staleWrite = (type: Named, name: string): ApiError =>
  conflict(type, name, 'the object has been modified; please apply your changes to the latest version and try again')

export const applyConflict = (message: string, causes: readonly Cause[]): ApiError =>
  new ApiError(409, 'Conflict', message, { causes })

export const invalid = (type: Named, name: string, causes: readonly Cause[]): ApiError => {
  const lines = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))]
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  const named = type.group === '' ? type.kind : `${type.kind}.${type.group}`
  return new ApiError(422, 'Invalid', `${named} "${name}" is invalid: ${text}`, {
    name,
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.kind,
    causes,
  })
}

/** Options of a request that are wrong, for instance `PatchOptions`. */
export const invalidOptions = (options: string, cause: Cause): ApiError =>
  new ApiError(422, 'Invalid', `${options}.meta.k8s.io "" is invalid: ${cause.field}: ${cause.message}`, {
    group: 'meta.k8s.io',
    kind: options,
    causes: [cause],
  })

/** A precondition of a DELETE that does not hold. It names the kind where other conflicts name the resource. */
export const failedPrecondition = (type: Named, name: string, why: string): ApiError =>
  conflict({ ...type, plural: type.kind }, name, why)

/** A patch that is well formed but cannot be carried out on this object. */
export const unprocessable = (why: string): ApiError =>
  new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {
    causes: [{ reason: 'UnexpectedServerResponse', message: why }],
  })

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message)

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized')

export const forbidden = (type: Named, name: string, why: string): ApiError =>
  new ApiError(403, 'Forbidden', `${qualified(type)} "${name}" is forbidden: ${why}`, detailsOf(type, name))

export const fromBrowser = (): ApiError =>
  new ApiError(403, 'Forbidden', 'this server has no tokens and answers only programs on this machine, not browsers')

export const methodNotAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {})

export const expired = (message: string): ApiError => new ApiError(410, 'Expired', message)

export const tooLarge = (limitBytes: number): ApiError =>
  new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limitBytes}`)

export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  )

export const evictionRefused = (budget: string, healthy: number, needed: number): ApiError =>
  new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [
      {
        reason: 'DisruptionBudget',
        message: `The disruption budget ${budget} needs ${needed} healthy pods and has ${healthy} currently`,
      },
    ],
  })

export const internal = (message: string): ApiError => new ApiError(500, 'InternalError', message)

export const versionTooLarge = (asked: string, current: string): ApiError =>
  new ApiError(504, 'Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  })

export const success = (details?: JsonObject): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  ...(details === undefined ? {} : { details }),
  code: 200,
})
