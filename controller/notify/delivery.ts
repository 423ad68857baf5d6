/**
 * One attempt to deliver one notice through one channel: read the secrets, format, send, judge the answer. It must not repeat, wait or
 * write to the API server.
 */
import { readFileSync } from 'node:fs'
import type { NoticeKind } from '../api/notice.ts'
import type { Clock } from '../runtime/clock.ts'
import { type HttpTransport, TransportError } from '../runtime/http.ts'
import type { Redactor } from '../runtime/redact.ts'
import type { Delivery, NoticeEvent, Notifier } from './notifier.ts'
import type { NotifyMetrics } from './notify-metrics.ts'

export interface DeliveryDeps {
  readonly transport: HttpTransport
  readonly clock: Clock
  readonly redactor: Redactor
  readonly metrics: NotifyMetrics
}

/** Argo's event type and reason for each kind, as its notification metrics label them. */
const eventLabels: Readonly<Record<NoticeKind, { readonly type: string; readonly reason: string }>> = {
  UpdateStarted: { type: 'Normal', reason: 'RolloutUpdated' },
  StagePassed: { type: 'Normal', reason: 'RolloutStepCompleted' },
  Paused: { type: 'Normal', reason: 'RolloutPaused' },
  Aborted: { type: 'Warning', reason: 'RolloutAborted' },
  Promoted: { type: 'Normal', reason: 'RolloutCompleted' },
}

const REPAIR_AFTER_MS = 60_000
const LONGEST_SECRET = 4096

/** The content of each secret file, known to the redactor before anybody else sees it. Throws when a file cannot be read. */
export function readSecrets(notifier: Notifier, redactor: Redactor): Readonly<Record<string, string>> {
  const entries = Object.entries(notifier.secretFiles).map(([name, file]) => {
    const value = readFileSync(file, 'utf8').trim()
    if (value === '' || value.length > LONGEST_SECRET) throw new Error(`${file}: is empty or too long for a secret`)
    redactor.registerSecret(value)
    return [name, value] as const
  })
  return Object.fromEntries(entries)
}

async function attempt(notifier: Notifier, event: NoticeEvent, deps: DeliveryDeps): Promise<Delivery> {
  let request: ReturnType<Notifier['format']>
  try {
    request = notifier.format(event, readSecrets(notifier, deps.redactor))
  } catch (error) {
    return { outcome: 'retry', why: deps.redactor.redact((error as Error).message), afterMs: REPAIR_AFTER_MS }
  }
  try {
    return notifier.parse(await deps.transport.send(request))
  } catch (error) {
    const why = error instanceof TransportError ? `${error.kind}: ${error.message}` : String(error)
    return { outcome: 'retry', why: deps.redactor.redact(why) }
  }
}

/** Never throws. A `retry` without an answer leaves open whether the other side has the message. */
export async function sendNotice(notifier: Notifier, event: NoticeEvent, deps: DeliveryDeps): Promise<Delivery> {
  const { namespace, name, notice } = event
  const startedMs = deps.clock.monotonicMs()
  const delivery = await attempt(notifier, event, deps)
  deps.metrics.send.observe({ namespace, name }, (deps.clock.monotonicMs() - startedMs) / 1000)
  const counter = delivery.outcome === 'delivered' ? deps.metrics.success : deps.metrics.error
  counter.inc({ namespace, name, ...eventLabels[notice.kind] })
  return delivery
}
