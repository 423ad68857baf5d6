/**
 * Names a revision: FNV-1a over the pod template, written in the alphabet that Kubernetes uses. The value names objects and nothing
 * else: which ReplicaSet carries a template is found by label and compared by content, because hashes of Argo differ between its versions.
 */
import type { PodTemplate } from '../api/meta.ts'
import type { CanaryStep } from '../api/rollout.ts'

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** FNV-1a, 32 bits, over the UTF-8 bytes of `text`. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash >>> 0
}

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

/** The pod-template hash: up to ten letters. `collisionCount` is mixed in when a hash was taken by another template. */
export const podTemplateHash = (template: PodTemplate, collisionCount?: number | null): string =>
  encode(fnv1a(canonicalJson(template) + (collisionCount ? String(collisionCount) : '')))

export const stepHash = (steps: readonly CanaryStep[] | null | undefined): string =>
  steps && steps.length > 0 ? encode(fnv1a(canonicalJson(steps))) : ''
