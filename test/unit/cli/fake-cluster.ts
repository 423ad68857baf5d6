/** A cluster for the CLI's tests: objects in memory, every write recorded, and a terminal that remembers what was printed. */

import { forecast, tellPlan } from '../../../cli/cluster/plan.ts'
import type { CliDeps } from '../../../cli/deps.ts'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { KubeClient, KubeList, ObjectRef, ResourceKind, WriteOptions } from '../../../controller/kube/client.ts'
import type { HttpRequest, HttpResponse } from '../../../controller/runtime/http.ts'
import { createFakeClock, type FakeClock } from '../../fakes/fake-clock.ts'

export interface SentPatch {
  readonly object: string
  readonly kind: string
  readonly subresource: string | undefined
  readonly body: unknown
}

export interface FakeCluster {
  readonly client: KubeClient
  readonly patches: SentPatch[]
  /** By plural; replace the entry to change what the next read sees. */
  readonly objects: Map<string, readonly KubeObject[]>
  /** Called before a patch is taken; throw to refuse it. */
  onPatch: (patch: SentPatch) => void
  /** Called before a read is answered; throw to refuse it. */
  onRead: (plural: string) => void
}

export function createFakeCluster(objects: Readonly<Record<string, readonly KubeObject[]>>): FakeCluster {
  const stored = new Map(Object.entries(objects))
  const patches: SentPatch[] = []
  const inNamespace = (kind: ResourceKind, namespace: string | undefined): readonly KubeObject[] =>
    (stored.get(kind.plural) ?? []).filter(
      (object) => namespace === undefined || object.metadata.namespace === namespace,
    )
  const find = (ref: ObjectRef): KubeObject | undefined =>
    inNamespace(ref.kind, ref.namespace).find((object) => object.metadata.name === ref.name)
  const unused = (): never => {
    throw new Error('the CLI has no business with this operation')
  }
  const cluster: FakeCluster = {
    objects: stored,
    patches,
    onPatch: () => {},
    onRead: () => {},
    client: {
      get: async <T extends KubeObject>(ref: ObjectRef) => {
        cluster.onRead(ref.kind.plural)
        return find(ref) as T | undefined
      },
      list: async <T extends KubeObject>(kind: ResourceKind, options: { readonly namespace?: string } = {}) => {
        cluster.onRead(kind.plural)
        return { metadata: { resourceVersion: '1' }, items: inNamespace(kind, options.namespace) } as KubeList<T>
      },
      watch: (_kind, options) => silentUntil(options.signal),
      patch: async <T extends KubeObject>(ref: ObjectRef, kind: string, body: unknown, options?: WriteOptions) => {
        const patch = { object: `${ref.kind.plural}/${ref.name}`, kind, subresource: options?.subresource, body }
        cluster.onPatch(patch)
        patches.push(patch)
        return (find(ref) ?? unused()) as T
      },
      create: unused,
      delete: unused,
      postSubresource: unused,
    },
  }
  return cluster
}

/** A watch on which nothing ever happens. */
const silentUntil = (signal: AbortSignal): AsyncIterable<never> => ({
  [Symbol.asyncIterator]: () => ({
    next: () =>
      new Promise((resolve) => {
        if (signal.aborted) resolve({ done: true, value: undefined })
        signal.addEventListener('abort', () => resolve({ done: true, value: undefined }), { once: true })
      }),
  }),
})

export interface FakeCli {
  readonly deps: CliDeps
  readonly clock: FakeClock
  readonly stopper: AbortController
  /** Resolves once the command waits for time to pass: code is loaded lazily, so that takes a few real turns. */
  readonly untilWaiting: () => Promise<void>
  readonly output: () => { readonly out: string; readonly err: string }
  /** By path. */
  readonly written: ReadonlyMap<string, string>
}

export function createFakeCli(
  cluster: FakeCluster | undefined,
  options: {
    readonly unicode?: boolean
    readonly files?: Readonly<Record<string, string>>
    readonly answer?: (request: HttpRequest) => HttpResponse
  } = {},
): FakeCli {
  const clock = createFakeClock(Date.parse('2026-01-01T01:00:00Z'))
  const stopper = new AbortController()
  let out = ''
  let err = ''
  const written = new Map<string, string>()
  return {
    clock,
    written,
    stopper,
    untilWaiting: async () => {
      for (let turn = 0; clock.pendingTimers() === 0; turn += 1) {
        if (turn === 10_000) throw new Error('the command never waited')
        await clock.settle()
      }
    },
    output: () => ({ out, err }),
    deps: {
      clock,
      signal: stopper.signal,
      terminal: {
        out: (text) => {
          out += text
        },
        err: (text) => {
          err += text
        },
        isTty: false,
        color: false,
        unicode: options.unicode ?? true,
      },
      connect: async (asked) => {
        if (!cluster) throw new Error('this command must not open a connection')
        return { client: cluster.client, namespace: asked.namespace ?? 'shop', close: async () => {} }
      },
      listFiles: async (path) => {
        const inside = Object.keys(options.files ?? {}).filter((file) => file.startsWith(`${path}/`))
        return inside.length > 0 ? inside : [path]
      },
      readText: async (path) => options.files?.[path] ?? Promise.reject(new Error(`no file ${path}`)),
      writeText: async (path, text) => void written.set(path, text),
      openHttp: async () => ({
        send: async (request) => {
          if (!options.answer) throw new Error('this command must not send a request')
          return options.answer(request)
        },
        close: () => {},
      }),
      tellPlan,
      forecast,
      loadSimulator: async () => (await import('../../../sim/user/simulator.ts')).simulator,
      loadValidators: async () => (await import('../../../cli/lint/validators.ts')).validators,
    },
  }
}
