/**
 * When versions had traffic, and with which pods, for a policy without a gate: counters behind a query that names a version by a label of its own, one
 * sum for each pod and minute.
 */
import type { VersionSeries } from '../../analysis/domain/backtest/gate-source.ts'
import type { GateSeries } from '../../analysis/domain/gates/samples.ts'
import type { RawSeries } from '../../analysis/providers/gate/matrix.ts'
import { CliError } from '../cli-error.ts'
import type { AskRange } from './ask-past.ts'
import type { CompiledPolicy } from './compile-gates.ts'

/** In the order of preference. */
export const POD_LABELS = ['pod', 'instance'] as const

const STEP_MS = 60_000
const MOST_POINTS = 10_000

/** Throws CliError where no query names a version so, or nothing had traffic. */
export async function readTraffic(
  { policy, metrics }: CompiledPolicy,
  { from, to }: { readonly from: number; readonly to: number },
  openAsk: (metric: CompiledPolicy['metrics'][number]) => AskRange,
): Promise<VersionSeries> {
  const stepMs = Math.max(STEP_MS, Math.ceil((to - from) / MOST_POINTS))
  const candidates = metrics.flatMap((metric) =>
    metric.query.selectors.flatMap(({ ofAll }) => (ofAll === undefined ? [] : [{ metric, ...ofAll }])),
  )
  for (const { metric, selector, label } of candidates) {
    const query = `sum by (${[label, ...POD_LABELS].join(', ')}) (${selector})`
    const found = await openAsk(metric)(query, { from, to, stepMs })
    if (found.length > 0) return groupByVersion(found, label)
  }
  const [first] = candidates
  if (first !== undefined)
    throw new CliError(
      `${first.metric.name}: no series match ${first.selector} in that time; compare its names and labels with what Prometheus has, and --from and --to with its retention`,
    )
  throw new CliError(
    `${policy.name} has no statistical gate, and no query with a matcher such as version="{{args.canary-hash}}": nothing tells when there was a release`,
    2,
  )
}

function groupByVersion(found: readonly RawSeries[], label: string): VersionSeries {
  const byVersion = new Map<string, GateSeries[]>()
  for (const { labels, times, values } of found) {
    const version = labels[label] ?? ''
    const own = byVersion.get(version) ?? []
    byVersion.set(version, own)
    const pod = POD_LABELS.map((name) => labels[name]).find((name) => name) ?? ''
    own.push({ arm: 'stable', role: 'requests', pod, times, values })
  }
  return byVersion
}

/** Samples are so far apart at most. */
const RECENT_MS = 5 * STEP_MS

export const countPods = (series: VersionSeries, version: string, at: number): number =>
  new Set(
    (series.get(version) ?? []).flatMap(({ pod, times }) =>
      times.some((time) => time <= at && time > at - RECENT_MS) ? [pod] : [],
    ),
  ).size
