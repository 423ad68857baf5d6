/**
 * The embedded cluster: API server, node stand-in and gateway in this process, with the CRDs installed. One place starts them in order and
 * stops them in the reverse order; nothing is left behind. It knows no story and no controller.
 */
import { fileURLToPath } from 'node:url'
import type { KubeClient } from '../controller/kube/client.ts'
import { systemClock } from '../controller/runtime/clock.ts'
import type { Logger } from '../controller/runtime/log.ts'
import { systemRandom } from '../controller/runtime/random.ts'
import type { Faults } from './api-server/faults.ts'
import { writeKubeconfig } from './api-server/kubeconfig.ts'
import { type ApiServer, createApiServer } from './api-server/server.ts'
import { type RunningGateway, startGateway } from './gateway/gateway.ts'
import { applyManifest, readManifests } from './manifests.ts'
import { createProcessRuntime } from './node/processes/process-runtime.ts'
import { createNodeStandIn } from './node/stand-in.ts'
import { createStopList } from './stop-list.ts'

export interface ClusterOptions {
  readonly log: Logger
  /** Where pods' processes start; also holds nothing else. */
  readonly workingDirectory: string
  /** Port of the API server; 0 or absent takes a free one. */
  readonly port?: number
  /** False: no node and no gateway, the API server alone. */
  readonly workloads?: boolean
  /** Sees (and may disturb) every request. */
  readonly faults?: Faults
}

export interface Cluster {
  readonly url: string
  readonly client: KubeClient
  /** Absent without workloads. */
  readonly gateway?: RunningGateway
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
    const gateway = options.workloads === false ? undefined : await startWorkloads(options, client, stops.add)
    log.info('the cluster is up', { url })
    return {
      url,
      client,
      ...(gateway ? { gateway } : {}),
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
): Promise<RunningGateway> {
  const context = { client, clock: systemClock, random: systemRandom, log: options.log }
  const processes = createProcessRuntime({
    clock: systemClock,
    workingDirectory: options.workingDirectory,
    baseEnv: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  })
  const node = createNodeStandIn({ ...context, processes, controllers: 'all' })
  onStop(() => node.stop())
  node.start()
  const gateway = await startGateway(context)
  onStop(() => gateway.stop())
  return gateway
}
