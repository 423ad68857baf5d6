/**
 * Turns scraped series into counters that arithmetic can trust: times strictly ascending, values finite and not negative. It groups them by pod
 * and says what it left out; it must not compute increments. A scrape of which one value is no count is left out whole: without its successes,
 * failures alone would be left of it.
 */
import { type DataProblem, renderNames } from './problems.ts'
import type { Arm, GateSeries } from './samples.ts'

/** Cumulative counts of one counter, and the columns of the result that its increments go to. */
export interface Counter {
  /** Epoch milliseconds, strictly ascending. */
  readonly times: ArrayLike<number>
  /** Finite, not negative; lower than the one before only after a reset. */
  readonly values: ArrayLike<number>
  readonly columns: readonly number[]
}

export interface PodCounters {
  readonly arm: Arm
  readonly pod: string
  readonly counters: readonly Counter[]
}

/** A series as it was scraped, with the columns that it counts towards. */
export interface RawCounter {
  readonly series: GateSeries
  readonly values: readonly number[]
  readonly columns: readonly number[]
}

export interface CleanCounters {
  /** By arm (canary first) and name. */
  readonly pods: readonly PodCounters[]
  readonly problems: readonly DataProblem[]
}

/** Later samples are left out, and named as a clock that is ahead. */
export function cleanCounters(raw: readonly RawCounter[], newest: number): CleanCounters {
  const pods = new Map<string, { arm: Arm; pod: string; counters: Counter[] }>()
  const found: Findings = { invalid: new Set(), future: new Set(), sawtooth: new Set() }
  const spoilt = listSpoiltTimes(raw)
  for (const counter of raw) {
    const { arm, pod } = counter.series
    const key = `${arm}/${pod}`
    const entry = pods.get(key) ?? { arm, pod, counters: [] }
    pods.set(key, entry)
    const clean = cleanSamples(counter, newest, found, spoilt.get(key) ?? NO_TIMES)
    if (clean.times.length > 0) entry.counters.push(clean)
    if (isSawtooth(clean.values)) found.sawtooth.add(pod)
  }
  const order = [...pods.keys()].sort()
  return {
    pods: order.flatMap((key) => pods.get(key) ?? []).filter((pod) => pod.counters.length > 0),
    problems: [...listClashes(raw), ...listFindings(found)],
  }
}

interface Findings {
  readonly invalid: Set<string>
  readonly future: Set<string>
  readonly sawtooth: Set<string>
}

const NO_TIMES: ReadonlySet<number> = new Set()

/** Above it a sum of single requests stands still. */
export const isCount = (value: number | undefined): value is number =>
  value !== undefined && value >= 0 && value <= Number.MAX_SAFE_INTEGER

/** By arm and pod: times at which a counter has no count. */
function listSpoiltTimes(raw: readonly RawCounter[]): ReadonlyMap<string, ReadonlySet<number>> {
  const spoilt = new Map<string, Set<number>>()
  for (const { series, values } of raw) {
    if (values.every(isCount)) continue
    const key = `${series.arm}/${series.pod}`
    const times = spoilt.get(key) ?? new Set()
    spoilt.set(key, times)
    for (const [index, time] of series.times.entries()) if (!isCount(values[index])) times.add(time)
  }
  return spoilt
}

/** The usual case copies nothing. */
function cleanSamples(
  { series, values, columns }: RawCounter,
  newest: number,
  found: Findings,
  spoilt: ReadonlySet<number>,
): Counter {
  const { times, pod } = series
  let isClean = times.length === values.length && spoilt.size === 0
  let before = Number.NEGATIVE_INFINITY
  for (let index = 0; isClean && index < times.length; index += 1) {
    const time = times[index] ?? 0
    isClean = time > before && time <= newest && isCount(values[index])
    before = time
  }
  if (isClean) return { times, values, columns }
  if (times.some((time) => time > newest)) found.future.add(pod)
  const isValid = (time: number, value: number | undefined): value is number =>
    Number.isFinite(time) && time <= newest && !spoilt.has(time) && isCount(value)
  const samples = times.flatMap((time, index) => {
    const value = values[index]
    return isValid(time, value) ? [{ time, value }] : []
  })
  samples.sort((one, other) => one.time - other.time)
  // Of two samples of one time the first one stays, as in Prometheus' own storage.
  const kept = samples.filter((sample, index) => sample.time !== samples[index - 1]?.time)
  if (times.filter((time) => time <= newest).length !== kept.length || !isAscending(times)) found.invalid.add(pod)
  return { times: kept.map(({ time }) => time), values: kept.map(({ value }) => value), columns }
}

const isAscending = (times: readonly number[]): boolean =>
  times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))

const SAWTOOTH_SAMPLES = 9
const SAWTOOTH_SHARE = 0.25

export const fallsLikeSawtooth = (falls: number, samples: number): boolean =>
  samples >= SAWTOOTH_SAMPLES && falls > SAWTOOTH_SHARE * (samples - 1)

/** A counter falls when its process starts anew. One that falls at every fourth scrape counts nothing. */
function isSawtooth(values: ArrayLike<number>): boolean {
  if (values.length < SAWTOOTH_SAMPLES) return false
  let falls = 0
  for (let index = 1; index < values.length; index += 1) {
    if ((values[index] ?? 0) < (values[index - 1] ?? 0)) falls += 1
  }
  return fallsLikeSawtooth(falls, values.length)
}

/** Series that cannot both be right: one counter twice, one pod in both arms. */
function listClashes(raw: readonly RawCounter[]): DataProblem[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  const arms = new Map<string, Arm>()
  const both = new Set<string>()
  for (const { series, columns } of raw) {
    const { arm, pod, role, le = '', detail = '' } = series
    // A native histogram is several counters, each of other columns.
    const key = `${arm}\n${pod}\n${role}\n${le}\n${detail}\n${columns.join()}`
    if (seen.has(key)) twice.add(`${role} of ${pod}`)
    seen.add(key)
    if ((arms.get(pod) ?? arm) !== arm) both.add(pod)
    arms.set(pod, arm)
  }
  return [
    ...problem('PodInBothArms', both, (names) => ({
      what: `the selectors of canary and stable match the same pods: ${names}`,
      fix: 'select by a label that tells versions apart, such as rollouts_pod_template_hash',
    })),
    ...problem('DuplicateSeries', twice, (names) => ({
      what: `several series where one is expected: ${names}`,
      fix: 'add a label to the selector that leaves one of them, such as job, container or prometheus_replica',
    })),
  ]
}

const listFindings = ({ invalid, future, sawtooth }: Findings): DataProblem[] => [
  ...problem('ClockSkew', future, (names) => ({
    what: `samples from the future: ${names}`,
    fix: 'set the clocks of Prometheus and its targets, or scrape with honor_timestamps: false',
  })),
  ...problem('NotACounter', sawtooth, (names) => ({
    what: `values that go down all the time, so they count nothing: ${names}`,
    fix: 'select the raw counter (..._total, _count, _bucket): no gauge, no rate()',
  })),
  ...problem('SamplesInvalid', invalid, (names) => ({
    what: `samples that are no counts, or out of order, were left out: ${names}`,
    fix: 'look at the raw series of these pods',
  })),
]

function problem(
  reason: DataProblem['reason'],
  found: ReadonlySet<string>,
  words: (names: string) => Pick<DataProblem, 'what' | 'fix'>,
): DataProblem[] {
  if (found.size === 0) return []
  const severity = reason === 'SamplesInvalid' ? 'note' : 'error'
  return [{ reason, severity, ...words(renderNames([...found].sort())) }]
}
