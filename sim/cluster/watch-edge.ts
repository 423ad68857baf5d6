/**
 * A watch as one process sees it: each line crosses the network at a time of its own, in order, and may be lost, doubled, late or the last one before
 * silence. What the API server sent is never changed.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import {
  KubeError,
  noAnswerReasons,
  type ResourceKind,
  type WatchEvent,
  type WatchOptions,
} from '../../controller/kube/client.ts'
import { renderCollectionPath } from '../../controller/kube/request-path.ts'
import type { WatchLine } from '../../sandbox/api-server/api-message.ts'
import type { ApiServer } from '../../sandbox/api-server/server.ts'
import type { FaultBoard } from '../faults/board.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { SimProcess } from '../kernel/process.ts'

export interface WatchEdgeDeps {
  readonly server: ApiServer
  readonly kernel: Pick<Kernel, 'note'>
  readonly process: SimProcess
  readonly board: FaultBoard
  readonly latencyMs: () => number
  /** Ends and silences this process' watches from outside. */
  readonly control: WatchControl
}

export interface OpenWatch {
  readonly plural: string
  /** Lines were lost: only a list can tell what they said. */
  hasLost(): boolean
  end(how: 'broken' | 'gone'): void
  silence(): void
}

export interface WatchControl {
  add(watch: OpenWatch): void
  remove(watch: OpenWatch): void
  list(plural?: string): readonly OpenWatch[]
  /** A line of this kind was lost: a watch that goes on from the last one that was seen does not bring it back. */
  lose(plural: string): void
  hasLost(plural: string): boolean
  /** It is listed anew. */
  find(plural: string): void
}

export function createWatchControl(): WatchControl {
  const open = new Set<OpenWatch>()
  const lost = new Set<string>()
  return {
    add: (watch) => void open.add(watch),
    remove: (watch) => void open.delete(watch),
    list: (plural) => [...open].filter((watch) => plural === undefined || watch.plural === plural),
    lose: (plural) => void lost.add(plural),
    hasLost: (plural) => lost.has(plural),
    find: (plural) => void lost.delete(plural),
  }
}

type Item = { readonly line: WatchLine } | { readonly end: 'closed' | 'broken' }

/** Items in the order of their arrival; `next` waits for one. */
function createInbox() {
  const items: Item[] = []
  let wake = (): void => {}
  return {
    put(item: Item): void {
      items.push(item)
      wake()
    },
    async next(): Promise<Item> {
      for (;;) {
        const item = items.shift()
        if (item) return item
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

const gone: WatchLine = {
  type: 'ERROR',
  object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' },
}

function queryOf({ labelSelector, fieldSelector, resourceVersion, timeoutSeconds }: WatchOptions): URLSearchParams {
  const query = new URLSearchParams({ watch: 'true', allowWatchBookmarks: 'true', resourceVersion })
  query.set('timeoutSeconds', String(timeoutSeconds))
  if (labelSelector !== undefined) query.set('labelSelector', labelSelector)
  if (fieldSelector !== undefined) query.set('fieldSelector', fieldSelector)
  return query
}

const lost = (message: string): KubeError => new KubeError({ code: 0, reason: noAnswerReasons.lost, message }, 'watch')

/** A watch that is so many lines behind shows them in the end, though no more come. */
const LATEST_MS = 3_000

export async function* watchThroughEdge<T extends KubeObject>(
  deps: WatchEdgeDeps,
  kind: ResourceKind,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { server, kernel, process, board, latencyMs, control } = deps
  const { plural } = kind
  const inbox = createInbox()
  let isSilent = false
  let notBeforeMs = 0
  const behind: (() => void)[] = []

  const onTheWay: { readonly item: Item; readonly label: string | undefined }[] = []

  /** In order: no item overtakes the one before, nor those that arrive in the same millisecond or wait for a process that is paused. */
  function carry(item: Item, label: string | undefined): void {
    const nowMs = process.clock.monotonicMs()
    notBeforeMs = Math.max(notBeforeMs, nowMs + latencyMs() + board.watchDelayMs(plural))
    onTheWay.push({ item, label })
    process.deliver(notBeforeMs - nowMs, undefined, () => {
      const next = onTheWay.shift()
      if (next?.label !== undefined) kernel.note(`${process.name} ${next.label}`)
      if (next) inbox.put(next.item)
    })
  }

  /** Lets lines go, in order, until so many are left. */
  function catchUp(lag: number): void {
    for (const go of behind.splice(0, Math.max(0, behind.length - lag))) go()
  }

  function send(line: WatchLine): void {
    if (isSilent) return
    const isObject = line.type !== 'BOOKMARK' && line.type !== 'ERROR'
    const fate = isObject ? board.takeWatchLine(plural) : undefined
    const { name = '', resourceVersion = '' } = (line.object.metadata ?? {}) as {
      name?: string
      resourceVersion?: string
    }
    if (fate === 'drop') {
      control.lose(plural)
      return
    }
    const label = isObject ? `sees ${line.type} ${plural}/${name}@${resourceVersion}` : undefined
    behind.push(() => carry({ line }, label))
    if (fate === 'duplicate') behind.push(() => carry({ line }, label))
    const lag = board.watchLag(plural)
    catchUp(lag)
    if (lag > 0) process.deliver(LATEST_MS, undefined, () => catchUp(0))
  }

  const path = renderCollectionPath(kind, options.namespace)
  const response = server.handle({ method: 'GET', path, query: queryOf(options), headers: {} })
  if (response.kind !== 'watch')
    throw new KubeError(response.kind === 'object' ? (response.body as never) : { code: 500 }, path)
  const stop = response.start({ send, end: (how) => carry({ end: how }, undefined) })
  const watch: OpenWatch = {
    plural,
    hasLost: () => control.hasLost(plural),
    end(how) {
      if (how === 'gone') {
        control.find(plural)
        carry({ line: gone }, `watch of ${plural} gone`)
      } else carry({ end: 'broken' }, `watch of ${plural} broken`)
      // Last: the server ends a watch that is stopped in good order, which must not be heard before.
      stop()
    },
    silence() {
      isSilent = true
    },
  }
  control.add(watch)
  const onAbort = (): void => inbox.put({ end: 'closed' })
  options.signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      const item = await inbox.next()
      if (options.signal.aborted) return
      if ('end' in item) {
        if (item.end === 'broken') throw lost('the watch was broken')
        return
      }
      // What the API server sends for this kind is what the caller asked for.
      yield item.line as unknown as WatchEvent<T>
    }
  } finally {
    options.signal.removeEventListener('abort', onAbort)
    control.remove(watch)
    stop()
  }
}
