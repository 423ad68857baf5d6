/**
 * Suite `idle`: what a controller costs that has nothing to do. All rollouts are healthy; it reads the controller's own metrics now and then,
 * which is all that disturbs it.
 */
import type { CanaryStep } from '../../controller/api/rollout.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import type { StopList } from '../../sandbox/stop-list.ts'
import { subtractCalls, sumWrites } from './controller-metrics.ts'
import { renderCanary } from './manifests.ts'
import { type Stage, withStage } from './stage.ts'
import { untilQuiet } from './writes.ts'

export interface IdleOptions {
  readonly rollouts: number
  readonly minutes: number
  readonly say: (text: string) => void
  readonly stops: StopList
  readonly bundle?: string
}

export interface IdleResult {
  readonly rollouts: number
  readonly minutes: number
  /** To the API server, those to the Lease left out. */
  readonly writes: number
  readonly calls: Readonly<Record<string, number>>
  /** MiB, one reading every `sampleEverySeconds`. */
  readonly rssMb: readonly number[]
  readonly sampleEverySeconds: number
  /** Share of one core, 0 to 1. */
  readonly cpuShare: number
}

const steps: readonly CanaryStep[] = [{ setWeight: 25 }, { pause: {} }]
const SAMPLE_EVERY_MS = 15_000
/** What the first deployments left behind is collected by then. */
const REST_MS = 60_000
const BYTES_PER_MB = 1024 * 1024

export const measureIdle = (options: IdleOptions): Promise<IdleResult> =>
  withStage({ ...options, manifests: (name) => renderCanary(name, steps, options.rollouts > 100 ? 1 : 2) }, (stage) =>
    watchIdleness(stage, options),
  )

async function watchIdleness(stage: Stage, options: IdleOptions): Promise<IdleResult> {
  await untilQuiet(stage)
  options.say('a minute to come to rest')
  await clock.sleep(REST_MS)
  const before = await stage.controller.readMetrics()
  const startedMs = clock.monotonicMs()
  const endMs = startedMs + options.minutes * 60_000
  options.say(`idle for ${options.minutes} minutes`)
  const rssMb = [before.rssBytes / BYTES_PER_MB]
  let last = before
  while (clock.monotonicMs() < endMs) {
    await clock.sleep(Math.min(SAMPLE_EVERY_MS, endMs - clock.monotonicMs()))
    last = await stage.controller.readMetrics()
    rssMb.push(last.rssBytes / BYTES_PER_MB)
  }
  const calls = subtractCalls(last.writes, before.writes)
  return {
    rollouts: stage.names.length,
    minutes: options.minutes,
    writes: sumWrites(calls),
    calls,
    rssMb,
    sampleEverySeconds: SAMPLE_EVERY_MS / 1000,
    cpuShare: ((last.cpuSeconds - before.cpuSeconds) * 1000) / (clock.monotonicMs() - startedMs),
  }
}
