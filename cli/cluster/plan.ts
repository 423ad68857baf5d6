/**
 * The controller's own next decision about a rollout, told as it tells it: the same World, the same `decide`, nothing written. The only file of
 * the CLI that knows the decision core.
 */

import { INSTANCE_ID } from '../../controller/api/labels.ts'
import type { Rollout, RolloutStatus } from '../../controller/api/rollout.ts'
import { canonicalJson } from '../../controller/argo/pod-hash.ts'
import { decide } from '../../controller/domain/decide.ts'
import { movesSomething, rehearse } from '../../controller/domain/rehearse.ts'
import { renderAction, renderPlan, renderWorld } from '../../controller/domain/story.ts'
import type { Problem } from '../../controller/domain/validation/problem.ts'
import { listStrictEffects, type StrictEffect } from '../../controller/domain/validation/strict-rules.ts'
import { validateRollout } from '../../controller/domain/validation/validate.ts'
import { validateReferences } from '../../controller/domain/validation/validate-references.ts'
import type { World } from '../../controller/domain/world.ts'
import type { KubeClient } from '../../controller/kube/client.ts'
import type { RolloutCaches } from '../../controller/reconcile/caches.ts'
import { observe } from '../../controller/reconcile/observe.ts'
import { observeLive } from '../../controller/reconcile/observe-live.ts'
import { snapshotCaches } from '../../controller/reconcile/snapshot.ts'
import type { Picture } from './picture.ts'

/** Lines: what is seen, then what would be done and why. One line with the reason when the cluster does not let us look. */
export async function tellPlan(client: KubeClient, { rollout, atMs }: Picture): Promise<readonly string[]> {
  const { namespace = '', name } = rollout.metadata
  try {
    const caches = await snapshotCaches(client, namespace)
    const world = await look(rollout, { caches, client, atMs })
    if (!world) return [`rollout "${name}" is gone`]
    return [`world  ${renderWorld(world)}`, ...renderPlan(decide(world)).map((line) => `plan   ${line}`)]
  } catch (error) {
    return [`the plan cannot be told: ${error instanceof Error ? error.message : String(error)}`]
  }
}

interface Lookout {
  readonly client: KubeClient
  readonly caches: RolloutCaches
  readonly atMs: number
}

async function look({ metadata }: Rollout, { caches, client, atMs }: Lookout): Promise<World | undefined> {
  const instanceId = metadata.labels?.[INSTANCE_ID]
  const world = observe(`${metadata.namespace ?? ''}/${metadata.name}`, {
    caches,
    now: () => atMs,
    compat: 'strict',
    notices: false,
    ...(instanceId === undefined ? {} : { instanceId }),
  })
  return world && observeLive(world, { client, caches })
}

export interface ForecastWrite {
  /** In the words of the controller's own log. */
  readonly text: string
  /** It starts or ends pods, or changes where requests go. */
  readonly moves: boolean
}

/** What the controller would make of one Rollout at its first sight of it. */
export interface Forecast {
  readonly namespace: string
  readonly name: string
  readonly writes: readonly ForecastWrite[]
  /** Fields of status that would be written anew, sorted. */
  readonly statusFields: readonly string[]
  /** What it would wait for then, in sentences. */
  readonly waitsFor: readonly string[]
  /** Why it would be refused as invalid or unsupported; empty when it would be driven. */
  readonly problems: readonly Problem[]
  /** Where it would go another way than under Argo Rollouts. */
  readonly strictEffects: readonly StrictEffect[]
}

/** Every Rollout of the namespace, by name. Throws KubeError when the cluster does not let us look. */
export async function forecast(client: KubeClient, namespace: string, atMs: number): Promise<readonly Forecast[]> {
  const caches = await snapshotCaches(client, namespace)
  const rollouts = caches.rollouts.list(namespace).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const forecasts: Forecast[] = []
  for (const rollout of rollouts) {
    const world = await look(rollout, { client, caches, atMs })
    if (world) forecasts.push(forecastOf(world))
  }
  return forecasts
}

function forecastOf(world: World): Forecast {
  const { metadata, status: before = {} } = world.rollout
  const { actions, status, holds } = rehearse(world)
  const problems = holds.some(({ reason }) => reason === 'InvalidSpec') ? findProblems(world, holds[0]?.message) : []
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    writes: actions.map((action) => ({ text: renderAction(action), moves: movesSomething(action) })),
    statusFields: changedFields(before, status),
    waitsFor: problems.length > 0 ? [] : holds.map(({ message }) => message),
    problems,
    strictEffects:
      problems.length > 0 || world.compat === 'argo' ? [] : listStrictEffects(world.rollout, world.templates),
  }
}

/** Field by field where the manifest or what it names is at fault, else in the controller's one sentence. */
function findProblems(world: World, sentence = ''): readonly Problem[] {
  const manifest = validateRollout(world.rollout)
  if (manifest.length > 0) return manifest
  const references = world.rollout.spec.workloadRef ? [] : validateReferences(world)
  return references.length > 0 ? references : [{ field: 'spec', message: sentence }]
}

function changedFields(before: RolloutStatus, after: RolloutStatus): readonly string[] {
  const values = [before, after].map((status) => new Map(Object.entries(status)))
  const names = new Set(values.flatMap((fields) => [...fields.keys()]))
  return [...names].filter((name) => new Set(values.map((fields) => canonicalJson(fields.get(name)))).size > 1).sort()
}
