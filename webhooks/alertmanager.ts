/**
 * Alertmanager's webhook payload, version 4: bytes in, alerts or a rejection out. It knows the wire format only: unknown fields pass,
 * a foreign shape is refused with the field's name, and nothing is decided here. Times are epoch milliseconds.
 */
import { z } from 'zod'

/** Alerts handled of one payload. Firing ones are kept first, because Alertmanager does not sort them so. */
export const ALERT_LIMIT = 1000

export interface Alert {
  readonly status: 'firing' | 'resolved'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAtMs: number
  readonly fingerprint: string
}

export interface AlertGroup {
  readonly receiver: string
  readonly alerts: readonly Alert[]
  /** Alerts in the payload beyond {@link ALERT_LIMIT}; they are counted and not looked at. */
  readonly surplusAlerts: number
  /** Alerts that Alertmanager itself left out (`max_alerts`): how many more there are, not what they say. */
  readonly truncatedAlerts: number
}

/** A body that can never be right: Alertmanager does not send it again after a 4xx. */
export interface Rejection {
  readonly status: 400
  readonly reason: string
}

export type ParsedPayload = { readonly group: AlertGroup } | { readonly rejection: Rejection }

const textMap = z.record(z.string(), z.string())
const startsAt = z
  .string()
  .max(64)
  .refine((text) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)), 'is not an RFC 3339 time')
const alertSchema = z.looseObject({
  status: z.enum(['firing', 'resolved']),
  labels: textMap,
  annotations: textMap.nullish(),
  startsAt,
  fingerprint: z.string().regex(/^[\w-]{1,128}$/, 'is not a fingerprint'),
})
const payloadSchema = z.looseObject({
  version: z.literal('4'),
  groupKey: z.string(),
  receiver: z.string().nullish(),
  status: z.enum(['firing', 'resolved']),
  truncatedAlerts: z.int().min(0).nullish(),
  alerts: z.array(z.unknown()),
})

const reject = (reason: string): ParsedPayload => ({ rejection: { status: 400, reason } })

const renderPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : `${text}${text && '.'}${String(part).slice(0, 100)}`,
    '',
  )

const renderIssue = (error: z.ZodError, prefix: readonly PropertyKey[] = []): string => {
  const issue = error.issues[0]
  return `${renderPath([...prefix, ...(issue?.path ?? [])]) || 'payload'}: ${issue?.message ?? 'does not fit'}`
}

function parseJson(body: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) }
  } catch {
    return undefined
  }
}

const isFiring = (alert: unknown): boolean =>
  typeof alert === 'object' && alert !== null && 'status' in alert && alert.status === 'firing'

/** The alerts of one POST, or the reason why the body is not Alertmanager's payload v4. Every alert that is handled is checked whole. */
export function parseAlertmanagerPayload(body: Uint8Array): ParsedPayload {
  const json = parseJson(body)
  if (!json) return reject('payload: is not JSON in UTF-8')
  const payload = payloadSchema.safeParse(json.value)
  if (!payload.success) return reject(renderIssue(payload.error))
  const numbered = payload.data.alerts.map((alert, index) => ({ alert, index }))
  const firingFirst =
    numbered.length <= ALERT_LIMIT
      ? numbered
      : [...numbered.filter(({ alert }) => isFiring(alert)), ...numbered.filter(({ alert }) => !isFiring(alert))]
  const alerts: Alert[] = []
  for (const { alert, index } of firingFirst.slice(0, ALERT_LIMIT)) {
    const parsed = alertSchema.safeParse(alert)
    if (!parsed.success) return reject(renderIssue(parsed.error, ['alerts', index]))
    const { status, labels, annotations, fingerprint } = parsed.data
    alerts.push({
      status,
      labels,
      annotations: annotations ?? {},
      fingerprint,
      startsAtMs: Date.parse(parsed.data.startsAt),
    })
  }
  return {
    group: {
      receiver: payload.data.receiver ?? '',
      alerts,
      surplusAlerts: numbered.length - alerts.length,
      truncatedAlerts: payload.data.truncatedAlerts ?? 0,
    },
  }
}
