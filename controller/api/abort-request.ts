/**
 * An abort that somebody other than a Kubernetes client asked for (an alert today), stored on the Rollout before the asker is told
 * "taken". The store is an annotation because Argo's CRD prunes status fields that it does not know. A request counts once: it is spent
 * as soon as `status.abortedAt` is not before `receivedAt`, so a retry is never undone by a repeated alert.
 */
import { z } from 'zod'
import { readJsonList } from './notice.ts'
import { instant, parseInstant } from './scalars.ts'

export const ABORT_REQUESTS = 'penstock.dev/abort-requests'
/** Requests kept per Rollout (the ring also is the memory of consumed alerts). */
export const ABORT_REQUEST_LIMIT = 20

export const abortRequestSchema = z.object({
  /** `<fingerprint>@<startsAt>` for alerts: the identity of one episode. */
  id: z.string().max(200),
  action: z.enum(['abort', 'pause']),
  /** What is to be taken back: the canary's pod-template hash and the Rollout's revision number at that time. */
  podHash: z.string(),
  revision: z.int(),
  /** RFC 3339; never before or equal to an earlier `status.abortedAt` (the receiver sees to that). */
  receivedAt: instant,
  startsAt: instant.optional(),
  /** Set by the controller on a `pause` request once the pause is in status; an abort is spent by `status.abortedAt`. */
  consumedAt: instant.optional(),
  reason: z.string().max(100),
  /** One sentence for people: which alert, with which summary. */
  message: z.string().max(500),
})
export type AbortRequest = z.infer<typeof abortRequestSchema>

export const readAbortRequests = (annotations: Readonly<Record<string, string>> | undefined): readonly AbortRequest[] =>
  readJsonList(annotations?.[ABORT_REQUESTS], abortRequestSchema)

/** True while the request still has to be obeyed for the revision that is being rolled out. */
export function isPending(
  request: AbortRequest,
  current: { podHash: string; revision: number; abortedAt: string | null | undefined },
): boolean {
  if (request.consumedAt !== undefined) return false
  if (request.podHash !== current.podHash || request.revision !== current.revision) return false
  const abortedAt = parseInstant(current.abortedAt)
  return abortedAt === undefined || abortedAt < Math.floor((parseInstant(request.receivedAt) ?? 0) / 1000) * 1000
}
