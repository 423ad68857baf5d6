/** Every router there is, by the key under which a Rollout names it. An unknown key is a validation error, never a default. */
import { isRouterId, type RouterId } from '../api/router-capabilities.ts'
import { apisix } from './apisix.ts'
import { gatewayApi } from './gateway-api.ts'
import { istio } from './istio.ts'
import type { RouterModule } from './router.ts'
import { smi } from './smi.ts'
import { traefik } from './traefik.ts'

export const routerRegistry: Readonly<Record<RouterId, RouterModule>> = {
  'argoproj-labs/gatewayAPI': gatewayApi,
  istio,
  smi,
  traefik,
  apisix,
}

export const findRouter = (id: string): RouterModule | undefined => (isRouterId(id) ? routerRegistry[id] : undefined)
