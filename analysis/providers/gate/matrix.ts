/**
 * Reads what Prometheus answers to a range selector: raw samples with their own times, floats and native histograms. Anything that is less than the
 * whole answer (a warning, a partial response, another shape) is a problem: a part of the samples is no evidence.
 */
import type { HttpResponse } from '../../../controller/runtime/http.ts'
import type { NativeHistogram } from '../../domain/gates/samples.ts'
import { boundText } from '../provider.ts'
import { type Columns, extractValues, readNumber } from './matrix-values.ts'

export interface RawSeries {
  readonly labels: Readonly<Record<string, string>>
  /** Epoch milliseconds, as the server sent them. */
  readonly times: number[]
  /** Empty for native histograms. */
  readonly values: number[]
  readonly histograms: NativeHistogram[]
}

export type MatrixReading = { readonly series: readonly RawSeries[] } | { readonly problem: string }

const MOST_SERIES = 10_000

export function readMatrix({ status, body }: HttpResponse): MatrixReading {
  const extracted = extractValues(body)
  const answer = parse(extracted?.skeleton ?? body)
  if (!answer) return { problem: status === 200 ? 'the answer is not that of a Prometheus API' : `HTTP ${status}` }
  if (answer.status !== 'success' || status !== 200)
    return {
      problem: boundText(
        `${textOf(answer.errorType) || `HTTP ${status}`}: ${textOf(answer.error) || 'no reason given'}`,
      ),
    }
  const { warnings } = answer
  if (Array.isArray(warnings) && warnings.length > 0)
    return { problem: boundText(`the answer is partial: ${warnings.map(String).join('; ')}`) }
  const data = recordOf(answer.data)
  if (data?.resultType !== 'matrix' || !Array.isArray(data.result))
    return { problem: 'the answer to a range selector is not a matrix' }
  if (data.result.length > MOST_SERIES)
    return { problem: `the selector matches ${data.result.length} series, more than ${MOST_SERIES}; add a matcher` }
  return readSeries(data.result, extracted?.columns ?? [])
}

function readSeries(result: readonly unknown[], columns: readonly Columns[]): MatrixReading {
  const series: RawSeries[] = []
  for (const entry of result) {
    const one = recordOf(entry)
    const labels = recordOf(one?.metric)
    if (!one || !labels) return { problem: 'a series of the answer has no labels' }
    const taken = typeof one.values === 'number' ? columns[one.values] : undefined
    const samples = taken ?? { times: [], values: [] }
    const read: RawSeries = { labels: labels as Record<string, string>, ...samples, histograms: [] }
    if ((!taken && !addFloats(read, one.values)) || !addHistograms(read, one.histograms))
      return { problem: 'a series of the answer has samples that cannot be read' }
    series.push(read)
  }
  return { series }
}

function addFloats({ times, values }: RawSeries, samples: unknown): boolean {
  if (samples === undefined) return true
  if (!Array.isArray(samples)) return false
  for (const sample of samples) {
    if (!Array.isArray(sample) || typeof sample[0] !== 'number' || typeof sample[1] !== 'string') return false
    times.push(Math.round(sample[0] * 1000))
    values.push(readNumber(sample[1]))
  }
  return true
}

/** A series that has both has changed its kind; its floats are of the past. */
function addHistograms(series: RawSeries, samples: unknown): boolean {
  if (samples === undefined) return true
  if (!Array.isArray(samples)) return false
  series.times.length = 0
  series.values.length = 0
  for (const sample of samples) {
    const histogram = Array.isArray(sample) ? readHistogram(recordOf(sample[1])) : undefined
    if (!histogram || typeof sample[0] !== 'number') return false
    series.times.push(Math.round(sample[0] * 1000))
    series.histograms.push(histogram)
  }
  return true
}

/** Buckets come as `[boundaries rule, lower, upper, count]`, those without observations left out. */
function readHistogram(value: Readonly<Record<string, unknown>> | undefined): NativeHistogram | undefined {
  if (!value) return undefined
  const listed = value.buckets ?? []
  if (!Array.isArray(listed)) return undefined
  const buckets = listed.map((entry: unknown) => {
    const [, lower, upper, count] = Array.isArray(entry) ? entry : []
    return { lower: readNumber(lower), upper: readNumber(upper), count: readNumber(count) }
  })
  return { count: readNumber(value.count), buckets }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const recordOf = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return recordOf(JSON.parse(body))
  } catch {
    return undefined
  }
}
