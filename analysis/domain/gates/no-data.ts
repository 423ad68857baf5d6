/**
 * Whether the samples of a look can carry a verdict, and what is missing when they cannot. Lack of data is never a pass and never an abort: evidence
 * that ticks already hold stands, whatever becomes of the samples afterwards (`usable`).
 *
 * The first row that holds. "Counted" are requests or buckets, which all gates need; events are those of the gate on events.
 *
 *   samples                                                         gate       reading  reason             usable
 *   Prometheus answered with warnings: data may be partial          all        error    PartialData        no
 *   a pod in both arms, doubled series, gauges, clocks ahead,       all        error    the problem's      no
 *   buckets without count, buckets that differ
 *   counted: absent in both arms                                    all        error    SeriesAbsent       no
 *   events: absent in both arms                                     events     error    SeriesAbsent       no
 *   no series of an arm has the label that tells failures           errorRate  error    CodesAbsent        no
 *   counted: absent on stable                                       all        error    StableAbsent       yes
 *   counted: absent on the canary, which is known to be up          all        hold     NoTraffic          yes
 *   counted: absent on the canary, within warm-up and three ticks   all        hold     CanaryNotSeen      yes
 *   counted: absent on the canary for longer                        all        error    CanaryAbsent       yes
 *   the canary is down, or its newest sample is stale               all        error    CanaryStale        yes
 *   stable's newest sample is stale                                 all        error    StableStale        yes
 *   samples are fresh, but no scrape of both arms is whole for      all        error    ScrapesIncomplete  yes
 *   three ticks
 *   no tick yet, and values that are no counts                      all        error    SamplesInvalid     yes
 *   no tick yet                                                     all        hold     WarmingUp          yes
 *   no canary request in any tick, or none for two minutes where    all        hold     NoTraffic          yes
 *   there had to be some
 *   no stable request in any tick                                   all        hold     NoControl          yes
 *   no event of stable in any tick (the canary's say nothing then)  events     hold     NoControl          yes
 *   no bucket bound that few enough requests exceed                 latency    hold     BucketsTooCoarse   yes
 *   more than 1 % of requests are slower than the last bucket       latency    hold     BucketsEndBelowP99 yes
 *   less history than the gate insists on                           all        hold     HistoryShort       yes
 *   all traffic on the canary, held against history: rows about     events     as above
 *   stable, and events that are absent in both arms, do not hold
 *   anything else: also events absent on the canary alone, which    all        evidence                    yes
 *   are 0 events (client libraries export no series before the
 *   first one), and failures absent in both arms
 */
import type { CountedTick, DataFacts, DataNote, DataReading } from './data-facts.ts'
import { renderNames } from './problems.ts'
import { FRESH_INTERVALS } from './read-ticks.ts'
import type { Arm, GateSeries } from './samples.ts'

export function readData(facts: DataFacts): DataReading {
  const notes = listNotes(facts)
  const found = findUnusable(facts) ?? findAbsent(facts) ?? findStale(facts) ?? findIdle(facts) ?? findThin(facts)
  return found ? { ...found, notes } : { kind: 'evidence', notes }
}

interface Finding extends DataNote {
  readonly kind: 'hold' | 'error'
  readonly usable: boolean
}

const isCounted = ({ role }: GateSeries): boolean => role !== 'events'
/** Samples that are not a number are none. */
const hasSamples = ({ times, values, histograms = [] }: GateSeries): boolean =>
  times.length > 0 && (histograms.length > 0 || values.some((value) => value >= 0))
const listQueries = (queries: readonly string[]): string => (queries.length > 0 ? `: ${queries.join(' ; ')}` : '')

const unusable = (note: DataNote): Finding => ({ ...note, kind: 'error', usable: false })
const error = (note: DataNote): Finding => ({ ...note, kind: 'error', usable: true })
const hold = (note: DataNote): Finding => ({ ...note, kind: 'hold', usable: true })

function findUnusable({ gate, series, problems, warnings = [], queries, isAlone }: DataFacts): Finding | undefined {
  if (warnings.length > 0) {
    return unusable({
      reason: 'PartialData',
      what: `Prometheus warns that its answer may be partial (${renderNames(warnings)})${listQueries(queries)}`,
      fix: 'see to the stores that did not answer',
    })
  }
  const problem = problems.find(({ severity }) => severity === 'error')
  if (problem) {
    const { reason, what, fix } = problem
    return unusable({ reason, what: `${what}${listQueries(queries)}`, fix })
  }
  const seen = series.filter(hasSamples)
  const isAbsent =
    !seen.some(isCounted) || (gate === 'events' && !isAlone && !seen.some(({ role }) => role === 'events'))
  if (!isAbsent) return gate === 'errorRate' ? findCodeless(seen, queries) : undefined
  return unusable({
    reason: 'SeriesAbsent',
    what: `series are absent in both arms${listQueries(queries)}`,
    fix: 'check the name of the metric and its labels, and the clocks of Prometheus and of the controller',
  })
}

/** All requests of an arm would pass for good ones. */
function findCodeless(seen: readonly GateSeries[], queries: readonly string[]): Finding | undefined {
  const arms = (['canary', 'stable'] as const).filter((arm) => {
    const own = seen.filter((one) => one.arm === arm && isCounted(one))
    return own.length > 0 && own.every(({ codeless }) => codeless === true)
  })
  if (arms.length === 0) return undefined
  return unusable({
    reason: 'CodesAbsent',
    what: `no series of ${arms.map((arm) => (arm === 'canary' ? 'the canary' : arm)).join(' and ')} has the label that tells failed requests${listQueries(queries)}`,
    fix: "set codeLabel to the label that holds the answer's code, the same in both versions, or failed to a counter of failures",
  })
}

const TICKS_OF_GRACE = 3

function findAbsent(facts: DataFacts): Finding | undefined {
  const { series, from, now, warmupMs, tickMs, canaryUp, queries, isAlone } = facts
  const has = (arm: Arm): boolean => series.some((one) => one.arm === arm && isCounted(one) && hasSamples(one))
  if (!isAlone && !has('stable')) {
    return error({
      reason: 'StableAbsent',
      what: `stable has no series, so there is nothing to compare the canary with${listQueries(queries)}`,
      fix: 'check the label that selects stable, and keep some traffic on stable while the gate judges',
    })
  }
  if (has('canary')) return undefined
  if (canaryUp === true) return hold(noTraffic('the canary is up and counted no request yet'))
  if (now < from + warmupMs + TICKS_OF_GRACE * tickMs) {
    return hold({
      reason: 'CanaryNotSeen',
      what: 'the canary has not been scraped yet',
      fix: 'wait; pods have to become ready and be discovered first',
    })
  }
  return error({
    reason: 'CanaryAbsent',
    what: `the canary has no series${listQueries(queries)}`,
    fix: 'check that its pods are scraped, that they get traffic, and the label that selects them',
  })
}

const noTraffic = (what: string): DataNote => ({
  reason: 'NoTraffic',
  what,
  fix: 'check that traffic is routed to the canary; evidence stands still until it is',
})

/** Scrapes take their time, and answers come late. */
const PATIENCE_MS = 2000

function findStale(facts: DataFacts): Finding | undefined {
  const { now, scrapeIntervalMs, canaryUp, isAlone } = facts
  const oldest = now - FRESH_INTERVALS * scrapeIntervalMs - PATIENCE_MS
  const [canary, stable] = [findNewest(facts, 'canary'), findNewest(facts, 'stable')]
  if (canaryUp !== false && canary >= oldest && (isAlone || stable >= oldest)) return findLateTicks(facts)
  const isCanary = canaryUp === false || canary < oldest
  const arm = isCanary ? 'the canary' : 'stable'
  const seconds = Math.round((now - (isCanary ? canary : stable)) / 1000)
  return error({
    reason: isCanary ? 'CanaryStale' : 'StableStale',
    what:
      isCanary && canaryUp === false
        ? 'the canary cannot be scraped: its targets are down'
        : `the newest sample of ${arm} is ${seconds} s old`,
    fix: 'look at up and scrape_duration_seconds of its pods, and at the clocks of Prometheus and of the controller',
  })
}

/** Ticks, with one that waits for its last pods and one that is not over, may be so far behind the newest sample. */
const TICKS_BEHIND = 3

/** Samples arrive, and hardly any scrape of them is whole. */
function findLateTicks({ ticks, now, tickMs }: DataFacts): Finding | undefined {
  const newest = ticks.at(-1)?.at
  if (newest === undefined || now - newest <= TICKS_BEHIND * tickMs + PATIENCE_MS) return undefined
  return error({
    reason: 'ScrapesIncomplete',
    what: `the newest scrape of both arms that is whole is ${Math.round((now - newest) / 1000)} s old`,
    fix: 'look for series that vanish, for a store or a remote write that loses samples',
  })
}

const findNewest = ({ series }: DataFacts, arm: Arm): number =>
  series.reduce(
    (newest, one) => (one.arm === arm && isCounted(one) ? Math.max(newest, one.times.at(-1) ?? newest) : newest),
    Number.NEGATIVE_INFINITY,
  )

function findIdle(facts: DataFacts): Finding | undefined {
  const { gate, ticks, warmupMs, problems, queries, isAlone } = facts
  const invalid = problems.find(({ reason }) => reason === 'SamplesInvalid')
  if (ticks.length === 0 && invalid) {
    const { reason, what, fix } = invalid
    return error({ reason, what: `${what}${listQueries(queries)}`, fix })
  }
  if (ticks.length === 0) {
    const young = warmupMs > 0 ? `pods that are younger than ${Math.round(warmupMs / 1000)} s do not count, and ` : ''
    return hold({ reason: 'WarmingUp', what: `${young}there is no scrape of both arms yet`, fix: 'wait' })
  }
  const canary = sumOf(ticks, 'canary', 'total')
  const stable = sumOf(ticks, 'stable', 'total')
  if (canary === 0) return hold(noTraffic('the canary counted no request yet'))
  if (hasDriedUp(facts)) return hold(noTraffic('the canary gets no requests any more'))
  const hasControl = isAlone || (stable > 0 && (gate !== 'events' || sumOf(ticks, 'stable', 'bad') > 0))
  if (hasControl) return undefined
  return hold({
    reason: 'NoControl',
    what: stable > 0 ? 'stable counted no event' : 'stable counted no request',
    fix: 'keep enough traffic on stable to compare with; nothing is said about the canary without it',
  })
}

function sumOf(ticks: readonly CountedTick[], arm: Arm, field: 'total' | 'bad'): number {
  let sum = 0
  for (const tick of ticks) for (const pod of tick[arm]) sum += pod[field] ?? 0
  return sum
}

const IDLE_MS = 120_000
/** Requests that the canary would have had by its share before. */
const MISSED_REQUESTS = 10

/** A canary that had its share of traffic and has had nothing for two minutes, while stable goes on. */
function hasDriedUp({ ticks, now }: DataFacts): boolean {
  const recent = ticks.filter(({ at }) => at > now - IDLE_MS)
  if (recent.length === 0 || recent.length === ticks.length || sumOf(recent, 'canary', 'total') > 0) return false
  const before = ticks.slice(0, ticks.length - recent.length)
  const stable = sumOf(before, 'stable', 'total')
  const share = stable > 0 ? sumOf(before, 'canary', 'total') / stable : 0
  return share * sumOf(recent, 'stable', 'total') >= MISSED_REQUESTS
}

const renderMinutes = (ms: number): string => `${Math.floor(ms / 60_000)} min`

function findThin({ buckets, history, queries }: DataFacts): Finding | undefined {
  if (buckets === 'tooCoarse') {
    return hold({
      reason: 'BucketsTooCoarse',
      what: `no bucket ends where 30 % of stable's requests or fewer are slower${listQueries(queries)}`,
      fix: 'add buckets around the P99, or use native histograms',
    })
  }
  if (buckets === 'endBelowP99') {
    return hold({
      reason: 'BucketsEndBelowP99',
      what: `the P99 lies beyond the last bucket, where it cannot be read${listQueries(queries)}`,
      fix: 'add buckets above it, or use native histograms',
    })
  }
  if (history === undefined || history.foundMs >= history.neededMs) return undefined
  return hold({
    reason: 'HistoryShort',
    what: `${renderMinutes(history.foundMs)} of history, of ${renderMinutes(history.neededMs)} that the gate needs to know this service's noise`,
    fix: 'wait, or ask for less history',
  })
}

function listNotes({ gate, series, problems, history }: DataFacts): DataNote[] {
  const notes: DataNote[] = problems
    .filter(({ severity }) => severity === 'note')
    .map(({ reason, what, fix }) => ({ reason, what, fix }))
  const seen = series.filter(hasSamples)
  if (gate === 'errorRate' && seen.length > 0 && !seen.some(({ role }) => role === 'failed')) {
    notes.push({
      reason: 'FailuresNeverSeen',
      what: 'no failed request in either arm',
      fix: 'if that surprises you, check the label and the codes that tell failed requests',
    })
  }
  if (history && history.foundMs < history.askedMs) {
    notes.push({
      reason: 'HistoryShort',
      what: `${renderMinutes(history.foundMs)} of history instead of ${renderMinutes(history.askedMs)}`,
      fix: 'more noise is assumed meanwhile, so findings take longer',
    })
  }
  return notes
}
