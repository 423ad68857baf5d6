/**
 * What is odd about the routes that steps declare, and yet valid: routers that go by weight alone beside others that carry the route, and patterns
 * that Argo lets pass. A data plane that refuses such a pattern refuses the whole route.
 */
import { colorOfStep } from '../../api/color-step.ts'
import type { CanaryStep, RolloutSpec } from '../../api/rollout.ts'
import { type RouterCapabilities, routerCapabilities } from '../../api/router-capabilities.ts'
import { takesColors } from './color-step.ts'
import type { Problem } from './problem.ts'
import { knownRouters, nameRouter } from './routers.ts'
import { validatePattern } from './routes.ts'

interface Carried {
  readonly what: string
  readonly isAskedBy: (step: CanaryStep) => boolean
  readonly isTakenBy: (capabilities: RouterCapabilities) => boolean
}

const kinds: readonly Carried[] = [
  { what: 'colours', isAskedBy: (step) => colorOfStep(step) !== undefined, isTakenBy: takesColors },
  {
    what: 'header routes',
    isAskedBy: ({ setHeaderRoute }) => setHeaderRoute !== undefined,
    isTakenBy: ({ headers }) => headers.length > 0,
  },
]

const CANARY = 'spec.strategy.canary'

export function warnOfRoutes({ strategy }: RolloutSpec): readonly Problem[] {
  const steps = strategy?.canary?.steps ?? []
  const routers = knownRouters(strategy?.canary?.trafficRouting)
  const carriers = kinds.flatMap(({ what, isAskedBy, isTakenBy }) =>
    steps.some(isAskedBy)
      ? routers
          .filter((id) => !isTakenBy(routerCapabilities[id]))
          .map((id) => ({
            field: `${CANARY}.${nameRouter(id)}`,
            message: `carries no ${what}: requests that come through it go by weight alone`,
          }))
      : [],
  )
  return [...carriers, ...steps.flatMap(warnOfPatterns)]
}

const warnOfPatterns = ({ setHeaderRoute }: CanaryStep, index: number): readonly Problem[] =>
  (setHeaderRoute?.match ?? []).flatMap(({ headerValue }, at) =>
    validatePattern(headerValue?.regex, `${CANARY}.steps[${index}].setHeaderRoute.match[${at}].headerValue.regex`),
  )
