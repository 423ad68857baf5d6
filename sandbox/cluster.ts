/**
 * The embedded cluster: API server, node stand-in and gateway in this process, or real proxies in the gateway's place, with the CRDs installed. One place
 * starts them in order and stops them in the reverse order; nothing is left behind. It knows no story and no controller.
 */
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KubeClient } from '../controller/kube/client.ts'
import { systemClock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'
import { systemRandom } from '../controller/runtime/random.ts'
import type { Faults } from './api-server/faults.ts'
import { writeKubeconfig } from './api-server/kubeconfig.ts'
import { type ApiServer, createApiServer } from './api-server/server.ts'
import type { FoundProgram } from './debian-programs.ts'
import { type RunningGateway, startGateway } from './gateway/gateway.ts'
import type { GatewayContext } from './gateway/watched-caches.ts'
import { applyManifest, readManifests } from './manifests.ts'
import { createProcessRuntime } from './node/processes/process-runtime.ts'
import { createNodeStandIn } from './node/stand-in.ts'
import { type RunningHaproxy, startHaproxyGateway } from './proxies/haproxy/haproxy.ts'
import { type RunningNginx, startNginxIngress } from './proxies/nginx/nginx.ts'
import type { ProxyName } from './proxies/programs.ts'
import { createStopList } from './stop-list.ts'

export interface ClusterOptions {
  readonly log: Logger
  /** Where pods' processes start; also holds nothing else. */
  readonly workingDirectory: string
  /** Port of the API server; 0 or absent takes a free one. */
  readonly port?: number
  /** False: no node and no gateway, the API server alone. */
  readonly workloads?: boolean
  /** Programs to start in the place of the gateway: HAProxy obeys HTTPRoutes and GRPCRoutes, nginx Ingresses. */
  readonly proxies?: Readonly<Record<ProxyName, FoundProgram>>
  /** Sees (and may disturb) every request. */
  readonly faults?: Faults
}

export interface RunningProxies {
  readonly haproxy: RunningHaproxy
  readonly nginx: RunningNginx
}

export interface Cluster {
  readonly url: string
  readonly client: KubeClient
  /** Absent without workloads, and where proxies take its place. */
  readonly gateway?: RunningGateway
  readonly proxies?: RunningProxies
  /** Writes a kubeconfig, readable by its owner only. */
  writeKubeconfig(path: string): Promise<void>
  stop(): Promise<void>
}

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
/** The CRDs of the product and those of Gateway API. */
const crdDirectories = [pathOf('../charts/penstock/crds'), pathOf('./crds')]

/** Resolves when the API server answers and the CRDs are stored. What was started is stopped again when a later part fails. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { log } = options
  const stops = createStopList()
  try {
    // kubectl sends no credentials without TLS, so the loopback interface is what keeps others out.
    const server: ApiServer = createApiServer(options.faults ? { faults: options.faults } : {})
    stops.add(() => server.close())
    const { url } = await server.listen({ port: options.port ?? 0 })
    const client = server.client({ userAgent: 'sandbox' })
    for (const directory of crdDirectories) {
      for (const manifest of await readManifests(directory)) await applyManifest(client, manifest, 'sandbox')
    }
    const workloads = options.workloads === false ? {} : await startWorkloads(options, client, stops.add)
    log.info('the cluster is up', { url })
    return {
      url,
      client,
      ...workloads,
      writeKubeconfig: (path) => writeKubeconfig(path, { url }),
      stop: stops.run,
    }
  } catch (error) {
    await stops.run()
    throw error
  }
}

async function startWorkloads(
  options: ClusterOptions,
  client: KubeClient,
  onStop: (stop: () => Promise<void>) => void,
): Promise<Pick<Cluster, 'gateway' | 'proxies'>> {
  const context = { client, clock: systemClock, random: systemRandom, log: options.log }
  const processes = createProcessRuntime({
    clock: systemClock,
    workingDirectory: options.workingDirectory,
    baseEnv: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  })
  const node = createNodeStandIn({ ...context, processes, controllers: 'all' })
  onStop(() => node.stop())
  node.start()
  if (options.proxies) return { proxies: await startProxies(options.proxies, options, context, onStop) }
  const gateway = await startGateway(context)
  onStop(() => gateway.stop())
  return { gateway }
}

async function startProxies(
  programs: Readonly<Record<ProxyName, FoundProgram>>,
  { workingDirectory }: ClusterOptions,
  context: GatewayContext,
  onStop: (stop: () => Promise<void>) => void,
): Promise<RunningProxies> {
  const directoryOf = (name: ProxyName): Promise<string> => mkdtemp(join(workingDirectory, `${name}-`))
  const directories = { haproxy: await directoryOf('haproxy'), nginx: await directoryOf('nginx') }
  const haproxy = await startHaproxyGateway({ ...context, program: programs.haproxy, directory: directories.haproxy })
  onStop(() => haproxy.stop())
  const nginx = await startNginxIngress({ ...context, program: programs.nginx, directory: directories.nginx })
  onStop(() => nginx.stop())
  return { haproxy, nginx }
}
