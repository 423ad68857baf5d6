/**
 * `antiAffinity`: keeps the pods of a new revision off the nodes of the stable one, so that an update does not fill nodes that are about to be
 * emptied. Decides the term in the new ReplicaSet's template. It must not touch terms that people wrote, nor pods that run.
 *
 *   the new ReplicaSet, and stable another     its term names        | then
 *   is created                                 -                     | the stable revision
 *   has no pods (it comes back)                another, or nothing   | the stable revision; none when antiAffinity was removed
 *   has pods                                   another than stable   | the stable revision, for pods that come later
 *   has pods                                   stable, or nothing    | as it is
 *
 * A first deployment has no stable revision, and a ReplicaSet that became stable keeps its term: the pods that it names are gone.
 */
import { POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { PodTemplate } from '../api/meta.ts'
import type { ReplicaSet, Rollout } from '../api/rollout.ts'
import { canonicalJson } from '../argo/pod-hash.ts'
import { withoutAntiAffinity } from '../argo/pod-template.ts'
import type { Part } from './plan.ts'
import { createdReplicas, specReplicas } from './replicas.ts'
import type { Revisions } from './revisions.ts'
import type { World } from './world.ts'

type Fields = Readonly<Record<string, unknown>>
type Kind = 'requiredDuringSchedulingIgnoredDuringExecution' | 'preferredDuringSchedulingIgnoredDuringExecution'
const KINDS: readonly Kind[] = [
  'requiredDuringSchedulingIgnoredDuringExecution',
  'preferredDuringSchedulingIgnoredDuringExecution',
]

/** The ReplicaSet as it is created: with the term against stable, when there is another stable revision. */
export function withAntiAffinity(rs: ReplicaSet, rollout: Rollout, podHash: string): ReplicaSet {
  const term = wantedTerm(rollout, podHash)
  return term ? { ...rs, spec: { ...rs.spec, template: inject(rs.spec.template, term) } } : rs
}

/** Corrects the term of a new ReplicaSet that was there before. */
export function refreshAntiAffinity({ rollout }: World, { newRs, podHash }: Revisions): Part {
  const { stableRS } = rollout.status ?? {}
  if (!newRs || !stableRS || stableRS === podHash) return {}
  const live = newRs.spec.template
  const own = withoutAntiAffinity(live)
  const term = wantedTerm(rollout, podHash)
  const wanted = term ? inject(own, term) : own
  const hasTerm = affinityText(own) !== affinityText(live)
  const hasPods = specReplicas(newRs) > 0 || createdReplicas(newRs) > 0
  if (affinityText(wanted) === affinityText(live) || (hasPods && !(hasTerm && term))) return {}
  const template = { spec: { affinity: affinityPatch(wanted) } }
  return { actions: [{ do: 'amendTemplate', replicaSet: newRs, template, annotations: {} }] }
}

interface Term {
  readonly kind: Kind
  readonly entry: Fields
}

function wantedTerm({ metadata, spec, status }: Rollout, podHash: string): Term | undefined {
  const { canary, blueGreen } = spec.strategy ?? {}
  const antiAffinity = (blueGreen ?? canary)?.antiAffinity
  const { stableRS = '' } = status ?? {}
  if (!antiAffinity || stableRS === '' || stableRS === podHash) return undefined
  const term = {
    labelSelector: { matchExpressions: [{ key: POD_TEMPLATE_HASH, operator: 'In', values: [stableRS] }] },
    namespaces: [metadata.namespace ?? ''],
    topologyKey: 'kubernetes.io/hostname',
  }
  const preferred = antiAffinity.preferredDuringSchedulingIgnoredDuringExecution
  return preferred
    ? {
        kind: 'preferredDuringSchedulingIgnoredDuringExecution',
        entry: { weight: preferred.weight, podAffinityTerm: term },
      }
    : { kind: 'requiredDuringSchedulingIgnoredDuringExecution', entry: term }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {})
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const antiAffinityOf = (template: PodTemplate): Fields => fieldsOf(fieldsOf(template.spec?.affinity).podAntiAffinity)

function inject(template: PodTemplate, { kind, entry }: Term): PodTemplate {
  const terms = antiAffinityOf(template)
  const podAntiAffinity = { ...terms, [kind]: [...listOf(terms[kind]), entry] }
  return {
    ...template,
    spec: { ...template.spec, affinity: { ...fieldsOf(template.spec?.affinity), podAntiAffinity } },
  }
}

/** What counts of the pods' anti-affinity; an empty list and an absent one are the same. */
const affinityText = (template: PodTemplate): string =>
  canonicalJson(KINDS.map((kind) => listOf(antiAffinityOf(template)[kind])))

/** A merge patch: lists that are empty now are taken away. */
function affinityPatch(template: PodTemplate): Fields {
  const terms = antiAffinityOf(template)
  const lists = KINDS.map((kind) => [kind, listOf(terms[kind]).length > 0 ? terms[kind] : null] as const)
  return { podAntiAffinity: lists.every(([, list]) => list === null) ? null : Object.fromEntries(lists) }
}
