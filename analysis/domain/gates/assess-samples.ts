/** Between a case and the readers of samples: what they are asked with, and what their answer means for the verdict. */

import type { CountedTick, DataFacts, DataNote } from './data-facts.ts'
import type { SampleState } from './decide-outcome.ts'
import type { GateCase } from './gate-case.ts'
import { readData } from './no-data.ts'
import type { TickOptions, TickReading } from './read-ticks.ts'
import { findFirstLogged, keepNewest, unpackSeries } from './sample-log.ts'
import type { GateSeries } from './samples.ts'

export function tickOptionsOf({ rule, since, now, scrapeIntervalMs, readyAt }: GateCase): TickOptions {
  return {
    from: since,
    now,
    warmupMs: rule.warmupMs,
    ...(rule.leastTickMs === undefined ? {} : { leastTickMs: rule.leastTickMs }),
    ...(scrapeIntervalMs === undefined ? {} : { scrapeIntervalMs }),
    ...(readyAt === undefined ? {} : { readyAt }),
  }
}

export interface SampleAssessment {
  readonly samples: SampleState
  /** What keeps the samples from being whole comes first. */
  readonly problems: readonly DataNote[]
}

export function assessSamples(
  gateCase: GateCase,
  reading: TickReading<CountedTick>,
  special: Pick<DataFacts, 'buckets' | 'isAlone'> = {},
): SampleAssessment {
  const { gate, rule, log, since, now, canaryUp, warnings, history, queries } = gateCase
  const data = readData({
    gate,
    series: log === undefined ? gateCase.series : keepNewest(log),
    ...reading,
    from: since,
    now,
    warmupMs: rule.warmupMs,
    queries,
    ...(canaryUp === undefined ? {} : { canaryUp }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(history === undefined ? {} : { history }),
    ...special,
  })
  if (data.kind === 'evidence') return { samples: 'whole', problems: data.notes }
  const { kind, usable, reason, what, fix, notes } = data
  const samples = usable ? (kind === 'hold' ? 'thin' : 'missing') : 'unusable'
  return { samples, problems: [{ reason, what, fix }, ...notes] }
}

/** The canary's counters of failed requests, from the start on. */
export const listFailed = (gateCase: Pick<GateCase, 'series' | 'log'>): readonly GateSeries[] =>
  gateCase.log === undefined
    ? gateCase.series
    : unpackSeries(gateCase.log.filter(({ arm, role }) => arm === 'canary' && role === 'failed'))

/** When the canary may have had its first request, warm or not: the scrape before the one that shows it. Epoch milliseconds. */
export function findExposure(gateCase: GateCase, scrapeIntervalMs: number): number | undefined {
  const { since, log } = gateCase
  const isCounted = ({ arm, role }: Pick<GateSeries, 'arm' | 'role'>): boolean => arm === 'canary' && role !== 'events'
  const shown =
    log === undefined
      ? gateCase.series.filter(isCounted).map((one) => findFirstCount(one, since))
      : log.filter(isCounted).map((one) => findFirstLogged(one, since))
  const first = Math.min(...shown.filter((time) => time !== undefined))
  return Number.isFinite(first) ? Math.max(since, first - scrapeIntervalMs) : undefined
}

const findFirstCount = ({ times, values, histograms }: GateSeries, since: number): number | undefined =>
  times.find((time, index) => time >= since && (values[index] ?? histograms?.[index]?.count ?? 0) > 0)
