/**
 * The admission webhook's one endpoint: who gets which status code. A review is always answered with 200 and a verdict; any other code makes the
 * API server follow its `failurePolicy`. It must not know rules.
 */
import express, { type NextFunction, type Request, type Response } from 'express'
import type { Clock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'
import type { AdmissionMetrics } from './admission-metrics.ts'
import { parseAdmissionReview, renderAdmissionReview } from './admission-review.ts'
import { judgeAdmission, type VerdictDeps } from './admission-verdict.ts'

export interface AdmissionEndpointDeps extends VerdictDeps {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: AdmissionMetrics
}

export const ADMISSION_PATH = '/validate'
/** A review holds the object twice, and the API server takes objects of up to 3 MiB. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024

const refuse = (response: Response, status: number, reason: string): void =>
  void response.status(status).json({ error: reason })

/** The kind as a label: only kinds that have rules, or anybody could fill the registry. */
const labelOf = (kind: string, { rules }: VerdictDeps): string => (Object.hasOwn(rules, kind) ? kind : 'other')

function refuseUnread(deps: AdmissionEndpointDeps, response: Response, status: number, reason: string): void {
  deps.metrics.requests.inc({ kind: 'other', decision: 'malformed' })
  deps.log.warn('An admission request could not be read', { reason: 'InvalidReview', detail: reason })
  refuse(response, status, reason)
}

const requireJson =
  (deps: AdmissionEndpointDeps) =>
  (request: Request, response: Response, next: NextFunction): void => {
    if (request.is('application/json')) next()
    else refuseUnread(deps, response, 415, 'Content-Type: must be application/json')
  }

const review =
  (deps: AdmissionEndpointDeps) =>
  (request: Request, response: Response): void => {
    const arrivedMs = deps.clock.monotonicMs()
    const parsed = parseAdmissionReview(Buffer.isBuffer(request.body) ? request.body : new Uint8Array())
    if ('problem' in parsed) {
      refuseUnread(deps, response, 400, parsed.problem)
      return
    }
    const { uid, kind, namespace, operation } = parsed.request
    const verdict = judgeAdmission(parsed.request, deps)
    const decision = verdict.allowed ? 'taken' : 'refused'
    deps.metrics.requests.inc({ kind: labelOf(kind.kind, deps), decision })
    if (!verdict.allowed) {
      const where = { kind: kind.kind, operation, ...(namespace === undefined ? {} : { namespace }) }
      deps.log.info('A write was refused', { reason: 'AdmissionRefused', ...where, detail: verdict.message ?? '' })
    }
    response.json(renderAdmissionReview(uid, verdict))
    deps.metrics.duration.observe((deps.clock.monotonicMs() - arrivedMs) / 1000)
  }

/** Express knows an error handler by its four parameters. */
const answerFailure =
  (deps: AdmissionEndpointDeps) =>
  (error: unknown, _request: Request, response: Response, _next: NextFunction): void => {
    const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500
    if (status === 413) refuseUnread(deps, response, 413, `Body: is larger than ${BODY_LIMIT_BYTES} bytes`)
    else if (status >= 400 && status < 500) refuseUnread(deps, response, status, 'Body: could not be read')
    else {
      deps.log.error('The admission webhook failed; the failure policy decides', { reason: 'Internal', error })
      if (!response.headersSent) refuse(response, 500, 'Internal failure')
    }
  }

/** The Express application that serves {@link ADMISSION_PATH} and nothing else. */
export function createAdmissionEndpoint(deps: AdmissionEndpointDeps): express.Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  const readBody = express.raw({ type: () => true, limit: BODY_LIMIT_BYTES })
  app.post(ADMISSION_PATH, requireJson(deps), readBody, review(deps))
  app.all(ADMISSION_PATH, (_request: Request, response: Response) => {
    response.setHeader('Allow', 'POST')
    refuse(response, 405, 'Method: only POST is taken here')
  })
  app.use((_request: Request, response: Response) => {
    refuse(response, 404, `Path: only ${ADMISSION_PATH} is served`)
  })
  app.use(answerFailure(deps))
  return app
}
