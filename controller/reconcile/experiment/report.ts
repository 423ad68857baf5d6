/**
 * Makes a pass over an Experiment durable and visible: one status patch, then events, log and metrics. Argo's CRD has no status subresource, so
 * the object itself is patched, at the version that was decided from. It decides nothing; steady state writes nothing.
 */
import type { KubeObject } from '../../api/meta.ts'
import type { ExperimentPlan } from '../../domain/experiment/plan.ts'
import { renderExperimentAction, renderExperimentPlan, renderExperimentWorld } from '../../domain/experiment/story.ts'
import type { ExperimentWorld } from '../../domain/experiment/world.ts'
import { applyMergePatch, isPreconditionFailed } from '../../kube/apply.ts'
import type { EventRecorder } from '../../kube/events.ts'
import * as kinds from '../../kube/kinds.ts'
import type { Logger } from '../../runtime/log.ts'
import type { RolloutCaches } from '../caches.ts'
import { mergeDiff } from '../merge-diff.ts'
import { recordedRace, type WriteDeps } from '../writes.ts'
import type { ExperimentOutcome } from './apply.ts'
import type { ExperimentMetrics } from './experiment-metrics.ts'
import { findOwner } from './observe.ts'

export interface ExperimentReportDeps extends WriteDeps {
  readonly caches: Pick<RolloutCaches, 'rollouts'>
  readonly events: EventRecorder
  readonly log: Logger
  readonly metrics: ExperimentMetrics
}

export async function reportExperiment(
  key: string,
  world: ExperimentWorld,
  plan: ExperimentPlan,
  outcome: ExperimentOutcome,
  deps: ExperimentReportDeps,
): Promise<void> {
  await writeStatus(key, world, plan, deps)
  tell(world, plan, outcome, deps)
}

async function writeStatus(
  key: string,
  { experiment }: ExperimentWorld,
  plan: ExperimentPlan,
  { client, fence }: WriteDeps,
): Promise<void> {
  const status = mergeDiff(experiment.status ?? {}, plan.status)
  if (!status) return
  const { namespace = '', name, resourceVersion = '' } = experiment.metadata
  const ref = { kind: kinds.experiments, namespace, name }
  await recordedRace(key, { ref, resourceVersion }, fence, () =>
    applyMergePatch<KubeObject>(client, ref, { status }, { precondition: { resourceVersion } }),
  )
}

function tell(
  world: ExperimentWorld,
  plan: ExperimentPlan,
  outcome: ExperimentOutcome,
  deps: ExperimentReportDeps,
): void {
  const { metadata } = world.experiment
  const target = { apiVersion: kinds.apiVersionOf(kinds.experiments), kind: kinds.experiments.kind, metadata }
  const owner = findOwner(world.experiment, deps.caches)
  for (const { type, reason, message, action, alsoOnOwner } of plan.events) {
    if (action && !outcome.done.includes(action)) continue
    deps.events.record(target, type, reason, message)
    if (owner && alsoOnOwner) deps.events.record(named(owner), type, reason, message)
  }
  if (outcome.failure && !isPreconditionFailed(outcome.failure.error)) {
    const { action, error } = outcome.failure
    const why = (error instanceof Error ? error.message : String(error)).slice(0, 500)
    deps.events.record(target, 'Warning', 'ReconciliationError', `${renderExperimentAction(action)} failed: ${why}`)
  }
  deps.metrics.observe(metadata.namespace ?? '', metadata.name, plan.status.phase ?? '')
  writeLog(world, plan, outcome, deps.log)
}

const named = (rollout: KubeObject): KubeObject => ({
  apiVersion: kinds.apiVersionOf(kinds.rollouts),
  kind: kinds.rollouts.kind,
  metadata: rollout.metadata,
})

function writeLog(world: ExperimentWorld, plan: ExperimentPlan, outcome: ExperimentOutcome, parent: Logger): void {
  const { name, namespace } = world.experiment.metadata
  const log = parent.child({ experiment: name, ...(namespace === undefined ? {} : { namespace }) })
  log.debug('pass', { world: renderExperimentWorld(world), plan: renderExperimentPlan(plan) })
  for (const action of outcome.done)
    log.info(renderExperimentAction(action), { reason: plan.holds[0]?.reason ?? 'Progress' })
  for (const action of outcome.deferred)
    log.debug(`left for the next pass: ${renderExperimentAction(action)}`, { reason: 'TrafficNotMoved' })
  for (const { reason, message, action } of plan.events) if (!action) log.info(message, { reason })
}
