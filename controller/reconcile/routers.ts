/** The routers that a Rollout configures, ready to read and render. A configuration that is wrong becomes a problem in words. */
import type { ReplicaSet, Rollout, TrafficRouting } from '../api/rollout.ts'
import { isRouterId, routerField } from '../api/router-capabilities.ts'
import { rolesOf } from '../domain/canary/roles.ts'
import { rolloutOwner } from '../domain/render-replica-set.ts'
import { createdReplicas, specReplicas } from '../domain/replicas.ts'
import { podHashOf, revisionOf } from '../domain/revisions.ts'
import { findRouter } from '../traffic/registry.ts'
import type { Router, RouterContext, RouterRevision } from '../traffic/router.ts'

export interface ConfiguredRouter {
  readonly id: string
  readonly router: Router | { readonly problem: string }
}

/**
 * In the order of the manifest: Argo's own routers first, then plugins.
 *
 * @param replicaSets those of the Rollout; none will do where nothing is read of pods
 * @param enabled the routers that this controller drives; every one when absent
 */
export function routersOf(
  rollout: Rollout,
  replicaSets: readonly ReplicaSet[],
  enabled?: ReadonlySet<string>,
): readonly ConfiguredRouter[] {
  const routing = rollout.spec?.strategy?.canary?.trafficRouting
  if (!routing) return []
  const context = { ...contextOf(rollout, routing), revisions: revisionsOf(replicaSets) }
  const { plugins = {}, ...fields } = routing
  const builtIn = Object.entries(fields).filter(([id, config]) => isRouterId(id) && config !== null)
  return [...builtIn, ...Object.entries(plugins)].map(([id, config]) => ({
    id,
    router: isRouterId(id) && enabled?.has(id) === false ? notEnabled(id) : configure(id, config, context),
  }))
}

const configure = (id: string, config: unknown, context: RouterContext): ConfiguredRouter['router'] =>
  findRouter(id)?.configure(config, context) ?? {
    problem: `trafficRouting.${routerField(id)} is not a router that Penstock knows`,
  }

const notEnabled = (id: string): { readonly problem: string } => ({
  problem: `trafficRouting.${routerField(id)} is not enabled: add "${id}" to the controller's flag --routers (value routers of the chart)`,
})

function contextOf(
  rollout: Rollout,
  { maxTrafficWeight = 100, managedRoutes }: TrafficRouting,
): Omit<RouterContext, 'revisions'> {
  const roles = rolesOf(rollout)
  return {
    namespace: rollout.metadata.namespace ?? '',
    rollout: rollout.metadata.name,
    owner: rolloutOwner(rollout),
    stableService: roles.stableService ?? '',
    canaryService: roles.canaryService ?? '',
    maxWeight: maxTrafficWeight,
    managedRouteNames: namesOf(managedRoutes),
    ...(rollout.status?.stableRS ? { stablePodHash: rollout.status.stableRS } : {}),
  }
}

const revisionsOf = (replicaSets: readonly ReplicaSet[]): readonly RouterRevision[] =>
  [...replicaSets]
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .map((rs) => ({
      podHash: podHashOf(rs),
      annotations: rs.spec.template.metadata?.annotations ?? {},
      hasPods: specReplicas(rs) > 0 || createdReplicas(rs) > 0,
    }))

/** Manifests come here before anybody has looked at their shape. */
const namesOf = (managedRoutes: TrafficRouting['managedRoutes']): readonly string[] =>
  Array.isArray(managedRoutes) ? managedRoutes.flatMap((route) => (route?.name ? [route.name] : [])) : []
