/**
 * Whether `trafficRouting.istio` names VirtualServices, and subsets that can play the two parts. What stands in those objects is found when they are
 * read.
 */
import { z } from 'zod'
import type { CanaryStrategy } from '../../api/rollout.ts'
import { type Problem, when } from './problem.ts'
import { listShapeProblems } from './shape.ts'

const virtualService = z.looseObject({ name: z.string(), routes: z.array(z.string()).nullish() })
const istioSchema = z.looseObject({
  virtualService: virtualService.nullish(),
  virtualServices: z.array(virtualService).nullish(),
  destinationRule: z
    .looseObject({ name: z.string(), canarySubsetName: z.string(), stableSubsetName: z.string() })
    .nullish(),
})
type Istio = z.infer<typeof istioSchema>

export function validateIstio({ trafficRouting, pingPong }: CanaryStrategy, field: string): readonly Problem[] {
  if (!trafficRouting?.istio) return []
  const { data, error } = istioSchema.safeParse(trafficRouting.istio)
  if (error) return listShapeProblems(error, field)
  const managed = new Set((trafficRouting.managedRoutes ?? []).map(({ name }) => name))
  return [
    ...validateVirtualServices(data, managed, field),
    ...validateSubsets(data, pingPong !== undefined, `${field}.destinationRule`),
  ]
}

function validateVirtualServices(
  { virtualService: one, virtualServices: many }: Istio,
  managed: ReadonlySet<string>,
  field: string,
): readonly Problem[] {
  const isEither = Boolean(one) !== Boolean(many)
  const named = many ?? (one ? [one] : [])
  if (!isEither || named.length === 0)
    return [{ field, message: 'either VirtualService or VirtualServices must be configured' }]
  return named.flatMap(({ name, routes }, index) => {
    const at = many ? `${field}.virtualServices[${index}]` : `${field}.virtualService`
    const taken = (routes ?? []).find((route) => managed.has(route))
    return [
      ...when(name === '', `${at}.name`, 'is required'),
      ...when(named.findIndex((other) => other.name === name) < index, `${at}.name`, 'names a VirtualService twice'),
      ...when(
        taken !== undefined,
        `${at}.routes`,
        `"${taken}" is the name of a managed route: whatever bears it is added and removed`,
        'give the route or the managed route another name',
      ),
    ]
  })
}

function validateSubsets({ destinationRule }: Istio, isPingPong: boolean, field: string): readonly Problem[] {
  if (!destinationRule) return []
  const { canarySubsetName, stableSubsetName } = destinationRule
  return [
    ...(['name', 'canarySubsetName', 'stableSubsetName'] as const).flatMap((name) =>
      when(destinationRule[name] === '', `${field}.${name}`, 'is required'),
    ),
    ...when(
      canarySubsetName !== '' && canarySubsetName === stableSubsetName,
      `${field}.stableSubsetName`,
      'This rollout uses the same subset for stable and canary, but two different subsets are required.',
    ),
    ...when(
      isPingPong,
      field,
      'cannot be used with pingPong: the two Services change parts, subsets do not',
      'remove pingPong or destinationRule',
    ),
  ]
}
