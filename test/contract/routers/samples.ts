/** One sample per router: the compiler asks for it. */
import type { RouterId } from '../../../controller/api/router-capabilities.ts'
import { apisixSample } from './apisix.ts'
import { gatewayApiSample } from './gateway-api.ts'
import { istioSample } from './istio.ts'
import type { RouterSample } from './sample.ts'
import { smiSample } from './smi.ts'
import { traefikSample } from './traefik.ts'

export const samples: Readonly<Record<RouterId, RouterSample>> = {
  'argoproj-labs/gatewayAPI': gatewayApiSample,
  istio: istioSample,
  smi: smiSample,
  traefik: traefikSample,
  apisix: apisixSample,
}
