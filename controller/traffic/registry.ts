/** Every router there is, by the key under which a Rollout names it. An unknown key is a validation error, never a default. */
import { isRouterId, type RouterId } from '../api/router-capabilities.ts'
import { alb } from './alb.ts'
import { ambassador } from './ambassador.ts'
import { apisix } from './apisix.ts'
import { appMesh } from './app-mesh.ts'
import { consul } from './consul.ts'
import { consulKv } from './consul-kv.ts'
import { contour } from './contour.ts'
import { featureFlag } from './feature-flag.ts'
import { gatewayApi } from './gateway-api.ts'
import { istio } from './istio.ts'
import { nginx } from './nginx.ts'
import type { RouterModule } from './router.ts'
import { skipper } from './skipper.ts'
import { smi } from './smi.ts'
import { configSwitch } from './switch.ts'
import { traefik } from './traefik.ts'

export const routerRegistry: Readonly<Record<RouterId, RouterModule>> = {
  'argoproj-labs/gatewayAPI': gatewayApi,
  alb,
  istio,
  nginx,
  smi,
  traefik,
  apisix,
  ambassador,
  appMesh,
  'hashicorp/consul': consul,
  'argoproj-labs/contour': contour,
  'penstock/skipper': skipper,
  'penstock/consul-kv': consulKv,
  'penstock/switch': configSwitch,
  'penstock/feature-flag': featureFlag,
}

export const findRouter = (id: string): RouterModule | undefined => (isRouterId(id) ? routerRegistry[id] : undefined)
