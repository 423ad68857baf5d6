/**
 * One rollout as `get` and `list` show it: the picture of the cluster boiled down to plain data, which is also the `--json` document.
 * Pure; it must not know how the data is drawn.
 */

import { POD_TEMPLATE_HASH, REVISION, SCALE_DOWN_DEADLINE } from '../../controller/api/labels.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ReplicaSet, Rollout } from '../../controller/api/rollout.ts'
import { parseInstant } from '../../controller/api/scalars.ts'
import { revisionOf } from '../../controller/argo/client-patches.ts'
import type { Picture } from '../cluster/picture.ts'
import { type AnalysisRunView, viewAnalysisRun } from './analysis-run-view.ts'
import { computePhase } from './phase.ts'
import { type PodView, viewPod } from './pod-view.ts'
import { computeProgress, describeStep } from './progress.ts'

export type Role = 'stable' | 'canary' | 'active' | 'preview' | 'ping' | 'pong'

export interface ReplicaSetView {
  readonly name: string
  readonly podTemplateHash: string
  readonly roles: readonly Role[]
  readonly status: 'Healthy' | 'Progressing' | 'Degraded' | 'ScaledDown'
  readonly images: readonly string[]
  readonly replicas: number
  readonly ready: number
  readonly available: number
  /** Milliseconds until it is scaled down; 0 when the time has come; absent when it stays. */
  readonly scaleDownInMs?: number
  readonly creationTimestamp?: string
  readonly pods: readonly PodView[]
}

export interface RevisionView {
  /** 0 for objects that carry no revision. */
  readonly revision: number
  readonly replicaSets: readonly ReplicaSetView[]
  readonly analysisRuns: readonly AnalysisRunView[]
  readonly experiments: readonly {
    readonly name: string
    readonly phase: string
    readonly creationTimestamp?: string
  }[]
}

export interface RolloutView {
  readonly name: string
  readonly namespace: string
  readonly phase: string
  readonly message: string
  readonly strategy: 'Canary' | 'BlueGreen' | 'none'
  readonly step?: { readonly index: number; readonly count: number; readonly text?: string }
  readonly setWeight?: number
  readonly actualWeight?: number
  readonly images: readonly { readonly image: string; readonly roles: readonly Role[] }[]
  readonly replicas: {
    readonly desired: number
    readonly current: number
    readonly updated: number
    readonly ready: number
    readonly available: number
  }
  readonly creationTimestamp?: string
  /** Newest first. */
  readonly revisions: readonly RevisionView[]
}

export function viewRollout(picture: Picture): RolloutView {
  const { rollout } = picture
  const { status } = rollout
  const progress = computeProgress(rollout, picture.replicaSets)
  const sets = picture.replicaSets.map((set) => viewReplicaSet(set, picture))
  return {
    name: rollout.metadata.name,
    namespace: rollout.metadata.namespace ?? '',
    ...computePhase(rollout),
    strategy: progress ? 'Canary' : rollout.spec.strategy?.blueGreen ? 'BlueGreen' : 'none',
    ...(progress
      ? {
          ...(progress.stepCount > 0
            ? {
                step: {
                  index: progress.stepIndex,
                  count: progress.stepCount,
                  ...(progress.step ? { text: describeStep(progress.step) } : {}),
                },
              }
            : {}),
          setWeight: progress.setWeight,
          actualWeight: progress.actualWeight,
        }
      : {}),
    images: viewImages(picture, sets),
    replicas: {
      desired: rollout.spec.replicas ?? 1,
      current: status?.replicas ?? 0,
      updated: status?.updatedReplicas ?? 0,
      ready: status?.readyReplicas ?? 0,
      available: status?.availableReplicas ?? 0,
    },
    ...created(rollout),
    revisions: viewRevisions(picture, sets),
  }
}

const created = (object: KubeObject): { creationTimestamp?: string } =>
  object.metadata.creationTimestamp === undefined ? {} : { creationTimestamp: object.metadata.creationTimestamp }

function viewReplicaSet(set: ReplicaSet, picture: Picture): ReplicaSetView {
  const hash = set.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
  const replicas = set.spec.replicas ?? 0
  const deadlineMs = parseInstant(set.metadata.annotations?.[SCALE_DOWN_DEADLINE])
  return {
    name: set.metadata.name,
    podTemplateHash: hash,
    roles: rolesOf(hash, picture.rollout),
    status: healthOf(set),
    images: imagesOf(set.spec.template.spec),
    replicas,
    ready: set.status?.readyReplicas ?? 0,
    available: set.status?.availableReplicas ?? 0,
    ...(deadlineMs === undefined || replicas === 0 ? {} : { scaleDownInMs: Math.max(0, deadlineMs - picture.atMs) }),
    ...created(set),
    pods: picture.pods
      .filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.uid === set.metadata.uid))
      .map(viewPod)
      .toSorted((left, right) => left.name.localeCompare(right.name)),
  }
}

function healthOf(set: ReplicaSet): ReplicaSetView['status'] {
  const failed = set.status?.conditions?.some((one) => one.type === 'ReplicaFailure' && one.status === 'True')
  if (failed) return 'Degraded'
  if ((set.spec.replicas ?? 0) === 0) return 'ScaledDown'
  return (set.status?.availableReplicas ?? 0) >= (set.spec.replicas ?? 0) ? 'Healthy' : 'Progressing'
}

/** What the revision serves as. Only one name is shown where two mean the same: an idle rollout has a stable revision and no canary. */
function rolesOf(hash: string, rollout: Rollout): readonly Role[] {
  const { status } = rollout
  const roles: Role[] = []
  if (hash === '') return roles
  const isStable = status?.stableRS === hash
  if (rollout.spec.strategy?.blueGreen) {
    const isActive = status?.blueGreen?.activeSelector === hash
    if (isStable) roles.push('stable')
    if (isActive) roles.push('active')
    else if (status?.blueGreen?.previewSelector === hash) roles.push('preview')
    return roles
  }
  const isCanary = !isStable && status?.currentPodHash === hash
  if (isStable) roles.push('stable')
  else if (isCanary) roles.push('canary')
  const stableColor = status?.canary?.stablePingPong
  if (stableColor === 'ping' || stableColor === 'pong') {
    if (isStable) roles.push(stableColor)
    else if (isCanary) roles.push(stableColor === 'ping' ? 'pong' : 'ping')
  }
  return roles
}

function imagesOf(podSpec: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const containers = podSpec?.containers
  if (!Array.isArray(containers)) return []
  return containers.flatMap((container: unknown) =>
    typeof container === 'object' && container !== null && 'image' in container && typeof container.image === 'string'
      ? [container.image]
      : [],
  )
}

/** Images that run, with what they run as; the template's own images while nothing runs. */
function viewImages(picture: Picture, sets: readonly ReplicaSetView[]): RolloutView['images'] {
  const roles = new Map<string, Set<Role>>()
  for (const set of sets.filter((one) => one.replicas > 0))
    for (const image of set.images) roles.set(image, new Set([...(roles.get(image) ?? []), ...set.roles]))
  const template = picture.workload?.spec?.template ?? picture.rollout.spec.template
  if (roles.size === 0) for (const image of imagesOf(template?.spec)) roles.set(image, new Set())
  return [...roles].map(([image, names]) => ({ image, roles: [...names] }))
}

function viewRevisions(picture: Picture, sets: readonly ReplicaSetView[]): readonly RevisionView[] {
  const revisionBySet = new Map(picture.replicaSets.map((set) => [set.metadata.name, revisionOf(set)]))
  const numbers = new Set([
    ...revisionBySet.values(),
    ...[...picture.analysisRuns, ...picture.experiments].map(revisionAnnotation),
  ])
  return [...numbers]
    .toSorted((left, right) => right - left)
    .map((revision) => ({
      revision,
      replicaSets: sets.filter((set) => revisionBySet.get(set.name) === revision),
      analysisRuns: picture.analysisRuns.filter((run) => revisionAnnotation(run) === revision).map(viewAnalysisRun),
      experiments: picture.experiments
        .filter((trial) => revisionAnnotation(trial) === revision)
        .map((trial) => ({ name: trial.metadata.name, phase: trial.status?.phase || 'Pending', ...created(trial) })),
    }))
}

const revisionAnnotation = (object: KubeObject): number =>
  Number.parseInt(object.metadata.annotations?.[REVISION] ?? '0', 10) || 0
