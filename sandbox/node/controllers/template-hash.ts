/** Identity of a pod template: equality as Kubernetes sees it and a short name-safe hash. Pure. */
import type { PodTemplateSpec } from '../objects.ts'

export const TEMPLATE_HASH_LABEL = 'pod-template-hash'
const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** JSON with sorted keys and without empty values, so that a server's defaults for emptiness do not matter. */
function renderCanonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(renderCanonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).filter(([, entry]) => entry !== null && entry !== undefined)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, entry]) => `${JSON.stringify(key)}:${renderCanonical(entry)}`).join(',')}}`
}

function renderTemplate({ metadata, spec }: PodTemplateSpec): string {
  const { [TEMPLATE_HASH_LABEL]: _hash, ...labels } = metadata?.labels ?? {}
  return renderCanonical({ labels, annotations: metadata?.annotations ?? {}, spec })
}

/** True when both describe the same pods; the hash label of a ReplicaSet's template does not count. */
export const isSameTemplate = (a: PodTemplateSpec, b: PodTemplateSpec): boolean =>
  renderTemplate(a) === renderTemplate(b)

/** FNV-1a, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text, 'utf8')) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/** A number in letters that are safe in names. */
export const renderSafe = (number: number): string =>
  String(number)
    .split('')
    .map((digit) => SAFE_LETTERS[digit.charCodeAt(0) % SAFE_LETTERS.length])
    .join('')

export const hashTemplate = (template: PodTemplateSpec, collisionCount: number): string =>
  renderSafe(hashText(`${renderTemplate(template)}#${collisionCount}`))
