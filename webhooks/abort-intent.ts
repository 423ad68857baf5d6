/**
 * Turns the alerts that name one Rollout into stored intent: decide on the cached view, write the annotation with the
 * resourceVersion that was decided on, and on a conflict decide anew on a live read. What would be left alone is looked up live before it is:
 * a replica that is cut off must not tell the sender from memory that there is nothing to do. It must not touch anything but that annotation.
 */
import {
  ABORT_REQUEST_LIMIT,
  ABORT_REQUESTS,
  type AbortRequest,
  readAbortRequests,
} from '../controller/api/abort-request.ts'
import { POD_TEMPLATE_HASH } from '../controller/api/labels.ts'
import type { ReplicaSet, Rollout } from '../controller/api/rollout.ts'
import { applyMergePatch, controllerOf } from '../controller/kube/apply.ts'
import { isConflict, type KubeClient, KubeError } from '../controller/kube/client.ts'
import { refOf, replicaSets, rollouts } from '../controller/kube/kinds.ts'
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

/** What alerts are judged by. */
interface View {
  readonly rollout: Rollout | undefined
  /** Its ReplicaSets. */
  readonly owned: readonly ReplicaSet[]
  readonly isLive: boolean
}

function readCached({ namespace, name }: AlertTarget, { cache }: IntentDeps): View {
  const rollout = cache.getRollout(namespace, name)
  return { rollout, owned: rollout ? cache.listReplicaSets(rollout) : [], isLive: false }
}

/** A cache that is behind may lack the canary's ReplicaSet as well. */
async function readLive(known: Rollout, { client, cache }: IntentDeps): Promise<View> {
  const rollout = await client.get<Rollout>(refOf(rollouts, known))
  if (!rollout) return { rollout, owned: [], isLive: true }
  const cached = cache.listReplicaSets(rollout)
  const { currentPodHash } = rollout.status ?? {}
  const isComplete = cached.some(({ metadata }) => metadata.labels?.[POD_TEMPLATE_HASH] === currentPodHash)
  if (isComplete || !currentPodHash) return { rollout, owned: cached, isLive: true }
  const { namespace = '', name, uid } = rollout.metadata
  const canary = await client.get<ReplicaSet>({ kind: replicaSets, namespace, name: `${name}-${currentPodHash}` })
  const isOurs = canary !== undefined && controllerOf(canary)?.uid === uid
  return { rollout, owned: isOurs ? [...cached, canary] : cached, isLive: true }
}

/** Nothing to do, by what may be out of date. */
const isHearsay = ({ decisions, added }: Round, { isLive }: View): boolean =>
  !isLive && added.length === 0 && decisions.some((one) => one.decision === 'ignored' && one.reason !== 'Resolved')

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

function decideGuarded(alerts: readonly NamedAlert[], { rollout, owned }: View, deps: IntentDeps): Round {
  const facts = rollout && readRolloutFacts(rollout, owned)
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
  let view = readCached(target, deps)
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted()
    const round = decideGuarded(alerts, view, deps)
    const { rollout } = view
    if (!rollout) return round.decisions
    if (isHearsay(round, view)) {
      view = await readLive(rollout, deps)
      continue
    }
    if (round.added.length === 0) return round.decisions
    try {
      await applyRequests(rollout, round.added, deps, signal)
      return round.decisions
    } catch (error) {
      if (!isOvertaken(error) || attempt >= MOST_ATTEMPTS) throw error
      view = await readLive(rollout, deps)
    }
  }
}
