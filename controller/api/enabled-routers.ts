/** Which routers a controller drives: by itself those that Argo Rollouts has too, the others when they are asked for. It must not say what they can. */
import { isRouterId, type RouterId, routerIds } from './router-capabilities.ts'

/** Argo's own routers stand in a field of `trafficRouting`; the Gateway API's is the plugin that everybody has. */
const isDefault = (id: RouterId): boolean => !id.includes('/') || id === 'argoproj-labs/gatewayAPI'

export const defaultRouterIds: readonly RouterId[] = routerIds.filter(isDefault)

/** `a,b` as ids, each once; empty for none. Or a sentence that names the unknown one and lists those there are. */
export function parseRouterIds(text: string): readonly RouterId[] | { readonly problem: string } {
  const names = text.split(',').flatMap((name) => name.trim() || [])
  const unknown = names.find((name) => !isRouterId(name))
  if (unknown !== undefined) return { problem: `"${unknown}" is not a router; there are ${routerIds.join(', ')}` }
  return [...new Set(names.filter(isRouterId))]
}
