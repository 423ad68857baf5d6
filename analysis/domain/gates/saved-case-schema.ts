/** Shape of the file that a case of a gate is saved in; see `saved-case.ts`. Shapes only. */
import { z } from 'zod'
import { gateIds, gateVerdictSchema } from '../../../controller/api/verdict.ts'
import { undecidedActions } from './gate-case.ts'

export const SAVED_CASE = 'penstock.dev/gate-case'

/** JSON has no others. */
const number = z.union([z.number(), z.enum(['NaN', '+Inf', '-Inf'])])
const numbers = z.array(number)
const count = z.strictObject({ bad: z.number(), total: z.number() })
const noun = z.strictObject({ one: z.string(), many: z.string() })

const rule = z.strictObject({
  direction: z.enum(['up', 'down']),
  alpha: z.number(),
  beta: z.number(),
  toleranceRatio: z.number(),
  toleranceExcess: z.number(),
  minEvents: z.number(),
  target: z.number(),
  earlyPass: z.boolean(),
  warmupMs: z.number(),
  leastTickMs: z.number().optional(),
  noun: noun.optional(),
})

const stage = z.strictObject({
  index: z.number().optional(),
  count: z.number().optional(),
  weightPercent: z.number().optional(),
  nextWeightPercent: z.number().optional(),
  endsAt: z.number().optional(),
  maxHoldMs: z.number(),
})

/** What history taught is kept whole, also what this version does not read. */
const wholeCounts = z.looseObject({
  phi: z.number(),
  rho: z.number(),
  residuals: z.array(z.number()),
  historyMs: z.number(),
  phiWithinTick: z.number().optional(),
  podRequests: z.number().optional(),
  pods: z.number().optional(),
})
const calibration = wholeCounts.extend({ limited: wholeCounts.extend({ limit: z.number() }).optional() })

const latency = z.looseObject({
  plan: z.looseObject({
    bounds: z.array(z.number()),
    edges: z.array(
      z.looseObject({ bound: z.number(), index: z.int(), weight: z.number(), toleranceRatio: z.number() }),
    ),
    endsBelowP99: z.boolean(),
  }),
  calibration: z.looseObject({
    edges: z.array(calibration),
    shift: z.looseObject({
      rho: z.number(),
      residuals: z.array(z.number()),
      block: z.looseObject({ canary: z.number(), stable: z.number() }).optional(),
    }),
  }),
})

export const hourShapeSchema = z.strictObject({
  kind: z.enum(['hourOfWeek', 'hourOfDay']),
  periods: z.number(),
  ratios: z.array(z.number().nullable()),
  phi: z.number(),
})

const series = z.strictObject({
  arm: z.enum(['canary', 'stable']),
  pod: z.string(),
  role: z.enum(['requests', 'failed', 'events', 'bucket', 'native']),
  le: number.optional(),
  detail: z.string().optional(),
  codeless: z.literal(true).optional(),
  /** The first one, then differences, milliseconds; all as they are where they are `absolute`. */
  times: z.array(z.number()),
  absolute: z.boolean().optional(),
  values: numbers,
  /** Count, then the buckets: lower bound, upper bound, count. */
  histograms: z.array(z.tuple([number, z.array(z.tuple([number, number, number]))])).optional(),
})

export const savedCaseSchema = z.strictObject({
  format: z.literal(SAVED_CASE),
  version: z.literal(1),
  /** Where it comes from, for people. */
  source: z.strictObject({ namespace: z.string(), run: z.string(), metric: z.string() }).optional(),
  case: z.strictObject({
    gate: z.enum(gateIds),
    rule,
    calibration: calibration.optional(),
    latency: latency.optional(),
    history: z.strictObject({ foundMs: z.number(), askedMs: z.number(), neededMs: z.number() }).optional(),
    before: count.optional(),
    beforePhi: z.number().optional(),
    hours: hourShapeSchema.optional(),
    since: z.number(),
    now: z.number(),
    scrapeIntervalMs: z.number().optional(),
    readyAt: z.record(z.string(), z.number()).optional(),
    canaryUp: z.boolean().optional(),
    warnings: z.array(z.string()).optional(),
    stage,
    onUndecided: z.enum(undecidedActions),
    queries: z.array(z.string()),
  }),
  series: z.array(series),
  verdict: gateVerdictSchema,
})
export type SavedDocument = z.infer<typeof savedCaseSchema>
export type SavedSeries = z.infer<typeof series>
export type SavedNumber = z.infer<typeof number>
export type SavedHistogram = NonNullable<SavedSeries['histograms']>[number]
