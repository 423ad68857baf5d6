/** The pods of the small world, as data: how one is made of its ReplicaSet's template, how it looks from outside, how a patch changes it. */
import type { Pod } from '../api/pod.ts'
import type { ReplicaSet } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import type { AnnotationPatch, MetadataPatch, TemplatePatch } from '../domain/plan.ts'

type Strings = Readonly<Record<string, string>>

export interface MachinePod {
  readonly name: string
  readonly createdAtMs: number
  readonly readyAtMs: number
  readonly labels: Strings
  readonly annotations: Strings
}

export const uidOf = (rs: ReplicaSet): string => rs.metadata.uid ?? `uid-${rs.metadata.name}`

export const makePod = (
  rs: ReplicaSet,
  pod: Pick<MachinePod, 'createdAtMs' | 'readyAtMs'> & { readonly number: number },
): MachinePod => ({
  name: `${rs.metadata.name}-${pod.number}`,
  createdAtMs: pod.createdAtMs,
  readyAtMs: pod.readyAtMs,
  labels: rs.spec.template.metadata?.labels ?? {},
  annotations: rs.spec.template.metadata?.annotations ?? {},
})

export const showPod = (rs: ReplicaSet, pod: MachinePod, now: number): Pod => ({
  metadata: {
    name: pod.name,
    namespace: rs.metadata.namespace ?? '',
    uid: `uid-${pod.name}`,
    creationTimestamp: formatInstant(pod.createdAtMs),
    labels: pod.labels,
    annotations: pod.annotations,
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: rs.metadata.name, uid: uidOf(rs), controller: true },
    ],
  },
  status: {
    phase: 'Running',
    conditions: [
      pod.readyAtMs <= now
        ? { type: 'Ready', status: 'True', lastTransitionTime: formatInstant(pod.readyAtMs) }
        : { type: 'Ready', status: 'False' },
    ],
  },
})

export const merge = (strings: Strings, patch: AnnotationPatch): Strings =>
  Object.fromEntries(
    Object.entries({ ...strings, ...patch }).filter((entry): entry is [string, string] => entry[1] !== null),
  )

export const relabel = (pod: MachinePod, patch: MetadataPatch): MachinePod => ({
  ...pod,
  labels: merge(pod.labels, patch.labels),
  annotations: merge(pod.annotations, patch.annotations),
})

/** What a merge patch leaves of lists that it takes away. */
const withoutNulls = (value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  JSON.parse(JSON.stringify(value, (_key, field: unknown) => (field === null ? undefined : field)))

export function amend(rs: ReplicaSet, patch: TemplatePatch, annotations: AnnotationPatch): ReplicaSet {
  const { template } = rs.spec
  const metadata = patch.metadata && {
    ...template.metadata,
    labels: merge(template.metadata?.labels ?? {}, patch.metadata.labels),
    annotations: merge(template.metadata?.annotations ?? {}, patch.metadata.annotations),
  }
  return {
    ...rs,
    metadata: { ...rs.metadata, annotations: merge(rs.metadata.annotations ?? {}, annotations) },
    spec: {
      ...rs.spec,
      template: {
        ...template,
        ...(metadata ? { metadata } : {}),
        ...(patch.spec ? { spec: { ...template.spec, affinity: withoutNulls(patch.spec.affinity) } } : {}),
      },
    },
  }
}
