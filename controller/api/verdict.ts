/**
 * The verdict of a statistical gate as it is stored, shown and sent: one JSON document, the same for the metadata of a measurement, events, the
 * CLI and Slack. Shapes only: how one comes about belongs to `analysis/domain/gates`.
 */
import { z } from 'zod'

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
  /** The newest tick that counted. */
  at: z.iso.datetime().optional(),
  /** Since the canary's first request, seconds. */
  exposedSeconds: z.number().optional(),
  ticks: z.int(),
  canary: count,
  stable: count,
  /** Rate ratio canary/stable and the ratios that are not excluded; absent while unknown. */
  ratio: z.number().optional(),
  ratioLower: z.number().optional(),
  ratioUpper: z.number().optional(),
  evidence: z.number(),
  evidenceLimit: z.number(),
  toleranceEvidence: z.number(),
  toleranceLimit: z.number(),
  tolerance: z.number(),
  /** Overdispersion that was allowed for, what it rests on. */
  noise: z.strictObject({
    phi: z.number(),
    live: z.number().optional(),
    historySeconds: z.number(),
  }),
  /** Bad events that stable would not have had. */
  excess: z.number(),
  expected: z.number(),
  /** The smallest ratio that would have been caught by now with 80 % chance; absent when none would. */
  smallestDetectable: z.number().optional(),
  /** P99 in seconds: what a dashboard shows, and read between the buckets log-log. */
  p99: z
    .strictObject({
      canaryPromql: z.number().optional(),
      stablePromql: z.number().optional(),
      canary: z.number().optional(),
      stable: z.number().optional(),
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
