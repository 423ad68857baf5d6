/**
 * Reads what the commands show. Lists are narrowed by label on the server and by owner here. It reads only, and turns "not found" and
 * "not allowed" into a sentence that says what to do.
 */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import type { Experiment } from '../../controller/api/experiment.ts'
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ReplicaSet, Rollout } from '../../controller/api/rollout.ts'
import { revisionOf } from '../../controller/argo/client-patches.ts'
import { type KubeClient, KubeError, type ObjectRef } from '../../controller/kube/client.ts'
import {
  analysisRuns,
  deployments,
  events,
  experiments,
  pods,
  replicaSets,
  rollouts,
} from '../../controller/kube/kinds.ts'
import { listPages } from '../../controller/kube/list-pages.ts'
import { CliError } from '../cli-error.ts'
import { eventTime, type KubeEvent, type Picture, type Pod, type Workload } from './picture.ts'

export type Reader = Pick<KubeClient, 'get' | 'list'>

export const rolloutRef = (namespace: string, name: string): ObjectRef => ({ kind: rollouts, namespace, name })

/** @throws CliError when there is no such rollout */
export async function readRollout(client: Reader, namespace: string, name: string): Promise<Rollout> {
  const rollout = await client.get<Rollout>(rolloutRef(namespace, name))
  if (rollout) return rollout
  throw new CliError(
    `there is no rollout "${name}" in namespace "${namespace}"; list them with: penstock list -n ${namespace}`,
  )
}

export async function listRollouts(client: Reader, namespace: string | undefined): Promise<readonly Rollout[]> {
  const { objects } = await listPages<Rollout>(client, rollouts, namespace === undefined ? {} : { namespace })
  return objects.toSorted(
    (left, right) =>
      (left.metadata.namespace ?? '').localeCompare(right.metadata.namespace ?? '') ||
      left.metadata.name.localeCompare(right.metadata.name),
  )
}

export async function observeRollout(
  client: Reader,
  namespace: string,
  name: string,
  nowMs: () => number,
): Promise<Picture> {
  const rollout = await readRollout(client, namespace, name)
  const ofRevisions = { namespace, labelSelector: POD_TEMPLATE_HASH }
  const [sets, allPods, runs, trials, workload] = await Promise.all([
    readReplicaSets(client, rollout),
    listPages<Pod>(client, pods, ofRevisions),
    listPages<AnalysisRun>(client, analysisRuns, { namespace }),
    listPages<Experiment>(client, experiments, { namespace }).catch(nothingWhenUnknown),
    readWorkload(client, rollout),
  ])
  const setUids = new Set(sets.map((set) => set.metadata.uid))
  return {
    rollout,
    replicaSets: sets,
    pods: allPods.objects.filter((pod) => pod.metadata.ownerReferences?.some((owner) => setUids.has(owner.uid))),
    analysisRuns: runs.objects.filter((run) => isOwnedBy(run, rollout)),
    experiments: trials.objects.filter((trial) => isOwnedBy(trial, rollout)),
    ...(workload ? { workload } : {}),
    atMs: nowMs(),
  }
}

/** A cluster may go without the Experiment kind. */
function nothingWhenUnknown(error: unknown): { readonly objects: readonly Experiment[] } {
  if (error instanceof KubeError && error.code === 404) return { objects: [] }
  throw error
}

/** The rollout's ReplicaSets, newest revision first. */
export async function readReplicaSets(client: Reader, rollout: Rollout): Promise<readonly ReplicaSet[]> {
  const { namespace } = rollout.metadata
  const { objects } = await listPages<ReplicaSet>(client, replicaSets, {
    ...(namespace === undefined ? {} : { namespace }),
    labelSelector: POD_TEMPLATE_HASH,
  })
  return objects
    .filter((set) => isOwnedBy(set, rollout))
    .toSorted((left, right) => revisionOf(right) - revisionOf(left) || byName(left, right))
}

/** Events about the rollout and its analysis runs, oldest first. */
export async function readEvents(client: Reader, picture: Picture): Promise<readonly KubeEvent[]> {
  const { namespace } = picture.rollout.metadata
  const { objects } = await listPages<KubeEvent>(client, events, namespace === undefined ? {} : { namespace })
  const uids = new Set([picture.rollout, ...picture.analysisRuns].map((object) => object.metadata.uid))
  return objects
    .filter((event) => uids.has(event.involvedObject?.uid))
    .toSorted((left, right) => eventTime(left).localeCompare(eventTime(right)))
}

async function readWorkload(client: Reader, rollout: Rollout): Promise<Workload | undefined> {
  const { kind, name } = rollout.spec.workloadRef ?? {}
  const { namespace } = rollout.metadata
  if (kind !== 'Deployment' || name === undefined || namespace === undefined) return undefined
  return client.get<Workload>({ kind: deployments, namespace, name })
}

const isOwnedBy = (object: KubeObject, owner: KubeObject): boolean =>
  object.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid) ?? false

const byName = (left: KubeObject, right: KubeObject): number => left.metadata.name.localeCompare(right.metadata.name)
