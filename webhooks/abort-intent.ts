/**
 * Turns the alerts that name one Rollout into stored intent: decide on the cached view, write the annotation with the
 * resourceVersion that was decided on, and on a conflict decide anew on a live read. It must not touch anything but that annotation.
 */
import {
  ABORT_REQUEST_LIMIT,
  ABORT_REQUESTS,
  type AbortRequest,
  readAbortRequests,
} from '../controller/api/abort-request.ts'
import type { ReplicaSet, Rollout } from '../controller/api/rollout.ts'
import { applyMergePatch } from '../controller/kube/apply.ts'
import { isConflict, type KubeClient, KubeError } from '../controller/kube/client.ts'
import { refOf, rollouts } from '../controller/kube/kinds.ts'
import type { Clock } from '../controller/runtime/clock.ts'
import type { AbortBreaker } from './abort-breaker.ts'
import type { Alert } from './alertmanager.ts'
import type { AlertMapping } from './mapping.ts'
import { type AlertDecision, type AlertTarget, decideAlert } from './match.ts'
import { type RolloutFacts, readRolloutFacts } from './rollout-facts.ts'

/** The cached objects, as far as alerts need them. */
export interface RolloutCache {
  getRollout(namespace: string, name: string): Rollout | undefined
  /** ReplicaSets whose controller is this Rollout. */
  listReplicaSets(rollout: Rollout): readonly ReplicaSet[]
}

export interface IntentDeps {
  readonly client: Pick<KubeClient, 'get' | 'patch'>
  readonly cache: RolloutCache
  readonly clock: Clock
  readonly mapping: AlertMapping
  readonly breaker: AbortBreaker
}

/** An alert and what a mapping rule declares about it; all of one call name the same Rollout. */
export interface NamedAlert {
  readonly alert: Alert
  readonly target: AlertTarget
}

/** Conflicts in a row before the sender is asked to come again. */
const MOST_ATTEMPTS = 8
/** An annotation that grows by more than this in one go helps nobody; the first abort is always among them. */
const MOST_NEW_REQUESTS = ABORT_REQUEST_LIMIT

interface Round {
  readonly decisions: readonly AlertDecision[]
  readonly added: readonly AbortRequest[]
}

function decideRound(
  alerts: readonly NamedAlert[],
  facts: RolloutFacts | undefined,
  deps: IntentDeps,
  mayAbort: boolean,
): Round {
  const nowMs = deps.clock.now()
  const decisions: AlertDecision[] = []
  const added: AbortRequest[] = []
  for (const { alert, target } of alerts) {
    const seen = facts && { ...facts, requests: [...facts.requests, ...added] }
    const decision = decideAlert({ alert, target, facts: seen, mapping: deps.mapping, nowMs, mayAbort })
    decisions.push(decision)
    if (decision.decision !== 'ignored') added.push(decision.request)
  }
  return { decisions, added }
}

function decideGuarded(alerts: readonly NamedAlert[], rollout: Rollout | undefined, deps: IntentDeps): Round {
  const facts = rollout && readRolloutFacts(rollout, deps.cache.listReplicaSets(rollout))
  const round = decideRound(alerts, facts, deps, true)
  if (!rollout || !round.added.some((request) => request.action === 'abort')) return round
  const key = `${rollout.metadata.namespace ?? ''}/${rollout.metadata.name}`
  return deps.breaker.admits(key, deps.clock.monotonicMs()) ? round : decideRound(alerts, facts, deps, false)
}

/**
 * The requests to keep, oldest first: what was just added always stays (aborts before pauses), then the current revision's, then the
 * newest of others.
 */
export function mergeRequests(
  stored: readonly AbortRequest[],
  added: readonly AbortRequest[],
): readonly AbortRequest[] {
  const fresh = [...added].sort((a, b) => a.action.localeCompare(b.action)).slice(0, MOST_NEW_REQUESTS)
  const podHash = fresh[0]?.podHash
  const freshIds = new Set(fresh.map((request) => request.id))
  const others = stored.filter((request) => !(freshIds.has(request.id) && request.podHash === podHash))
  const byValue = [...others.filter((r) => r.podHash !== podHash), ...others.filter((r) => r.podHash === podHash)]
  const room = ABORT_REQUEST_LIMIT - fresh.length
  return [...(room > 0 ? byValue.slice(-room) : []), ...fresh]
}

async function applyRequests(rollout: Rollout, added: readonly AbortRequest[], deps: IntentDeps, signal: AbortSignal) {
  const requests = mergeRequests(readAbortRequests(rollout.metadata.annotations), added)
  const patch = { metadata: { annotations: { [ABORT_REQUESTS]: JSON.stringify(requests) } } }
  const precondition = { resourceVersion: rollout.metadata.resourceVersion ?? '' }
  await applyMergePatch(deps.client, refOf(rollouts, rollout), patch, { precondition, signal, urgent: true })
}

// Gone is decided anew as well: the live read then says that there is no such Rollout.
const isOvertaken = (error: unknown): boolean => isConflict(error) || (error instanceof KubeError && error.code === 404)

/**
 * Decides on every alert and returns once all that has to be obeyed is stored; the decisions are in the order of `alerts`. Throws
 * when the API server refused or did not answer, or when `signal` ended first: then nothing may be confirmed to the sender.
 */
export async function storeAlertIntent(
  alerts: readonly NamedAlert[],
  deps: IntentDeps,
  signal: AbortSignal,
): Promise<readonly AlertDecision[]> {
  const target = alerts[0]?.target
  if (!target) return []
  let rollout = deps.cache.getRollout(target.namespace, target.name)
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    const round = decideGuarded(alerts, rollout, deps)
    if (!rollout || round.added.length === 0) return round.decisions
    try {
      await applyRequests(rollout, round.added, deps, signal)
      return round.decisions
    } catch (error) {
      if (!isOvertaken(error) || attempt >= MOST_ATTEMPTS) throw error
      rollout = await deps.client.get<Rollout>(refOf(rollouts, rollout))
    }
  }
}
