/**
 * Gives simulated pods something that answers: one small HTTP server per pod address on loopback, all in this process, naming the pod's
 * revision in a header as the sandbox's service does. A process per pod would measure the machine instead of the controller.
 */
import { createServer, type Server } from 'node:http'
import type { KubeObject } from '../../controller/api/meta.ts'
import type { ObjectCache } from '../../controller/kube/cache.ts'
import { HASH_HEADER } from '../../sandbox/gateway/proxy.ts'
import { POD_PORT } from './manifests.ts'

export interface Pod extends KubeObject {
  readonly spec?: { readonly containers: readonly { readonly image?: string }[] }
  readonly status?: { readonly podIP?: string }
}

type CodeOf = (pod: Pod) => number

const alwaysOk: CodeOf = () => 200

/** Serves every pod of the cache from its address on; the answer ends all of it. */
export function servePods(pods: ObjectCache<Pod>, codeOf: CodeOf = alwaysOk): () => Promise<void> {
  const servers = new Map<string, Server>()
  const unsubscribe = pods.subscribe(({ type, object }) => {
    const uid = object.metadata.uid ?? ''
    const address = object.status?.podIP
    if (type === 'deleted') {
      const server = servers.get(uid)
      servers.delete(uid)
      if (server) finish(server)
    } else if (address !== undefined && !servers.has(uid)) {
      servers.set(uid, serve(address, object, codeOf))
    }
  })
  return async () => {
    unsubscribe()
    await Promise.all([...servers.values()].map(close))
  }
}

function serve(address: string, pod: Pod, codeOf: CodeOf): Server {
  const hash = pod.metadata.labels?.['rollouts-pod-template-hash'] ?? ''
  const server = createServer((request, response) => {
    request.resume()
    const goodbye = server.listening ? {} : { connection: 'close' }
    response.writeHead(codeOf(pod), { [HASH_HEADER]: hash, ...goodbye }).end('ok\n')
  })
  server.keepAliveTimeout = 60_000
  // An address that another sandbox holds: the gateway then reports the pod's requests as lost, and the benchmark with it.
  server.on('error', () => {})
  return server.listen(POD_PORT, address)
}

/** As a program that was told to end: what it has begun to answer it answers, and nothing new is taken. */
function finish(server: Server): void {
  server.close()
  server.closeIdleConnections()
}

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
