/**
 * Alertmanager as the receiver sees it: one alert in payload version 4, posted to one replica, or to several in turn until one takes it, as it is
 * through a Service.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ControllerProcess, WEBHOOK_TOKEN } from './controller.ts'

export interface AlertShape {
  readonly status?: 'firing' | 'resolved'
  readonly rollout?: string
  readonly startsAt?: string
  readonly labels?: Readonly<Record<string, string>>
}

export interface AlertAnswer {
  /** 0: nobody answered. */
  readonly status: number
  readonly decision: string | undefined
  readonly reason: string | undefined
}

export const FINGERPRINT = '5ef77f1f8a3ecfa5'

function payload(namespace: string, shape: AlertShape): object {
  const { status = 'firing', rollout = 'web', startsAt = new Date().toISOString() } = shape
  const labels = { alertname: 'HighErrorRate', namespace, rollout, ...shape.labels }
  const annotations = { summary: '12 % of requests fail' }
  const endsAt = status === 'firing' ? '0001-01-01T00:00:00Z' : new Date().toISOString()
  const alert = { status, labels, annotations, startsAt, endsAt, generatorURL: '', fingerprint: FINGERPRINT }
  return {
    version: '4',
    groupKey: '{}:{alertname="HighErrorRate"}',
    truncatedAlerts: 0,
    status,
    receiver: 'penstock',
    groupLabels: {},
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: 'http://alertmanager.test',
    alerts: [alert],
  }
}

export async function postAlert(
  { webhookUrl }: Pick<ControllerProcess, 'webhookUrl'>,
  namespace: string,
  shape: AlertShape,
  token = WEBHOOK_TOKEN,
): Promise<AlertAnswer> {
  const response = await fetch(`${webhookUrl}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(payload(namespace, shape)),
    signal: AbortSignal.timeout(5_000),
  })
  const body = (await response.json()) as { alerts?: readonly { decision: string; reason: string }[] }
  return { status: response.status, decision: body.alerts?.[0]?.decision, reason: body.alerts?.[0]?.reason }
}

const RETRY_MS = 200
const GIVE_UP_MS = 60_000

/** The answers in order; the last one is 2xx. */
export async function postUntilTaken(
  replicas: readonly Pick<ControllerProcess, 'webhookUrl'>[],
  namespace: string,
): Promise<readonly AlertAnswer[]> {
  const startsAt = new Date().toISOString()
  const giveUpAt = Date.now() + GIVE_UP_MS
  const answers: AlertAnswer[] = []
  for (let turn = 0; Date.now() < giveUpAt; turn += 1) {
    const replica = replicas[turn % replicas.length]
    const silence: AlertAnswer = { status: 0, decision: undefined, reason: undefined }
    const answer = replica ? await postAlert(replica, namespace, { startsAt }).catch(() => silence) : silence
    answers.push(answer)
    if (answer.status === 200) return answers
    await sleep(RETRY_MS)
  }
  throw new Error(`Nobody took the alert for ${namespace}: ${answers.map(({ status }) => status).join(' ')}`)
}
