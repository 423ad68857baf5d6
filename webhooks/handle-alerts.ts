/**
 * One group of alerts from arrival to answer: group by the rollout that each names, store what has to be obeyed, count and log each
 * decision. It must not know HTTP, and must not report an alert as taken before it is stored.
 */
import type { Clock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'
import { type IntentDeps, type NamedAlert, storeAlertIntent } from './abort-intent.ts'
import type { AlertMetrics } from './alert-metrics.ts'
import type { Alert, AlertGroup } from './alertmanager.ts'
import { type AlertDecision, findTarget } from './match.ts'

export const HEARTBEAT_ALERT = 'PenstockHeartbeat'

export interface HandlerDeps extends IntentDeps {
  readonly log: Logger
  readonly metrics: AlertMetrics
}

/** What the sender is told about one alert. `reason` is one of the receiver's words, see docs/reference/alerts.md. */
export interface AlertAnswer {
  readonly fingerprint: string
  readonly alertname: string
  readonly decision: 'abort' | 'pause' | 'ignored' | 'failed'
  readonly reason: string
  readonly rollout?: string
}

export interface GroupAnswer {
  /** False when something could not be stored: the sender has to come again. */
  readonly isStored: boolean
  readonly alerts: readonly AlertAnswer[]
}

/** Rollouts written at the same time for one post. */
const PARALLEL_WRITES = 8

interface Work {
  readonly rollout: string
  readonly alerts: readonly NamedAlert[]
}

const alertname = (alert: Alert): string => (alert.labels.alertname ?? '').slice(0, 200)

function answer(alert: Alert, decision: AlertAnswer['decision'], reason: string, rollout?: string): AlertAnswer {
  const { fingerprint } = alert
  return { fingerprint, alertname: alertname(alert), decision, reason, ...(rollout === undefined ? {} : { rollout }) }
}

function groupByRollout(alerts: readonly NamedAlert[]): readonly Work[] {
  const groups = new Map<string, NamedAlert[]>()
  for (const named of alerts) {
    const key = `${named.target.namespace}/${named.target.name}`
    const group = groups.get(key)
    if (group) group.push(named)
    else groups.set(key, [named])
  }
  return [...groups].map(([rollout, group]) => ({ rollout, alerts: group }))
}

function reportDecision(
  given: AlertAnswer,
  decision: AlertDecision | undefined,
  alert: Alert,
  deps: HandlerDeps,
): void {
  deps.metrics.received.inc({ decision: given.decision, reason: given.reason })
  const [namespace, name] = given.rollout?.split('/') ?? []
  const request = decision && decision.decision !== 'ignored' ? decision.request : undefined
  const level = given.decision === 'failed' ? 'error' : name === undefined ? 'debug' : 'info'
  deps.log[level](`Alert ${given.decision}`, {
    ...(name === undefined ? {} : { rollout: name.slice(0, 253), namespace: (namespace ?? '').slice(0, 253) }),
    ...(request ? { revision: request.revision } : {}),
    reason: given.reason,
    alert: given.alertname,
    fingerprint: given.fingerprint,
    status: alert.status,
    startsAt: new Date(alert.startsAtMs).toISOString(),
  })
}

async function handleRollout(
  work: Work,
  arrivedMs: number,
  deps: HandlerDeps,
  signal: AbortSignal,
): Promise<readonly AlertAnswer[]> {
  let decisions: readonly AlertDecision[] = []
  try {
    decisions = await storeAlertIntent(work.alerts, deps, signal)
  } catch (error) {
    deps.log.error('An alert could not be stored; the sender is asked to come again', { reason: 'StoreFailed', error })
  }
  if (decisions.some(({ decision }) => decision === 'abort')) {
    deps.metrics.stored.observe((deps.clock.monotonicMs() - arrivedMs) / 1000)
  }
  return work.alerts.map(({ alert }, index) => {
    const decision = decisions[index]
    const given = answer(alert, decision?.decision ?? 'failed', decision?.reason ?? 'StoreFailed', work.rollout)
    reportDecision(given, decision, alert, deps)
    return given
  })
}

function handleHeartbeat(alert: Alert, deps: HandlerDeps, clock: Clock): AlertAnswer {
  if (alert.status === 'firing') deps.metrics.heartbeat.set(clock.now() / 1000)
  const given = answer(alert, 'ignored', 'Heartbeat')
  deps.metrics.received.inc({ decision: given.decision, reason: given.reason })
  return given
}

function reportLeftOut(group: AlertGroup, deps: HandlerDeps): void {
  if (group.surplusAlerts > 0) {
    deps.metrics.received.inc({ decision: 'ignored', reason: 'TooMany' }, group.surplusAlerts)
    deps.log.warn('A post held more alerts than are handled', { reason: 'TooMany', surplus: group.surplusAlerts })
  }
  if (group.truncatedAlerts > 0) {
    deps.metrics.truncated.inc(group.truncatedAlerts)
    const fields = {
      reason: 'TruncatedAlerts',
      truncated: group.truncatedAlerts,
      receiver: group.receiver.slice(0, 200),
    }
    deps.log.warn(
      'Alertmanager left alerts out (max_alerts): what they say is unknown, remove max_alerts from this receiver',
      fields,
    )
  }
}

/** What can be told of an alert without any Rollout; undefined when it names one. */
function answerAtOnce(alert: Alert, hasTarget: boolean, deps: HandlerDeps): AlertAnswer | undefined {
  if (alertname(alert) === HEARTBEAT_ALERT) return handleHeartbeat(alert, deps, deps.clock)
  if (hasTarget) return undefined
  const given = answer(alert, 'ignored', alert.status === 'resolved' ? 'Resolved' : 'NamesNoRollout')
  reportDecision(given, undefined, alert, deps)
  return given
}

/**
 * Answers in the order of the payload. `arrivedMs` is the monotonic time at which the post came in; `signal` ends when the sender must
 * have its answer.
 */
export async function handleAlertGroup(
  group: AlertGroup,
  arrivedMs: number,
  deps: HandlerDeps,
  signal: AbortSignal,
): Promise<GroupAnswer> {
  reportLeftOut(group, deps)
  const answers = new Map<Alert, AlertAnswer>()
  const named: NamedAlert[] = []
  for (const alert of group.alerts) {
    const target = findTarget(alert, deps.mapping)
    const given = answerAtOnce(alert, target !== undefined, deps)
    if (given) answers.set(alert, given)
    else if (target) named.push({ alert, target })
  }
  const queue = [...groupByRollout(named)]
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const given = await handleRollout(next, arrivedMs, deps, signal)
      next.alerts.forEach(({ alert }, index) => {
        const one = given[index]
        if (one) answers.set(alert, one)
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL_WRITES, queue.length) }, work))
  const ordered = group.alerts.flatMap((alert) => answers.get(alert) ?? [])
  return { isStored: ordered.every(({ decision }) => decision !== 'failed'), alerts: ordered }
}
