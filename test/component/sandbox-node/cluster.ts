/** A whole small cluster in this process: the embedded API server and a node on it, stopped together. */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { KubeClient, ResourceKind } from '../../../controller/kube/client.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { type Logger, silentLogger } from '../../../controller/runtime/log.ts'
import { type ApiServer, createApiServer } from '../../../sandbox/api-server/server.ts'
import { noPodDelays } from '../../../sandbox/node/behaviour.ts'
import { createNodeStandIn, type NodeStandInOptions } from '../../../sandbox/node/stand-in.ts'
import { seededRandom } from '../../fakes/fake-random.ts'

export interface Cluster {
  readonly server: ApiServer
  readonly client: KubeClient
  readonly list: <T extends KubeObject>(kind: ResourceKind) => Promise<readonly T[]>
  readonly read: <T extends KubeObject>(kind: ResourceKind, name: string) => Promise<T>
}

export const NAMESPACE = 'default'

const printing: Logger = {
  ...silentLogger,
  warn: (message, fields) => console.log(message, fields),
  error: (message, fields) => console.log(message, fields),
  child: () => printing,
}

/** Pods have no delays and are simulated unless `options` says otherwise. NODE_LOG=1 prints the node's warnings. */
export async function withCluster(
  check: (cluster: Cluster) => Promise<void>,
  options: Partial<NodeStandInOptions> = {},
): Promise<void> {
  const server = createApiServer()
  const client = server.client()
  const node = createNodeStandIn({
    client: server.client({ userAgent: 'node' }),
    clock: systemClock,
    random: seededRandom(process.pid),
    log: process.env.NODE_LOG ? printing : silentLogger,
    podDelays: noPodDelays,
    controllers: 'all',
    ...options,
  })
  node.start()
  const list = async <T extends KubeObject>(kind: ResourceKind): Promise<readonly T[]> =>
    (await client.list<T>(kind, { namespace: NAMESPACE })).items
  async function read<T extends KubeObject>(kind: ResourceKind, name: string): Promise<T> {
    const found = await client.get<T>({ kind, name, ...(kind.namespaced ? { namespace: NAMESPACE } : {}) })
    if (!found) throw new Error(`${kind.kind} ${name} does not exist`)
    return found
  }
  try {
    await check({ server, client, list, read })
  } finally {
    await node.stop()
    await server.close()
  }
}

export const template = (
  image = 'web:v1',
  container: object = {},
  meta: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> } = {},
  spec: object = {},
): object => ({
  metadata: { ...meta, labels: { app: 'web', ...meta.labels } },
  spec: { containers: [{ name: 'app', image, ...container }], ...spec },
})

const metadata = (name: string): { name: string; namespace: string } => ({ name, namespace: NAMESPACE })

export const replicaSet = (name: string, replicas: number, podTemplate = template()): KubeObject & object =>
  Object.assign(
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: metadata(name) },
    { spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: podTemplate } },
  )

export const deployment = (name: string, replicas: number, podTemplate = template()): KubeObject & object =>
  Object.assign(
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata(name) },
    { spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: podTemplate } },
  )

export const service = (name: string): KubeObject & object =>
  Object.assign(
    { apiVersion: 'v1', kind: 'Service', metadata: metadata(name) },
    { spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] } },
  )

export const job = (name: string, script: string, spec: object = {}): KubeObject & object => {
  const container = { name: 'app', image: 'alpine', command: ['sh', '-c', script] }
  const podTemplate = { spec: { restartPolicy: 'Never', containers: [container] } }
  return Object.assign(
    { apiVersion: 'batch/v1', kind: 'Job', metadata: metadata(name) },
    { spec: { template: podTemplate, ...spec } },
  )
}
