/** The EndpointSlice controller: each Service's ready pods, a little later than they are. */
import type { Service } from '../../controller/api/rollout.ts'
import * as kinds from '../../controller/kube/kinds.ts'
import { type EndpointSlice, SERVICE_NAME } from '../cluster/world.ts'
import { createDebounce } from './debounce.ts'
import { isReady, type ModelDeps } from './pods.ts'

export function startEndpoints({ kernel, truth, client, random }: ModelDeps): void {
  const render = ({ metadata, spec }: Service): EndpointSlice => {
    const { namespace } = metadata
    const place = namespace === undefined ? {} : { namespace }
    const wanted = Object.entries(spec.selector ?? {})
    const chosen = [...truth.world().pods.values()]
      .filter(isReady)
      .filter((pod) => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value))
      .map((pod) => pod.metadata.name)
      .sort()
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${metadata.name}-slice`,
        ...place,
        labels: { [SERVICE_NAME]: metadata.name },
      },
      addressType: 'IPv4',
      ports: [],
      endpoints: chosen.map((name, at) => ({
        addresses: [`10.0.0.${at + 1}`],
        conditions: { ready: true },
        targetRef: { kind: 'Pod', ...place, name },
      })),
    } as EndpointSlice
  }
  const namesIn = (slice: EndpointSlice): string => (slice.endpoints ?? []).map((one) => one.targetRef?.name).join()

  const sync = createDebounce(kernel, random, [5, 250], (name) => {
    const service = truth.world().services.get(name)
    if (!service || Object.keys(service.spec.selector ?? {}).length === 0) return
    const next = render(service)
    const known = truth.world().endpointSlices.get(next.metadata.name)
    if (known && namesIn(known) === namesIn(next)) return
    kernel.note(`endpoints ${name}: ${namesIn(next) || 'none'}`)
    if (!known) void client.create(kinds.endpointSlices, next)
    else void client.patch(kinds.refOf(kinds.endpointSlices, known), 'merge', { endpoints: next.endpoints })
  })

  truth.subscribe('services', (name) => sync(name))
  truth.subscribe('pods', () => {
    for (const name of truth.world().services.keys()) sync(name)
  })
}
