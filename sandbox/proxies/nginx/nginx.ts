/**
 * A real nginx that stands in for ingress-nginx: it obeys the Ingresses of the class `nginx` and their canary annotations. An Ingress has no status in
 * which a controller could say what it serves, so it tells only those who hold it. It must not know Rollouts.
 */
import { ingresses } from '../../../controller/kube/kinds.ts'
import { findFreePort } from '../../free-port.ts'
import { createWatchedCaches, type GatewayContext } from '../../gateway/watched-caches.ts'
import { createRefusedObjects } from '../refusal.ts'
import { createSingleFlight } from '../single-flight.ts'
import type { Ingress } from './objects.ts'
import { planNginx } from './plan.ts'
import { type NginxOptions, settingsOf, startNginx } from './process.ts'
import { renderNginx } from './render.ts'

export interface NginxIngressOptions extends GatewayContext, Pick<NginxOptions, 'program' | 'directory'> {}

export interface RunningNginx {
  /** Base URL of the listener, without a slash at the end. */
  readonly url: string
  /** The `resourceVersion` of an Ingress that is served; undefined when none is. */
  servedVersion(namespace: string, name: string): string | undefined
  /** How often a new worker took over. */
  reloads(): number
  /** Resolves when no watch, process or timer is left. */
  stop(): Promise<void>
}

/** Starts nginx without a host and begins to watch: until the first objects are served, requests get 404. */
export async function startNginxIngress(options: NginxIngressOptions): Promise<RunningNginx> {
  const context: GatewayContext = { ...options, log: options.log.child({ component: 'nginx' }) }
  const address = `127.0.0.1:${await findFreePort()}`
  const settings = settingsOf(options.directory, address)
  const nginx = await startNginx({ ...options, address }, renderNginx({ hosts: [], problems: [] }, settings))
  const refused = createRefusedObjects(({ metadata }) => metadata.resourceVersion ?? '')
  let served: ReadonlyMap<string, string> = new Map()

  const program = async (): Promise<void> => {
    const all = ingressCache.list()
    const plan = planNginx({ ingresses: all.filter((ingress) => refused.find(ingress) === undefined), ...backends })
    try {
      await nginx.serve(renderNginx(plan, settings))
    } catch (error) {
      if (!refused.note(error, all)) throw error
      context.log.warn('nginx refuses an Ingress', { reason: 'NotServed', error })
      return program()
    }
    served = new Map(
      all.map(({ metadata }) => [`${metadata.namespace}/${metadata.name}`, metadata.resourceVersion ?? '']),
    )
    for (const { ingress, problem } of plan.problems)
      context.log.warn('an Ingress is not served as it is written', { reason: 'NotServed', ingress, problem })
  }
  const flight = createSingleFlight(program, {
    clock: options.clock,
    onFailure: (error) => context.log.warn('nginx does not serve the Ingresses', { reason: 'NotProgrammed', error }),
  })
  const caches = createWatchedCaches(context, () => flight.request())
  const ingressCache = caches.follow<Ingress>(ingresses)
  const backends = caches.followBackends()

  return {
    url: `http://${address}`,
    servedVersion: (namespace, name) => served.get(`${namespace}/${name}`),
    reloads: nginx.reloads,
    async stop() {
      await caches.stop()
      await flight.stop()
      await nginx.stop()
    },
  }
}
