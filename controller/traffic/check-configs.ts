/** Whether routers can be configured as a manifest says: the shapes of their configurations alone, asked where there is no cluster. */

import type { Rollout } from '../api/rollout.ts'
import { routerField, routerIds } from '../api/router-capabilities.ts'
import { routerRegistry } from './registry.ts'

const AT = 'spec.strategy.canary.trafficRouting'

export interface ConfigProblem {
  readonly field: string
  readonly message: string
}

/** One per field that is wrong; none for routers that are not known: that is another rule's. */
export function checkRouterConfigs({ spec }: Pick<Rollout, 'spec'>): readonly ConfigProblem[] {
  const routing = spec.strategy?.canary?.trafficRouting
  return routerIds.flatMap((id) => {
    const config: unknown = id.includes('/') ? routing?.plugins?.[id] : routing?.[id]
    if (config === undefined || config === null) return []
    const issues = routerRegistry[id].schema.safeParse(config).error?.issues ?? []
    return issues.map(({ path, message }) => ({ field: `${AT}.${routerField(id)}${path.map(step).join('')}`, message }))
  })
}

const step = (part: PropertyKey): string => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)
