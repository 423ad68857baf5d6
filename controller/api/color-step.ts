/**
 * The step `penstock/color`: routes to the canary by what `setHeaderRoute` cannot say. Shapes only, strict at every level; which router can carry
 * what is in `router-capabilities.ts`. As with `setHeaderRoute` the route is one of `managedRoutes`, and an empty `match` takes it back.
 */
import { z } from 'zod'
import type { CanaryStep } from './rollout.ts'

export const COLOR_STEP = 'penstock/color'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const token = z.string().max(256).regex(TOKEN, 'must be a name as HTTP allows it')
const text = z.string().min(1).max(1024)
/** Shorter than the rules allow, because routers put it into patterns of their own. */
const pattern = z.string().min(1).max(900)

/** Exactly one of the three. */
const stringMatch = z
  .strictObject({ exact: text.optional(), prefix: text.optional(), regex: pattern.optional() })
  .refine((match) => Object.keys(match).length === 1, 'must have exactly one of exact, prefix, regex')

const idRange = z
  .strictObject({
    header: token.optional(),
    cookie: token.optional(),
    modulo: z.int().min(2).max(1_000_000),
    from: z.int().min(0),
    to: z.int().min(0),
  })
  .refine(({ header, cookie }) => (header === undefined) !== (cookie === undefined), {
    message: 'must name the id by header or by cookie, not both',
  })
  .refine(({ to, modulo }) => to < modulo, { path: ['to'], message: 'must be less than modulo' })
  .refine(({ from, to }) => from <= to, { path: ['to'], message: 'must not be less than from' })

const cidr = z
  .string()
  .max(64)
  .refine(
    (range) => z.cidrv4().safeParse(range).success || z.cidrv6().safeParse(range).success,
    'must be a range of addresses such as 10.0.0.0/8 or 2001:db8::/32',
  )

/** Everything that is given has to fit. */
const colorMatch = z
  .strictObject({
    headers: z
      .array(z.strictObject({ name: token, value: stringMatch }))
      .min(1)
      .max(8)
      .optional(),
    cookies: z
      .array(z.strictObject({ name: token, value: stringMatch }))
      .min(1)
      .max(8)
      .optional(),
    /** The decimal id in a header or cookie, modulo `modulo`, from `from` to `to`, both included. What is no decimal number does not fit. */
    idRange: idRange.optional(),
    /** The client's address lies in one of these. */
    cidrs: z.array(cidr).min(1).max(64).optional(),
  })
  .refine((match) => Object.keys(match).length > 0, 'must say something')

export const colorStepSchema = z.strictObject({
  name: z.string().min(1).max(63),
  match: z.array(colorMatch).max(16).optional(),
})

/** What a colour step declares; undefined for any other step, and for a config of another shape, which validation refuses. */
export const colorOfStep = ({ plugin }: CanaryStep): ColorStep | undefined =>
  plugin?.name === COLOR_STEP ? colorStepSchema.safeParse(plugin.config).data : undefined

export type ColorStep = z.infer<typeof colorStepSchema>
export type ColorMatch = z.infer<typeof colorMatch>
export type IdRange = NonNullable<ColorMatch['idRange']>
