/** What an Ingress of an ALB is found to carry. A weight is read only when the action says exactly what would be written for it. */
import type { PresentRoute, TrafficReading } from '../../api/traffic.ts'
import { missing } from '../codec/missing.ts'
import { type Ingress, namesNoService } from '../ingress.ts'
import { parseForward, sameJson } from './action.ts'
import { type AlbLayout, type AlbTarget, actionKey, examine, findProblem } from './layout.ts'
import { type LoadBalancerObject, verifyWeights } from './load-balancer.ts'
import { hasRoutes, renderWeights, type Weights } from './render.ts'

/** @param served what AWS says of its load balancer, where AWS is asked */
export function readIngress(
  target: AlbTarget,
  ingress: Ingress | undefined,
  served: LoadBalancerObject | undefined,
): TrafficReading {
  if (!ingress) return missing(target.label, target.field)
  const layout = examine(target, ingress)
  const { isRooted, ours } = layout
  const weights = isRooted ? readWeights(target, ingress) : undefined
  const problem = isRooted ? findProblem(target, layout) : namesNoService(target.ref.name, target.action)
  return {
    programmedCanary: weights?.canary,
    ...(weights
      ? { additional: Object.fromEntries(weights.additional.map(({ service, weight }) => [service, weight])) }
      : {}),
    managedRoutes: presentRoutes(target, layout),
    drivable: isRooted || ours.length > 0,
    ...verifyWeights(target, served, weights),
    ...(problem === undefined ? {} : { problem }),
  }
}

function readWeights(target: AlbTarget, { metadata }: Ingress): Weights | undefined {
  const text = metadata.annotations?.[actionKey(target)]
  const weights = weightsIn(target, text)
  return weights && sameJson(text, renderWeights(target, weights)) ? weights : undefined
}

/** Undefined unless both Services have a weight and all add up. */
function weightsIn({ context }: AlbTarget, text: string | undefined): Weights | undefined {
  const groups = parseForward(text) ?? []
  const canary = groups.find(({ service }) => service === context.canaryService)
  const stable = groups.find(({ service }) => service === context.stableService)
  const total = groups.reduce((sum, { weight }) => sum + weight, 0)
  if (!canary || !stable || total !== context.maxWeight) return undefined
  const additional = groups.filter((group) => group !== canary && group !== stable)
  return { canary: canary.weight, stable: stable.weight, additional }
}

/** One that is not on record was left behind, by Argo or by hand: it has to be written anew, or to go. */
function presentRoutes(target: AlbTarget, layout: AlbLayout): readonly PresentRoute[] {
  const routes = layout.recorded.map(({ route }) => route)
  const intact = hasRoutes(target, layout, routes)
  const onRecord = layout.recorded.flatMap(({ route, rules }) => [route.name, ...rules.map(({ name }) => name)])
  const leftBehind = layout.ours.filter((name) => !onRecord.includes(name))
  return [
    ...routes.map((route) => ({ route, intact })),
    ...leftBehind.map((name) => ({ route: { kind: 'header', name, match: [] } as const, intact: false })),
  ]
}
