/**
 * Scalars that several kinds share: int-or-string, durations, instants. Each schema carries the Kubernetes extension that its
 * CRD needs (`.meta`), so that one definition serves validation and CRD generation. It must not import anything of ours.
 */
import { z } from 'zod'

/** An integer, or a string such as "25%" or "{{args.count}}". */
export const intOrString = z.union([z.int(), z.string()]).meta({ 'x-kubernetes-int-or-string': true })
export type IntOrString = z.infer<typeof intOrString>

/** A JSON object whose fields the schema does not know; kept byte for byte. */
export const openObject = z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true })

export const stringMap = z.record(z.string(), z.string())

/**
 * Metadata key: validation demands the field, yet the API server must take the object without it, because Argo's CRDs do. It says which
 * field is missing in the condition `InvalidSpec` instead of refusing the write.
 */
export const OPTIONAL_ON_WIRE = 'x-penstock-optional-on-wire'

/** Metadata key: one type holds the field, yet Argo's CRD has no such field in this place, and ours must not name it. */
export const NOT_ON_WIRE = 'x-penstock-not-on-wire'

/** RFC 3339 date-time, UTC, as the API server stores it. */
export const instant = z.string().meta({ format: 'date-time' })

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Go's duration syntax ("1h30m", "1.5s") in milliseconds; undefined when the text is not a duration. Negative values are returned as such. */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.exec(text)
  if (text === '0') return 0
  if (!match) return undefined
  let total = 0
  for (const part of text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g))
    total += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0)
  return match[1] === '-' ? -total : total
}

/** A pause or wait: an int or a numeric string counts seconds, everything else is a Go duration. Milliseconds, or undefined. */
export function parseDurationMs(value: IntOrString): number | undefined {
  if (typeof value === 'number') return value * 1000
  if (/^-?\d+$/.test(value)) return Number(value) * 1000
  return parseGoDuration(value)
}

/** Epoch milliseconds of an RFC 3339 instant; undefined when absent or unreadable. */
export function parseInstant(text: string | null | undefined): number | undefined {
  if (!text) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

/** The instant as the API server prints metav1.Time: UTC, whole seconds. */
export const formatInstant = (epochMs: number): string =>
  `${new Date(Math.floor(epochMs / 1000) * 1000).toISOString().slice(0, 19)}Z`
