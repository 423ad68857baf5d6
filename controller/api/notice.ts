/**
 * What people are told about a rollout, as data, and how it waits on the Rollout until it is delivered. A notice is written ahead (in
 * the annotation `penstock.dev/outbox`) before the status that it tells of, so that a crash loses none; its id is the same however
 * often the decision is repeated, so that none is told twice. It must not know Slack or any other channel.
 */
import { z } from 'zod'
import { instant } from './scalars.ts'

export const OUTBOX = 'penstock.dev/outbox'
/** Notices kept per Rollout, delivered ones included; the oldest delivered ones leave first. */
export const OUTBOX_LIMIT = 32

export const noticeKinds = ['UpdateStarted', 'StagePassed', 'Paused', 'Aborted', 'Promoted'] as const
export type NoticeKind = (typeof noticeKinds)[number]

export const noticeSchema = z.object({
  /** `<revision>/<kind>[/<step>[/<attempt>]]`: deterministic, unique within the Rollout. */
  id: z.string().max(120),
  kind: z.enum(noticeKinds),
  at: instant,
  revision: z.int(),
  podHash: z.string(),
  /** Zero-based index of the step concerned and the number of steps; absent for blue-green and first deploys. */
  stepIndex: z.int().optional(),
  stepCount: z.int().optional(),
  /** Percent of traffic on the canary when it was written. */
  weightPercent: z.number().optional(),
  /** PascalCase reason and one sentence with the numbers. */
  reason: z.string().max(100),
  message: z.string().max(1000),
  /** RFC 3339 once every channel has taken it (or given up: `deadLettered`). */
  deliveredAt: instant.optional(),
  deadLettered: z.boolean().optional(),
})
export type Notice = z.infer<typeof noticeSchema>

/** The outbox of a Rollout; an unreadable annotation counts as empty (it is ours alone, and a hand edit must not stop a rollout). */
export function readOutbox(annotations: Readonly<Record<string, string>> | undefined): readonly Notice[] {
  return readJsonList(annotations?.[OUTBOX], noticeSchema)
}

/** The annotation's new text after adding notices; undefined when every id is already there. */
export function addToOutbox(outbox: readonly Notice[], added: readonly Notice[]): readonly Notice[] | undefined {
  const known = new Set(outbox.map((notice) => notice.id))
  const fresh = added.filter((notice) => !known.has(notice.id))
  if (fresh.length === 0) return undefined
  const all = [...outbox, ...fresh]
  const surplus = Math.max(0, all.length - OUTBOX_LIMIT)
  const leaving = new Set(all.filter((notice) => notice.deliveredAt).slice(0, surplus))
  return all.filter((notice) => !leaving.has(notice)).slice(-OUTBOX_LIMIT)
}

/** A JSON list of `schema`, element by element: what does not fit is left out. */
export function readJsonList<T>(text: string | undefined, schema: z.ZodType<T>): readonly T[] {
  if (!text || text.length > 65_536) return []
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return []
  }
  if (!Array.isArray(parsed)) return []
  return parsed.flatMap((element) => {
    const result = schema.safeParse(element)
    return result.success ? [result.data] : []
  })
}
