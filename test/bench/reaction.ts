/**
 * Suite `reaction`: how soon traffic is back at stable once an alert was posted, and how soon a spec change is acted upon. Alerts go out one
 * after the other and all at once, while open-loop load runs through the gateway. It judges nothing; `main.ts` prints the targets beside.
 */
import { join } from 'node:path'
import type { CanaryStep } from '../../controller/api/rollout.ts'
import { createHttpClient } from '../../controller/kube/http-client.ts'
import { configMaps, refOf } from '../../controller/kube/kinds.ts'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import { silentLogger } from '../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../controller/runtime/metrics.ts'
import { systemRandom as random } from '../../controller/runtime/random.ts'
import { startLoad } from '../../sandbox/load/load.ts'
import type { StopList } from '../../sandbox/stop-list.ts'
import { waitFor } from '../../sandbox/wait.ts'
import { postAlert } from './alert.ts'
import { hostOf, NAMESPACE, renderCanary } from './manifests.ts'
import { canaryWeight, seeAllWeightAtStable, seeFirstWrite } from './sightings.ts'
import { isSettled, type Stage, withStage } from './stage.ts'
import { type Summary, summarize } from './statistics.ts'

/** `sequence`: each waits for the effect of the one before. `burst`: all at once. */
export type Pattern = 'sequence' | 'burst'

/** Milliseconds from just before the post or patch is sent. */
export interface AbortSample {
  readonly rollout: string
  readonly pattern: Pattern
  /** The receiver has answered: the abort is stored. */
  readonly storedMs: number
  /** The HTTPRoute gives stable its full weight. */
  readonly routeMs: number
  /** The last answer of the canary that is followed by a second without any. */
  readonly lastCanaryAnswerMs: number
}

export interface SpecSample {
  readonly rollout: string
  readonly pattern: Pattern
  readonly firstWriteMs: number
}

export interface ReactionOptions {
  readonly rollouts: number
  /** Releases that are aborted per pattern; each gives one sample per rollout. */
  readonly rounds: number
  /** Requests a second for each rollout. */
  readonly loadPerRollout: number
  readonly say: (text: string) => void
  readonly stops: StopList
  readonly bundle?: string
}

export interface ReactionResult {
  readonly aborts: readonly AbortSample[]
  readonly specChanges: readonly SpecSample[]
  /** One plain write to the same API server, in the same run: what the figures are multiples of. */
  readonly apiWriteMs: readonly number[]
  readonly lostRequests: number
  /** By the gateway's reason or the connection's error. */
  readonly lostBy: Readonly<Record<string, number>>
  readonly requests: number
}

const WEIGHT = 25
const steps: readonly CanaryStep[] = [{ setWeight: WEIGHT }, { pause: {} }, { setWeight: 60 }, { pause: {} }]
const API_WRITES = 60

export const measureReaction = (options: ReactionOptions): Promise<ReactionResult> =>
  withStage({ ...options, manifests: (name) => renderCanary(name, steps, 2) }, async (stage, stops) => {
    const stopLoads = startLoads(stage, options.loadPerRollout)
    stops.add(async () => void (await stopLoads()))
    const samples = await playReleases(stage, options)
    const apiWriteMs = await measureApiWrites(stage, stops)
    return { ...samples, apiWriteMs, ...(await stopLoads()) }
  })

type LoadCount = Pick<ReactionResult, 'requests' | 'lostRequests' | 'lostBy'>

/** The answer ends the load, once however often it is called, and counts it. */
function startLoads(stage: Stage, requestsPerSecond: number): () => Promise<LoadCount> {
  const { url } = stage.gateway
  const loads = stage.names.map((name) => startLoad({ url, host: hostOf(name), requestsPerSecond, clock }))
  let stopped: Promise<LoadCount> | undefined
  const stop = async (): Promise<LoadCount> => {
    await Promise.all(loads.map((load) => load.stop()))
    const counts = loads.map((load) => load.counts())
    const lostRequests = counts.reduce((sum, { lost }) => sum + lost, 0)
    const lostBy: Record<string, number> = {}
    for (const [cause, count] of counts.flatMap((count) => Object.entries(count.lostBy)))
      lostBy[cause] = (lostBy[cause] ?? 0) + count
    return {
      lostRequests,
      lostBy,
      requests: counts.reduce((sum, { ok, appError }) => sum + ok + appError, lostRequests),
    }
  }
  return () => {
    stopped ??= stop()
    return stopped
  }
}

async function playReleases(
  stage: Stage,
  { rounds, say }: ReactionOptions,
): Promise<Pick<ReactionResult, 'aborts' | 'specChanges'>> {
  const aborts: AbortSample[] = []
  const specChanges: SpecSample[] = []
  let version = 1
  for (let round = 1; round <= rounds; round += 1) {
    for (const pattern of ['sequence', 'burst'] as const) {
      version += 1
      say(`release ${version - 1} of ${rounds * 2}: spec changes and alerts, ${pattern}`)
      const target = version
      specChanges.push(...(await each(stage.names, pattern, (name) => changeSpec(stage, name, target, pattern))))
      await untilMidUpdate(stage)
      const open = await each(stage.names, pattern, (name) => alert(stage, name, target, pattern))
      for (const sample of open) aborts.push(await settle(stage, sample))
    }
  }
  return { aborts, specChanges }
}

async function each<T>(
  names: readonly string[],
  pattern: Pattern,
  measure: (name: string) => Promise<T>,
): Promise<readonly T[]> {
  if (pattern === 'burst') return Promise.all(names.map(measure))
  const samples: T[] = []
  for (const name of names) samples.push(await measure(name))
  return samples
}

async function changeSpec(stage: Stage, name: string, version: number, pattern: Pattern): Promise<SpecSample> {
  const seen = seeFirstWrite(stage.caches, name)
  const startedMs = clock.monotonicMs()
  const [atMs] = await Promise.all([seen, stage.setImage(name, version)])
  return { rollout: name, pattern, firstWriteMs: atMs - startedMs }
}

/** Paused at the first step, the weight is written, and the canary has answered within the last second. */
async function untilMidUpdate(stage: Stage): Promise<void> {
  await stage.untilAll('the canaries to pause', (rollout) => {
    const route = stage.caches.routes.get(NAMESPACE, rollout.metadata.name)
    return (
      isSettled(rollout, 'Paused') &&
      rollout.status?.controllerPause === true &&
      canaryWeight(route) === WEIGHT &&
      countCanaryAnswers(stage, rollout.metadata.name) > 0
    )
  })
}

function countCanaryAnswers(stage: Stage, name: string): number {
  const nowMs = clock.now()
  return stage.gateway.responses.count(nowMs - 1_000, nowMs).get(canaryHash(stage, name)) ?? 0
}

const canaryHash = (stage: Stage, name: string): string => stage.rollout(name).status?.currentPodHash ?? ''

interface OpenSample extends Omit<AbortSample, 'lastCanaryAnswerMs'> {
  readonly hash: string
  /** Epoch milliseconds. */
  readonly postedAtMs: number
}

async function alert(stage: Stage, name: string, version: number, pattern: Pattern): Promise<OpenSample> {
  const hash = canaryHash(stage, name)
  const seen = seeAllWeightAtStable(stage.caches, name)
  const postedAtMs = clock.now()
  const startedMs = clock.monotonicMs()
  const stored = postAlert(stage, name, version).then(() => clock.monotonicMs())
  const [routeAtMs, storedAtMs] = await Promise.all([seen, stored])
  return { rollout: name, pattern, hash, postedAtMs, storedMs: storedAtMs - startedMs, routeMs: routeAtMs - startedMs }
}

async function settle(stage: Stage, { hash, postedAtMs, ...sample }: OpenSample): Promise<AbortSample> {
  const quietAtMs = await waitFor(() => stage.gateway.responses.quietSince(hash, postedAtMs, clock.now()), {
    clock,
    what: `a second without an answer of the canary of ${sample.rollout}`,
    withinMs: 20_000,
  })
  return { ...sample, lastCanaryAnswerMs: quietAtMs - postedAtMs }
}

/** Plain writes over HTTP, one after the other, to an object that nobody watches. */
async function measureApiWrites(stage: Stage, stops: StopList): Promise<readonly number[]> {
  const kubeconfig = join(stage.directory, 'kubeconfig')
  const metrics = createMetricRegistry()
  const client = createHttpClient({ clock, random, log: silentLogger, metrics, kubeconfig, qps: 1_000, burst: 1_000 })
  stops.add(() => client.close())
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'baseline', namespace: NAMESPACE } }
  await client.create(configMaps, object)
  const samples: number[] = []
  for (let count = 1; count <= API_WRITES; count += 1) {
    const startedMs = clock.monotonicMs()
    await client.patch(refOf(configMaps, object), 'merge', { data: { count: String(count) } })
    samples.push(clock.monotonicMs() - startedMs)
  }
  return samples
}

export interface ReactionSummary {
  readonly [figure: string]: Summary
}

/** Figures by name, in milliseconds. */
export function summarizeReaction({ aborts, specChanges, apiWriteMs }: ReactionResult): ReactionSummary {
  const byPattern = (pattern: Pattern) => aborts.filter((sample) => sample.pattern === pattern)
  const figures: Record<string, readonly number[]> = {
    alertToStored: aborts.map(({ storedMs }) => storedMs),
    alertToStableWeight: aborts.map(({ routeMs }) => routeMs),
    alertToStableWeightSequence: byPattern('sequence').map(({ routeMs }) => routeMs),
    alertToStableWeightBurst: byPattern('burst').map(({ routeMs }) => routeMs),
    alertToLastCanaryAnswer: aborts.map(({ lastCanaryAnswerMs }) => lastCanaryAnswerMs),
    alertToLastCanaryAnswerBurst: byPattern('burst').map(({ lastCanaryAnswerMs }) => lastCanaryAnswerMs),
    specChangeToFirstWrite: specChanges.map(({ firstWriteMs }) => firstWriteMs),
    specChangeToFirstWriteBurst: specChanges
      .filter(({ pattern }) => pattern === 'burst')
      .map(({ firstWriteMs }) => firstWriteMs),
    apiWrite: apiWriteMs,
  }
  return Object.fromEntries(Object.entries(figures).map(([name, samples]) => [name, summarize(samples)]))
}
