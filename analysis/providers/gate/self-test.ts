/**
 * `selfTest` of a gate: before its first look it replays itself on the last hours of stable's pods, says in the measurement what came of it, and may ask a
 * person before any traffic shifts. The result is kept in the metadata, so that neither the next look nor a restart does it again. It must not judge the
 * canary. Bounded in questions (a half hour each), pods and cases; it breathes between cases.
 */
import { setImmediate as breathe } from 'node:timers/promises'
import { STAGE } from '../../../controller/api/labels.ts'
import { readReleaseStage } from '../../../controller/api/release-stage.ts'
import type { GatePlan } from '../../../controller/metric-language/gate-plan.ts'
import { createStableCounts } from '../../domain/backtest/count-source.ts'
import type { StableSource } from '../../domain/backtest/gate-source.ts'
import { createStableLatencies } from '../../domain/backtest/latency-source.ts'
import type { PlanGate } from '../../domain/backtest/plan.ts'
import { createSelfTest, type SelfTestCase, type SelfTestResult } from '../../domain/backtest/self-test.ts'
import { planStages } from '../../domain/backtest/self-test-stages.ts'
import { listBounds } from '../../domain/gates/latency-counters.ts'
import { readLatencyHistory } from '../../domain/gates/read-latency-ticks.ts'
import { readStableHistory } from '../../domain/gates/read-ticks.ts'
import type { GateSeries, LatencyTick } from '../../domain/gates/samples.ts'
import type { Tick } from '../../domain/stats/ticks.ts'
import type { LongProviderModule, LookOrder, LookOutcome, LookPorts } from '../long-provider.ts'
import { askSamples } from './ask-prometheus.ts'
import { type AskedGate, openAccess, readAsked } from './asked-gate.ts'
import { createClassifier, type Purpose } from './classify.ts'
import { listPurposes, renderHistory } from './queries.ts'
import type { Ask } from './samples-of-run.ts'
import { type Piece, readHistory } from './stable-history.ts'

/** Key of a measurement's metadata: one sentence. */
export const SELF_TEST = 'penstock.dev/self-test'

/** More pods say the same, and cost memory. */
const MOST_PODS = 24
const MOST_REMEMBERED = 6000

/** The gate, with a self-test before its first look where its configuration asks for one. */
export function withSelfTest(gate: LongProviderModule): LongProviderModule {
  /** By run and metric, for as long as no measurement holds it. */
  const done = new Map<string, string>()
  return {
    ...gate,
    async look(order, ports, signal) {
      const asked = readAsked(order)
      if (!asked || asked.plan.selfTestMs === 0 || asked.plan.isNotAskedFor)
        return await gate.look(order, ports, signal)
      const key = `${order.run.uid}\n${order.metric.name}`
      const known = order.open?.metadata?.[SELF_TEST] ?? done.get(key)
      if (known !== undefined) return addText(await gate.look(order, ports, signal), known, false)
      const result = await test(asked, order, ports)
      if ('problem' in result) return { kind: 'error', message: `self-test: ${result.problem}` }
      done.set(key, result.text)
      const [oldest] = done.keys()
      if (done.size > MOST_REMEMBERED && oldest !== undefined) done.delete(oldest)
      if (result.isBad && asked.plan.onSelfTest === 'hold')
        return { kind: 'decided', phase: 'Inconclusive', message: result.text, metadata: { [SELF_TEST]: result.text } }
      return addText(await gate.look(order, ports, signal), result.text, true)
    },
    forget(runUid) {
      for (const key of done.keys()) if (key.startsWith(`${runUid}\n`)) done.delete(key)
      gate.forget?.(runUid)
    },
  }
}

/** The message says it once, the metadata keeps it. */
function addText(outcome: LookOutcome, text: string, isFirst: boolean): LookOutcome {
  if (outcome.kind !== 'running' && outcome.kind !== 'decided') return outcome
  const message = outcome.message ?? (isFirst ? text : undefined)
  return {
    ...outcome,
    metadata: { ...outcome.metadata, [SELF_TEST]: text },
    ...(message === undefined ? {} : { message }),
  }
}

async function test(
  asked: AskedGate,
  order: LookOrder,
  ports: LookPorts,
): Promise<SelfTestResult | { readonly problem: string }> {
  const { plan } = asked
  const access = openAccess(asked, order)
  if ('problem' in access) return access
  const to = order.run.createdAt
  const read = await readSource(order.metric.name, plan, to, (window) => askSamples(access, window, ports.send))
  if ('problem' in read) return read
  const run = createSelfTest({
    ...read,
    from: to - plan.selfTestMs,
    to,
    stages: planStages(readReleaseStage(order.run.annotations[STAGE]), plan.durationMs),
  })
  const played: SelfTestCase[] = []
  for (const index of run.starts.keys()) {
    await breathe()
    const one = run.play(index)
    if (one) played.push(one)
  }
  return run.conclude(played)
}

type Source = { readonly gate: PlanGate; readonly source: StableSource } | { readonly problem: string }

/** Pieces become ticks one by one; the samples themselves are forgotten. */
async function readSource(name: string, plan: GatePlan, to: number, ask: Ask): Promise<Source> {
  const { gate: id, thresholds, historyMs, onUndecided, version } = plan
  const gate: PlanGate = { name, gate: id, rule: thresholds, historyMs, onUndecided, maxHoldMs: 0, watchesFrom: 0 }
  const counts: Tick[] = []
  const latencies: LatencyTick[] = []
  let bounds: readonly number[] = []
  let tickMs = 0
  const parts = listPurposes(plan).map((purpose) => partOf(plan, purpose))
  const range = { from: to - plan.selfTestMs - historyMs, to }
  const problem = await readHistory({ parts, versionLabel: version.label, ...range }, ask, (piece: Piece) => {
    const series = keepSomePods(piece.series)
    const { warmupMs, leastTickMs } = thresholds
    const options = { from: piece.from, now: piece.to, warmupMs, ...(leastTickMs === undefined ? {} : { leastTickMs }) }
    if (id === 'latency') {
      if (bounds.length === 0) bounds = listBounds(series)
      const reading = readLatencyHistory(series, bounds, options)
      for (const tick of reading.ticks) latencies.push(tick)
      tickMs = Math.max(tickMs, reading.tickMs)
    } else {
      const reading = readStableHistory(series, options)
      for (const tick of reading.ticks) counts.push(tick)
      tickMs = Math.max(tickMs, reading.tickMs)
    }
  })
  if (problem !== undefined) return { problem }
  const source =
    id === 'latency'
      ? createStableLatencies(gate, new Map([['', latencies]]), { bounds, tickMs })
      : createStableCounts(gate, new Map([['', counts]]), tickMs)
  return { gate, source }
}

function partOf(plan: GatePlan, purpose: Purpose) {
  const { version, matchers } = plan
  const classify = createClassifier(
    plan,
    purpose,
    matchers.map(({ label }) => label),
  )
  return {
    selector: renderHistory(plan, purpose).selector,
    classify: (labels: Readonly<Record<string, string>>, isNative: boolean) =>
      classify({ ...labels, [version.label]: version.stable }, isNative),
  }
}

function keepSomePods(series: readonly GateSeries[]): readonly GateSeries[] {
  const pods = new Set([...new Set(series.map(({ pod }) => pod))].sort().slice(0, MOST_PODS))
  return series.filter(({ pod }) => pods.has(pod))
}
