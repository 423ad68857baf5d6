/**
 * Watches: replays what happened since a resourceVersion, then follows the store. A change that moves an object into or out of
 * the selector's set becomes ADDED or DELETED for that watcher. Order per watcher is the store's order.
 */
import type { WatchLine, WatchSink } from './api-message.ts'
import { expired } from './errors.ts'
import type { Faults } from './faults.ts'
import type { JsonObject, Stored } from './json.ts'
import type { Core } from './request/context.ts'
import { apiVersionOf, type ResourceType, toServed } from './resource-type.ts'
import type { Predicate } from './selectors.ts'
import type { StoreEvent } from './store.ts'

export interface WatchRequest {
  readonly type: ResourceType
  readonly namespace: string | undefined
  readonly matches: Predicate
  /** '' and '0': start with what is there now. */
  readonly resourceVersion: string
  readonly timeoutSeconds: number | undefined
  readonly bookmarks: boolean
  /** Start with everything there is, then a bookmark that says so. */
  readonly sendInitialEvents: boolean
  /** How one object is shown: whole, as a Table row, or its metadata only. */
  readonly render: (object: Stored) => JsonObject
}

export interface WatchHub {
  open(request: WatchRequest, sink: WatchSink): () => void
  /** Ends every open watch, normally. */
  close(): void
}

const initialEventsEnd = { annotations: { 'k8s.io/initial-events-end': 'true' } }

/** What one store event means to a watcher: nothing, or a line. */
const judgeEvent = (event: StoreEvent, request: WatchRequest): WatchLine | undefined => {
  const { type, namespace, matches, render } = request
  if (event.bucket !== type.bucket) return undefined
  if (namespace !== undefined && event.object.metadata.namespace !== namespace) return undefined
  const object = toServed(type, event.object)
  const wasIn = event.previous !== undefined && matches(toServed(type, event.previous))
  const isIn = event.type !== 'DELETED' && matches(object)
  if (isIn) return { type: wasIn ? 'MODIFIED' : 'ADDED', object: render(object) }
  return wasIn ? { type: 'DELETED', object: render(lastShown(event, object, type)) } : undefined
}

/** A watcher that loses sight of an object gets the last state that it saw, under the version of the change. */
const lastShown = (event: StoreEvent, object: Stored, type: ResourceType): Stored => {
  if (event.type === 'DELETED' || event.previous === undefined) return object
  const previous = toServed(type, event.previous)
  const { resourceVersion } = object.metadata
  return resourceVersion === undefined ? previous : { ...previous, metadata: { ...previous.metadata, resourceVersion } }
}

const bookmark = (core: Core, type: ResourceType, extra: JsonObject = {}): WatchLine => ({
  type: 'BOOKMARK',
  object: {
    kind: type.kind,
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(core.store.version()), ...extra },
  },
})

export const createWatchHub = (core: Core, faults: Faults | undefined, bookmarkIntervalMs: number): WatchHub => {
  const followers = new Set<(event: StoreEvent) => void>()
  const closers = new Set<() => void>()
  const unsubscribe = core.store.subscribe((event) => {
    for (const follow of Array.from(followers)) follow(event)
  })

  /** Sends the past of the watch. False when that past is no longer known; the stream has then ended. */
  const replay = (request: WatchRequest, sink: WatchSink): boolean => {
    const { type, namespace, resourceVersion } = request
    const from = Number(resourceVersion)
    if (request.sendInitialEvents || resourceVersion === '' || from === 0) {
      for (const object of core.store.list(type.bucket, namespace).map((stored) => toServed(type, stored)))
        if (request.matches(object)) sink.send({ type: 'ADDED', object: request.render(object) })
      if (request.sendInitialEvents && request.bookmarks) sink.send(bookmark(core, type, initialEventsEnd))
      return true
    }
    if (from < core.store.compactedVersion()) {
      const why = `too old resource version: ${resourceVersion} (${core.store.compactedVersion()})`
      sink.send({ type: 'ERROR', object: expired(why).status })
      return false
    }
    for (const event of core.store.since(from)) {
      const line = judgeEvent(event, request)
      if (line !== undefined) sink.send(line)
    }
    return true
  }

  const startTimers = (request: WatchRequest, sink: WatchSink, close: () => void): (() => void) => {
    const cancels: (() => void)[] = []
    const remind = (): void => {
      sink.send(bookmark(core, request.type))
      cancels[0] = core.clock.setTimer(remind, bookmarkIntervalMs)
    }
    cancels[0] = request.bookmarks ? core.clock.setTimer(remind, bookmarkIntervalMs) : () => {}
    if (request.timeoutSeconds !== undefined) {
      const finish = (): void => {
        if (request.bookmarks) sink.send(bookmark(core, request.type))
        close()
      }
      cancels[1] = core.clock.setTimer(finish, request.timeoutSeconds * 1000)
    }
    return () => {
      for (const cancel of cancels) cancel()
    }
  }

  const open = (request: WatchRequest, outer: WatchSink): (() => void) => {
    let stop = (): void => {}
    const sink = faults === undefined ? outer : faults.guardWatch(request.type.plural, core.clock, outer, () => stop())
    if (!replay(request, sink)) {
      sink.end('closed')
      return () => {}
    }
    const follow = (event: StoreEvent): void => {
      const line = judgeEvent(event, request)
      if (line !== undefined) sink.send(line)
    }
    const close = (): void => {
      stop()
      sink.end('closed')
    }
    const stopTimers = startTimers(request, sink, close)
    stop = (): void => {
      stopTimers()
      followers.delete(follow)
      closers.delete(close)
    }
    followers.add(follow)
    closers.add(close)
    return close
  }

  return {
    open,
    close() {
      unsubscribe()
      for (const close of Array.from(closers)) close()
    },
  }
}
