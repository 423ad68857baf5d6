/**
 * A real HAProxy in the place of the sandbox's gateway: it obeys the same HTTPRoutes, Services and EndpointSlices under the same GatewayClass, and
 * GRPCRoutes besides; what a route's status says is what HAProxy serves. One of the two runs on a cluster. It must not know Rollouts.
 */
import { findFreePort } from '../../free-port.ts'
import { planRoutes, type RoutePlan } from '../../gateway/route-plan.ts'
import { watchGatewaySources } from '../../gateway/sources.ts'
import { createStatusWriter } from '../../gateway/status-writer.ts'
import type { GatewayContext } from '../../gateway/watched-caches.ts'
import { createRefusedObjects } from '../refusal.ts'
import { createSingleFlight } from '../single-flight.ts'
import { findUnsupported } from './conditions.ts'
import { type HaproxyOptions, settingsOf, startHaproxy } from './process.ts'
import { renderHaproxy } from './render.ts'

export interface HaproxyGatewayOptions extends GatewayContext, Pick<HaproxyOptions, 'program' | 'directory'> {}

export interface RunningHaproxy {
  /** Base URL of the listener, without a slash at the end. */
  readonly url: string
  /** How often a new worker took over; new weights alone need none. */
  reloads(): number
  /** Resolves when no watch, process or timer is left. */
  stop(): Promise<void>
}

const nothing: RoutePlan = { matches: [], verdicts: [] }

/** Starts HAProxy without a route and begins to watch: until the first objects are served, requests get 404. */
export async function startHaproxyGateway(options: HaproxyGatewayOptions): Promise<RunningHaproxy> {
  const context: GatewayContext = { ...options, log: options.log.child({ component: 'haproxy' }) }
  const address = `127.0.0.1:${await findFreePort()}`
  const settings = settingsOf(options.directory, address)
  const haproxy = await startHaproxy({ ...options, address }, renderHaproxy(nothing, settings))
  const refused = createRefusedObjects(({ metadata }) => `${metadata.uid} ${metadata.generation}`)

  const program = async (): Promise<void> => {
    const input = sources.read()
    const plan = planRoutes(input, (rule, route) => findUnsupported(rule) ?? refused.find(route))
    try {
      await haproxy.serve(renderHaproxy(plan, settings))
    } catch (error) {
      if (refused.note(error, input.routes)) return program()
      throw error
    }
    writer.report({ input, verdicts: plan.verdicts })
  }
  const flight = createSingleFlight(program, {
    clock: options.clock,
    onFailure: (error) => context.log.warn('HAProxy does not serve the routes', { reason: 'NotProgrammed', error }),
  })
  const writer = createStatusWriter(context, address, () => flight.request())
  const sources = watchGatewaySources(context, () => flight.request(), { grpc: true })

  return {
    url: `http://${address}`,
    reloads: haproxy.reloads,
    async stop() {
      await sources.stop()
      await flight.stop()
      await writer.stop()
      await haproxy.stop()
    },
  }
}
