/**
 * When a ReplicaSet runs the template that a Rollout asks for: once everything is removed that the API server or a controller adds by itself. A
 * template that went through the API server and came back (undo, takeover) then still names the ReplicaSet that it came from. It must not look
 * at hashes.
 */
import { EPHEMERAL_METADATA, OVERRIDDEN_METADATA, POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { PodTemplate } from '../api/meta.ts'
import type { ReplicaSet } from '../api/rollout.ts'
import { type NormalTemplate, normalizeTemplate } from './normal-template.ts'
import { canonicalJson } from './pod-hash.ts'

type Fields = Readonly<Record<string, unknown>>

interface Reading {
  readonly normal: NormalTemplate
  /** Canonical: equal for templates that are the same. */
  readonly text: string
}

/** Rollouts' templates are compared again in every pass; an entry goes when its template does. */
const readings = new WeakMap<PodTemplate, Reading>()

function read(desired: PodTemplate): Reading {
  const before = readings.get(desired)
  if (before) return before
  const normal = normalizeTemplate(desired)
  const reading = { normal, text: canonicalJson(normal.template) }
  readings.set(desired, reading)
  return reading
}

/** What the last comparison of a ReplicaSet came to: there are many more of them than Rollouts, so their texts are not kept. */
const verdicts = new WeakMap<PodTemplate, Verdict>()

interface Verdict {
  readonly desired: string
  readonly annotations: ReplicaSet['metadata']['annotations']
  readonly same: boolean
}

/** True when the ReplicaSet's pods are those that `desired` describes. */
export function isSameTemplate(desired: PodTemplate, replicaSet: Pick<ReplicaSet, 'metadata' | 'spec'>): boolean {
  const wanted = read(desired)
  const { template } = replicaSet.spec
  const { annotations } = replicaSet.metadata
  const before = verdicts.get(template)
  if (before?.desired === wanted.text && before.annotations === annotations) return before.same
  const plain = withoutInjections(replicaSet)
  const same = isSame(wanted, template) || (plain !== template && isSame(wanted, plain))
  verdicts.set(template, { desired: wanted.text, annotations, same })
  return same
}

/** Fields that nobody knows count only when the author wrote some: an API server of tomorrow adds its own. */
function isSame(wanted: Reading, live: PodTemplate): boolean {
  const { template, hasUnknown } = normalizeTemplate(live)
  const found = hasUnknown && !wanted.normal.hasUnknown ? withoutUnknown(template) : template
  return wanted.text === canonicalJson(found)
}

/** True when everything that `desired` says is in the ReplicaSet's template, which may hold more: what a webhook adds. */
export const coversTemplate = (desired: PodTemplate, replicaSet: Pick<ReplicaSet, 'metadata' | 'spec'>): boolean =>
  covers(read(desired).normal.template, normalizeTemplate(withoutInjections(replicaSet)).template)

function covers(desired: unknown, live: unknown): boolean {
  if (Array.isArray(desired))
    return Array.isArray(live) && desired.every((item) => live.some((other) => covers(item, other)))
  if (!isFields(desired)) return desired === live
  return isFields(live) && Object.entries(desired).every(([key, value]) => covers(value, live[key]))
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function withoutUnknown(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnknown)
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith('?'))
      .map(([key, field]) => [key, withoutUnknown(field)]),
  )
}

/** The template as it was before a controller wrote role metadata and anti-affinity into it; the same object when none did. */
export const withoutInjections = (replicaSet: Pick<ReplicaSet, 'metadata' | 'spec'>): PodTemplate =>
  withoutAntiAffinity(withoutEphemeralMetadata(replicaSet))

/** Without what the ReplicaSet's own annotation lists as injected, and with what that covered. */
function withoutEphemeralMetadata({ metadata, spec }: Pick<ReplicaSet, 'metadata' | 'spec'>): PodTemplate {
  const injected = readInjected(metadata.annotations?.[EPHEMERAL_METADATA])
  if (!injected) return spec.template
  const without = (own: Readonly<Record<string, string>> | undefined, added: unknown) =>
    Object.fromEntries(Object.entries(own ?? {}).filter(([key, value]) => !isFields(added) || added[key] !== value))
  const covered = readInjected(metadata.annotations?.[OVERRIDDEN_METADATA]) ?? {}
  const labels = { ...without(spec.template.metadata?.labels, injected.labels), ...readStrings(covered.labels) }
  const annotations = {
    ...without(spec.template.metadata?.annotations, injected.annotations),
    ...readStrings(covered.annotations),
  }
  return { ...spec.template, metadata: { ...spec.template.metadata, labels, annotations } }
}

const readStrings = (value: unknown): Readonly<Record<string, string>> =>
  isFields(value)
    ? Object.fromEntries(
        Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : {}

function readInjected(text: string | undefined): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

/** The template without the terms that a controller injected against another revision. */
export function withoutAntiAffinity(template: PodTemplate): PodTemplate {
  const affinity = template.spec?.affinity
  const terms = isFields(affinity) ? affinity.podAntiAffinity : undefined
  if (!isFields(affinity) || !isFields(terms) || !JSON.stringify(terms).includes(POD_TEMPLATE_HASH)) return template
  const required = Array.isArray(terms[REQUIRED]) ? terms[REQUIRED].filter((term) => !isInjectedTerm(term)) : undefined
  const preferred = Array.isArray(terms[PREFERRED])
    ? terms[PREFERRED].filter((term) => !isInjectedTerm(isFields(term) ? term.podAffinityTerm : undefined))
    : undefined
  const podAntiAffinity = { ...terms, [REQUIRED]: required, [PREFERRED]: preferred }
  return { ...template, spec: { ...template.spec, affinity: { ...affinity, podAntiAffinity } } }
}

/** Keeps pods off the nodes of another revision: a term over hosts that asks for the hash label. */
function isInjectedTerm(term: unknown): boolean {
  if (!isFields(term) || term.topologyKey !== 'kubernetes.io/hostname' || !isFields(term.labelSelector)) return false
  const { matchExpressions } = term.labelSelector
  return (
    Array.isArray(matchExpressions) && matchExpressions.some((one) => isFields(one) && one.key === POD_TEMPLATE_HASH)
  )
}
