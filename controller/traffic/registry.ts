/** Every router there is, by the key under which a Rollout names it. An unknown key is a validation error, never a default. */
import { gatewayApi } from './gateway-api.ts'
import type { RouterModule } from './router.ts'

export const routerRegistry = {
  'argoproj-labs/gatewayAPI': gatewayApi,
} as const satisfies Readonly<Record<string, RouterModule>>

export const findRouter = (id: string): RouterModule | undefined =>
  Object.hasOwn(routerRegistry, id) ? routerRegistry[id as keyof typeof routerRegistry] : undefined
