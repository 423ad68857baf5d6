/**
 * The API server as one process reaches it: each call travels there, takes effect, and its answer travels back, three moments with a seeded time
 * between them. Here calls are refused, cut, late or answered with the past. It decides nothing about what a call means.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import {
  type Discovery,
  type KubeClient,
  KubeError,
  type KubeStatus,
  type ListOptions,
  noAnswerReasons,
  type ObjectRef,
  type ResourceKind,
  type WatchEvent,
  type WatchOptions,
} from '../../controller/kube/client.ts'
import type { RequestFault } from '../faults/board.ts'
import type { RequestMatch } from '../faults/fault.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { type WatchEdgeDeps, watchThroughEdge } from './watch-edge.ts'

/** A write that is taking effect. */
export interface Write {
  /** Name of the process. */
  readonly by: string
  readonly verb: 'create' | 'patch' | 'delete' | 'evict'
  readonly plural: string
  readonly name: string
  readonly subresource?: string
  readonly body?: unknown
  /** Virtual milliseconds at which it left the process. */
  readonly sentMs: number
}

export interface KubeEdgeDeps extends WatchEdgeDeps {
  readonly kernel: Kernel
  /** Number of the process, as faults know it. */
  readonly index: number
  /** Around the moment at which a write takes effect; `lost`: it does not after all, and the process is dead. */
  readonly onWrite: (write: Write, apply: () => Promise<unknown>) => Promise<unknown> | 'lost'
}

/** As long as the shipped HTTP client waits for an answer. */
const DEADLINE_MS = 10_000

const statusOf = (fault: Extract<RequestFault, { kind: 'answer' }>): KubeStatus => {
  const words = {
    403: ['Forbidden', 'admission webhook "sim" denied the request'],
    409: ['Conflict', 'the object has been modified; please apply your changes to the latest version and try again'],
    429: ['TooManyRequests', 'please try again later'],
    500: ['InternalError', 'etcdserver: leader changed'],
    503: ['ServiceUnavailable', 'apiserver not ready'],
    504: ['Timeout', 'request did not complete within requested timeout'],
  } as const
  const [reason, message] = words[fault.code]
  return { code: fault.code, reason, message, ...(fault.code === 429 ? { details: { retryAfterSeconds: 2 } } : {}) }
}

const noAnswer = (reason: string, request: string): KubeError => new KubeError({ code: 0, reason }, request)

/** What comes back in place of the answer, whatever came of the call. */
function failureOf(fault: RequestFault | undefined, label: string): KubeError | undefined {
  if (fault?.kind === 'answer') return new KubeError(statusOf(fault), label)
  return fault?.kind === 'cut' ? noAnswer(noAnswerReasons.lost, label) : undefined
}

interface Call {
  readonly verb: NonNullable<RequestMatch['verb']>
  readonly plural: string
  readonly name: string
  readonly label: string
}

export function createEdgeClient(deps: KubeEdgeDeps): KubeClient & Discovery {
  const { server, process, board, kernel, latencyMs, index } = deps
  const inner = server.client({ userAgent: 'penstock' })

  /** `perform` takes effect at once when called, and promises the answer. */
  function send<T>(call: Call, perform: () => Promise<T>): Promise<T> {
    const { label } = call
    return new Promise<T>((resolve, reject) => {
      let isAnswered = false
      const answer = (delayMs: number, what: string, run: () => void): void => {
        process.deliver(delayMs, `← ${label} ${what}`, () => {
          if (isAnswered) return
          isAnswered = true
          run()
        })
      }
      const fail = (delayMs: number, error: KubeError): void =>
        answer(delayMs, error.reason || String(error.code), () => reject(error))
      if (board.isCutOff(index)) return fail(DEADLINE_MS, noAnswer(noAnswerReasons.timeout, label))
      const fault = board.takeRequest(call.verb, call.plural)
      const slowMs = fault?.kind === 'slow' ? fault.ms : 0
      if (slowMs >= DEADLINE_MS) fail(DEADLINE_MS, noAnswer(noAnswerReasons.timeout, label))
      kernel.schedule(latencyMs() + slowMs, undefined, () => {
        const isApplied = fault === undefined || !('applied' in fault) || fault.applied
        kernel.note(`${process.name} → ${label}${fault ? ` (${fault.kind}${isApplied ? '' : ', lost'})` : ''}`)
        if (fault?.kind === 'repeat') void perform().catch(() => {})
        const outcome = isApplied ? perform() : undefined
        const failure = failureOf(fault, label)
        if (failure) fail(latencyMs(), failure)
        outcome?.then(
          (value) => failure ?? answer(latencyMs(), 'ok', () => resolve(value)),
          (error: unknown) =>
            failure ??
            fail(latencyMs(), error instanceof KubeError ? error : noAnswer(noAnswerReasons.badAnswer, label)),
        )
      })
    })
  }

  const read = <T>(verb: 'get' | 'list', kind: ResourceKind, name: string, perform: () => Promise<T>): Promise<T> =>
    send({ verb, plural: kind.plural, name, label: `${verb} ${kind.plural}${name && `/${name}`}` }, perform)

  async function write<T>(
    write: Omit<Write, 'by' | 'sentMs'>,
    isPermitted: (() => boolean) | undefined,
    perform: () => Promise<T>,
  ) {
    const { verb, plural, name, subresource } = write
    const label = `${verb} ${plural}/${name}${subresource === undefined ? '' : `/${subresource}`}`
    const heldMs = board.takeHoldMs(verb, plural)
    if (heldMs > 0) await process.clock.sleep(heldMs)
    if (isPermitted?.() === false) throw noAnswer(noAnswerReasons.notLeader, label)
    const sentMs = kernel.now()
    return send<T>({ verb, plural, name, label }, () => {
      const outcome = deps.onWrite({ ...write, by: process.name, sentMs }, perform)
      return outcome === 'lost' ? new Promise<T>(() => {}) : (outcome as Promise<T>)
    })
  }

  const versionAgo = (versions: number): string => String(Math.max(2, Number(server.resourceVersion()) - versions))

  /** Lists for caches may show the past; the API server never shows a later past after a newer one was asked for. */
  const stale = (kind: ResourceKind, options: ListOptions): ListOptions => {
    const versions = options.continue === undefined ? board.takeStaleness(kind.plural, 'list') : 0
    return versions === 0 ? options : { ...options, limit: options.limit ?? 500, resourceVersion: versionAgo(versions) }
  }

  /** An old read of one object is an old list of it alone. */
  async function readOne<T extends KubeObject>({ kind, namespace, name }: ObjectRef): Promise<T | undefined> {
    const versions = board.takeStaleness(kind.plural, 'get')
    if (versions === 0) return inner.get<T>({ kind, name, ...(namespace === undefined ? {} : { namespace }) })
    const { items } = await inner.list<T>(kind, {
      ...(namespace === undefined ? {} : { namespace }),
      fieldSelector: `metadata.name=${name}`,
      limit: 1,
      resourceVersion: versionAgo(versions),
    })
    return items[0]
  }

  return {
    get: <T extends KubeObject>(ref: ObjectRef) => read('get', ref.kind, ref.name, () => readOne<T>(ref)),
    list: (kind, options = {}) =>
      read('list', kind, '', () => {
        const { signal: _, ...rest } = options
        return inner.list(kind, stale(kind, rest))
      }),
    watch: (kind, options) => watchAfterCall(deps, kind, options),
    create: (kind, object, options) =>
      write(
        { verb: 'create', plural: kind.plural, name: object.metadata.name, body: object },
        options?.isPermitted,
        () => inner.create(kind, object, withoutPermit(options)),
      ),
    patch: (ref, patch, body, options) =>
      write(
        { verb: 'patch', plural: ref.kind.plural, name: ref.name, body, ...subresourceOf(options) },
        options?.isPermitted,
        () => inner.patch(ref, patch, body, withoutPermit(options)),
      ),
    delete: (ref: ObjectRef, options) =>
      write({ verb: 'delete', plural: ref.kind.plural, name: ref.name, body: options }, options?.isPermitted, () =>
        inner.delete(ref, withoutPermit(options)),
      ),
    postSubresource: (ref, subresource, body, options) =>
      write({ verb: 'evict', plural: ref.kind.plural, name: ref.name, body }, options?.isPermitted, () =>
        inner.postSubresource(ref, subresource, body),
      ),
    listVersions: (group) => inner.listVersions(group),
    listResources: (group, version) => inner.listResources(group, version),
  }
}

const subresourceOf = (options: { readonly subresource?: string } | undefined) =>
  options?.subresource === undefined ? {} : { subresource: options.subresource }

/** Permission was asked when the bytes left; what is on its way arrives. */
function withoutPermit<T extends object>(options: T | undefined): T {
  return { ...options, isPermitted: undefined } as unknown as T
}

async function* watchAfterCall<T extends KubeObject>(
  deps: WatchEdgeDeps,
  kind: ResourceKind,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { process, board, latencyMs } = deps
  await process.clock.sleep(latencyMs(), options.signal)
  const fault = board.takeRequest('watch', kind.plural)
  if (fault?.kind === 'answer') throw new KubeError(statusOf(fault), `watch ${kind.plural}`)
  if (fault?.kind === 'cut') throw noAnswer(noAnswerReasons.lost, `watch ${kind.plural}`)
  if (fault?.kind === 'slow') await process.clock.sleep(fault.ms, options.signal)
  yield* watchThroughEdge<T>(deps, kind, options)
}
