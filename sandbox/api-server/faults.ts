/**
 * Faults that tests ask for: failing requests, writes that are applied but never answered, watches that break, fall silent or
 * lag. A server without a `Faults` value has none of this. Nothing here is random.
 */
import type { WatchSink } from './api-message.ts'
import type { ServerClock } from './clock.ts'

/** Which requests a fault is for; what is left out matches everything. */
export interface RequestMatch {
  readonly verb?: string
  readonly plural?: string
  readonly name?: string
  readonly subresource?: string
}

export interface FaultStatus {
  readonly code: number
  readonly reason?: string
  readonly message?: string
  readonly retryAfterSeconds?: number
}

/** What happens to one request. `applied`: the write is carried out before the failure. */
export type RequestFault =
  | { readonly kind: 'status'; readonly status: FaultStatus; readonly applied: boolean }
  | { readonly kind: 'cut'; readonly applied: boolean }

export interface Faults {
  /** The next `count` matching requests answer with this status; with `applied`, after having taken effect. */
  failNext(match: RequestMatch, count: number, status: FaultStatus, options?: { applied?: boolean }): void
  /** The next `count` matching requests lose their connection, after taking effect when `applied`. */
  cutNext(match: RequestMatch, count: number, options: { applied: boolean }): void
  /** Breaks the open watches of one plural, or all. */
  dropWatches(plural?: string): void
  /** The open watches of one plural, or all, stay open but carry nothing more. */
  silenceWatches(plural?: string): void
  /** From now on every watch line of this plural arrives this much later; 0 ends it. */
  delayEvents(plural: string, delayMs: number): void
  /** Ends every fault that is still to come. Watches that fell silent stay so. */
  clear(): void
  /** For the server: the fault due to this request, if any. */
  take(request: Required<RequestMatch>): RequestFault | undefined
  /** For the server: wraps the sink of a new watch. `stop` detaches the watch from the store. */
  guardWatch(plural: string, clock: ServerClock, sink: WatchSink, stop: () => void): WatchSink
}

interface Planned {
  readonly match: RequestMatch
  readonly fault: RequestFault
  left: number
}

interface OpenWatch {
  readonly plural: string
  break(): void
  silence(): void
}

const matches = (match: RequestMatch, request: Required<RequestMatch>): boolean =>
  (match.verb === undefined || match.verb === request.verb) &&
  (match.plural === undefined || match.plural === request.plural) &&
  (match.name === undefined || match.name === request.name) &&
  (match.subresource === undefined || match.subresource === request.subresource)

export const createFaults = (): Faults => {
  const planned: Planned[] = []
  const delays = new Map<string, number>()
  const watches = new Set<OpenWatch>()
  const plan = (match: RequestMatch, count: number, fault: RequestFault): void =>
    void planned.push({ match, fault, left: count })
  const open = (plural: string | undefined): OpenWatch[] =>
    [...watches].filter((watch) => plural === undefined || watch.plural === plural)

  return {
    failNext: (match, count, status, options) =>
      plan(match, count, { kind: 'status', status, applied: options?.applied ?? false }),
    cutNext: (match, count, { applied }) => plan(match, count, { kind: 'cut', applied }),
    dropWatches(plural) {
      for (const watch of open(plural)) watch.break()
    },
    silenceWatches(plural) {
      for (const watch of open(plural)) watch.silence()
    },
    delayEvents(plural, delayMs) {
      delays.set(plural, delayMs)
    },
    clear() {
      planned.length = 0
      delays.clear()
    },
    take(request) {
      const index = planned.findIndex((entry) => matches(entry.match, request))
      const entry = planned[index]
      if (entry === undefined) return undefined
      entry.left -= 1
      if (entry.left <= 0) planned.splice(index, 1)
      return entry.fault
    },
    guardWatch(plural, clock, sink, stop) {
      let isSilent = false
      let isOver = false
      /** Lines are delivered no earlier than the one before, so that a shrinking delay does not reorder them. */
      let notBefore = 0
      let waiting = 0
      const deliver = (run: () => void): void => {
        const now = clock.now()
        const due = Math.max(now + (delays.get(plural) ?? 0), notBefore)
        notBefore = due
        if (due <= now && waiting === 0) {
          run()
          return
        }
        waiting += 1
        clock.setTimer(() => {
          waiting -= 1
          run()
        }, due - now)
      }
      const watch: OpenWatch = {
        plural,
        break() {
          watches.delete(watch)
          isOver = true
          stop()
          sink.end('broken')
        },
        silence() {
          isSilent = true
        },
      }
      watches.add(watch)
      return {
        send: (line) =>
          deliver(() => {
            if (!isSilent && !isOver) sink.send(line)
          }),
        end: (how) =>
          deliver(() => {
            watches.delete(watch)
            if (!isSilent && !isOver) sink.end(how)
            isOver = true
          }),
      }
    },
  }
}
