/**
 * One soak: the stage, the load, the kills, and release after release until the time is over. It collects what happened and judges nothing;
 * `verdict.ts` does.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { request } from 'undici'
import { systemClock as clock } from '../../controller/runtime/clock.ts'
import type { Loss } from '../../sandbox/load/load.ts'
import type { StopList } from '../../sandbox/stop-list.ts'
import { waitFor } from '../../sandbox/wait.ts'
import { type Stage, withStage } from '../bench/stage.ts'
import { seededRandom } from '../fakes/fake-random.ts'
import { type Faults, startFaults } from './faults.ts'
import { planKills } from './kill-plan.ts'
import { type LoadProcess, startLoadProcess } from './load.ts'
import type { LoadReading } from './load-reading.ts'
import { hosts, renderShop } from './manifests.ts'
import type { MemorySample } from './memory.ts'
import type { SoakOptions } from './options.ts'
import { drawKinds, type Kind } from './order.ts'
import { playRelease, type Reaction, type ReleaseContext } from './releases.ts'
import { type Stall, stalledMs, watchStalls } from './stalls.ts'

export interface ReleaseRecord {
  readonly number: number
  readonly kind: Kind
  readonly seconds: number
  /** Of the controller, while it was under way. */
  readonly kills: number
  /** Requests, and why; those of stalls included. */
  readonly lost: number
  readonly lostBy: Readonly<Record<string, number>>
  /** What was waited for in vain. */
  readonly stuck?: string
  readonly reaction?: Reaction
}

export interface SoakResult {
  readonly releases: readonly ReleaseRecord[]
  readonly kills: number
  readonly load: LoadReading
  /** Times at which the cluster itself stood still for lack of CPU. */
  readonly stalls: readonly Stall[]
  readonly memory: readonly MemorySample[]
}

export interface SoakDeps {
  readonly stops: StopList
  readonly say: (text: string) => void
}

const STUCK_AFTER_MS = 120_000
/** What a kill may cost a release: the Lease, and a start on a busy machine. */
const STUCK_LATER_PER_KILL_MS = 60_000
const LOG_TAIL_LINES = 30
const BYTES_PER_MB = 1024 * 1024
/** Share of requests that a spoilt version fails. */
const SPOILT_EVERY = 4

export async function runSoak(options: SoakOptions, { stops, say }: SoakDeps): Promise<SoakResult> {
  const spoilt = new Set<string>()
  let answers = 0
  const codeOf = (pod: { readonly spec?: { readonly containers: readonly { readonly image?: string }[] } }): number => {
    answers += 1
    const image = pod.spec?.containers[0]?.image ?? ''
    return spoilt.has(image.slice(image.lastIndexOf(':') + 1)) && answers % SPOILT_EVERY === 0 ? 500 : 200
  }
  return withStage({ rollouts: hosts.length, manifests: renderShop, stops, say, codeOf }, async (stage, ownStops) => {
    await waitFor(() => isServed(stage), { clock, what: 'the gateway to answer', withinMs: 60_000 })
    const load = collectLosses(startLoadProcess({ url: stage.gateway.url, hosts, requestsPerSecond: options.rps }))
    ownStops.add(async () => void (await load.stop()))
    const watch = watchStalls(clock)
    ownStops.add(watch.stop)
    const durationMs = options.minutes * 60_000
    const plan = planKills(seededRandom(options.seed ^ 0x6b696c6c), { durationMs, kills: options.kills })
    const faults = startFaults(stage, plan, say)
    const spoil = (version: number): void => void spoilt.add(String(version))
    const played = await playAll({
      stage,
      load,
      faults,
      say,
      spoil,
      stalls: watch.stalls,
      seed: options.seed,
      durationMs,
    })
    await faults.stop()
    return { ...played, kills: faults.count(), load: await load.stop(), stalls: watch.stalls() }
  })
}

async function isServed({ gateway }: Stage): Promise<boolean> {
  const codes = await Promise.all(hosts.map((host) => ask(gateway.url, host)))
  return codes.every((code) => code === 200)
}

const ask = (url: string, host: string): Promise<number> =>
  request(url, { headers: { host }, headersTimeout: 2_000 }).then(
    async ({ statusCode, body }) => {
      await body.dump()
      return statusCode
    },
    () => 0,
  )

/** Every reading tells all losses so far. */
function collectLosses(load: LoadProcess): LoadProcess {
  const losses: Loss[] = []
  const collect = (reading: LoadReading): LoadReading => {
    losses.push(...reading.losses)
    return { ...reading, losses: [...losses] }
  }
  let stopped: Promise<LoadReading> | undefined
  return {
    read: () => load.read().then(collect),
    stop() {
      stopped ??= load.stop().then(collect)
      return stopped
    },
  }
}

interface Releases {
  readonly stage: Stage
  readonly load: LoadProcess
  readonly faults: Faults
  readonly say: (text: string) => void
  readonly spoil: (version: number) => void
  readonly stalls: () => readonly Stall[]
  readonly seed: number
  readonly durationMs: number
}

async function playAll(soak: Releases): Promise<Pick<SoakResult, 'releases' | 'memory'>> {
  const { stage, faults, say, spoil, seed, stalls } = soak
  const random = seededRandom(seed)
  const order = drawKinds(random)
  const endMs = clock.monotonicMs() + soak.durationMs
  const releases: ReleaseRecord[] = []
  const memory: MemorySample[] = []
  const watchMemory = createMemoryWatch(stage, faults)
  let version = 1
  while (clock.monotonicMs() < endMs) {
    const killsBefore = faults.count()
    const stalledBefore = stalledMs(stalls())
    const checkPatience = (startedMs: number, what: string): void => {
      const waitedMs = clock.monotonicMs() - startedMs
      const forgivenMs = STUCK_LATER_PER_KILL_MS * (faults.count() - killsBefore) + stalledMs(stalls()) - stalledBefore
      if (waitedMs > STUCK_AFTER_MS + forgivenMs) throw new Error(`waited ${Math.round(waitedMs / 1000)} s for ${what}`)
    }
    const context = { stage, random, spoil, checkPatience, nextVersion: () => (version += 1) }
    const record = await playOne({ number: releases.length + 1, kind: order.next().value }, soak, context)
    releases.push(record)
    const sample = await watchMemory()
    if (sample) memory.push(sample)
    say(`${renderRecord(record)}${sample ? `, ${sample.rssMb.toFixed(1)} MB` : ''}`)
  }
  return { releases, memory }
}

async function playOne(
  release: Pick<ReleaseRecord, 'number' | 'kind'>,
  { stage, load, faults, say }: Releases,
  context: ReleaseContext,
): Promise<ReleaseRecord> {
  const [startedMs, killsBefore, before] = [clock.monotonicMs(), faults.count(), await load.read()]
  const end = async (rest: Pick<ReleaseRecord, 'stuck' | 'reaction'>): Promise<ReleaseRecord> => {
    const after = await load.read()
    return {
      ...release,
      seconds: Math.round((clock.monotonicMs() - startedMs) / 100) / 10,
      kills: faults.count() - killsBefore,
      lost: after.lost - before.lost,
      lostBy: subtract(after.lostBy, before.lostBy),
      ...rest,
    }
  }
  try {
    const reaction = await playRelease(release.kind, context)
    return await end(reaction ? { reaction } : {})
  } catch (error) {
    say(await describeStuck(stage))
    return await end({ stuck: error instanceof Error ? error.message : String(error) })
  }
}

function subtract(after: LoadReading['lostBy'], before: LoadReading['lostBy']): LoadReading['lostBy'] {
  const differences = Object.entries(after).map(([cause, count]) => [cause, count - (before[cause] ?? 0)] as const)
  return Object.fromEntries(differences.filter(([, count]) => count > 0))
}

/** What a person would look at first. */
async function describeStuck({ names, caches, directory, rollout, controller }: Stage): Promise<string> {
  const log = await readFile(join(directory, 'controller.log'), 'utf8').catch(() => '')
  return [
    ...names.map((name) => `Rollout ${name}: ${JSON.stringify(rollout(name).status)}`),
    ...caches.replicaSets
      .list()
      .map(
        ({ metadata, spec, status }) =>
          `ReplicaSet ${metadata.name}: ${spec.replicas} wanted, ${JSON.stringify(status)}`,
      ),
    ...caches.routes.list().map(({ metadata, spec }) => `HTTPRoute ${metadata.name}: ${JSON.stringify(spec?.rules)}`),
    `the controller ${controller.exitCode() === undefined ? 'runs' : `has ended with ${controller.exitCode()}`}; its last lines:`,
    ...log.trimEnd().split('\n').slice(-LOG_TAIL_LINES),
  ].join('\n')
}

/** A sample after each release, unless the controller is away; a release counts for the process that saw its end. */
function createMemoryWatch(stage: Stage, faults: Faults): () => Promise<MemorySample | undefined> {
  let lifetime = 1
  let release = 0
  return async () => {
    if (lifetime !== faults.count() + 1) release = 0
    lifetime = faults.count() + 1
    if (faults.isDown()) return undefined
    release += 1
    const metrics = await stage.controller.readMetrics().catch(() => undefined)
    if (!metrics || lifetime !== faults.count() + 1) return undefined
    return { lifetime, release, rssMb: metrics.rssBytes / BYTES_PER_MB }
  }
}

function renderRecord({ number, kind, seconds, kills, lost, lostBy, stuck, reaction }: ReleaseRecord): string {
  const words = [
    `release ${number} ${kind}: ${stuck === undefined ? 'as it must' : `STUCK: ${stuck}`} in ${seconds} s`,
    ...(kills > 0 ? [`${kills} kills`] : []),
    ...(lost > 0 ? [`${lost} requests LOST: ${JSON.stringify(lostBy)}`] : []),
    ...(reaction ? [`stable has all after ${Math.round(reaction.routeMs)} ms`] : []),
  ]
  return words.join(', ')
}
