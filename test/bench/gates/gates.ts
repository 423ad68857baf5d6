/**
 * Suite `gates`: what statistical gates cost. First one look by itself, then the controller with many runs of three gates each, which look every 15 s at
 * a Prometheus that is only arithmetic. Runs are healthy and without an end, so that all of them go on looking.
 */
import type { AnalysisRun, MetricResult } from '../../../controller/api/analysis.ts'
import { GATE_KNOWLEDGE } from '../../../controller/api/verdict.ts'
import { analysisRuns } from '../../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import type { StopList } from '../../../sandbox/stop-list.ts'
import { waitFor } from '../../../sandbox/wait.ts'
import { NAMESPACE, renderCanary } from '../manifests.ts'
import { type Stage, withStage } from '../stage.ts'
import { EXPOSED_MINUTES, type LookCost, measureLook } from './look-cost.ts'
import { renderRun } from './manifests.ts'
import { type FakePrometheus, startFakePrometheus } from './start-prometheus.ts'

export interface GatesOptions {
  /** Runs of three gates. */
  readonly rollouts: number
  readonly minutes: number
  readonly say: (text: string) => void
  readonly stops: StopList
}

export interface GatesResult {
  readonly runs: number
  readonly minutes: number
  readonly look: LookCost
  /** Of three gates, once they know what they need. */
  readonly queriesPerLook: number
  readonly writesPerLook: number
  /** Share of one core, 0 to 1. */
  readonly cpuShare: number
  /** MiB, one reading every `sampleEverySeconds`. */
  readonly rssMb: readonly number[]
  readonly sampleEverySeconds: number
  /** What the first looks took, which read the history of all runs: seconds of CPU time and of the clock, queries. */
  readonly start: { readonly cpuSeconds: number; readonly seconds: number; readonly queries: number }
}

const LOOK_MS = 15_000
const SAMPLE_EVERY_MS = 15_000
const START_WITHIN_MS = 40 * 60_000
const BYTES_PER_MB = 1024 * 1024

export async function measureGates(options: GatesOptions): Promise<GatesResult> {
  options.say('one look by itself')
  const look = await measureLook()
  const prometheus = await startFakePrometheus()
  options.stops.add(() => prometheus.close())
  const measured = await withStage(
    {
      ...options,
      rollouts: 1,
      isServed: false,
      manifests: (name) => renderCanary(name, [], 1),
      controllerFlags: ['--allow-outbound=127.0.0.1', '--qps=500'],
    },
    (stage) => watch(stage, options, prometheus),
  )
  return { runs: options.rollouts, minutes: options.minutes, look, ...measured }
}

type Watched = Omit<GatesResult, 'runs' | 'minutes' | 'look'>

async function watch(stage: Stage, options: GatesOptions, prometheus: FakePrometheus): Promise<Watched> {
  const beforeAll = await stage.controller.readMetrics()
  const begun = clock.monotonicMs()
  options.say(`${options.rollouts} runs of three gates`)
  const { client } = stage.cluster
  const names = Array.from({ length: options.rollouts }, (_, index) => `run-${index + 1}`)
  for (const name of names) {
    await client.create(
      analysisRuns,
      renderRun(name, NAMESPACE, prometheus.url, clock.now() - EXPOSED_MINUTES * 60_000),
    )
    // Looks are spread over their interval, as those of releases are.
    await clock.sleep(LOOK_MS / names.length)
  }
  await untilAllKnow(stage, names)
  const atRest = await stage.controller.readMetrics()
  const start = {
    cpuSeconds: atRest.cpuSeconds - beforeAll.cpuSeconds,
    seconds: (clock.monotonicMs() - begun) / 1000,
    queries: await prometheus.queries(),
  }
  await clock.sleep(2 * LOOK_MS)
  options.say(`looking for ${options.minutes} minutes`)
  return { start, ...(await watchLooks(stage, options, prometheus)), sampleEverySeconds: SAMPLE_EVERY_MS / 1000 }
}

/** Until every gate has a verdict that rests on its history. */
async function untilAllKnow({ cluster, controller }: Stage, names: readonly string[]): Promise<void> {
  const waiting = new Set(names)
  await waitFor(
    async () => {
      // Rejects when the controller is gone.
      await controller.readMetrics()
      for (const name of [...waiting].slice(0, PEEKED)) {
        const run = await cluster.client.get<AnalysisRun>({ kind: analysisRuns, namespace: NAMESPACE, name })
        const results = run?.status?.metricResults ?? []
        if (results.filter(hasLearnt).length === GATES) waiting.delete(name)
      }
      return waiting.size === 0
    },
    { clock, what: 'the gates to read their history', withinMs: START_WITHIN_MS, everyMs: PEEK_EVERY_MS },
  )
}

const GATES = 3
const PEEKED = 50
/** Each time the metrics of all runs are rendered, which is work as well. */
const PEEK_EVERY_MS = 5_000

const hasLearnt = ({ measurements }: MetricResult): boolean =>
  measurements?.at(-1)?.metadata?.[GATE_KNOWLEDGE] !== undefined

async function watchLooks(stage: Stage, options: GatesOptions, prometheus: FakePrometheus) {
  const before = await stage.controller.readMetrics()
  const queriesBefore = await prometheus.queries()
  const startedMs = clock.monotonicMs()
  const endMs = startedMs + options.minutes * 60_000
  const rssMb: number[] = []
  let last = before
  while (clock.monotonicMs() < endMs) {
    await clock.sleep(Math.min(SAMPLE_EVERY_MS, endMs - clock.monotonicMs()))
    last = await stage.controller.readMetrics()
    rssMb.push(last.rssBytes / BYTES_PER_MB)
  }
  const queries = (await prometheus.queries()) - queriesBefore
  const lastedMs = clock.monotonicMs() - startedMs
  const looks = (options.rollouts * lastedMs) / LOOK_MS
  const writes = (last.writes['patch analysisruns'] ?? 0) - (before.writes['patch analysisruns'] ?? 0)
  return {
    queriesPerLook: queries / looks,
    writesPerLook: writes / looks,
    cpuShare: ((last.cpuSeconds - before.cpuSeconds) * 1000) / lastedMs,
    rssMb,
  }
}
