/** The conformance suite on a real kube-apiserver: the same cases, the same expectations as on the embedded one. */
import { createHttpClient } from '../../controller/kube/http-client.ts'
import { systemClock } from '../../controller/runtime/clock.ts'
import { silentLogger } from '../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../controller/runtime/metrics.ts'
import { systemRandom } from '../../controller/runtime/random.ts'
import { connectOverHttp } from '../contract/api-server/connection.ts'
import { conformance, installCrds } from '../contract/api-server/suite.ts'
import { startControlPlane } from '../control-plane/start.ts'

conformance('kube-apiserver', async () => {
  const controlPlane = await startControlPlane()
  const { url, caPem, adminToken: token, kubeconfigPath: kubeconfig } = controlPlane
  const ports = { clock: systemClock, random: systemRandom, log: silentLogger, metrics: createMetricRegistry() }
  const client = createHttpClient({ ...ports, kubeconfig, qps: 1000, burst: 1000 })
  const connection = connectOverHttp({ url, caPem, token }, client)
  await installCrds(connection)
  await controlPlane.startControllerManager()
  return {
    ...connection,
    async close() {
      await connection.close()
      await client.close()
      await controlPlane.stop()
    },
  }
})
