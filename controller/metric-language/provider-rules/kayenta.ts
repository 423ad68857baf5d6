/** What a `kayenta` metric may say before it is asked. */
import { type KayentaMetric, kayentaMetricSchema } from '../../api/metric-providers/kayenta.ts'
import { when } from '../problem.ts'
import { checkAddress, ruleOf } from './shape.ts'

type Scope = KayentaMetric['scopes'][number]

export const kayentaRule = ruleOf(kayentaMetricSchema, ({ address, canaryConfigName, scopes }, path) => [
  ...when(address === '', `${path}.address`, 'is required'),
  ...checkAddress(address, `${path}.address`),
  ...when(canaryConfigName === '', `${path}.canaryConfigName`, 'is required'),
  ...when(scopes.length === 0, `${path}.scopes`, 'is required'),
  ...scopes.flatMap((scope, index) => {
    const message = findScopeProblem(scope)
    const isDuplicate = scopes.findIndex(({ name }) => name === scope.name) < index
    return [
      ...(message === undefined ? [] : [{ field: `${path}.scopes[${index}]`, message }]),
      ...when(isDuplicate, `${path}.scopes[${index}].name`, `duplicate scope name '${scope.name}'`),
    ]
  }),
])

/** Times that are given for one side only; undefined when a scope is well. */
export function findScopeProblem({ controlScope, experimentScope }: Scope): string | undefined {
  for (const side of ['start', 'end'] as const)
    if (!controlScope[side] !== !experimentScope[side])
      return `controlScope.${side} and experimentScope.${side} must both be set or be empty`
  return undefined
}
