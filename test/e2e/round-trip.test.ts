/** Random objects that Argo's definitions take, through a real kube-apiserver under ours. */
import { createHttpClient } from '../../controller/kube/http-client.ts'
import { systemClock } from '../../controller/runtime/clock.ts'
import { silentLogger } from '../../controller/runtime/log.ts'
import { createMetricRegistry } from '../../controller/runtime/metrics.ts'
import { systemRandom } from '../../controller/runtime/random.ts'
import { roundTrips } from '../argo-crds/round-trip.ts'
import { connectOverHttp } from '../contract/api-server/connection.ts'
import { startControlPlane } from '../control-plane/start.ts'

roundTrips('a real API server', 40, async () => {
  const controlPlane = await startControlPlane()
  const { url, caPem, adminToken: token, kubeconfigPath: kubeconfig } = controlPlane
  const ports = { clock: systemClock, random: systemRandom, log: silentLogger, metrics: createMetricRegistry() }
  const client = createHttpClient({ ...ports, kubeconfig, qps: 1000, burst: 1000 })
  const connection = connectOverHttp({ url, caPem, token }, client)
  return {
    ...connection,
    async close() {
      await connection.close()
      await client.close()
      await controlPlane.stop()
    },
  }
})
