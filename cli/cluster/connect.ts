/** Opens the API server that the kubeconfig and the flags name. The only file of the CLI that loads the HTTP client. */

import { loadKubeConfig } from '../../controller/kube/credentials.ts'
import { createHttpClient } from '../../controller/kube/http-client.ts'
import { createVersionedClient } from '../../controller/kube/served-versions.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import { silentLogger } from '../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../controller/runtime/metrics.ts'
import { systemRandom } from '../../controller/runtime/random.ts'
import { CliError } from '../cli-error.ts'
import type { Connection, ConnectOptions } from '../deps.ts'

/** @throws CliError when the configuration names no usable cluster */
export function connectToCluster(options: ConnectOptions, clock: Clock): Connection {
  const access = {
    ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  }
  const ports = { clock, log: silentLogger }
  const http = createHttpClient({
    ...access,
    ...ports,
    random: systemRandom,
    metrics: createMetricRegistry(),
    userAgent: 'penstock-cli',
  })
  const client = createVersionedClient(http, ports)
  return { client, namespace: options.namespace ?? contextNamespace(access), close: () => client.close() }
}

function contextNamespace(access: Parameters<typeof loadKubeConfig>[0]): string {
  try {
    const config = loadKubeConfig(access)
    return config.getContextObject(config.getCurrentContext())?.namespace || 'default'
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new CliError(`${why}; name a kubeconfig with --kubeconfig or KUBECONFIG`, 1, { cause: error })
  }
}
