/**
 * Names a revision as Argo Rollouts does: FNV-1a over the JSON that Go prints of the pod template, written in the alphabet that Kubernetes
 * uses. The value names objects and nothing else: which ReplicaSet carries a template is found by label and compared by content, because
 * hashes of Argo differ between its versions.
 */
import type { PodTemplate } from '../api/meta.ts'
import type { CanaryStep } from '../api/rollout.ts'
import { printGoList, printGoStruct } from './go-json.ts'
import { canaryStepTypes } from './go-types/canary-step-types.ts'
import { containerTypes } from './go-types/container-types.ts'
import { metaTypes } from './go-types/meta-types.ts'
import { podSpecTypes } from './go-types/pod-types.ts'
import { readGoTable } from './go-types/schema.ts'
import { volumeTypes } from './go-types/volume-types.ts'

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** Minor versions of Argo Rollouts whose hashes are known, ours first. 1.8 stands for itself and its elders, 1.9 for 1.10 too. */
export const dialects = ['1.9', '1.8'] as const
export type Dialect = (typeof dialects)[number]

export const podTemplateTypes = { ...metaTypes, ...podSpecTypes, ...containerTypes, ...volumeTypes }

/** Argo 1.9 is built with k8s.io/api 0.34, 1.8 with 0.29. */
const podStructs = { '1.9': readGoTable(podTemplateTypes, 34), '1.8': readGoTable(podTemplateTypes, 29) }
const stepStructs = { '1.9': readGoTable(canaryStepTypes, 9), '1.8': readGoTable(canaryStepTypes, 8) }

const fnv = (bytes: Iterable<number>): number => {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** FNV-1a, 32 bits, over the UTF-8 bytes of `text`. */
export const fnv1a = (text: string): number => fnv(new TextEncoder().encode(text))

/** Each decimal digit's character code picks a letter, so that a hash never spells a word or a number. */
const encode = (hash: number): string =>
  Array.from(String(hash), (digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join('')

/** JSON with sorted keys, so that equal content has equal text whatever the order it was written in; null fields count as absent. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null)
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined && field !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`
}

/** Hashes of objects that are seen again in every pass; an entry goes when its object does. */
const remembered = new WeakMap<object, Map<string, string>>()

function remember(object: object, key: string, compute: () => string): string {
  const values = remembered.get(object) ?? new Map<string, string>()
  remembered.set(object, values)
  const value = values.get(key) ?? compute()
  values.set(key, value)
  return value
}

/**
 * The pod-template hash: up to ten letters. `collisionCount` is mixed in, also when it is 0, once a hash was taken by another template. A
 * template that Go could not decode is hashed as it stands.
 */
export const podTemplateHash = (
  template: PodTemplate,
  collisionCount?: number | null,
  dialect: Dialect = '1.9',
): string =>
  remember(template, `${dialect}/${collisionCount ?? ''}`, () => {
    const text = printGoStruct(podStructs[dialect], 'PodTemplateSpec', template) ?? canonicalJson(template)
    return encode(fnv([...new TextEncoder().encode(text), ...countBytes(collisionCount)]))
  })

/** Go writes the count as 32 bits, little-endian, into the first half of eight bytes. */
function countBytes(count: number | null | undefined): readonly number[] {
  if (count === null || count === undefined) return []
  return [0, 8, 16, 24].map((bits) => (count >>> bits) & 0xff).concat([0, 0, 0, 0])
}

/** The hash of canary steps; absent steps have one too. A strategy without the notion of steps has none, which its caller knows. */
export function stepHash(steps: readonly CanaryStep[] | null | undefined, dialect: Dialect = '1.9'): string {
  const compute = (): string =>
    encode(fnv1a(printGoList(stepStructs[dialect], 'CanaryStep', steps) ?? canonicalJson(steps)))
  return steps ? remember(steps, dialect, compute) : compute()
}

/** What any known version of Argo writes for these steps, ours first. */
export const stepHashes = (steps: readonly CanaryStep[] | null | undefined): readonly string[] => [
  ...new Set(dialects.map((dialect) => stepHash(steps, dialect))),
]
