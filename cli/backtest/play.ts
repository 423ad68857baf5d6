/** Plays the cases of one policy, with a breath between any two of them so that an interrupt is heard. Reads nothing: samples come as series. */
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
import { findOldest } from './read-past.ts'

export interface PlayOrder {
  readonly compiled: CompiledPolicy
  /** By gate, in the policy's order. */
  readonly series: readonly VersionSeries[]
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
  /** Bad requests (or missing events) of the new version from the abort to the release's end, as the aborting gate counts them. */
  readonly saved: number
  /** The same over the whole release. */
  readonly bad: number
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
  const traffic = findTraffic(series[0] ?? new Map())
  const releases = findReleases(traffic, { from: order.historyFrom, to }).filter(({ until }) => until > from)
  const podsAt = (version: string, at: number): number => first?.podsAt(version, at) ?? 0
  const windows = listPseudoRollouts({ plan, range, everyMs, traffic, releases, podsAt })
  order.onCases(windows.cases.length + releases.length)
  const pseudo: PlayedPseudo[] = []
  for (const window of windows.cases) {
    await pause(order)
    const played = playWindow({ plan, sources, alerts: order.alerts }, window)
    pseudo.push({ window, played })
  }
  const past: PlayedRelease[] = []
  for (const release of releases) {
    await pause(order)
    past.push(playRelease({ plan, sources, alerts: order.alerts }, release))
  }
  const [middle] = windows.cases
  return {
    plan,
    windows,
    pods: middle ? podsAt(middle.version, middle.since) : 0,
    pseudo,
    releases: past,
    versions: [...traffic].flatMap(([version, spans]) => (spans.length > 0 ? [version] : [])),
    oldest: findOldest(series),
    problems: [...new Set(problems.map(({ gate, what }) => `${gate}: ${what}`))],
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
  readonly alerts: readonly FiredAlert[]
}

function playWindow({ plan, sources, alerts }: Stage, window: PseudoRollout): Played {
  const { version, since, until, seed } = window
  const deal = dealStable(seed)
  const firstWeightPercent = plan.stages[0]?.weightPercent ?? 0
  const gates = sources.map((source) => ({
    gate: source.gate,
    track: source.stableTrack({ version, since, until, deal, firstWeightPercent }),
  }))
  return playPlan({ plan, gates, since, until, deal, alerts })
}

function playRelease({ plan, sources, alerts }: Stage, release: PastRelease): PlayedRelease {
  const { since, until } = release
  const gates = sources.map((source) => ({ gate: source.gate, track: source.releaseTrack(release) }))
  const played = playPlan({ plan, gates, since, until, deal: asReleased, alerts })
  const counted = gates.find(({ gate }) => gate.name === played.gate) ?? gates[0]
  return {
    release,
    played,
    saved: played.outcome === 'aborted' ? Math.round(counted?.track.countBad(played.at) ?? 0) : 0,
    bad: Math.round(counted?.track.countBad(since) ?? 0),
  }
}
