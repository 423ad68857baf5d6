/**
 * One alert against one Rollout: abort, pause or leave alone, and why. Labels are compared with names and hashes of objects that we
 * already hold; they never become a selector, a path or a template. It must not read, write or know the time by itself.
 *
 * First row that fits wins (S9, S25). "word" is what the alert does when it names no revision: mapping rule, else the label
 * `penstock_gate`, else the Rollout's annotation, else the mapping's `unattributed` (abort).
 *
 * | alert    | names a rollout | rollout  | revision named | startsAt                  | stored | word   | → decision           |
 * |----------|-----------------|----------|----------------|---------------------------|--------|--------|----------------------|
 * | resolved | -               | -        | -              | -                         | -      | -      | ignored Resolved     |
 * | firing   | no              | -        | -              | -                         | -      | -      | ignored NamesNoRollout |
 * | firing   | yes             | unknown  | -              | -                         | -      | -      | ignored UnknownRollout |
 * | firing   | yes             | idle     | -              | -                         | -      | -      | ignored NoUpdate     |
 * | firing   | yes             | aborted  | -              | -                         | -      | -      | ignored AlreadyAborted |
 * | firing   | yes             | updating | stable         | -                         | -      | -      | ignored StableRevision |
 * | firing   | yes             | updating | another        | -                         | -      | -      | ignored OtherRevision |
 * | firing   | yes             | updating | canary or none | no canary yet             | -      | -      | ignored NoCanaryYet  |
 * | firing   | yes             | updating | canary or none | before traffic − skew     | -      | -      | ignored OlderThanCanary |
 * | firing   | yes             | updating | none           | since traffic             | -      | ignore | ignored NotAGate     |
 * | firing   | yes             | updating | canary or none | since traffic             | yes    | -      | ignored Duplicate    |
 * | firing   | yes             | updating | none           | since traffic             | no     | pause  | pause AlertFiring    |
 * | firing   | yes             | updating | canary         | since traffic             | no     | pause by rule or label | pause AlertFiring |
 * | firing   | yes             | updating | canary         | since traffic             | no     | ignore by rule or label | ignored NotAGate |
 * | firing   | yes             | updating | canary or none | since traffic             | no     | else   | abort AlertFiring    |
 */
import type { AbortRequest } from '../controller/api/abort-request.ts'
import { formatInstant, parseInstant } from '../controller/api/scalars.ts'
import type { Alert } from './alertmanager.ts'
import { type AlertAction, type AlertMapping, alertActions } from './mapping.ts'
import type { RolloutFacts } from './rollout-facts.ts'

/** Label by which an alerting rule declares what its alerts do: `abort`, `pause` or `ignore`. */
export const GATE_LABEL = 'penstock_gate'
/** `reason` of a stored request; `MassAlert` is a pause in place of an abort because too many rollouts were hit at once. */
export const ALERT_FIRING = 'AlertFiring'
export const MASS_ALERT = 'MassAlert'

export const ignoredReasons = [
  'Resolved',
  'NamesNoRollout',
  'UnknownRollout',
  'NoUpdate',
  'AlreadyAborted',
  'StableRevision',
  'OtherRevision',
  'NoCanaryYet',
  'OlderThanCanary',
  'NotAGate',
  'Duplicate',
] as const
export type IgnoredReason = (typeof ignoredReasons)[number]

/** The rollout that an alert names, and what a mapping rule declares. */
export interface AlertTarget {
  readonly namespace: string
  readonly name: string
  readonly action?: AlertAction
}

export type AlertDecision =
  | { readonly decision: 'ignored'; readonly reason: IgnoredReason }
  | { readonly decision: 'abort' | 'pause'; readonly reason: string; readonly request: AbortRequest }

export interface DecisionInput {
  readonly alert: Alert
  readonly target: AlertTarget
  /** Undefined when no such Rollout exists. */
  readonly facts: RolloutFacts | undefined
  readonly mapping: AlertMapping
  readonly nowMs: number
  /** False once the circuit breaker is open: what would abort pauses. */
  readonly mayAbort: boolean
}

const ignored = (reason: IgnoredReason): AlertDecision => ({ decision: 'ignored', reason })

const readLabel = (alert: Alert, label: string): string | undefined =>
  Object.hasOwn(alert.labels, label) ? alert.labels[label] || undefined : undefined

/** The rollout that a mapping rule (first match wins) or else the alert's own labels name. */
export function findTarget(alert: Alert, mapping: AlertMapping): AlertTarget | undefined {
  for (const rule of mapping.rules) {
    const matches = Object.entries(rule.match).every(([label, value]) => readLabel(alert, label) === value)
    if (matches) return { ...rule.rollout, ...(rule.action ? { action: rule.action } : {}) }
  }
  const namespace = readLabel(alert, mapping.namespaceLabel)
  const name = readLabel(alert, mapping.rolloutLabel)
  return namespace && name ? { namespace, name } : undefined
}

type NamedRevision = 'canary' | 'stable' | 'another' | 'none'

function readNamedRevision(alert: Alert, facts: RolloutFacts, mapping: AlertMapping): NamedRevision {
  const hashLabels = [mapping.hashLabel, 'rollouts_pod_template_hash', 'rollouts-pod-template-hash']
  const hash = hashLabels.map((label) => readLabel(alert, label)).find((value) => value !== undefined)
  if (hash !== undefined) {
    if (hash === facts.canaryHash) return 'canary'
    return hash === facts.stableHash ? 'stable' : 'another'
  }
  const revision = readLabel(alert, mapping.revisionLabel)
  if (revision === undefined) return 'none'
  return revision === String(facts.revision) ? 'canary' : 'another'
}

/** What the alert's author declared (mapping rule, then label); undefined when nobody did. */
function readDeclaredAction(alert: Alert, target: AlertTarget): AlertAction | undefined {
  const label = readLabel(alert, GATE_LABEL)
  return target.action ?? alertActions.find((action) => action === label)
}

/** True when this episode was already taken for this revision, with at least the effect that it would have now. */
function isStored(alert: Alert, facts: RolloutFacts, action: AlertAction, toleranceMs: number): boolean {
  return facts.requests.some((request) => {
    const sameAlert = request.id.startsWith(`${alert.fingerprint}@`)
    const sameRevision = request.podHash === facts.canaryHash && request.revision === facts.revision
    const apartMs = Math.abs((parseInstant(request.startsAt) ?? Number.NEGATIVE_INFINITY) - alert.startsAtMs)
    const covers = request.action === 'abort' || action === 'pause' || request.reason === MASS_ALERT
    return sameAlert && sameRevision && apartMs <= toleranceMs && covers
  })
}

// Label values come from monitored programs: no control characters, and no more text than a person reads.
const clean = (text: string, most: number): string => {
  const plain = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  const points = Array.from(plain)
  return points.length <= most ? plain : `${points.slice(0, most - 1).join('')}…`
}

function renderMessage(alert: Alert): string {
  const name = clean(readLabel(alert, 'alertname') ?? alert.fingerprint, 80)
  const own = (key: string): string | undefined =>
    Object.hasOwn(alert.annotations, key) ? alert.annotations[key] : undefined
  const summary = clean(own('summary') || own('description') || own('message') || '', 150)
  return summary ? `Alert ${name} is firing: ${summary}` : `Alert ${name} is firing`
}

function renderRequest(
  input: DecisionInput,
  facts: RolloutFacts,
  action: 'abort' | 'pause',
  reason: string,
): AbortRequest {
  const { alert, nowMs } = input
  const startsAt = new Date(alert.startsAtMs).toISOString()
  // A request counts only when it is later than the last abort, also if our clock is behind the one that stamped that abort.
  const receivedAtMs = Math.max(nowMs, (facts.abortedAtMs ?? Number.NEGATIVE_INFINITY) + 1000)
  return {
    id: `${alert.fingerprint}@${startsAt}`,
    action,
    podHash: facts.canaryHash,
    revision: facts.revision,
    receivedAt: formatInstant(receivedAtMs),
    startsAt,
    reason,
    message: renderMessage(alert),
  }
}

function findObstacle(
  alert: Alert,
  facts: RolloutFacts,
  named: NamedRevision,
  skewMs: number,
): IgnoredReason | undefined {
  if (facts.state === 'idle') return 'NoUpdate'
  if (facts.state === 'aborted') return 'AlreadyAborted'
  if (named === 'stable') return 'StableRevision'
  if (named === 'another') return 'OtherRevision'
  if (facts.canaryTrafficSinceMs === undefined) return 'NoCanaryYet'
  return alert.startsAtMs < facts.canaryTrafficSinceMs - skewMs ? 'OlderThanCanary' : undefined
}

/** The table above, for an alert that names `target`. */
export function decideAlert(input: DecisionInput): AlertDecision {
  const { alert, target, facts, mapping } = input
  if (alert.status === 'resolved') return ignored('Resolved')
  if (!facts) return ignored('UnknownRollout')
  const named = readNamedRevision(alert, facts, mapping)
  const obstacle = findObstacle(alert, facts, named, mapping.skewSeconds * 1000)
  if (obstacle) return ignored(obstacle)
  const policy = named === 'canary' ? 'abort' : (facts.unattributed ?? mapping.unattributed)
  const action = readDeclaredAction(alert, target) ?? policy
  if (action === 'ignore') return ignored('NotAGate')
  if (isStored(alert, facts, action, mapping.duplicateToleranceSeconds * 1000)) return ignored('Duplicate')
  const isTooMany = action === 'abort' && !input.mayAbort
  const [effect, reason] = isTooMany ? (['pause', MASS_ALERT] as const) : ([action, ALERT_FIRING] as const)
  return { decision: effect, reason, request: renderRequest(input, facts, effect, reason) }
}
