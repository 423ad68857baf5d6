/**
 * Suite `routers`: every Rollout of a cluster changes its weight at once. All of them pause, all are promoted, and the watch of the benchmark's own sees
 * when each router's object says the new weight; the controller's metrics say what that cost. One cluster for each router, one after the other.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { CanaryStep } from '../../controller/api/rollout.ts'
import type { RouterId } from '../../controller/api/router-capabilities.ts'
import { rollouts as rolloutKind } from '../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { bundleController } from '../../sandbox/controller-bundle.ts'
import type { StopList } from '../../sandbox/stop-list.ts'
import { type ControllerMetrics, subtractCalls } from './controller-metrics.ts'
import { canaryOf, imageOf, NAMESPACE, renderContainer, renderRollout, renderService, stableOf } from './manifests.ts'
import { type RouterRow, routerRows } from './router-rows.ts'
import { type Stage, withStage } from './stage.ts'
import { untilQuiet } from './writes.ts'

export interface RoutersOptions {
  readonly rollouts: number
  readonly rounds: number
  /** Every router of the suite when empty. */
  readonly routers: readonly RouterId[]
  /** Of the controller that is measured. */
  readonly controllerFlags: readonly string[]
  readonly say: (text: string) => void
  readonly stops: StopList
  readonly bundle?: string
}

export interface RouterResult {
  readonly id: RouterId
  readonly rollouts: number
  /** Plural of the object that carries the weights. */
  readonly object: string
  /** Milliseconds from the first promotion to each object's new weight; one list for each round. */
  readonly rounds: readonly (readonly number[])[]
  /** Calls per change of a weight, by `verb plural`; those that failed apart. */
  readonly calls: Readonly<Record<string, number>>
  readonly failedCalls: Readonly<Record<string, number>>
}

const FIRST_WEIGHT = 10
const weightOf = (round: number): number => FIRST_WEIGHT + 2 * round
const META = 'consul.hashicorp.com/service-meta-version'
/** So that the first deployments and the first weights, which are not measured, take no longer than the machine does. */
const HURRY = ['--qps=2000', '--burst=4000']
const seenWithinMs = (rollouts: number): number => 120_000 + rollouts * 100

export interface RoutersResult {
  readonly results: readonly RouterResult[]
  /** Routers that could not be measured, each with its reason; the others were. */
  readonly failures: readonly string[]
}

export async function measureRouters(options: RoutersOptions): Promise<RoutersResult> {
  const results: RouterResult[] = []
  const failures: string[] = []
  const bundle = options.bundle ?? (await bundleOnce(options.stops))
  const chosen = routerRows.filter(({ id }) => options.routers.length === 0 || options.routers.includes(id))
  for (const row of chosen) {
    options.say(row.id)
    try {
      results.push(await measureRouter(row, { ...options, bundle }))
    } catch (error) {
      failures.push(`${row.id}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { results, failures }
}

/** All routers are measured with one build, even when somebody edits the sources meanwhile. */
async function bundleOnce(stops: StopList): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'penstock-bench-'))
  stops.add(() => rm(directory, { recursive: true, force: true }))
  return bundleController(directory)
}

function measureRouter(row: RouterRow, options: RoutersOptions): Promise<RouterResult> {
  const { rounds, say } = options
  const pausing = Array.from({ length: rounds + 1 }, (_, round) => [{ setWeight: weightOf(round) }, { pause: {} }])
  const steps: readonly CanaryStep[] = [{ setCanaryScale: { replicas: 1 } }, ...pausing.flat()]
  const router = `--routers=${row.id}`
  const stageOptions = {
    ...options,
    isServed: false,
    controllerFlags: [router, ...HURRY],
    routed: {
      ...(row.crds === undefined ? {} : { crds: new URL(row.crds, import.meta.url) }),
      objects: row.objects,
      kind: row.kind,
    },
    manifests: (name: string) => renderRouted(name, row, steps),
  }
  return withStage(stageOptions, async (stage) => {
    say('to the first weight')
    await Promise.all(stage.names.map((name) => release(stage, name)))
    await untilPausedAt(stage, 2)
    await untilQuiet(stage)
    await stage.restartController([router, ...options.controllerFlags])
    const before = await untilQuiet(stage)
    const measured: (readonly number[])[] = []
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}`)
      measured.push(await changeWeights(stage, row, weightOf(round)))
      await untilPausedAt(stage, 2 + 2 * round)
      await untilQuiet(stage)
    }
    return summarizeCalls(row, stage, measured, before)
  })
}

function renderRouted(name: string, row: RouterRow, steps: readonly CanaryStep[]) {
  const canary = {
    ...(row.parts ?? { stableService: stableOf(name), canaryService: canaryOf(name) }),
    trafficRouting: row.routing(name),
    steps,
  }
  const services = row.parts ? [name] : [stableOf(name), canaryOf(name)]
  const annotations = { [META]: '1' }
  return [...services.map((service) => renderService(service, name)), renderRollout(name, 1, { canary }, annotations)]
}

function release(stage: Stage, name: string): Promise<unknown> {
  const template = { metadata: { annotations: { [META]: '2' } }, spec: { containers: [renderContainer(imageOf(2))] } }
  const ref = { kind: rolloutKind, namespace: NAMESPACE, name }
  return stage.cluster.client.patch(ref, 'merge', { spec: { template } })
}

const untilPausedAt = (stage: Stage, step: number): Promise<void> =>
  stage.untilAll(`the pause at step ${step}`, ({ status }) => {
    return status?.currentStepIndex === step && status.controllerPause === true
  })

/** Promotes all, and resolves with each object's milliseconds from the start. */
async function changeWeights(stage: Stage, row: RouterRow, weight: number): Promise<readonly number[]> {
  const waiting = new Set(stage.names.map(row.objectName ?? ((name) => name)))
  const samples: number[] = []
  const { routed } = stage.caches
  if (!routed) throw new Error('the stage shows no objects of the router')
  const withinMs = seenWithinMs(stage.names.length)
  const startedMs = clock.monotonicMs()
  const all = new Promise<void>((resolve, reject) => {
    const cancel = clock.setTimer(withinMs, () => {
      unsubscribe()
      reject(new Error(`waited ${withinMs / 1000} s for ${waiting.size} objects to say ${weight}`))
    })
    const take = ({ object }: { readonly object: KubeObject }): void => {
      if (row.canaryWeight(object) !== weight || !waiting.delete(object.metadata.name)) return
      samples.push(clock.monotonicMs() - startedMs)
      if (waiting.size > 0) return
      cancel()
      unsubscribe()
      resolve()
    }
    const unsubscribe = routed.subscribe(take)
  })
  const promoted = Promise.all(stage.names.map((name) => promote(stage, name)))
  await Promise.all([promoted, all])
  return samples
}

function promote(stage: Stage, name: string): Promise<unknown> {
  const ref = { kind: rolloutKind, namespace: NAMESPACE, name }
  return stage.cluster.client.patch(ref, 'merge', { status: { pauseConditions: null } }, { subresource: 'status' })
}

async function summarizeCalls(
  { id, kind }: RouterRow,
  stage: Stage,
  rounds: readonly (readonly number[])[],
  before: ControllerMetrics,
): Promise<RouterResult> {
  const after = await stage.controller.readMetrics()
  const changes = rounds.length * stage.names.length
  const perChange = (counts: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(counts).map(([call, count]) => [call, count / changes]))
  return {
    id,
    rollouts: stage.names.length,
    object: kind.plural,
    rounds,
    calls: perChange(subtractCalls(after.calls, before.calls)),
    failedCalls: perChange(subtractCalls(after.failedCalls, before.failedCalls)),
  }
}
