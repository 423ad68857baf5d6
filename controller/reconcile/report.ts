/**
 * Makes a pass durable and visible, in this order: notices (written ahead of the status that they tell of) and bookkeeping annotations, then
 * one status patch, then events, log and metrics. It decides nothing; steady state writes nothing.
 */

import type { KubeObject } from '../api/meta.ts'
import { addToOutbox, OUTBOX, readOutbox } from '../api/notice.ts'
import type { RolloutStatus } from '../api/rollout.ts'
import { withCreateError } from '../domain/conditions.ts'
import { recordsAbort, withoutClaims } from '../domain/lost-race.ts'
import type { Action, AnnotationPatch, Plan } from '../domain/plan.ts'
import { renderAction, renderPlan, renderWorld } from '../domain/story.ts'
import { withoutStuck, withStuck } from '../domain/stuck-condition.ts'
import type { World } from '../domain/world.ts'
import { applyMergePatch, isPreconditionFailed } from '../kube/apply.ts'
import type { EventRecorder } from '../kube/events.ts'
import * as kinds from '../kube/kinds.ts'
import type { Logger } from '../runtime/log.ts'
import type { ApplyDeps, Outcome } from './apply.ts'
import { mergeDiff } from './merge-diff.ts'
import type { RolloutMetrics } from './rollout-metrics.ts'
import { recordedRace } from './writes.ts'

export interface ReportDeps extends ApplyDeps {
  readonly events: EventRecorder
  readonly log: Logger
  readonly metrics: RolloutMetrics
}

export async function report(key: string, world: World, plan: Plan, outcome: Outcome, deps: ReportDeps): Promise<void> {
  try {
    const version = await writeAnnotations(key, world, madeBy(plan, outcome), deps)
    await writeStatus(key, world, { ...plan, status: statusAfter(world, plan, outcome) }, version, deps)
  } catch (error) {
    // The writes are made all the same, and no later pass knows of them.
    const { done, deferred } = outcome
    tell(world, withoutClaims(world, plan), { done, deferred, refusals: [] }, deps)
    throw error
  }
  tell(world, plan, outcome, deps)
}

/** Without the annotations that tell of a write that was not made. */
const madeBy = (plan: Plan, { done }: Outcome): Plan => ({
  ...plan,
  actions: plan.actions.filter(
    (action) => action.do !== 'annotateRollout' || action.after === undefined || done.includes(action.after),
  ),
})

/** A ReplicaSet that was refused is said in status too: nothing else on the Rollout would show why no pod comes. */
function statusAfter(world: World, plan: Plan, outcome: Outcome): RolloutStatus {
  const action = outcome.failure?.action
  const status =
    outcome.loop === undefined ? endedLoop(plan, outcome) : withStuck(plan.status, loopOf(world, outcome.loop))
  if (action?.do !== 'createReplicaSet' || isPreconditionFailed(outcome.failure?.error)) return status
  const why = whyFailed(outcome.failure?.error)
  return withCreateError(status, { now: world.now, name: action.replicaSet.metadata.name, why })
}

const loopOf = ({ now }: World, what: string) => ({ now, what })

/** A pass with nothing refused and nothing left is the end of a loop. */
const endedLoop = (plan: Plan, { failure, deferred }: Outcome): RolloutStatus =>
  failure || deferred.length > 0 ? plan.status : withoutStuck(plan.status)

const whyFailed = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 500)

const rolloutRef = (world: World) => ({
  kind: kinds.rollouts,
  namespace: world.rollout.metadata.namespace ?? '',
  name: world.rollout.metadata.name,
})

/** Returns the Rollout's resourceVersion after the write, so that the status patch follows it and nothing in between. */
async function writeAnnotations(key: string, world: World, plan: Plan, deps: ReportDeps): Promise<string> {
  const { metadata } = world.rollout
  const outbox = plan.notices.length > 0 ? addToOutbox(readOutbox(metadata.annotations), plan.notices) : undefined
  const annotations: AnnotationPatch = Object.assign(
    {},
    ...plan.actions.flatMap((action) => (action.do === 'annotateRollout' ? [action.annotations] : [])),
    outbox ? { [OUTBOX]: JSON.stringify(outbox) } : {},
  )
  const observed = metadata.resourceVersion ?? ''
  if (Object.keys(annotations).length === 0) return observed
  const ref = rolloutRef(world)
  const patch = { metadata: { annotations } }
  const written = await recordedRace(key, { ref, resourceVersion: observed }, deps.fence, () =>
    applyMergePatch<KubeObject>(deps.client, ref, patch, {
      precondition: { resourceVersion: observed },
      // Until an abort is on record, its worker is not free for the next one.
      urgent: recordsAbort(world, plan),
    }),
  )
  return written.metadata.resourceVersion ?? observed
}

async function writeStatus(
  key: string,
  world: World,
  plan: Plan,
  resourceVersion: string,
  deps: ReportDeps,
): Promise<void> {
  const status = mergeDiff(world.rollout.status ?? {}, plan.status)
  if (!status) return
  const ref = rolloutRef(world)
  const options = {
    precondition: { resourceVersion },
    subresource: 'status',
    urgent: recordsAbort(world, plan),
  } as const
  await recordedRace(key, { ref, resourceVersion }, deps.fence, () =>
    applyMergePatch<KubeObject>(deps.client, ref, { status }, options),
  )
}

/** A refused write in words for people; a lost race is none of their business. */
function describeFailure({ failure }: Outcome): { readonly reason: string; readonly message: string } | undefined {
  if (!failure || isPreconditionFailed(failure.error)) return undefined
  const { action, error } = failure
  const reason = REASON_OF_FAILURE[action.do] ?? 'ReconciliationError'
  return { reason, message: `${renderAction(action)} failed: ${whyFailed(error)}` }
}

/** Argo's reasons, where it has one of its own. */
const REASON_OF_FAILURE: Readonly<Partial<Record<Action['do'], string>>> = {
  createReplicaSet: 'ReplicaSetCreateError',
  route: 'TrafficRoutingError',
}

function tell(world: World, plan: Plan, outcome: Outcome, deps: ReportDeps): void {
  const target = {
    apiVersion: kinds.apiVersionOf(kinds.rollouts),
    kind: kinds.rollouts.kind,
    metadata: world.rollout.metadata,
  }
  for (const { type, reason, message, action } of plan.events) {
    if (action && !outcome.done.includes(action)) continue
    deps.events.record(target, type, reason, message)
    deps.metrics.event(world, type, reason)
  }
  if (outcome.loop !== undefined && statusAfter(world, plan, outcome) !== plan.status) {
    deps.events.record(target, 'Warning', 'HotLoop', outcome.loop)
    deps.metrics.event(world, 'Warning', 'HotLoop')
  }
  const failure = describeFailure(outcome)
  if (failure) {
    deps.events.record(target, 'Warning', failure.reason, failure.message)
    deps.metrics.event(world, 'Warning', failure.reason)
  }
  for (const { pod, why } of outcome.refusals) {
    deps.events.record(target, 'Warning', 'EvictionRefused', `Pod "${pod}" is not restarted yet: ${why}`)
    deps.metrics.event(world, 'Warning', 'EvictionRefused')
  }
  deps.metrics.observe(world, plan, outcome)
  const { name, namespace } = world.rollout.metadata
  const log = deps.log.child({
    rollout: name,
    ...(namespace === undefined ? {} : { namespace }),
    step: plan.status.currentStepIndex ?? 0,
  })
  // Rendered only where somebody reads it: most logs begin at info.
  log.debug('pass', {
    get world() {
      return renderWorld(world)
    },
    get plan() {
      return renderPlan(plan)
    },
  })
  for (const action of outcome.done) log.info(renderAction(action), { reason: plan.holds[0]?.reason ?? 'Progress' })
  for (const { action, why } of outcome.deferred)
    log.debug(`left for the next pass: ${renderAction(action)}`, { reason: why })
  for (const { reason, message, action } of plan.events) if (!action) log.info(message, { reason })
}
