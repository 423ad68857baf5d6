/**
 * What is odd about the routes that steps declare, and yet valid: routers that go by weight alone beside others that carry the route, and patterns
 * that Argo lets pass. A data plane that refuses such a pattern refuses the whole route.
 */
import { colorOfStep } from '../../api/color-step.ts'
import type { CanaryStep, RolloutSpec } from '../../api/rollout.ts'
import { type RouterCapabilities, type RouterId, routerCapabilities } from '../../api/router-capabilities.ts'
import { lacksPart } from './color-step.ts'
import type { Problem } from './problem.ts'
import { knownRouters, nameRouter } from './routers.ts'
import { validatePattern } from './routes.ts'

const CANARY = 'spec.strategy.canary'

export function warnOfRoutes({ strategy }: RolloutSpec): readonly Problem[] {
  const steps = strategy?.canary?.steps ?? []
  const routers = knownRouters(strategy?.canary?.trafficRouting)
  return [...routers.flatMap((id) => warnOfRouter(id, steps)), ...steps.flatMap(warnOfPatterns)]
}

/** One that routes by headers carries the routes, or is refused. */
function warnOfRouter(id: RouterId, steps: readonly CanaryStep[]): readonly Problem[] {
  const capabilities: RouterCapabilities = routerCapabilities[id]
  if (capabilities.headers.length > 0) return []
  const colors = steps.flatMap((step) => colorOfStep(step) ?? [])
  const left = [
    ...(steps.some(({ setHeaderRoute }) => setHeaderRoute !== undefined) ? ['header routes'] : []),
    ...(colors.some((color) => lacksPart(capabilities, color)) ? ['every colour'] : []),
  ]
  return left.map((what) => ({
    field: `${CANARY}.${nameRouter(id)}`,
    message: `does not carry ${what}: requests that come through it go by weight alone`,
  }))
}

const warnOfPatterns = ({ setHeaderRoute }: CanaryStep, index: number): readonly Problem[] =>
  (setHeaderRoute?.match ?? []).flatMap(({ headerValue }, at) =>
    validatePattern(headerValue?.regex, `${CANARY}.steps[${index}].setHeaderRoute.match[${at}].headerValue.regex`),
  )
