/**
 * The step plugins that Penstock runs itself, by name, and the shape of what stands under `plugin.config` of each. Shapes only, strict at every
 * level of ours, so that a misspelt field is an error that names it. What a plugin does is `controller/step-plugins/`.
 */
import { z } from 'zod'
import { jobSpecSchema } from './job.ts'
import { namedObjectShape } from './named-object.ts'
import { intOrString, openObject, parseDurationMs, stringMap } from './scalars.ts'

export const stepPluginNames = ['penstock/webhook', 'penstock/job', 'penstock/wait-until'] as const
export type StepPluginName = (typeof stepPluginNames)[number]

/** JSON text of one `config`: it is copied into status when its step begins. */
export const LONGEST_CONFIG = 8192
/** Argo's floor for the time between two calls. */
export const SHORTEST_POLL_SECONDS = 10

const duration = intOrString.refine((value) => (parseDurationMs(value) ?? 0) > 0, {
  message: 'must be seconds (600) or a duration ("10m") greater than 0',
})
const pollSeconds = z.int().min(SHORTEST_POLL_SECONDS).max(3600).optional()
const scalar = z.union([z.string().max(1000), z.number(), z.boolean(), z.null()])

const test = { equals: scalar.optional(), matches: z.string().max(1000).optional(), exists: z.boolean().optional() }
const isOneTest = (value: { equals?: unknown; matches?: unknown; exists?: unknown }): boolean =>
  [value.equals, value.matches, value.exists].filter((one) => one !== undefined).length === 1
const ONE_TEST = 'exactly one of equals, matches, exists must be set'

/** What is picked by the path must pass the test: equal a scalar, contain an RE2 pattern, or be there (or not). */
export type ValueTest = {
  readonly jsonPath: string
  readonly equals?: string | number | boolean | null | undefined
  readonly matches?: string | undefined
  readonly exists?: boolean | undefined
}

const answerTest = z
  .strictObject({
    statusCodes: z.array(z.int().min(200).max(599)).min(1).max(20).optional(),
    jsonPath: z.string().min(1).max(1000).optional(),
    ...test,
  })
  .refine((value) => (value.jsonPath === undefined ? value.statusCodes !== undefined && !hasTest(value) : true), {
    message: 'needs statusCodes, or jsonPath with a test',
  })
  .refine((value) => value.jsonPath === undefined || isOneTest(value), { message: ONE_TEST })
export type AnswerTest = z.infer<typeof answerTest>

const hasTest = (value: { equals?: unknown; matches?: unknown; exists?: unknown }): boolean =>
  value.equals !== undefined || value.matches !== undefined || value.exists !== undefined

const header = z
  .strictObject({
    key: z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'is no header name'),
    value: z
      .string()
      .max(2000)
      .regex(/^[^\r\n]*$/, 'must be one line')
      .optional(),
    valueFrom: z
      .strictObject({ secretKeyRef: z.strictObject({ name: z.string().min(1), key: z.string().min(1) }) })
      .optional(),
  })
  .refine((value) => (value.value === undefined) !== (value.valueFrom === undefined), {
    message: 'exactly one of value, valueFrom must be set',
  })

const webhook = z.strictObject({
  /** http or https, without credentials. */
  url: z
    .string()
    .max(2000)
    .regex(/^https?:\/\/[^\s@/]+(\/\S*)?$/, 'must be an http or https URL without credentials'),
  method: z.enum(['POST', 'PUT', 'PATCH']).optional(),
  headers: z.array(header).max(20).optional(),
  /** Sent as `payload`. */
  payload: openObject.optional(),
  insecure: z.boolean().optional(),
  /** One call; default 10. */
  timeoutSeconds: z.int().min(1).max(60).optional(),
  pollSeconds,
  timeout: duration.optional(),
  success: answerTest.optional(),
  failure: answerTest.optional(),
  /** Which endings the other side is told; none when absent. */
  tell: z
    .array(z.enum(['Terminate', 'Abort']))
    .max(2)
    .optional(),
})
export type WebhookConfig = z.infer<typeof webhook>

const job = z.strictObject({
  metadata: z.strictObject({ labels: stringMap.optional(), annotations: stringMap.optional() }).optional(),
  /** A batch/v1 JobSpec. */
  spec: jobSpecSchema,
  pollSeconds,
  timeout: duration.optional(),
})
export type JobConfig = z.infer<typeof job>

const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be HH:MM')
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const

const waitUntil = z
  .strictObject({
    time: z
      .string()
      .refine((text) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)), 'must be RFC 3339')
      .optional(),
    /** Open from `from` to `to`, past midnight when `to` is earlier; every day unless `days` says which (those on which it opens). */
    window: z
      .strictObject({
        from: clockTime,
        to: clockTime,
        timeZone: z.string().refine(isTimeZone, 'is no IANA time zone').optional(),
        days: z.array(z.enum(weekdays)).min(1).max(7).optional(),
      })
      .refine(({ from, to }) => from !== to, { message: 'from and to must differ' })
      .optional(),
    object: z
      .strictObject({
        ...namedObjectShape,
        jsonPath: z.string().min(1).max(1000),
        ...test,
      })
      .refine(isOneTest, { message: ONE_TEST })
      .optional(),
    pollSeconds,
    timeout: duration.optional(),
  })
  .refine(
    ({ time, window, object }) => [time, window, object].filter((one) => one !== undefined).length === 1,
    'exactly one of time, window, object must be set',
  )
export type WaitUntilConfig = z.infer<typeof waitUntil>

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

export const stepPluginSchemas = {
  'penstock/webhook': webhook,
  'penstock/job': job,
  'penstock/wait-until': waitUntil,
} as const satisfies Record<StepPluginName, z.ZodType>

/** What a step that is taken back is undone by: another plugin, run to its end. It has no compensation of its own. */
export const compensationSchema = z.strictObject({ name: z.string(), config: openObject.optional() })

export const isStepPluginName = (name: string): name is StepPluginName =>
  (stepPluginNames as readonly string[]).includes(name)

/** How long a step may take from its first call, in milliseconds; undefined: as long as it wants. An unreadable one counts as absent. */
export function stepTimeoutMs(name: string, config: Readonly<Record<string, unknown>>): number | undefined {
  const { timeout } = config
  const given = typeof timeout === 'string' || typeof timeout === 'number' ? parseDurationMs(timeout) : undefined
  return given ?? (name === 'penstock/wait-until' ? undefined : DEFAULT_TIMEOUT_MS)
}
const DEFAULT_TIMEOUT_MS = 3_600_000

/** Whether the plugin has something to do when its step ends early or is taken back; if not, that ending is recorded as done at once. */
export function hasEnding(
  name: string,
  ending: 'Terminate' | 'Abort',
  config: Readonly<Record<string, unknown>>,
): boolean {
  if (name === 'penstock/job') return ending === 'Terminate'
  return name === 'penstock/webhook' && Array.isArray(config.tell) && config.tell.includes(ending)
}
