/**
 * The embedded Kubernetes API server: the composition of store, registry, lifecycle and request handler, used over HTTP by the
 * sandbox and in-process by tests and the simulator. With a fake clock and a given id source it is deterministic.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { Discovery, KubeClient } from '../../controller/kube/client.ts'
import type { ApiRequest, ApiResponse } from './api-message.ts'
import { builtinTypes } from './builtin/kinds.ts'
import { type ServerClock, systemClock } from './clock.ts'
import type { Faults } from './faults.ts'
import { type HttpServer, listen } from './http.ts'
import { createInProcessClient } from './in-process-client.ts'
import { startCustomResources } from './lifecycle/custom-resources.ts'
import { startGarbageCollector } from './lifecycle/gc.ts'
import { startNamespaceLifecycle } from './lifecycle/namespaces.ts'
import { createRegistry } from './registry.ts'
import type { Core } from './request/context.ts'
import { createObject } from './request/create.ts'
import { handle } from './request/handler.ts'
import type { ResourceType } from './resource-type.ts'
import { createStore } from './store.ts'
import { createWatchHub } from './watch-hub.ts'

export interface ApiServerOptions {
  readonly clock?: ServerClock
  /** Ids of objects; random by default. */
  readonly newUid?: () => string
  /** Suffixes for generateName; random by default. */
  readonly newSuffix?: () => string
  /** Bearer tokens that HTTP requests must carry one of. Empty: no authentication, for loopback only. */
  readonly tokens?: readonly string[]
  /** How many events are kept for watches that resume. */
  readonly eventLogLimit?: number
  readonly bookmarkIntervalMs?: number
  readonly faults?: Faults
  /** Custom resources served without a stored CRD, by bucket: parsed once, shared by many servers. */
  readonly resources?: ReadonlyMap<string, readonly ResourceType[]>
}

export interface ListenOptions {
  /** 0 (default): any free port. */
  readonly port?: number
  readonly host?: string
}

export interface ApiServer {
  handle(request: ApiRequest): ApiResponse
  /** A client on the store itself, without a socket. */
  client(options?: { userAgent?: string }): KubeClient & Discovery
  listen(options?: ListenOptions): Promise<{ readonly url: string }>
  /** Forgets all past events: older watches and pages get 410. */
  compact(): void
  resourceVersion(): string
  /** Ends watches, sockets and lifecycle. */
  close(): Promise<void>
}

const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

const randomSuffix = (): string =>
  [...randomBytes(5)].map((byte) => suffixAlphabet[byte % suffixAlphabet.length] ?? 'b').join('')

const createIpSource = (): (() => string) => {
  let count = 0
  return () => {
    count += 1
    return `10.96.${(count >> 8) & 255}.${count & 255}`
  }
}

const systemNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

const createNamespaces = (core: Core): void => {
  const type = core.registry.find('', 'v1', 'namespaces')
  if (type === undefined) throw new Error('the built-in kinds have no namespaces')
  for (const name of systemNamespaces) {
    const options = {
      dryRun: false,
      fieldManager: 'kube-apiserver',
      fieldValidation: 'Ignore' as const,
      force: false,
      warnings: [],
    }
    createObject(core, type, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, options)
  }
}

export const createApiServer = (options: ApiServerOptions = {}): ApiServer => {
  const core: Core = {
    store: createStore(options.eventLogLimit ?? 50_000),
    registry: createRegistry(builtinTypes),
    clock: options.clock ?? systemClock,
    newUid: options.newUid ?? randomUUID,
    newSuffix: options.newSuffix ?? randomSuffix,
    allocateIp: createIpSource(),
  }
  const hub = createWatchHub(core, options.faults, options.bookmarkIntervalMs ?? 60_000)
  const deps = { core, hub, faults: options.faults }
  const answerRequest = (request: ApiRequest): ApiResponse => handle(deps, request)
  const collector = startGarbageCollector(core, queueMicrotask)
  const stops = [
    () => collector.stop(),
    startNamespaceLifecycle(core, queueMicrotask),
    startCustomResources(core, queueMicrotask),
  ]
  const sockets: HttpServer[] = []
  createNamespaces(core)
  for (const [bucket, types] of options.resources ?? []) core.registry.setCustom(bucket, types)

  return {
    handle: answerRequest,
    client: ({ userAgent = 'in-process' } = {}) => createInProcessClient(answerRequest, userAgent),
    async listen({ port = 0, host = '127.0.0.1' } = {}) {
      const server = await listen({ port, host, tokens: options.tokens ?? [], handle: answerRequest })
      sockets.push(server)
      return { url: server.url }
    },
    compact: () => core.store.compact(),
    resourceVersion: () => String(core.store.version()),
    async close() {
      hub.close()
      for (const stop of stops) stop()
      await Promise.all(sockets.splice(0).map((socket) => socket.close()))
    },
  }
}
