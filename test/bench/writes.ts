/**
 * Suite `writes`: what a release costs the API server. Counts the controller's own calls, from its metrics, for canaries of five steps that are
 * promoted, for the same canaries aborted by alert, and for blue-green. Events are counted apart: they are told once and never watched.
 */
import type { CanaryStep } from '../../controller/api/rollout.ts'
import { rollouts } from '../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import type { StopList } from '../../sandbox/stop-list.ts'
import { postAlert } from './alert.ts'
import { type ControllerMetrics, subtractCalls, sumWrites } from './controller-metrics.ts'
import { NAMESPACE, renderBlueGreen, renderCanary } from './manifests.ts'
import { isSettled, type Stage, withStage } from './stage.ts'

export interface WritesOptions {
  readonly rollouts: number
  readonly say: (text: string) => void
  readonly stops: StopList
  readonly bundle?: string
}

/** Calls per Rollout, by `verb kind`. */
export interface WriteCount {
  readonly calls: Readonly<Record<string, number>>
  readonly total: number
  readonly withoutEvents: number
}

export interface WritesResult {
  readonly rollouts: number
  readonly steps: number
  readonly promote: WriteCount & { readonly perStep: number }
  readonly abort: WriteCount
  readonly blueGreen: WriteCount
}

const steps: readonly CanaryStep[] = [
  { setWeight: 10 },
  { pause: { duration: 1 } },
  { setWeight: 50 },
  { pause: { duration: 1 } },
  { setWeight: 80 },
]
/** Delayed scale-downs come after two seconds; a longer silence means that all is done. */
const QUIET_MS = 5_000
const QUIET_WITHIN_MS = 120_000

export async function measureWrites(options: WritesOptions): Promise<WritesResult> {
  const { say } = options
  const canaries = { ...options, manifests: (name: string) => renderCanary(name, steps, 2) }
  const { promote, abort } = await withStage(canaries, async (stage) => ({
    promote: await countPromotion(stage, say),
    abort: await countAbort(stage, say),
  }))
  const pairs = { ...options, manifests: (name: string) => renderBlueGreen(name, 2) }
  const blueGreen = await withStage(pairs, (stage) => countPromotion(stage, say))
  const perStep = promote.withoutEvents / steps.length
  return { rollouts: options.rollouts, steps: steps.length, promote: { ...promote, perStep }, abort, blueGreen }
}

async function countPromotion(stage: Stage, say: WritesOptions['say']): Promise<WriteCount> {
  const before = await untilQuiet(stage)
  say('a release that is promoted')
  await Promise.all(stage.names.map((name) => stage.setImage(name, 2)))
  await stage.untilAll('the release to start', (rollout) => !isSettled(rollout, 'Healthy'))
  await stage.untilAll('the promotion', (rollout) => isSettled(rollout, 'Healthy'))
  return perRollout(await untilQuiet(stage), before, stage.names.length)
}

async function countAbort(stage: Stage, say: WritesOptions['say']): Promise<WriteCount> {
  say('a release that an alert aborts')
  await Promise.all(stage.names.map((name) => haltAtFirstPause(stage, name)))
  await Promise.all(stage.names.map((name) => stage.setImage(name, 3)))
  await stage.untilAll('the first pause', (rollout) => rollout.status?.controllerPause === true)
  const before = await untilQuiet(stage)
  await Promise.all(stage.names.map((name) => postAlert(stage, name, 3)))
  await stage.untilAll('the abort', (rollout) => rollout.status?.abort === true)
  return perRollout(await untilQuiet(stage), before, stage.names.length)
}

function haltAtFirstPause(stage: Stage, name: string): Promise<unknown> {
  const halting = steps.map((step) => (step.pause ? { pause: {} } : step))
  const ref = { kind: rollouts, namespace: NAMESPACE, name }
  return stage.cluster.client.patch(ref, 'merge', { spec: { strategy: { canary: { steps: halting } } } })
}

function perRollout(later: ControllerMetrics, earlier: ControllerMetrics, rollouts: number): WriteCount {
  const counted = Object.entries(subtractCalls(later.writes, earlier.writes))
  const calls = Object.fromEntries(counted.map(([call, count]) => [call, count / rollouts]))
  const quiet = Object.fromEntries(Object.entries(calls).filter(([call]) => !call.endsWith(' events')))
  return { calls, total: sumWrites(calls), withoutEvents: sumWrites(quiet) }
}

/** The readings once nothing has been written for a while. */
export async function untilQuiet(stage: Stage): Promise<ControllerMetrics> {
  const endMs = clock.monotonicMs() + QUIET_WITHIN_MS
  let last = await stage.controller.readMetrics()
  let sinceMs = clock.monotonicMs()
  while (clock.monotonicMs() - sinceMs < QUIET_MS) {
    if (clock.monotonicMs() > endMs) throw new Error(`the controller still writes after ${QUIET_WITHIN_MS / 1000} s`)
    await clock.sleep(500)
    const now = await stage.controller.readMetrics()
    if (sumWrites(now.writes) !== sumWrites(last.writes)) sinceMs = clock.monotonicMs()
    last = now
  }
  return last
}
