/**
 * Routers that carry one route at a time, with one comparison of one header (`single` in the table of capabilities): whether the steps ask more of
 * them at once. What each comparison may be is judged with its step.
 */
import type { ColorMatch } from '../../api/color-step.ts'
import type { CanaryStep, CanaryStrategy } from '../../api/rollout.ts'
import { type RouterCapabilities, type RouterId, routerCapabilities } from '../../api/router-capabilities.ts'
import type { ManagedRoute } from '../../api/traffic.ts'
import { routesOfStep } from '../canary/steps.ts'
import { type Problem, when } from './problem.ts'
import { knownRouters, nameRouter } from './routers.ts'

/** @param field of the steps */
export function validateSingleRoutes({ steps, trafficRouting }: CanaryStrategy, field: string): readonly Problem[] {
  const isSingle = (id: RouterId): boolean => {
    const { single }: RouterCapabilities = routerCapabilities[id]
    return single === true
  }
  return knownRouters(trafficRouting)
    .filter(isSingle)
    .flatMap((id) => [...listTooMany(steps ?? [], id, field), ...listTooLong(steps ?? [], id, field)])
}

function listTooMany(steps: readonly CanaryStep[], id: RouterId, field: string): readonly Problem[] {
  const inForce = new Set<string>()
  return steps.flatMap((step, index) =>
    routesOfStep(step).flatMap((declared) => {
      inForce.delete(declared.name)
      const [other] = inForce
      if (declared.route) inForce.add(declared.name)
      return when(
        declared.route !== undefined && other !== undefined,
        `${field}[${index}]`,
        `${nameRouter(id)} carries one route at a time`,
        `take "${other}" back in a step before`,
      )
    }),
  )
}

const listTooLong = (steps: readonly CanaryStep[], id: RouterId, field: string): readonly Problem[] =>
  steps.flatMap((step, index) =>
    routesOfStep(step).flatMap(({ route }) =>
      when(
        route !== undefined && countComparisons(route) > 1,
        `${field}[${index}]`,
        `${nameRouter(id)} compares one header of a request, with one value`,
        'leave one match with one comparison',
      ),
    ),
  )

/** Alternatives count like comparisons that all have to fit. */
function countComparisons(route: ManagedRoute): number {
  if (route.kind !== 'color') return route.match.length
  const counts = route.match.map(
    ({ headers = [], cookies = [], idRange, cidrs }: ColorMatch) =>
      headers.length + cookies.length + (idRange ? 1 : 0) + (cidrs ? 1 : 0),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}
