/** Random objects that Argo's definitions take, through the embedded API server under ours. */
import { createApiServer } from '../../../sandbox/api-server/server.ts'
import { roundTrips } from '../../argo-crds/round-trip.ts'
import { connectInProcess } from '../../contract/api-server/connection.ts'

roundTrips('the embedded API server', 100, async () => {
  const server = createApiServer()
  return { ...connectInProcess(server), close: () => server.close() }
})
