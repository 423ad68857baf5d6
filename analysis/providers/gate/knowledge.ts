/**
 * What the history of stable taught a gate, as text that fits into a measurement's metadata. Numbers are rounded, long lists thinned evenly and
 * quantized. A gate judges by what the text says from the start, so that its numbers are the same before and after a restart.
 */
import { z } from 'zod'
import type { LatencyKnowledge } from '../../domain/gates/gate-case.ts'
import type { Calibration, Count } from '../../domain/stats/ticks.ts'

export interface GateKnowledge {
  /** Gates on counts. */
  readonly calibration?: Calibration | undefined
  /** The gate on latency; undefined where history could not plan its edges. */
  readonly latency?: LatencyKnowledge | undefined
  /** How the series call the bounds that are wanted; undefined: all are read. */
  readonly les?: readonly string[] | undefined
  /** What stable counted within the history. */
  readonly before?: Count | undefined
  /** The gate on events: overdispersion of that around its own rate; undefined where there is too little of it. */
  readonly beforePhi?: number | undefined
  /** How much history there was. */
  readonly historyMs: number
}

const wholeCounts = z.object({
  phi: z.number(),
  rho: z.number(),
  residuals: z.array(z.number()),
  historyMs: z.number(),
  phiWithinTick: z.number().exactOptional(),
  podRequests: z.number().exactOptional(),
  pods: z.number().exactOptional(),
})
const calibration = wholeCounts.extend({ limited: wholeCounts.extend({ limit: z.number() }).exactOptional() })
const block = z.object({ canary: z.number(), stable: z.number() })
const knowledgeSchema = z.object({
  calibration: calibration.optional(),
  latency: z
    .object({
      plan: z.object({
        bounds: z.array(z.number()),
        edges: z.array(z.object({ bound: z.number(), index: z.int(), weight: z.number(), toleranceRatio: z.number() })),
        endsBelowP99: z.boolean(),
      }),
      calibration: z.object({
        edges: z.array(calibration),
        shift: z.object({ rho: z.number(), residuals: z.array(z.number()), block: block.exactOptional() }),
      }),
    })
    .optional(),
  les: z.array(z.string()).optional(),
  before: z.object({ bad: z.number(), total: z.number() }).optional(),
  beforePhi: z.number().optional(),
  historyMs: z.number(),
})

/** Bounds name series and are kept to the last digit; everything else is an estimate. */
const EXACT = new Set(['bounds', 'bound'])
const DIGITS = 6

export const renderKnowledge = (knowledge: GateKnowledge): string => JSON.stringify(shorten('', knowledge))

function shorten(key: string, value: unknown): unknown {
  if (typeof value === 'number') return EXACT.has(key) ? value : Number(value.toPrecision(DIGITS))
  if (Array.isArray(value)) return key === 'residuals' ? pack(value) : value.map((item) => shorten(key, item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, shorten(name, entry)]))
}

/** Undefined for what no gate has written. */
export function parseKnowledge(text: string | undefined): GateKnowledge | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text, (key, entry: unknown) => (key === 'residuals' ? unpack(entry) : entry))
    return knowledgeSchema.safeParse(value).data
  } catch {
    return undefined
  }
}

const MOST_PACKED = 300
const STEPS = 2048
const BASE = 36

/** Ascending numbers as `least;step;differences in steps`, evenly thinned by rank with both ends kept. */
function pack(values: readonly unknown[]): string {
  const sorted = values.filter((value) => typeof value === 'number').sort((one, other) => one - other)
  const kept = thin(sorted)
  const [least = 0] = kept
  const step = ((kept.at(-1) ?? 0) - least) / STEPS || 1
  const [leastShown, stepShown] = [Number(least.toPrecision(DIGITS)), Number(step.toPrecision(DIGITS))]
  let before = 0
  const deltas = kept.map((value) => {
    const at = Math.round((value - leastShown) / stepShown)
    const delta = at - before
    before = at
    return delta.toString(BASE)
  })
  return `${leastShown};${stepShown};${deltas.join(',')}`
}

/** An empty list for what is not packed numbers. */
function unpack(text: unknown): number[] {
  const [least, step, deltas = ''] = String(text).split(';')
  if (deltas === '') return []
  let at = 0
  return deltas.split(',').map((delta) => {
    at += Number.parseInt(delta, BASE)
    return Number(least) + at * Number(step)
  })
}

const thin = (values: readonly number[]): readonly number[] =>
  values.length <= MOST_PACKED
    ? values
    : Array.from(
        { length: MOST_PACKED },
        (_, index) => values[Math.round((index * (values.length - 1)) / (MOST_PACKED - 1))] ?? 0,
      )
