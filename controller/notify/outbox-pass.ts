/**
 * One pass over the notices that wait on one Rollout: in order, each to every channel, then marked there. It remembers what it sent
 * until the Rollout tells it, so that neither a stale cache nor a failed mark tells it twice. When to come again is its answer; who
 * runs it is the outbox's business.
 */
import { type Notice, readOutbox } from '../api/notice.ts'
import type { Rollout } from '../api/rollout.ts'
import { parseInstant } from '../api/scalars.ts'
import type { ObjectCache } from '../kube/cache.ts'
import type { KubeClient } from '../kube/client.ts'
import { refOf, rollouts } from '../kube/kinds.ts'
import { compareResourceVersions } from '../kube/resource-version.ts'
import { type Backoff, createBackoff } from '../runtime/backoff.ts'
import type { Logger } from '../runtime/log.ts'
import type { Random } from '../runtime/random.ts'
import { type DeliveryDeps, sendNotice } from './delivery.ts'
import type { Delivery, Notifier } from './notifier.ts'
import { markNotice } from './outbox-mark.ts'

export interface OutboxPassDeps extends DeliveryDeps {
  readonly channels: readonly Notifier[]
  readonly client: Pick<KubeClient, 'get' | 'patch'>
  readonly cache: Pick<ObjectCache<Rollout>, 'get'>
  readonly random: Random
  readonly log: Logger
  /** Asked before each message: whoever leads no more must not tell what its successor tells (L7). Always, when absent. */
  readonly mayDeliver?: () => boolean
  /** Age at which a notice is given up, counted from `notice.at`; one hour when absent. */
  readonly giveUpAfterMs?: number
}

const isOlder = (live: Rollout | undefined, cached: Rollout): boolean =>
  compareResourceVersions(live?.metadata.resourceVersion, cached.metadata.resourceVersion) === -1

export interface OutboxPass {
  /** Delivers what can be delivered now. Milliseconds until the rest may be tried, or undefined when nothing waits. Never throws. */
  run(namespace: string, name: string, signal: AbortSignal): Promise<number | undefined>
}

const GIVE_UP_AFTER_MS = 3_600_000
const FIRST_RETRY_MS = 1000
const LONGEST_RETRY_MS = 60_000

/** What this process knows of one notice and the Rollout does not tell yet. */
interface Progress {
  /** Channels that have it or have given up. */
  readonly settled: Set<string>
  readonly backoff: Backoff
  isDeadLettered: boolean
  isMarked: boolean
  /** Monotonic milliseconds. */
  notBeforeMs: number
}

interface Memory {
  readonly uid: string | undefined
  readonly notices: Map<string, Progress>
}

export function createOutboxPass(deps: OutboxPassDeps): OutboxPass {
  const { channels, clock, log } = deps
  const giveUpAfterMs = deps.giveUpAfterMs ?? GIVE_UP_AFTER_MS
  const memories = new Map<string, Memory>()
  const pausedUntilMs = new Map<string, number>()

  function remember(key: string, rollout: Rollout): Memory {
    const known = memories.get(key)
    if (known && known.uid === rollout.metadata.uid) return known
    const fresh = { uid: rollout.metadata.uid, notices: new Map<string, Progress>() }
    memories.set(key, fresh)
    return fresh
  }

  function openProgress(memory: Memory, id: string): Progress {
    const known = memory.notices.get(id)
    if (known) return known
    const backoff = createBackoff({ random: deps.random, firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS })
    const fresh = { settled: new Set<string>(), backoff, isDeadLettered: false, isMarked: false, notBeforeMs: 0 }
    memory.notices.set(id, fresh)
    return fresh
  }

  /** Whether the channel is through with the notice after this answer. */
  function settle(channel: Notifier, notice: Notice, delivery: Delivery, progress: Progress): boolean {
    if (delivery.outcome === 'delivered') return true
    const isTooOld = clock.now() - (parseInstant(notice.at) ?? 0) >= giveUpAfterMs
    if (delivery.outcome === 'retry' && !isTooOld) {
      if (delivery.afterMs !== undefined) pausedUntilMs.set(channel.id, clock.monotonicMs() + delivery.afterMs)
      return false
    }
    progress.isDeadLettered = true
    deps.metrics.deadLettered.inc({ channel: channel.id })
    return true
  }

  async function tryChannel(channel: Notifier, rollout: Rollout, notice: Notice, progress: Progress): Promise<void> {
    const isPaused = (pausedUntilMs.get(channel.id) ?? 0) > clock.monotonicMs()
    if (isPaused || deps.mayDeliver?.() === false) return
    const { namespace = '', name } = rollout.metadata
    const delivery = await sendNotice(channel, { namespace, name, notice }, deps)
    const isSettled = settle(channel, notice, delivery, progress)
    if (isSettled) progress.settled.add(channel.id)
    const fields = { rollout: name, namespace, revision: notice.revision, reason: notice.kind, notice: notice.id }
    if (delivery.outcome === 'delivered') log.info('Notification delivered', { ...fields, channel: channel.id })
    else if (isSettled) log.error('Notification given up', { ...fields, channel: channel.id, why: delivery.why })
    else log.warn('Notification not delivered yet', { ...fields, channel: channel.id, why: delivery.why })
  }

  /** True when the notice needs nothing more. The live read keeps what a former leader sent from being sent again. */
  async function deliver(cached: Rollout, id: string, progress: Progress): Promise<boolean> {
    const live = await deps.client.get<Rollout>(refOf(rollouts, cached))
    // A read that is older than what has been seen (etcd has gone back in time before) knows nothing of the notice yet.
    if (isOlder(live, cached)) return false
    const notice = readOutbox(live?.metadata.annotations).find((candidate) => candidate.id === id)
    if (!live || live.metadata.uid !== cached.metadata.uid || !notice || notice.deliveredAt !== undefined) return true
    for (const channel of channels) {
      if (!progress.settled.has(channel.id)) await tryChannel(channel, live, notice, progress)
    }
    if (channels.some((channel) => !progress.settled.has(channel.id))) return false
    await markNotice(live, id, { atMs: clock.now(), isDeadLettered: progress.isDeadLettered }, deps.client)
    return true
  }

  /** When to try again: the notice's own back-off, and not before the channels that it waits for are open. */
  function postpone(progress: Progress): void {
    const reopenMs = channels.filter(({ id }) => !progress.settled.has(id)).map(({ id }) => pausedUntilMs.get(id) ?? 0)
    progress.notBeforeMs = Math.max(clock.monotonicMs() + progress.backoff.nextDelayMs(), ...reopenMs)
  }

  async function deliverOrPostpone(rollout: Rollout, id: string, progress: Progress): Promise<void> {
    try {
      progress.isMarked = await deliver(rollout, id, progress)
    } catch (error) {
      const { namespace = '', name } = rollout.metadata
      const fields = { rollout: name, namespace, reason: 'OutboxUnavailable', notice: id, error }
      log.warn('A notice could not be read or marked; trying again', fields)
    }
    if (!progress.isMarked) postpone(progress)
  }

  return {
    async run(namespace, name, signal) {
      const key = `${namespace}/${name}`
      while (!signal.aborted) {
        const rollout = deps.cache.get(namespace, name)
        const waiting = readOutbox(rollout?.metadata.annotations).filter((notice) => notice.deliveredAt === undefined)
        if (!rollout || waiting.length === 0) {
          memories.delete(key)
          return undefined
        }
        const memory = remember(key, rollout)
        const next = waiting.find(({ id }) => !memory.notices.get(id)?.isMarked)
        // All told; the cache has not seen the last mark yet.
        if (!next) return undefined
        const progress = openProgress(memory, next.id)
        const waitMs = progress.notBeforeMs - clock.monotonicMs()
        if (waitMs > 0) return waitMs
        await deliverOrPostpone(rollout, next.id, progress)
      }
      return undefined
    },
  }
}
