/**
 * The receiver's one endpoint: who may post, how much, and which status code tells the sender what to do next. 2xx means that all that
 * must be obeyed is stored, 503 means come again, 4xx means never again (Alertmanager does not repeat after any 4xx, 429 included).
 * It must not decide about alerts.
 */
import express, { type NextFunction, type Request, type Response } from 'express'
import type { Clock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'
import { parseAlertmanagerPayload } from './alertmanager.ts'
import type { BearerTokens } from './bearer-tokens.ts'
import { type GroupAnswer, type HandlerDeps, handleAlertGroup } from './handle-alerts.ts'
import { createSourceLimit } from './source-limit.ts'

export interface EndpointDeps extends HandlerDeps {
  /** Absent when posts are taken from anybody. */
  readonly tokens?: BearerTokens
  /** Why alerts cannot be taken now (not leader, caches not synced, watch silent), or undefined when they can. */
  readonly findObstacle: () => string | undefined
  /** Until when a post must be answered; 1800 ms when absent. */
  readonly answerWithinMs?: number
}

export const ALERTMANAGER_PATH = '/webhooks/alertmanager'
const BODY_LIMIT_BYTES = 1024 * 1024
const sourceLimit = { perSecond: 50, burst: 500, mostSources: 1000 }

function refuse(response: Response, status: number, reason: string): void {
  // On a new connection the next attempt can reach another replica.
  if (status === 503) response.setHeader('Retry-After', '1').setHeader('Connection', 'close')
  response.status(status).json({ error: reason })
}

function refuseForGood(log: Logger, response: Response, status: number, reason: string): void {
  log.warn('A post was refused for good', { reason: 'InvalidPost', detail: reason })
  refuse(response, status, reason)
}

/** Runs `work` until it ends or the answer is due; what is not finished then is for the sender's next attempt. */
async function answerInTime<T>(
  clock: Clock,
  withinMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  const controller = new AbortController()
  const late = clock.sleep(withinMs, controller.signal).then(() => undefined)
  try {
    return await Promise.race([work(controller.signal), late])
  } finally {
    controller.abort()
  }
}

const tagPosts =
  (deps: EndpointDeps) =>
  (_request: Request, response: Response, next: NextFunction): void => {
    response.setHeader('Cache-Control', 'no-store')
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.on('finish', () => deps.metrics.posts.inc({ code: String(response.statusCode) }))
    next()
  }

/** Everything that can be told without the body, so that a stranger cannot make us read one. */
function guardPosts(deps: EndpointDeps) {
  const sources = createSourceLimit(sourceLimit)
  return (request: Request, response: Response, next: NextFunction): void => {
    const source = request.socket.remoteAddress ?? ''
    const obstacle = deps.findObstacle()
    if (!sources.admits(source, deps.clock.monotonicMs())) {
      refuse(response, 503, 'Too many posts from this address; come again')
    } else if (deps.tokens && !deps.tokens.accepts(request.headers.authorization)) {
      response.setHeader('WWW-Authenticate', 'Bearer')
      refuseForGood(deps.log, response, 401, 'Authorization: needs "Bearer" and a token of the webhook token file')
    } else if (obstacle !== undefined) {
      refuse(response, 503, `Not ready: ${obstacle}`)
    } else if (!request.is('application/json')) {
      refuseForGood(deps.log, response, 415, 'Content-Type: must be application/json')
    } else {
      next()
    }
  }
}

const takeAlerts =
  (deps: EndpointDeps) =>
  async (request: Request, response: Response): Promise<void> => {
    const arrivedMs = deps.clock.monotonicMs()
    const parsed = parseAlertmanagerPayload(Buffer.isBuffer(request.body) ? request.body : new Uint8Array())
    if ('rejection' in parsed) {
      refuseForGood(deps.log, response, parsed.rejection.status, parsed.rejection.reason)
      return
    }
    const outcome = await answerInTime<GroupAnswer>(deps.clock, deps.answerWithinMs ?? 1800, (signal) =>
      handleAlertGroup(parsed.group, arrivedMs, deps, signal),
    )
    if (outcome?.isStored) response.status(200).json({ alerts: outcome.alerts })
    else refuse(response, 503, 'The API server did not take the request in time; come again')
  }

/** Express knows an error handler by its four parameters. */
const answerFailure =
  (deps: EndpointDeps) =>
  (error: unknown, _request: Request, response: Response, _next: NextFunction): void => {
    const status = typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 500
    if (status === 413) {
      refuseForGood(deps.log, response, 413, `Body: is larger than ${BODY_LIMIT_BYTES} bytes`)
    } else if (status >= 400 && status < 500) {
      refuseForGood(deps.log, response, status, 'Body: could not be read')
    } else {
      deps.log.error('The alert receiver failed; the sender is asked to come again', { reason: 'Internal', error })
      if (!response.headersSent) refuse(response, 503, 'Internal failure; come again')
    }
  }

/** The Express application that serves {@link ALERTMANAGER_PATH} and nothing else. */
export function createAlertEndpoint(deps: EndpointDeps): express.Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(tagPosts(deps))
  const readBody = express.raw({ type: () => true, limit: BODY_LIMIT_BYTES })
  app.post(ALERTMANAGER_PATH, guardPosts(deps), readBody, takeAlerts(deps))
  app.all(ALERTMANAGER_PATH, (_request: Request, response: Response) => {
    response.setHeader('Allow', 'POST')
    refuse(response, 405, 'Method: only POST is taken here')
  })
  app.use((_request: Request, response: Response) => {
    refuse(response, 404, `Path: only ${ALERTMANAGER_PATH} is served`)
  })
  app.use(answerFailure(deps))
  return app
}
