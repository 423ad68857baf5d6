/** Steps that make routes of their own, by header or as a mirror (colours: `color-step.ts`): the router can do it, the route is a managed one, and it matches something. */
import type { CanaryStep, CanaryStrategy, TrafficRouting } from '../../api/rollout.ts'
import { type RouterCapabilities, routerCapabilities } from '../../api/router-capabilities.ts'
import { compilePattern } from '../../metric-language/expression/pattern.ts'
import { type Problem, when } from './problem.ts'
import { knownRouters, nameRouter, routersCan } from './routers.ts'

type HeaderRoute = NonNullable<CanaryStep['setHeaderRoute']>
type MirrorRoute = NonNullable<CanaryStep['setMirrorRoute']>
type StringMatch = NonNullable<HeaderRoute['match']>[number]['headerValue']

export function validateHeaderRoute(route: HeaderRoute, canary: CanaryStrategy, field: string): readonly Problem[] {
  const routing = canary.trafficRouting
  const validate = routing?.alb ? validateExactMatch : validateStringMatch
  return [
    ...when(
      !routersCan(routing, ({ headers }) => headers.length > 0),
      field,
      'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix',
    ),
    ...(route.match ?? []).flatMap(({ headerValue }, index) => [
      ...validate(headerValue, `${field}.match[${index}]`),
      ...validateComparison(headerValue, routing, `${field}.match[${index}]`),
    ]),
    ...when(
      knownRouters(routing).includes('nginx') && (route.match?.length ?? 0) > 1,
      `${field}.match`,
      'trafficRouting.nginx compares one header of a request',
      'leave one match',
    ),
    ...validateManaged(route.name, canary, field),
  ]
}

export function validateMirrorRoute(route: MirrorRoute, canary: CanaryStrategy, field: string): readonly Problem[] {
  const percentage = route.percentage ?? 100
  return [
    ...when(
      !routersCan(canary.trafficRouting, ({ mirror }) => mirror),
      field,
      'SetMirrorRoute requires TrafficRouting, supports Istio and Plugins',
    ),
    ...(route.match ?? []).flatMap(({ method, path, headers }, index) =>
      [method, path, ...Object.values(headers ?? {})].flatMap((match) =>
        match === undefined ? [] : validateStringMatch(match, `${field}.match[${index}]`),
      ),
    ),
    ...when(percentage < 0 || percentage > 100, `${field}.percentage`, 'needs to be between 0 and 100'),
    ...validateManaged(route.name, canary, field),
  ]
}

/** Of the routers that carry such routes each has to; about ALB Argo has words of its own. */
function validateComparison(
  match: StringMatch,
  routing: TrafficRouting | undefined,
  field: string,
): readonly Problem[] {
  const kinds = (['exact', 'prefix', 'regex'] as const).filter((kind) => match?.[kind])
  return knownRouters(routing).flatMap((id) => {
    const { headers }: RouterCapabilities = routerCapabilities[id]
    if (headers.length === 0 || nameRouter(id) === 'trafficRouting.alb') return []
    return kinds.flatMap((kind) =>
      when(
        !headers.includes(kind),
        field,
        `${nameRouter(id)} cannot compare headers by ${kind}`,
        `it knows ${headers.join(', ')}`,
      ),
    )
  })
}

/** RE2, as the data planes read it that judge patterns of strangers in linear time. */
export function validatePattern(pattern: string | undefined, field: string): readonly Problem[] {
  if (pattern === undefined) return []
  try {
    compilePattern(pattern, 0)
    return []
  } catch (error) {
    return [{ field, message: error instanceof Error ? error.message : 'is no pattern' }]
  }
}

/** Only a route that `managedRoutes` names is ever made or removed; its place in that list is its precedence. */
export function validateManaged(name: string, { trafficRouting }: CanaryStrategy, field: string): readonly Problem[] {
  if (!trafficRouting) return []
  const list = 'spec.strategy.canary.trafficRouting.managedRoutes'
  const { managedRoutes } = trafficRouting
  if (!managedRoutes)
    return [{ field: list, message: `Rollout has missing field '${list}'`, fix: `add "${name}" to it` }]
  return when(
    managedRoutes.every((route) => route.name !== name),
    field,
    `Steps define a route that does not exist in ${list}`,
    `add "${name}" to it`,
  )
}

function validateStringMatch(match: StringMatch, field: string): readonly Problem[] {
  const given = [match?.exact, match?.regex, match?.prefix].filter(Boolean).length
  return [
    ...when(
      given === 0,
      field,
      'StringMatch value missed, match value must have one of the following: exact, regex, prefix',
    ),
    ...when(given > 1, field, 'StringMatch match value must have exactly one of the following: exact, regex, prefix'),
  ]
}

function validateExactMatch(match: StringMatch, field: string): readonly Problem[] {
  if (!match) return validateStringMatch(match, field)
  return when(
    !match.exact || Boolean(match.regex) || Boolean(match.prefix),
    field,
    "SetHeaderRoute match value invalid. ALB supports 'exact' value only",
  )
}
