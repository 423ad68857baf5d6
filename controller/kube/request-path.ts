/** Kubernetes REST addresses and answers as pure text: path building and Status decoding. No I/O, no retries. */
import type { KubeStatus, ObjectRef, PatchKind, ResourceKind } from './client.ts'

type QueryValue = string | number | boolean | undefined

/** `?a=1&b=2`, or '' when nothing is set; undefined, false and '' values are left out. */
export function renderQuery(query: Readonly<Record<string, QueryValue>>): string {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== '' && value !== false) params.set(key, String(value))
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

/** Path of a collection; without a namespace, a namespaced kind is addressed across all namespaces. */
export function renderCollectionPath(kind: ResourceKind, namespace: string | undefined): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`
  const scope = kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${root}${scope}/${kind.plural}`
}

/** Path of one object, with its subresource if given. Throws when a namespaced object has no namespace, or the name is empty. */
export function renderObjectPath(ref: ObjectRef, subresource?: string): string {
  if (ref.name === '') throw new TypeError(`a ${ref.kind.kind} cannot be addressed without a name`)
  if (ref.kind.namespaced && !ref.namespace) throw new TypeError(`${ref.kind.kind} ${ref.name} needs a namespace`)
  const path = `${renderCollectionPath(ref.kind, ref.namespace)}/${encodeURIComponent(ref.name)}`
  return subresource === undefined ? path : `${path}/${subresource}`
}

export const patchContentTypes: Readonly<Record<PatchKind, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The Status of a failed answer. Bodies that are no Status (a proxy's page, plain text) give their first words as message.
 * `retryAfterSeconds` comes from the body or, failing that, from the Retry-After header.
 */
export function parseFailure(httpCode: number, body: string, retryAfter: string | undefined): KubeStatus {
  const parsed = parseJson(body)
  const headerSeconds = retryAfter === undefined ? Number.NaN : Number(retryAfter)
  const fallback = Number.isFinite(headerSeconds) && headerSeconds >= 0 ? { retryAfterSeconds: headerSeconds } : {}
  if (!isRecord(parsed) || parsed.kind !== 'Status') {
    return { code: httpCode, message: `HTTP ${httpCode} ${body.slice(0, 200).trim()}`.trim(), details: fallback }
  }
  return {
    code: typeof parsed.code === 'number' && parsed.code >= 400 ? parsed.code : httpCode,
    ...(typeof parsed.reason === 'string' ? { reason: parsed.reason } : {}),
    ...(typeof parsed.message === 'string' ? { message: parsed.message } : {}),
    details: { ...fallback, ...(isRecord(parsed.details) ? parsed.details : {}) },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
