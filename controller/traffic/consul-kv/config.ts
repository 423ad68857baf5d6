/** The configuration of this router: which key, and what stands in the policy besides weights and routes. Strict: a misspelt field is an error. */
import { z } from 'zod'
import { isKey, isScope } from './key.ts'

const scope = z.string().refine(isScope, 'must be letters, digits, - and _')
const backend = z.string().min(1).max(256)
const clock = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 09:30')

const timezone = z.string().max(64).refine(isTimezone, 'must be a time zone such as Europe/Berlin')

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

const window = z
  .strictObject({
    from: clock,
    to: clock,
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .max(7)
      .optional(),
    timezone: timezone.optional(),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must not be the same time as from' })

export const configSchema = z.strictObject({
  key: z.string().refine(isKey, 'must be segments of letters, digits, ., _ and -, with / between them'),
  datacenter: scope.optional(),
  namespace: scope.optional(),
  partition: scope.optional(),
  /** What gateways call a Service; its own name where absent. */
  backends: z.record(z.string(), backend).optional(),
  windows: z.array(window).min(1).max(32).optional(),
  tags: z.array(z.string().min(1).max(64)).min(1).max(32).optional(),
})
export type Config = z.infer<typeof configSchema>
