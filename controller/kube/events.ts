/**
 * Records Kubernetes Events about objects: in order, de-duplicated, bounded. An Event is a courtesy: recording returns at once
 * and never fails a reconcile, and what cannot be delivered is dropped with a line in the log.
 */
import type { KubeObject } from '../api/meta.ts'
import { createBackoff } from '../runtime/backoff.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/log.ts'
import type { Random } from '../runtime/random.ts'
import { hasUnknownOutcome, isAlreadyExists, type KubeClient, KubeError } from './client.ts'
import { createEventSpamFilter } from './event-spam-filter.ts'
import { events } from './kinds.ts'

export type EventType = 'Normal' | 'Warning'

export interface EventRecorder {
  /** `target` needs apiVersion, kind and uid, as every object from a cache has them. */
  record(target: KubeObject, type: EventType, reason: string, message: string): void
  /** Resolves when everything recorded so far has been delivered or dropped. */
  flush(): Promise<void>
  /** Refuses further events and gives up the waits of what is queued. */
  stop(): Promise<void>
}

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'patch'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** `source.component` of the events. */
  readonly component: string
}

interface Pending {
  readonly target: KubeObject
  readonly type: EventType
  readonly reason: string
  readonly message: string
  readonly atMs: number
}

interface Stored {
  readonly namespace: string
  readonly name: string
  readonly count: number
}

interface CoreEvent extends KubeObject {
  readonly involvedObject: Readonly<Record<string, string | undefined>>
  readonly type: EventType
  readonly reason: string
  readonly message: string
  readonly count: number
  readonly firstTimestamp: string
  readonly lastTimestamp: string
  readonly source: { readonly component: string }
  readonly reportingComponent: string
  readonly reportingInstance: string
}

const MOST_QUEUED = 1_000
const MOST_REMEMBERED = 4_096
const MAX_TRIES = 4
/** Kubernetes refuses longer ones. */
const LONGEST_MESSAGE = 1_024
/** An object's name may be as long as an Event's; the suffix needs its room. */
const LONGEST_NAME_PREFIX = 253 - 18

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, log } = options
  const filter = createEventSpamFilter(clock)
  const stopping = new AbortController()
  const queue: Pending[] = []
  /** Delivered events by content, in order of last use. */
  const delivered = new Map<string, Stored>()
  let draining: Promise<void> | undefined
  let sequence = 0

  async function drain(): Promise<void> {
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (stopping.signal.aborted) continue
      await deliver(next).catch((error: unknown) => {
        log.warn('an event was dropped', { reason: 'EventDropped', event: next.reason, error })
      })
    }
    draining = undefined
  }

  async function deliver(event: Pending): Promise<void> {
    const content = JSON.stringify([event.target.metadata.uid, event.type, event.reason, event.message])
    const previous = delivered.get(content)
    const stored = (previous && (await withRetries(() => bump(previous, event)))) ?? (await createStored(event))
    delivered.delete(content)
    delivered.set(content, stored)
    const [oldest] = delivered.keys()
    if (delivered.size > MOST_REMEMBERED && oldest !== undefined) delivered.delete(oldest)
  }

  /** Counts a repeated event up; undefined when the stored one has expired. */
  async function bump(stored: Stored, event: Pending): Promise<Stored | undefined> {
    const count = stored.count + 1
    const ref = { kind: events, namespace: stored.namespace, name: stored.name }
    try {
      await client.patch(ref, 'merge', { count, lastTimestamp: renderTime(event.atMs) })
      return { ...stored, count }
    } catch (error) {
      if (error instanceof KubeError && error.code === 404) return undefined
      throw error
    }
  }

  async function createStored(event: Pending): Promise<Stored> {
    sequence = (sequence + 1) % 4_096
    const suffix = (BigInt(event.atMs) * 4_096n + BigInt(sequence)).toString(16)
    const body = renderEvent(event, `${event.target.metadata.name.slice(0, LONGEST_NAME_PREFIX)}.${suffix}`)
    await withRetries(async () => {
      try {
        await client.create<CoreEvent>(events, body)
      } catch (error) {
        // Our own earlier try arrived after all: nobody else makes this name.
        if (!isAlreadyExists(error)) throw error
      }
    })
    return { namespace: body.metadata.namespace ?? 'default', name: body.metadata.name, count: 1 }
  }

  async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
    const backoff = createBackoff({ random: options.random, firstMs: 500, maxMs: 10_000 })
    for (let left = MAX_TRIES; ; left -= 1) {
      try {
        return await attempt()
      } catch (error) {
        const isPassing = hasUnknownOutcome(error) || (error instanceof KubeError && error.reason === 'NotSent')
        if (left <= 1 || !isPassing || stopping.signal.aborted) throw error
        await clock.sleep(backoff.nextDelayMs(), stopping.signal)
      }
    }
  }

  function renderEvent(event: Pending, name: string): CoreEvent {
    const { metadata, apiVersion, kind } = event.target
    const namespace = metadata.namespace ?? 'default'
    const time = renderTime(event.atMs)
    const involvedObject = {
      apiVersion,
      kind,
      name: metadata.name,
      namespace: metadata.namespace,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
    }
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject,
      type: event.type,
      reason: event.reason,
      message: event.message,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component: options.component },
      reportingComponent: options.component,
      reportingInstance: '',
    }
  }

  return {
    record(target, type, reason, message) {
      if (stopping.signal.aborted || !filter.admits(target.metadata.uid ?? target.metadata.name)) return
      if (queue.length >= MOST_QUEUED) {
        log.warn('an event was dropped: too many are waiting', { reason: 'EventDropped', event: reason })
        return
      }
      queue.push({ target, type, reason, message: message.slice(0, LONGEST_MESSAGE), atMs: clock.now() })
      draining ??= drain()
    },
    async flush() {
      await draining
    },
    async stop() {
      stopping.abort()
      await draining
    },
  }
}

/** metav1.Time has whole seconds. */
const renderTime = (epochMs: number): string => new Date(epochMs).toISOString().replace(/\.\d+Z$/, 'Z')
