/**
 * The alert mapping: how an alert's labels name a rollout, and what an alert does that names no revision. It reads and checks the
 * file's text; it must not know alerts that really came, nor any object of the cluster.
 */
import { parse } from 'yaml'
import { z } from 'zod'

export const alertActions = ['abort', 'pause', 'ignore'] as const
export type AlertAction = (typeof alertActions)[number]

const name = z.string().min(1).max(253)
const ruleSchema = z.strictObject({
  /** Every label must be there with exactly this value. */
  match: z.record(name, z.string().max(1024)).refine((labels) => Object.keys(labels).length > 0, 'needs a label'),
  rollout: z.strictObject({ namespace: name, name }),
  /** Declares what a matching alert does; it goes before every other declaration. */
  action: z.enum(alertActions).optional(),
})

export const alertMappingSchema = z.strictObject({
  namespaceLabel: name.default('namespace'),
  rolloutLabel: name.default('rollout'),
  /** Label with the pod-template hash; `rollouts_pod_template_hash` and `rollouts-pod-template-hash` are read besides. */
  hashLabel: name.default('rollouts_pod_template_hash'),
  /** Label with the Rollout's revision number. */
  revisionLabel: name.default('rollout_revision'),
  rules: z.array(ruleSchema).max(1000).default([]),
  /** What an alert does that names the rollout and no revision. */
  unattributed: z.enum(alertActions).default('abort'),
  /** How far the clocks of Prometheus and the API server may differ. */
  skewSeconds: z.number().min(0).max(300).default(10),
  /** Two starts of one alert that are no further apart are one episode. */
  duplicateToleranceSeconds: z.number().min(0).max(3600).default(60),
  /** More rollouts than `limit` within `windowSeconds` are paused instead of aborted. */
  massAbort: z
    .strictObject({
      limit: z.int().min(1).max(10_000).default(20),
      windowSeconds: z.number().min(1).max(3600).default(60),
    })
    .prefault({}),
})
export type AlertMapping = z.infer<typeof alertMappingSchema>

export const defaultAlertMapping: AlertMapping = alertMappingSchema.parse({})

export type ParsedMapping = { readonly mapping: AlertMapping } | { readonly error: string }

const renderPath = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')

/** The mapping in a YAML text, or one sentence that names the field and what is wrong with it. An empty text is the default mapping. */
export function parseAlertMapping(text: string): ParsedMapping {
  let document: unknown
  try {
    document = parse(text)
  } catch (error) {
    return { error: `alert mapping: is not YAML (${String((error as Error).message).split('\n')[0]})` }
  }
  const result = alertMappingSchema.safeParse(document ?? {})
  if (result.success) return { mapping: result.data }
  const issue = result.error.issues[0]
  return { error: `alert mapping: ${renderPath(issue?.path ?? []) || 'the file'}: ${issue?.message ?? 'does not fit'}` }
}
