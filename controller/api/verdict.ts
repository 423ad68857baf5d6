/**
 * The verdict of a statistical gate as it is stored, shown and sent: one JSON document, the same for the metadata of a measurement, events, the
 * CLI and Slack. Shapes only: how one comes about belongs to `analysis/domain/gates`.
 */
import { z } from 'zod'
import type { Measurement } from './analysis.ts'

export const gateIds = ['errorRate', 'latency', 'events'] as const
export type GateId = (typeof gateIds)[number]

/**
 * abort: worse than tolerated · pass: proven or would have been caught · hold: not known yet, or no traffic · error: metrics cannot be read.
 */
export const verdictOutcomes = ['abort', 'pass', 'hold', 'error'] as const
export type VerdictOutcome = (typeof verdictOutcomes)[number]

const count = z.strictObject({ bad: z.number(), total: z.number() })

export const gateVerdictSchema = z.strictObject({
  version: z.literal(1),
  gate: z.enum(gateIds),
  outcome: z.enum(verdictOutcomes),
  /** One word in CamelCase, such as `Regression`, `Undecided`, `NoTraffic`, `SeriesAbsent`. */
  reason: z.string(),
  /** The last word on this stage; with `hold`: a person has to decide. */
  final: z.boolean(),
  /** Where the rollout stood, as far as the gate knew. */
  stage: z
    .strictObject({
      /** Counts from 1. */
      number: z.int().optional(),
      count: z.int().optional(),
      weightPercent: z.number().optional(),
      nextWeightPercent: z.number().optional(),
      /** Until the stage is over; negative when it was held beyond its end. */
      secondsLeft: z.number().optional(),
    })
    .optional(),
  /** What is wrong with the samples, or worth knowing about them, and what to do about it. */
  problems: z.array(z.strictObject({ reason: z.string(), what: z.string(), fix: z.string() })),
  /** When it was given, to the millisecond: a replay looks at the same moment. */
  lookedAt: z.iso.datetime(),
  /** The newest tick that counted. */
  at: z.iso.datetime().optional(),
  /** From the canary's first request, or up to a scrape before it, to the newest tick that counted; seconds. */
  exposedSeconds: z.number().optional(),
  ticks: z.int(),
  canary: count,
  stable: count,
  /**
   * `beforeAfter`: `stable` are the hours before the release, not the same seconds. Weaker: what has changed for everybody since then counts against the
   * release. Absent: side by side.
   */
  comparison: z.literal('beforeAfter').optional(),
  /** Of `beforeAfter`: whether events were expected by the hour, and how many weeks or days each hour was seen in. */
  expectedBy: z
    .strictObject({ kind: z.enum(['hourOfWeek', 'hourOfDay', 'flat']), periods: z.int().optional() })
    .optional(),
  /** What the events are called: `order`, `orders`. */
  noun: z.strictObject({ one: z.string(), many: z.string() }).optional(),
  /** The two ticks in which more than half of the canary's requests failed. */
  hardFloor: z.strictObject({ canary: count, stable: count }).optional(),
  /** Rate ratio canary/stable and the ratios that are not excluded; absent while unknown. */
  ratio: z.number().optional(),
  ratioLower: z.number().optional(),
  ratioUpper: z.number().optional(),
  evidence: z.number(),
  evidenceLimit: z.number(),
  toleranceEvidence: z.number(),
  toleranceLimit: z.number(),
  /** Ratio that is put up with: above 1; below 1 for `events`. */
  tolerance: z.number(),
  /** Bad events per request that are put up with beyond stable's, whatever the ratio. */
  toleranceExcess: z.number(),
  /** Overdispersion that was allowed for, what it rests on. */
  noise: z.strictObject({
    phi: z.number(),
    live: z.number().optional(),
    historySeconds: z.number(),
  }),
  /** Bad events that stable would not have had. */
  excess: z.number(),
  expected: z.number(),
  /** The ratio nearest to 1 that would have been caught by now with 80 % chance; absent when none would. */
  smallestDetectable: z.number().optional(),
  /** What has to have been catchable for a stage without a finding to pass: a ratio, and whether it was. */
  target: z.strictObject({
    ratio: z.number(),
    caught: z.boolean(),
    /** Expected events that it takes, for `events`. */
    events: z.number().optional(),
    /** Seconds until it is, at this weight and at the next; absent when it takes longer than is foreseen. */
    seconds: z.number().optional(),
    nextWeightSeconds: z.number().optional(),
  }),
  /** Bad events per request of stable, before the release began. */
  stableBefore: count.optional(),
  /** P99 in seconds: what a dashboard shows, and read between the buckets log-log. */
  p99: z
    .strictObject({
      canaryPromql: z.number().optional(),
      stablePromql: z.number().optional(),
      canary: z.number().optional(),
      stable: z.number().optional(),
      /** The edge that `canary` and `stable` count the slower requests of. */
      edge: z.number().optional(),
      /** The bucket that stable's P99 is in. */
      bucket: z.strictObject({ lower: z.number(), upper: z.number() }).optional(),
    })
    .optional(),
  /** Where most of the bad events are, such as `503 POST /checkout`. */
  top: z.strictObject({ detail: z.string(), bad: z.number(), of: z.number() }).optional(),
  /** PromQL to look at. */
  queries: z.array(z.string()),
  /** What a person reads: first the finding, then numbers, then what next. */
  text: z.string(),
})
export type GateVerdict = z.infer<typeof gateVerdictSchema>

/** Key of a measurement's metadata that holds a {@link GateVerdict} as JSON. */
export const GATE_VERDICT = 'penstock.dev/verdict'

/** Key of a measurement's metadata that holds what history taught its gate. */
export const GATE_KNOWLEDGE = 'penstock.dev/calibration'
/** Metadata of a measurement of `penstock/gate`: at which hours events come how often, once the gate on them needs to know. */
export const GATE_HOURS = 'penstock.dev/hours'

/** The verdict that a measurement carries; undefined when it has none that can be read. */
export function readGateVerdict(measurement: Pick<Measurement, 'metadata'> | undefined): GateVerdict | undefined {
  const text = measurement?.metadata?.[GATE_VERDICT]
  if (text === undefined) return undefined
  try {
    return gateVerdictSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
