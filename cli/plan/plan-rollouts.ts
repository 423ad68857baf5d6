/** From manifests to timelines: each Rollout played twice, with the shortest and the longest analyses. Pure. */
import { COMPAT } from '../../controller/api/labels.ts'
import type { Rollout } from '../../controller/api/rollout.ts'
import type { Problem } from '../../controller/domain/validation/problem.ts'
import { validateReferences } from '../../controller/domain/validation/validate-references.ts'
import { createSmallWorld } from '../../controller/small-world/small-world.ts'
import { playUpdate, type Script } from './play.ts'
import type { ReadManifests } from './read-manifests.ts'
import { joinPlays, type Timeline } from './timeline.ts'

export interface PlannedRollout {
  /** With its namespace. */
  readonly name: string
  /** Such as `canary with argoproj-labs/gatewayAPI`. */
  readonly strategy: string
  readonly replicas: number
  readonly timeline: Timeline
}

/** Why a Rollout cannot be played. */
export interface RefusedRollout {
  readonly name: string
  readonly problems: readonly Problem[]
}

export function planRollout(
  rollout: Rollout,
  manifests: ReadManifests,
  podReadyMs: number,
): PlannedRollout | RefusedRollout {
  const namespace = rollout.metadata.namespace ?? 'default'
  const name = `${namespace}/${rollout.metadata.name}`
  const script = writeScript(rollout, manifests, { namespace, podReadyMs })
  const problems = 'problem' in script ? [script.problem] : findProblems(script)
  if ('problem' in script || problems.length > 0) return { name, problems }
  try {
    const timeline = joinPlays(playUpdate(script), playUpdate({ ...script, pace: 'longest' }))
    const replicas = rollout.spec.replicas ?? script.workload?.spec?.replicas ?? 1
    return { name, strategy: describeStrategy(rollout), replicas, timeline }
  } catch (error) {
    return { name, problems: [{ field: 'spec', message: error instanceof Error ? error.message : String(error) }] }
  }
}

function writeScript(
  rollout: Rollout,
  { templates, workloads }: ReadManifests,
  { namespace, podReadyMs }: { readonly namespace: string; readonly podReadyMs: number },
): Script | { readonly problem: Problem } {
  const { status: _status, ...manifest } = rollout
  const metadata = { ...rollout.metadata, namespace, uid: 'uid-of-the-plan', generation: 1 }
  const compat = rollout.metadata.annotations?.[COMPAT] === 'argo' ? 'argo' : 'strict'
  const script = { rollout: { ...manifest, metadata }, templates, compat, podReadyMs, pace: 'shortest' } as const
  const { workloadRef } = rollout.spec
  if (!workloadRef) return script
  const workload = workloads.find((one) => one.kind === workloadRef.kind && one.metadata.name === workloadRef.name)
  if (workload) return { ...script, workload }
  const message = `${workloadRef.kind} "${workloadRef.name}" is in none of the files`
  return { problem: { field: 'spec.workloadRef.name', message, fix: 'give it with -f as well' } }
}

const findProblems = ({ rollout, templates, compat }: Script): readonly Problem[] =>
  validateReferences(createSmallWorld({ rollout, templates, compat, startMs: 0 }).world())

function describeStrategy({ spec }: Rollout): string {
  const { canary, blueGreen } = spec.strategy ?? {}
  if (blueGreen) return 'blue-green'
  const { plugins, managedRoutes: _routes, maxTrafficWeight: _weight, ...routers } = canary?.trafficRouting ?? {}
  const names = [...Object.keys(routers).filter((name) => routers[name] !== undefined), ...Object.keys(plugins ?? {})]
  const dynamic = canary?.dynamicStableScale === true ? ', dynamicStableScale' : ''
  return names.length > 0 ? `canary with ${names.join(', ')}${dynamic}` : 'canary without a router'
}
