/** What a Rollout may ask for and the simulator has no model of: told before anything is played, with what it can. */
import type { Rollout } from '../../controller/api/rollout.ts'
import type { Problem } from '../../controller/domain/validation/problem.ts'
import { type Config, configSchema, ROUTE_KINDS } from '../../controller/traffic/gateway-api/config.ts'

export const GATEWAY_API = 'argoproj-labs/gatewayAPI'
const MODELLED = `it has models of Gateway API's HTTPRoutes (plugins["${GATEWAY_API}"]), of canaries without a router and of blue-green`
const ROUTING = 'spec.strategy.canary.trafficRouting'
/** Of `trafficRouting`, besides routers. */
const NO_ROUTERS: ReadonlySet<string> = new Set(['managedRoutes', 'maxTrafficWeight', 'plugins'])

export function findUnmodelled(rollout: Rollout): readonly Problem[] {
  const { replicas, strategy } = rollout.spec
  const { trafficRouting } = strategy?.canary ?? {}
  const problems: Problem[] = []
  if (replicas === 0)
    problems.push({
      field: 'spec.replicas',
      message: 'is 0: there would be nobody to get a request',
      fix: 'write 1 or more',
    })
  for (const [name, router] of Object.entries(trafficRouting ?? {}))
    if (!NO_ROUTERS.has(name) && router !== undefined && router !== null) problems.push(noModel(`${ROUTING}.${name}`))
  for (const name of Object.keys(trafficRouting?.plugins ?? {}))
    if (name !== GATEWAY_API) problems.push(noModel(`${ROUTING}.plugins["${name}"]`))
  return [...problems, ...findUnmodelledRoutes(rollout)]
}

const noModel = (field: string): Problem => ({
  field,
  message: 'the simulator has no model of this router',
  fix: MODELLED,
})

/** Undefined without the plugin, or where `lint` has more to say. */
export const readGatewayConfig = ({ spec }: Rollout): Config | undefined =>
  configSchema.safeParse(spec.strategy?.canary?.trafficRouting?.plugins?.[GATEWAY_API]).data

function findUnmodelledRoutes(rollout: Rollout): readonly Problem[] {
  const config = readGatewayConfig(rollout)
  const field = `${ROUTING}.plugins["${GATEWAY_API}"]`
  const others = ROUTE_KINDS.filter(({ dialect }) => dialect !== 'http').flatMap(({ one, list, selector }) =>
    [one, list, selector].filter((name) => config?.[name] !== undefined && config[name] !== null),
  )
  const namespace = config?.namespace ?? rollout.metadata.namespace
  return [
    ...others.map((name) => ({
      field: `${field}.${name}`,
      message: 'the simulator has no model of such routes',
      fix: MODELLED,
    })),
    ...(namespace === rollout.metadata.namespace
      ? []
      : [
          {
            field: `${field}.namespace`,
            message: `the simulator has one namespace, that of the Rollout (${rollout.metadata.namespace})`,
            fix: 'leave it out to simulate it',
          },
        ]),
  ]
}
