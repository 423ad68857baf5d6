/**
 * Plays the cases of one policy, with a breath between any two of them so that an interrupt is heard. Samples of gates come as series; what metrics would
 * have measured is read case by case.
 */
import { setImmediate as breathe } from 'node:timers/promises'
import { createCountSource } from '../../analysis/domain/backtest/count-source.ts'
import { asReleased, dealStable } from '../../analysis/domain/backtest/deal-pods.ts'
import { findReleases, findTraffic, type PastRelease } from '../../analysis/domain/backtest/find-traffic.ts'
import type { GateSource, VersionSeries } from '../../analysis/domain/backtest/gate-source.ts'
import { createLatencySource } from '../../analysis/domain/backtest/latency-source.ts'
import type { BacktestPlan } from '../../analysis/domain/backtest/plan.ts'
import {
  listPseudoRollouts,
  type PseudoRollout,
  type PseudoRollouts,
} from '../../analysis/domain/backtest/pseudo-rollouts.ts'
import { type FiredAlert, type Played, playPlan } from '../../analysis/domain/backtest/replay-plan.ts'
import { CliError } from '../cli-error.ts'
import type { CompiledPolicy } from './compile-gates.ts'
import type { Inspected, ReplayableMetric } from './inspect-metrics.ts'
import { readMetrics } from './read-metrics.ts'
import { findOldest } from './read-past.ts'
import { countPods } from './read-traffic.ts'

export interface PlayOrder {
  readonly compiled: CompiledPolicy
  /** By gate, in the policy's order. */
  readonly series: readonly VersionSeries[]
  /** Of a policy without gates: what shows when versions had traffic. */
  readonly traffic?: VersionSeries
  /** Which metrics can be replayed, once it is known which versions there were. */
  readonly inspect: (versions: readonly string[]) => Promise<readonly Inspected[]>
  readonly parallel: number
  readonly alerts: readonly FiredAlert[]
  /** Epoch milliseconds. */
  readonly from: number
  readonly to: number
  /** Of the oldest sample that was asked for. */
  readonly historyFrom: number
  readonly everyMs: number
  readonly signal: AbortSignal
  readonly onCases: (count: number) => void
  readonly onCase: () => void
}

export interface PlayedPseudo {
  readonly window: PseudoRollout
  readonly played: Played
}

export interface PlayedRelease {
  readonly release: PastRelease
  readonly played: Played
  /**
   * Bad requests (or missing events) of the new version from the abort to the release's end, as the aborting gate counts them, or the first one where a
   * metric aborts; undefined without gates.
   */
  readonly saved: number | undefined
  /** The same over the whole release. */
  readonly bad: number | undefined
}

export interface PlayedPolicy {
  readonly plan: BacktestPlan
  readonly windows: PseudoRollouts
  readonly pods: number
  readonly pseudo: readonly PlayedPseudo[]
  readonly releases: readonly PlayedRelease[]
  readonly versions: readonly string[]
  /** Of the oldest sample that there is, epoch milliseconds; undefined without any. */
  readonly oldest: number | undefined
  /** What is worth knowing about the samples. */
  readonly problems: readonly string[]
}

export async function playPolicy(order: PlayOrder): Promise<PlayedPolicy> {
  const { compiled, series, from, to, everyMs } = order
  const plan: BacktestPlan = {
    name: compiled.policy.name,
    stages: compiled.policy.stages,
    gates: compiled.gates.map(({ gate }) => gate),
    mode: compiled.policy.mode,
  }
  const sources = plan.gates.map((gate, index) => {
    const input = { gate, series: series[index] ?? new Map(), from: order.historyFrom, to }
    return gate.gate === 'latency' ? createLatencySource(input) : createCountSource(input)
  })
  const problems = sources.flatMap((source) =>
    source.problems.map((problem) => ({ ...problem, gate: source.gate.name })),
  )
  const broken = problems.find(({ severity }) => severity === 'error')
  if (broken) throw new CliError(`${broken.gate}: ${broken.what}; ${broken.fix}`)
  const [first] = sources
  const range = { from, to }
  const shown = series[0] ?? order.traffic ?? new Map()
  const traffic = findTraffic(shown)
  const releases = findReleases(traffic, { from: order.historyFrom, to }).filter(({ until }) => until > from)
  const podsAt = (version: string, at: number): number => first?.podsAt(version, at) ?? countPods(shown, version, at)
  const windows = listPseudoRollouts({ plan, range, everyMs, traffic, releases, podsAt })
  const versions = [...traffic].flatMap(([version, spans]) => (spans.length > 0 ? [version] : []))
  const inspected = await order.inspect(versions)
  const metrics = inspected.flatMap(({ metric }) => metric ?? [])
  const stage: Stage = { plan, sources, metrics, alerts: order.alerts, parallel: order.parallel }
  order.onCases(windows.cases.length + releases.length)
  const pseudo: PlayedPseudo[] = []
  for (const window of windows.cases) {
    await pause(order)
    const played = await playWindow(stage, window)
    pseudo.push({ window, played })
  }
  const past: PlayedRelease[] = []
  for (const release of releases) {
    await pause(order)
    past.push(await playRelease(stage, release))
  }
  const [middle] = windows.cases
  return {
    plan,
    windows,
    pods: middle ? podsAt(middle.version, middle.since) : 0,
    pseudo,
    releases: past,
    versions,
    oldest: findOldest([shown, ...series.slice(1)]),
    problems: [
      ...new Set(problems.map(({ gate, what }) => `${gate}: ${what}`)),
      ...inspected.flatMap(({ note }) => note ?? []),
    ],
  }
}

async function pause({ signal, onCase }: PlayOrder): Promise<void> {
  await breathe()
  signal.throwIfAborted()
  onCase()
}

interface Stage {
  readonly plan: BacktestPlan
  readonly sources: readonly GateSource[]
  readonly metrics: readonly ReplayableMetric[]
  readonly parallel: number
  readonly alerts: readonly FiredAlert[]
}

async function playWindow({ plan, sources, alerts, ...stage }: Stage, window: PseudoRollout): Promise<Played> {
  const { version, since, until, seed } = window
  const deal = dealStable(seed)
  const firstWeightPercent = plan.stages[0]?.weightPercent ?? 0
  const gates = sources.map((source) => ({
    gate: source.gate,
    track: source.stableTrack({ version, since, until, deal, firstWeightPercent }),
  }))
  const arms = { since, until, canary: version, stable: version, seed, stages: plan.stages }
  const metrics = await readMetrics(stage.metrics, arms, stage.parallel)
  return playPlan({ plan, gates, metrics, since, until, deal, alerts })
}

async function playRelease({ plan, sources, alerts, ...stage }: Stage, release: PastRelease): Promise<PlayedRelease> {
  const { since, until } = release
  const gates = sources.map((source) => ({ gate: source.gate, track: source.releaseTrack(release) }))
  const metrics = await readMetrics(stage.metrics, { ...release, stages: plan.stages }, stage.parallel)
  const played = playPlan({ plan, gates, metrics, since, until, deal: asReleased, alerts })
  const counted = gates.find(({ gate }) => gate.name === played.gate) ?? gates[0]
  return {
    release,
    played,
    saved: played.outcome === 'aborted' ? counted && Math.round(counted.track.countBad(played.at)) : 0,
    bad: counted && Math.round(counted.track.countBad(since)),
  }
}
