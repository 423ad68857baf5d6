/**
 * Which ReplicaSet is which revision: new (carries the template of the spec), stable (last promoted), others; and the name of one that does not
 * exist yet. The hash alone proves nothing, and a different hash disproves nothing. It must not decide how many pods any of them has.
 *
 * The new one, first that is there:
 *   content                     label                                status               | why it is the one
 *   the same                    any                                  names it as current  | status chooses among twins
 *   the same                    a hash of the template, any dialect  any                  | it was named after this template
 *   the same                    any                                  any                  | the youngest of them
 *   another                     a hash of the template, any dialect  names it in any role | made for this template, then changed by hand or webhook
 *   the template's, and more    any                                  names it as current,
 *                                                                    has seen this spec   | made for this spec, with what a webhook added
 *
 * The name of one to create:
 *   free                                          create it
 *   one of ours with other content has it         the next collisionCount gives another name
 *   somebody else's ReplicaSet has it             likewise
 *   a ReplicaSet that is being deleted has it     wait until it is gone
 */
import { POD_TEMPLATE_HASH, REVISION, WORKLOAD_GENERATION } from '../api/labels.ts'
import type { KubeObject, PodTemplate } from '../api/meta.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import { parseInstant } from '../api/scalars.ts'
import { dialects, podTemplateHash } from '../argo/pod-hash.ts'
import { coversTemplate, isSameTemplate } from '../argo/pod-template.ts'
import type { Hold } from './plan.ts'
import type { World } from './world.ts'

export interface Revisions {
  /** Label value of the revision that the spec asks for. */
  readonly podHash: string
  /** Undefined until it has been created. */
  readonly newRs: ReplicaSet | undefined
  /** Undefined before the first promotion, or when somebody deleted it. */
  readonly stableRs: ReplicaSet | undefined
  /** Neither new nor stable, newest first. */
  readonly others: readonly ReplicaSet[]
  /** Revision number that the new ReplicaSet has or must get: highest among all, plus one when it is not the highest already. */
  readonly revision: number
  /** What `status.collisionCount` is with `podHash`; more than before when the name was taken. */
  readonly collisionCount: number | undefined
  /** Why the new ReplicaSet cannot be created yet. */
  readonly blocked: Hold | undefined
}

/** What of the World tells revisions apart. */
export type RevisionWorld = Pick<World, 'rollout' | 'replicaSets' | 'strangers'>

export const podHashOf = (object: KubeObject): string => object.metadata.labels?.[POD_TEMPLATE_HASH] ?? ''
export const revisionOf = (object: KubeObject): number => Number(object.metadata.annotations?.[REVISION] ?? 0) || 0
export const replicaSetName = (rollout: Rollout, podHash: string): string => `${rollout.metadata.name}-${podHash}`

export function identifyRevisions(world: RevisionWorld): Revisions {
  const { status } = world.rollout
  const alive = world.replicaSets.filter((rs) => !rs.metadata.deletionTimestamp)
  const newRs = findNew(alive, world.rollout)
  const name = newRs
    ? { podHash: podHashOf(newRs), collisionCount: status?.collisionCount ?? undefined, blocked: undefined }
    : chooseName(world)
  const stableRs = status?.stableRS ? alive.find((rs) => podHashOf(rs) === status.stableRS) : undefined
  const others = alive.filter((rs) => rs !== newRs && rs !== stableRs).sort((a, b) => revisionOf(b) - revisionOf(a))
  const highestElsewhere = Math.max(0, ...alive.filter((rs) => rs !== newRs).map(revisionOf))
  const own = newRs ? revisionOf(newRs) : 0
  return { ...name, newRs, stableRs, others, revision: own > highestElsewhere ? own : highestElsewhere + 1 }
}

function findNew(alive: readonly ReplicaSet[], rollout: Rollout): ReplicaSet | undefined {
  const template = rollout.spec.template ?? {}
  const current = rollout.status?.currentPodHash
  const labelled = alive.filter((rs) => podHashOf(rs) !== '').sort(youngestFirst)
  const same = labelled.filter((rs) => isSameTemplate(template, rs))
  const named = (rs: ReplicaSet) => podHashOf(rs) === current
  const settled = same.find(named)
  if (settled) return settled
  const hashes = knownHashes(template, rollout.status?.collisionCount)
  const hashed = (rs: ReplicaSet) => hashes.has(podHashOf(rs))
  return (
    same.find(hashed) ??
    same[0] ??
    labelled.find((rs) => named(rs) && hashed(rs)) ??
    labelled.find((rs) => hashed(rs) && rolesOf(rollout).has(podHashOf(rs))) ??
    labelled.find((rs) => named(rs) && specWasSeen(rollout) && coversTemplate(template, rs))
  )
}

const knownHashes = (template: PodTemplate, collisionCount: number | null | undefined): ReadonlySet<string> =>
  new Set(dialects.map((dialect) => podTemplateHash(template, collisionCount, dialect)))

const youngestFirst = (a: ReplicaSet, b: ReplicaSet): number =>
  (parseInstant(b.metadata.creationTimestamp) ?? 0) - (parseInstant(a.metadata.creationTimestamp) ?? 0) ||
  revisionOf(b) - revisionOf(a) ||
  (a.metadata.name < b.metadata.name ? -1 : 1)

/** The revisions that status gives a part to. */
function rolesOf({ status }: Rollout): ReadonlySet<string | undefined> {
  const { activeSelector, previewSelector } = status?.blueGreen ?? {}
  return new Set([status?.currentPodHash, status?.stableRS, activeSelector, previewSelector])
}

/** Status was written in view of this very spec: what it names as current was made for it. */
export function specWasSeen({ metadata, spec, status }: Rollout): boolean {
  if (status?.observedGeneration !== String(metadata.generation ?? 0)) return false
  if (status.conditions?.some(({ type }) => type === 'InvalidSpec')) return false
  return (
    spec.workloadRef === undefined || metadata.annotations?.[WORKLOAD_GENERATION] === status.workloadObservedGeneration
  )
}

/**
 * The name that status has given to this template already (its ReplicaSet was deleted, or is named in the manner of another version), else the
 * hash; tries further counts until a name is free. Each try is taken by another ReplicaSet, so there are no more tries than those.
 */
function chooseName({ rollout, replicaSets, strangers = [] }: RevisionWorld) {
  const { currentPodHash = '', collisionCount } = rollout.status ?? {}
  const template = rollout.spec.template ?? {}
  const taken = new Map([...strangers, ...replicaSets].map((rs) => [rs.metadata.name, rs]))
  const labels = new Set(replicaSets.filter((rs) => !rs.metadata.deletionTimestamp).map(podHashOf))
  const isKnown = knownHashes(template, collisionCount).has(currentPodHash)
  let count = collisionCount ?? undefined
  for (let podHash = isKnown ? currentPodHash : podTemplateHash(template, count); ; ) {
    const holder = taken.get(replicaSetName(rollout, podHash))
    if (holder?.metadata.deletionTimestamp) return { podHash, collisionCount: count, blocked: beingDeleted(holder) }
    if (!holder && !labels.has(podHash)) return { podHash, collisionCount: count, blocked: undefined }
    count = (count ?? 0) + 1
    podHash = podTemplateHash(template, count)
  }
}

const beingDeleted = ({ metadata }: ReplicaSet): Hold => ({
  reason: 'ReplicaSetBeingDeleted',
  message: `ReplicaSet "${metadata.name}" is being deleted; its name is needed again${
    metadata.finalizers?.length ? ` (finalizers: ${metadata.finalizers.join(', ')})` : ''
  }`,
})
