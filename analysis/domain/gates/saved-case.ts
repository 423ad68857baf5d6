/**
 * A case of a gate as a file: raw samples, what history taught, the rule, the moment, and the verdict. Judging it again gives the same numbers, in
 * any checkout. Times are written as differences and numbers that JSON does not know as texts, so nothing is lost and nothing is rounded.
 */
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import type { GateCase } from './gate-case.ts'
import { judgeGate } from './judge-gate.ts'
import type { GateSeries, NativeHistogram } from './samples.ts'
import {
  SAVED_CASE,
  type SavedDocument,
  type SavedHistogram,
  type SavedNumber,
  type SavedSeries,
  savedCaseSchema,
} from './saved-case-schema.ts'

export interface CaseSource {
  readonly namespace: string
  readonly run: string
  readonly metric: string
}

export interface SavedCase {
  readonly source: CaseSource | undefined
  readonly gateCase: GateCase
  /** As it was given when the case was saved. */
  readonly verdict: GateVerdict
}

/** The text of a file, with the verdict that the case gives now. One series a line: files of two releases can be compared. */
export function renderSavedCase(gateCase: GateCase, source?: CaseSource): string {
  const { series: samples, readyAt, calibration: learnt, log: _sameAsSeries, ...rest } = gateCase
  const head = {
    format: SAVED_CASE,
    version: 1,
    ...(source === undefined ? {} : { source }),
    case: {
      ...rest,
      ...(learnt === undefined ? {} : { calibration: learnt }),
      ...(readyAt === undefined ? {} : { readyAt: Object.fromEntries(readyAt) }),
    },
    verdict: judgeGate(gateCase),
  }
  const lines = samples.map((one) => JSON.stringify(encodeSeries(one)))
  return `${JSON.stringify(head, null, 1).slice(0, -2)},\n "series": [\n${lines.join(',\n')}\n ]\n}\n`
}

/** The case in a text, or one sentence on what keeps it from being one. */
export function parseSavedCase(text: string): SavedCase | { readonly problem: string } {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    return { problem: 'is not JSON' }
  }
  const parsed = savedCaseSchema.safeParse(document)
  if (parsed.success) return decode(parsed.data)
  const [issue] = parsed.error.issues
  return { problem: `is no saved case of a gate: ${issue?.path.join('.') || 'the document'}: ${issue?.message ?? ''}` }
}

function decode({ source, case: given, series: samples, verdict }: SavedDocument): SavedCase {
  const { readyAt, calibration: learnt, ...rest } = given
  const gateCase = {
    ...rest,
    calibration: learnt,
    ...(readyAt === undefined ? {} : { readyAt: new Map(Object.entries(readyAt)) }),
    series: samples.map(decodeSeries),
  }
  // A field that JSON holds is never undefined, which the schema's type cannot say.
  return { source, gateCase: gateCase as GateCase, verdict }
}

function encodeSeries({ times, values, le, histograms, ...rest }: GateSeries): SavedSeries {
  // Differences of fractions would not add up to the same fractions.
  const areWhole = times.every(Number.isInteger)
  return {
    ...rest,
    ...(le === undefined ? {} : { le: encodeNumber(le) }),
    times: times.map((time, index) => (areWhole ? time - (times[index - 1] ?? 0) : time)),
    ...(areWhole ? {} : { absolute: true }),
    values: values.map(encodeNumber),
    ...(histograms === undefined ? {} : { histograms: histograms.map(encodeHistogram) }),
  }
}

function decodeSeries({ times, absolute, values, le, histograms, detail, codeless, ...rest }: SavedSeries): GateSeries {
  let time = 0
  return {
    ...rest,
    ...(codeless === undefined ? {} : { codeless }),
    ...(detail === undefined ? {} : { detail }),
    ...(le === undefined ? {} : { le: decodeNumber(le) }),
    times: absolute ? times : times.map((step) => (time += step)),
    values: values.map(decodeNumber),
    ...(histograms === undefined ? {} : { histograms: histograms.map(decodeHistogram) }),
  }
}

function encodeNumber(value: number): SavedNumber {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : value
}

function decodeNumber(value: SavedNumber): number {
  if (typeof value === 'number') return value
  return { NaN: Number.NaN, '+Inf': Number.POSITIVE_INFINITY, '-Inf': Number.NEGATIVE_INFINITY }[value]
}

const encodeHistogram = ({ count: all, buckets }: NativeHistogram): SavedHistogram => [
  encodeNumber(all),
  buckets.map(({ lower, upper, count: some }) => [encodeNumber(lower), encodeNumber(upper), encodeNumber(some)]),
]

const decodeHistogram = ([all, buckets]: SavedHistogram): NativeHistogram => ({
  count: decodeNumber(all),
  buckets: buckets.map(([lower, upper, some]) => ({
    lower: decodeNumber(lower),
    upper: decodeNumber(upper),
    count: decodeNumber(some),
  })),
})
