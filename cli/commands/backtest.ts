/**
 * `penstock backtest`: what policies would have done over hours or days of a real Prometheus: to healthy rollouts that are made up of stable's pods, and
 * to the releases that happened. It reads only.
 */

import type { VersionSeries } from '../../analysis/domain/backtest/gate-source.ts'
import { lengthOfPlan } from '../../analysis/domain/backtest/plan.ts'
import type { FiredAlert } from '../../analysis/domain/backtest/replay-plan.ts'
import { TransportError } from '../../controller/runtime/http.ts'
import { createAsk, createMetricAsk } from '../backtest/ask-past.ts'
import { createCachedSend, type Send } from '../backtest/cached-send.ts'
import { type CompiledPolicy, compilePolicy } from '../backtest/compile-gates.ts'
import type { CompiledMetric } from '../backtest/compile-metrics.ts'
import { findAbsence } from '../backtest/find-absence.ts'
import { type Inspected, inspectMetric } from '../backtest/inspect-metrics.ts'
import { type PlayOrder, playPolicy } from '../backtest/play.ts'
import { createProgress, type Progress } from '../backtest/progress.ts'
import { readAlerts } from '../backtest/read-alerts.ts'
import { readPolicies } from '../backtest/read-files.ts'
import { countQuestions, readPast } from '../backtest/read-past.ts'
import { POD_LABELS, readTraffic } from '../backtest/read-traffic.ts'
import { renderJson } from '../backtest/render-json.ts'
import { listNotes, type PolicyReport, renderReport } from '../backtest/render-report.ts'
import { readDuration, readParallel, readTime } from '../backtest/time-arguments.ts'
import { writePlots } from '../backtest/write-plots.ts'
import { CliError, type ExitCode } from '../cli-error.ts'
import type { CliDeps } from '../deps.ts'
import { readManifestTexts } from '../manifest-files.ts'
import { type CommonOptions, sendJson } from '../options.ts'
import { printable } from '../terminal.ts'

export interface BacktestOptions extends Pick<CommonOptions, 'json' | 'color'> {
  readonly file: readonly string[]
  readonly compare?: readonly string[]
  readonly prometheus: string
  readonly from: string
  readonly to: string
  readonly every?: string
  readonly parallel: string
  readonly cache?: string
  readonly plot?: string
}

interface Backtest {
  readonly compiled: readonly CompiledPolicy[]
  readonly from: number
  readonly to: number
  /** From one pseudo-rollout to the next. */
  readonly everyMs: number
  readonly parallel: number
}

/** 0: replayed, whatever came of it. */
export async function runBacktest(options: BacktestOptions, deps: CliDeps): Promise<ExitCode> {
  const backtest = await readBacktest(options, deps)
  const http = await deps.openHttp()
  const progress = createProgress(deps.terminal)
  const send: Send = (request) => http.send(request, deps.signal)
  const { cache } = options
  const cached = cache === undefined ? send : createCachedSend(send, cache, deps.clock.now()).send
  try {
    const reports: PolicyReport[] = []
    for (const compiled of backtest.compiled) {
      const series = await readAll(compiled, { ...backtest, address: options.prometheus }, cached, progress)
      const historyFrom = historyStart(compiled, backtest.from)
      const { inspect, ...seen } = await openMetrics(compiled, { ...backtest, address: options.prometheus }, cached)
      const alerts = await readFired(compiled, { ...backtest, address: options.prometheus }, cached)
      const result = await playPolicy({
        ...backtest,
        compiled,
        alerts,
        series,
        ...seen,
        inspect,
        historyFrom,
        signal: deps.signal,
        onCases: (count) => progress.begin(`${compiled.policy.name}: playing case`, count),
        onCase: progress.advance,
      })
      if (result.pseudo.length + result.releases.length === 0)
        throw new CliError(`${result.plan.name}: nothing to replay: ${listNotes(result, backtest).join('; ')}`)
      reports.push({ compiled, result })
    }
    progress.end()
    if (options.plot !== undefined) {
      const count = await writePlots(options.plot, reports)
      deps.terminal.err(`${count} plots written to ${options.plot}\n`)
    }
    if (options.json === true) sendJson(deps, renderJson(reports, backtest))
    else
      for (const line of renderReport(reports, backtest).trimEnd().split('\n'))
        deps.terminal.out(`${printable(line)}\n`)
    return 0
  } catch (error) {
    progress.end()
    if (deps.signal.aborted || (error instanceof TransportError && error.kind === 'cancelled'))
      throw new CliError(describeInterruption(cache), 1, { cause: error })
    throw error
  } finally {
    http.close()
  }
}

const describeInterruption = (cache: string | undefined): string =>
  cache === undefined
    ? 'interrupted; with --cache DIR the same command goes on where it was stopped'
    : `interrupted; what was read is kept in ${cache}, and the same command goes on from there`

async function readBacktest(options: BacktestOptions, deps: CliDeps): Promise<Backtest> {
  const now = deps.clock.now()
  const to = Math.min(now, readTime('--to', options.to, now))
  const from = readTime('--from', options.from, now)
  const files = await readManifestTexts([...options.file, ...(options.compare ?? [])], deps)
  const compiled = readPolicies(files).map(compilePolicy)
  const longestMs = Math.max(...compiled.map(({ policy }) => lengthOfPlan(policy)))
  if (to - from < longestMs)
    throw new CliError(
      `--from and --to are ${Math.max(0, to - from) / 60_000} minutes apart, and the plan takes ${longestMs / 60_000}`,
      2,
    )
  const everyMs = options.every === undefined ? longestMs : readDuration('--every', options.every)
  return { compiled, from, to, everyMs, parallel: readParallel(options.parallel) }
}

const BASE_MS = 120_000

const historyStart = ({ gates }: CompiledPolicy, from: number): number =>
  from - Math.max(0, ...gates.map(({ gate }) => gate.historyMs)) - BASE_MS

async function readAll(
  compiled: CompiledPolicy,
  { from, to, parallel, address }: Backtest & { readonly address: string },
  send: Send,
  progress: Progress,
): Promise<readonly VersionSeries[]> {
  const all: VersionSeries[] = []
  const start = historyStart(compiled, from)
  for (const gate of compiled.gates) {
    const ask = createAsk(gate, address, send)
    progress.begin(`${compiled.policy.name}: reading ${gate.gate.name}, chunk`, countQuestions(gate, start, to))
    const series = await readPast({ gate, from: start, to, parallel, onChunk: progress.advance }, ask)
    if (series.size === 0) throw new CliError(await findAbsence(gate, to, ask))
    all.push(series)
  }
  return all
}

/** Traffic is read where no gate shows it. */
async function openMetrics(
  compiled: CompiledPolicy,
  { from, to, address }: Backtest & { readonly address: string },
  send: Send,
): Promise<Pick<PlayOrder, 'inspect' | 'traffic'>> {
  const open = (metric: CompiledMetric) => createMetricAsk(metric, address, send)
  const podLabels = [...new Set([...compiled.gates.map(({ plan }) => plan.podLabel), ...POD_LABELS])]
  const inspect: PlayOrder['inspect'] = async (versions) => {
    const found: Inspected[] = []
    for (const metric of compiled.metrics) {
      const { range, kind } = open(metric)
      found.push(await inspectMetric({ metric, versions, from, to, podLabels }, range, kind))
    }
    return found
  }
  if (compiled.gates.length > 0) return { inspect }
  return { inspect, traffic: await readTraffic(compiled, { from, to }, (metric) => open(metric).range) }
}

/** Asked as the first gate or metric is: there is one at least. */
async function readFired(
  { policy, gates, metrics }: CompiledPolicy,
  { from, to, parallel, address }: Backtest & { readonly address: string },
  send: Send,
): Promise<readonly FiredAlert[]> {
  const [gate] = gates
  const [metric] = metrics
  const ask = gate ? createAsk(gate, address, send) : metric && createMetricAsk(metric, address, send).samples
  if (!ask) return []
  return await readAlerts({ policy: policy.name, matchers: policy.alerts, from, to, parallel }, ask)
}
