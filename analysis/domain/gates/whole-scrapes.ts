/**
 * Leaves out scrapes of which a part is missing. All counters of a target are scraped together, so one that was there before and is missing while
 * others go on was lost on its way (a store that answers in part, a dropped write): counted as nothing, lost requests would read as failures.
 *
 *   a counter has no sample at a scrape of its target   the scrape
 *   it has not appeared yet                             is whole: client libraries export no series before the first event
 *   others fell since its last sample                   is whole: the process started anew, and the counter is new again
 *   it had stood still for its last four samples        is whole: exporters drop what is idle, and if it was lost, little is
 *   otherwise                                           is left out; what it added comes with the next whole one
 */
import type { Counter, PodCounters } from './clean-counters.ts'

/** The same counters where nothing is missing. */
export function dropPartialScrapes(pod: PodCounters): PodCounters {
  if (isWhole(pod.counters)) return pod
  const counters = groupTargets(pod.counters).flatMap((target) => (isWhole(target) ? target : dropPartial(target)))
  return { ...pod, counters }
}

/** Every counter goes on to the end from where it begins. A count tells it, as times ascend strictly. */
function isWhole(counters: readonly Counter[]): boolean {
  const [longest] = counters.toSorted((one, other) => other.times.length - one.times.length)
  if (longest === undefined) return true
  const { times } = longest
  return counters.every((counter) => {
    const start = times.length - counter.times.length
    return counter.times[0] === times[start] && counter.times[counter.times.length - 1] === times[times.length - 1]
  })
}

/** Targets of one pod are scraped at times of their own: counters that share a time belong together. */
function groupTargets(counters: readonly Counter[]): readonly Counter[][] {
  const targets: { times: Set<number>; counters: Counter[] }[] = []
  for (const counter of counters.toSorted((one, other) => other.times.length - one.times.length)) {
    const times = Array.from(counter.times)
    const target = targets.find((known) => times.some((time) => known.times.has(time)))
    if (target === undefined) targets.push({ times: new Set(times), counters: [counter] })
    else {
      for (const time of times) target.times.add(time)
      target.counters.push(counter)
    }
  }
  return targets.map((target) => target.counters)
}

function dropPartial(counters: readonly Counter[]): readonly Counter[] {
  const falls = listFalls(counters)
  const times = [...new Set(counters.flatMap((counter) => Array.from(counter.times)))].sort((a, b) => a - b)
  const partial = new Set<number>()
  for (const counter of counters) {
    const own = new Map(Array.from(counter.times, (time, index) => [time, index]))
    let seenAt: number | undefined
    for (const time of times) {
      if (own.has(time)) seenAt = time
      else if (seenAt !== undefined && !hasFall(falls, seenAt, time) && !isIdle(counter, own.get(seenAt) ?? 0))
        partial.add(time)
    }
  }
  return counters.map((counter) => keepTimes(counter, partial)).filter((counter) => counter.times.length > 0)
}

const IDLE_SAMPLES = 4

/** Whether a counter had not moved for a while at this sample. */
function isIdle({ values }: Counter, sample: number): boolean {
  return sample >= IDLE_SAMPLES - 1 && values[sample] === values[sample - IDLE_SAMPLES + 1]
}

/** Times at which any counter is lower than at its sample before. */
function listFalls(counters: readonly Counter[]): readonly number[] {
  const falls: number[] = []
  for (const { times, values } of counters)
    for (let index = 1; index < values.length; index++)
      if ((values[index] ?? 0) < (values[index - 1] ?? 0)) falls.push(times[index] ?? 0)
  return falls
}

const hasFall = (falls: readonly number[], after: number, until: number): boolean =>
  falls.some((time) => time > after && time <= until)

function keepTimes({ times, values, columns }: Counter, partial: ReadonlySet<number>): Counter {
  const kept = Array.from(times).flatMap((time, index) =>
    partial.has(time) ? [] : [{ time, value: values[index] ?? 0 }],
  )
  return { times: kept.map(({ time }) => time), values: kept.map(({ value }) => value), columns }
}
