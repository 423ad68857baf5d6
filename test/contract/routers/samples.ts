/** One sample per router: the compiler asks for it. */
import type { RouterId } from '../../../controller/api/router-capabilities.ts'
import { albSample } from './alb.ts'
import { ambassadorSample } from './ambassador.ts'
import { apisixSample } from './apisix.ts'
import { appMeshSample } from './app-mesh.ts'
import { consulSample } from './consul.ts'
import { consulKvSample } from './consul-kv.ts'
import { contourSample } from './contour.ts'
import { featureFlagSample } from './feature-flag.ts'
import { gatewayApiSample } from './gateway-api.ts'
import { istioSample } from './istio.ts'
import { nginxSample } from './nginx.ts'
import type { RouterSample } from './sample.ts'
import { skipperSample } from './skipper.ts'
import { smiSample } from './smi.ts'
import { switchSample } from './switch.ts'
import { traefikSample } from './traefik.ts'

export const samples: Readonly<Record<RouterId, RouterSample>> = {
  'argoproj-labs/gatewayAPI': gatewayApiSample,
  alb: albSample,
  istio: istioSample,
  nginx: nginxSample,
  smi: smiSample,
  traefik: traefikSample,
  apisix: apisixSample,
  ambassador: ambassadorSample,
  appMesh: appMeshSample,
  'hashicorp/consul': consulSample,
  'argoproj-labs/contour': contourSample,
  'penstock/skipper': skipperSample,
  'penstock/consul-kv': consulKvSample,
  'penstock/switch': switchSample,
  'penstock/feature-flag': featureFlagSample,
}
