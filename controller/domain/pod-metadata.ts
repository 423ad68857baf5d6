/**
 * Labels and annotations that tell a pod's role: `canaryMetadata` and `stableMetadata`, `previewMetadata` and `activeMetadata`. Decides what each
 * ReplicaSet's template carries, and which running pods have to follow it. It must not restart pods, and never touches a key that nobody injected.
 *
 *   the update                        new                  stable    others
 *   none yet, or complete             stable / active      -         none
 *   under way, aborted                canary / preview     stable /  none
 *                                                          active
 *
 * The order survives a crash at any point: template and record first, with a mark that pods may lag; then the pods; the mark goes last, once the
 * ReplicaSet controller has seen the template too. Without the mark no pod is ever read.
 */
import { EPHEMERAL_METADATA, OVERRIDDEN_METADATA, PENDING_METADATA } from '../api/labels.ts'
import type { PodTemplate } from '../api/meta.ts'
import type { Pod } from '../api/pod.ts'
import type { PodMetadata, ReplicaSet, Rollout } from '../api/rollout.ts'
import type { Action, AnnotationPatch, MetadataPatch, Part } from './plan.ts'
import { createdReplicas, specReplicas } from './replicas.ts'
import type { Revisions } from './revisions.ts'
import type { World } from './world.ts'

type Strings = Readonly<Record<string, string>>
type Metadata = { readonly labels: Strings; readonly annotations: Strings }
const FIELDS = ['labels', 'annotations'] as const
const NONE: Metadata = { labels: {}, annotations: {} }

/** Pods are patched in portions: a pass stays short. */
const MOST_PODS = 100
/** Look again when pods could not be read. */
const RECHECK_MS = 10_000

/** What the pods of the new revision carry: from its first pod on. */
export const metadataOfNew = (rollout: Rollout, revisions: Revisions): PodMetadata | undefined =>
  isComplete(rollout, revisions) ? rolesOf(rollout).stable : rolesOf(rollout).canary

/** There is only one revision that counts. */
function isComplete({ status }: Rollout, { podHash, stableRs }: Revisions): boolean {
  return !status?.stableRS || status.stableRS === podHash || stableRs === undefined
}

interface Roles {
  readonly canary: PodMetadata | undefined
  readonly stable: PodMetadata | undefined
}

function rolesOf({ spec }: Rollout): Roles {
  const { canary, blueGreen } = spec.strategy ?? {}
  if (blueGreen) return { canary: blueGreen.previewMetadata, stable: blueGreen.activeMetadata }
  return { canary: canary?.canaryMetadata, stable: canary?.stableMetadata }
}

/** The ReplicaSet as it is created, with what its pods carry. */
export function withMetadata(rs: ReplicaSet, metadata: PodMetadata | undefined): ReplicaSet {
  const change = judgeTemplate(rs, metadata, undefined)
  if (!change) return rs
  const template = { ...rs.spec.template, metadata: { ...rs.spec.template.metadata, ...change.next } }
  const annotations = applyPatch(rs.metadata.annotations ?? {}, change.annotations)
  return { ...rs, metadata: { ...rs.metadata, annotations }, spec: { ...rs.spec, template } }
}

/**
 * Templates first, then pods; nothing when all is as it should be. A ReplicaSet that `moves` writes to in this pass waits for the next: its version
 * is another by then.
 */
export function syncPodMetadata(world: World, revisions: Revisions, moves: readonly Action[]): Part {
  const { newRs, stableRs, others } = revisions
  const { stable } = rolesOf(world.rollout)
  const wanted: (readonly [ReplicaSet, PodMetadata | undefined])[] = [
    ...(newRs ? [[newRs, metadataOfNew(world.rollout, revisions)] as const] : []),
    ...(stableRs && stableRs !== newRs ? [[stableRs, stable] as const] : []),
    ...others.map((rs) => [rs, undefined] as const),
  ]
  const written = new Set(moves.flatMap((action) => ('replicaSet' in action ? [nameOf(action.replicaSet)] : [])))
  const actions = wanted.flatMap(([rs, metadata]) => {
    if (written.has(rs.metadata.name)) return []
    const own = rs === newRs ? world.rollout.spec.template : undefined
    const change = judgeTemplate(rs, metadata, own)
    return change ? [amend(rs, change)] : followTemplate(world, rs)
  })
  const isWaiting = world.podsProblem !== undefined && world.replicaSets.some(hasPendingPods)
  return isWaiting
    ? {
        actions,
        holds: [{ reason: 'PodsNotRead', message: `the pods to relabel cannot be read: ${world.podsProblem}` }],
        wakeAtMs: world.now + RECHECK_MS,
      }
    : { actions }
}

/** Running pods may not carry yet what their template says. Pods are read only then. */
export const hasPendingPods = (rs: ReplicaSet): boolean => rs.metadata.annotations?.[PENDING_METADATA] !== undefined

const nameOf = (rs: ReplicaSet | string): string => (typeof rs === 'string' ? rs : rs.metadata.name)

interface Change {
  readonly next: Metadata
  readonly template: MetadataPatch
  readonly annotations: AnnotationPatch
}

/** What has to change of a ReplicaSet for its pods to carry `wanted`; undefined when nothing has to. */
function judgeTemplate(
  rs: ReplicaSet,
  wanted: PodMetadata | undefined,
  own: PodTemplate | undefined,
): Change | undefined {
  const live = metadataOf(rs.spec.template)
  const recorded = readMetadata(rs, EPHEMERAL_METADATA)
  const base = withoutInjected(live, recorded, readMetadata(rs, OVERRIDDEN_METADATA), own)
  const injected = pick(wanted)
  const next = each((field) => ({ ...base[field], ...injected[field] }))
  const overridden = each((field) => only(base[field], injected[field]))
  const template = each((field) => patchOf(live[field], next[field]))
  const record = annotate(rs, EPHEMERAL_METADATA, injected)
  const isSame = isEmpty(template) && Object.keys(record).length === 0
  if (isSame) return undefined
  const hasPods = specReplicas(rs) > 0 || createdReplicas(rs) > 0
  const touched = each((field) => ({
    ...readMetadata(rs, PENDING_METADATA)[field],
    ...recorded[field],
    ...injected[field],
  }))
  const annotations = {
    ...record,
    ...annotate(rs, OVERRIDDEN_METADATA, overridden),
    ...(hasPods ? annotate(rs, PENDING_METADATA, touched) : {}),
  }
  return { next, template, annotations }
}

/**
 * The template's own metadata. What an injected key has covered was recorded; Argo does not record it, so the spec stands in for the revision that
 * it describes.
 */
function withoutInjected(
  live: Metadata,
  recorded: Metadata,
  overridden: Metadata,
  own: PodTemplate | undefined,
): Metadata {
  const spec = metadataOf(own)
  return each((field) => ({
    ...without(live[field], recorded[field]),
    ...only(spec[field], recorded[field]),
    ...overridden[field],
  }))
}

const amend = (replicaSet: ReplicaSet, { template, annotations }: Change): Action => ({
  do: 'amendTemplate',
  replicaSet,
  template: { metadata: template },
  annotations,
})

/** Brings running pods to what their template says, key by key of those that were ever injected; then takes the mark away. */
function followTemplate(world: World, rs: ReplicaSet): readonly Action[] {
  if (!hasPendingPods(rs)) return []
  const done: Action = { do: 'annotateReplicaSet', replicaSet: rs, annotations: { [PENDING_METADATA]: null } }
  if (specReplicas(rs) === 0 && createdReplicas(rs) === 0) return [done]
  if (!world.pods) return []
  const touched = readMetadata(rs, PENDING_METADATA)
  const wanted = metadataOf(rs.spec.template)
  const pods = world.pods
    .filter((pod) => pod.metadata.deletionTimestamp === undefined && isOwnedBy(rs, pod))
    .map((pod) => ({ pod, patch: each((field) => patchPod(pod, field, touched, wanted)) }))
    .filter(({ patch }) => !isEmpty(patch))
  if (pods.length > 0) return [{ do: 'labelPods', replicaSet: rs, pods: pods.slice(0, MOST_PODS) }]
  return hasSeenTemplate(rs) ? [done] : []
}

function patchPod(pod: Pod, field: 'labels' | 'annotations', touched: Metadata, wanted: Metadata): AnnotationPatch {
  const keys = Object.keys(touched[field])
  return patchOf(
    only(pod.metadata[field] ?? {}, touched[field]),
    Object.fromEntries(Object.entries(wanted[field]).filter(([key]) => keys.includes(key))),
  )
}

const isOwnedBy = (rs: ReplicaSet, pod: Pod): boolean =>
  pod.metadata.ownerReferences?.some(({ uid }) => uid === rs.metadata.uid) === true

/** Pods that the ReplicaSet controller makes from here on carry the template as it is. */
const hasSeenTemplate = ({ metadata, status }: ReplicaSet): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)

const each = <T>(of: (field: 'labels' | 'annotations') => T): { readonly labels: T; readonly annotations: T } => ({
  labels: of('labels'),
  annotations: of('annotations'),
})
const pick = (metadata: PodMetadata | undefined): Metadata => each((field) => metadata?.[field] ?? {})
const metadataOf = (template: PodTemplate | undefined): Metadata => each((field) => template?.metadata?.[field] ?? {})
const isEmpty = (metadata: { readonly labels: object; readonly annotations: object }): boolean =>
  FIELDS.every((field) => Object.keys(metadata[field]).length === 0)
const without = (strings: Strings, keys: Strings): Strings =>
  Object.fromEntries(Object.entries(strings).filter(([key]) => !Object.hasOwn(keys, key)))
const only = (strings: Strings, keys: Strings): Strings =>
  Object.fromEntries(Object.entries(strings).filter(([key]) => Object.hasOwn(keys, key)))

function patchOf(from: Strings, to: Strings): AnnotationPatch {
  const gone = Object.keys(from).filter((key) => !Object.hasOwn(to, key))
  const changed = Object.entries(to).filter(([key, value]) => from[key] !== value)
  return Object.fromEntries([...gone.map((key) => [key, null] as const), ...changed])
}

function applyPatch(strings: Strings, patch: AnnotationPatch): Strings {
  const entries = Object.entries({ ...strings, ...patch })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null))
}

/** Sets, corrects or removes a record on the ReplicaSet; empty when it says the same, in whatever words. */
function annotate(rs: ReplicaSet, key: string, metadata: Metadata): AnnotationPatch {
  const isThere = rs.metadata.annotations?.[key] !== undefined
  if (isEmpty(metadata)) return isThere ? { [key]: null } : {}
  const text = renderMetadata(metadata)
  return isThere && renderMetadata(readMetadata(rs, key)) === text ? {} : { [key]: text }
}

/** As Argo writes it: labels, then annotations, keys sorted, what is empty left out. */
function renderMetadata(metadata: Metadata): string {
  const filled = FIELDS.filter((field) => Object.keys(metadata[field]).length > 0)
  const sorted = (strings: Strings) => Object.fromEntries(Object.entries(strings).sort(([a], [b]) => (a < b ? -1 : 1)))
  return JSON.stringify(Object.fromEntries(filled.map((field) => [field, sorted(metadata[field])])))
}

/** A record that cannot be read counts as none: other people may write annotations too. */
function readMetadata(rs: ReplicaSet, key: string): Metadata {
  try {
    const value: unknown = JSON.parse(rs.metadata.annotations?.[key] ?? '{}')
    return each((field) => readStrings(isFields(value) ? value[field] : undefined))
  } catch {
    return NONE
  }
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const readStrings = (value: unknown): Strings =>
  isFields(value)
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : {}
