/**
 * The wire format of admission: AdmissionReview of `admission.k8s.io/v1`, read from bytes and written as an answer. It must not judge.
 */
import { z } from 'zod'
import type { KubeObject } from '../controller/api/meta.ts'

const MOST_WARNINGS = 10
/** The API server cuts warnings that are longer, or drops them all. */
const LONGEST_WARNING = 240

const objectSchema = z
  .looseObject({ metadata: z.looseObject({}).optional() })
  .transform(({ metadata, ...rest }) => ({ ...rest, metadata: { name: '', ...metadata } }) as KubeObject)

const requestSchema = z.looseObject({
  uid: z.string().min(1).max(128),
  kind: z.looseObject({ group: z.string(), version: z.string(), kind: z.string() }),
  operation: z.string(),
  subResource: z.string().optional(),
  namespace: z.string().optional(),
  object: objectSchema.nullish(),
  oldObject: objectSchema.nullish(),
})
export type AdmissionRequest = z.infer<typeof requestSchema>

const reviewSchema = z.looseObject({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: requestSchema,
})

/** What is answered: taken or refused, and what the user's client prints beside that. */
export interface AdmissionVerdict {
  readonly allowed: boolean
  /** Why it is refused. */
  readonly message?: string
  readonly warnings: readonly string[]
}

/** The request of a review, or a sentence that says what is wrong with the bytes. */
export function parseAdmissionReview(
  body: Uint8Array,
): { readonly request: AdmissionRequest } | { readonly problem: string } {
  const json = parseJson(body)
  if (json === undefined) return { problem: 'Body: is not JSON' }
  const { data, error } = reviewSchema.safeParse(json)
  if (data) return { request: data.request }
  const issue = error.issues[0]
  return { problem: `AdmissionReview: ${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'does not fit'}` }
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

export function renderAdmissionReview(uid: string, { allowed, message, warnings }: AdmissionVerdict): object {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed,
      ...(allowed ? {} : { status: { code: 422, reason: 'Invalid', message: message ?? '' } }),
      ...(warnings.length === 0 ? {} : { warnings: warnings.slice(0, MOST_WARNINGS).map(shorten) }),
    },
  }
}

const shorten = (text: string): string =>
  text.length > LONGEST_WARNING ? `${text.slice(0, LONGEST_WARNING - 1)}…` : text
