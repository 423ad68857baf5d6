/** The conformance suite on the embedded server: in-process, and over HTTP with the product's own client. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHttpClient } from '../../../controller/kube/http-client.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../../controller/runtime/metrics.ts'
import { systemRandom } from '../../../controller/runtime/random.ts'
import { writeKubeconfig } from '../../../sandbox/api-server/kubeconfig.ts'
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { connectInProcess, connectOverHttp } from './connection.ts'
import { conformance, installCrds } from './suite.ts'

conformance('embedded, in-process', async () => {
  const server = createApiServer()
  const connection = connectInProcess(server)
  await installCrds(connection)
  return { ...connection, close: () => server.close() }
})

conformance('embedded, over HTTP', async () => {
  const token = 'conformance-token'
  const server = createApiServer({ tokens: [token] })
  const { url } = await server.listen()
  const directory = await mkdtemp(join(tmpdir(), 'penstock-conformance-'))
  const kubeconfig = join(directory, 'kubeconfig')
  await writeKubeconfig(kubeconfig, { url, token })
  const ports = { clock: systemClock, random: systemRandom, log: silentLogger, metrics: createMetricRegistry() }
  const client = createHttpClient({ ...ports, kubeconfig, qps: 1000, burst: 1000 })
  const connection = connectOverHttp({ url, token }, client)
  await installCrds(connection)
  return {
    ...connection,
    async close() {
      await connection.close()
      await client.close()
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
})
