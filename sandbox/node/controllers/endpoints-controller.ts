/**
 * Stands in for Kubernetes' endpoint controllers: keeps EndpointSlices and Endpoints of every Service with a selector equal to
 * the pods behind it. Services without a selector, and slices that others manage, are left alone.
 */
import type { KubeObject } from '../../../controller/api/meta.ts'
import { isAlreadyExists, type ResourceKind } from '../../../controller/kube/client.ts'
import { apiVersionOf, endpointSlices, refOf, services } from '../../../controller/kube/kinds.ts'
import { compileLabelSelector } from '../../../controller/kube/label-selector.ts'
import type { NodeContext, Runnable } from '../context.ts'
import { covers } from '../covers.ts'
import { splitKey } from '../keys.ts'
import { endpoints } from '../kinds.ts'
import { type EndpointSlice, isTerminating, keyOf, type Pod, type Service } from '../objects.ts'
import { createController } from '../reconcile-loop.ts'
import { BY_SERVICE, SERVICE_NAME_LABEL, type Sources } from '../sources.ts'
import { planSlices, planSubsets, type SlicePlan } from './endpoints-plan.ts'
import { renderControllerRef } from './pod-creation.ts'

const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by'
const MANAGER = 'penstock-sandbox'

type EndpointSources = Pick<Sources, 'pods' | 'services' | 'endpoints' | 'endpointSlices'>

export function createEndpointsController(context: NodeContext, sources: EndpointSources): Runnable {
  const { client } = context

  /** Creates, or brings an existing object of that name up to date when the cache had not shown it yet. */
  async function ensure(kind: ResourceKind, known: KubeObject | undefined, wanted: KubeObject): Promise<void> {
    if (known && covers(known, wanted)) return
    try {
      if (!known) await client.create(kind, wanted)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      await client.patch(refOf(kind, wanted), 'merge', wanted)
    }
    if (known) await client.patch(refOf(kind, wanted), 'merge', wanted)
  }

  async function applySlices(service: Service, plans: readonly SlicePlan[]): Promise<void> {
    const known = sources.endpointSlices
      .byIndex(BY_SERVICE, keyOf(service))
      .filter((slice) => slice.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER)
    for (const plan of plans) {
      const existing = known.find((slice) => slice.metadata.name === plan.name)
      await ensure(endpointSlices, existing, renderSlice(service, plan))
    }
    for (const slice of known.filter(({ metadata }) => !plans.some((plan) => plan.name === metadata.name))) {
      await client.delete(refOf(endpointSlices, slice), { uid: slice.metadata.uid ?? '' })
    }
  }

  async function removeAll(namespace: string, name: string): Promise<void> {
    for (const slice of sources.endpointSlices.byIndex(BY_SERVICE, `${namespace}/${name}`)) {
      if (slice.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER) await client.delete(refOf(endpointSlices, slice))
    }
    const old = sources.endpoints.get(namespace, name)
    if (old) await client.delete(refOf(endpoints, old))
  }

  async function reconcile(key: string): Promise<undefined> {
    const [namespace, name] = splitKey(key)
    const service = sources.services.get(namespace, name)
    if (!service || isTerminating(service)) return removeAll(namespace, name).then(() => undefined)
    const selector = service.spec?.selector
    if (!selector || Object.keys(selector).length === 0) return undefined
    const matches = compileLabelSelector({ matchLabels: selector })
    const pods = sources.pods.list(namespace).filter((pod) => matches(pod.metadata.labels))
    await applySlices(service, planSlices(service, pods))
    const wanted = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace },
      subsets: planSubsets(service, pods),
    }
    await ensure(endpoints, sources.endpoints.get(namespace, name), wanted)
    return undefined
  }

  const servicesOf = (pod: Pod): readonly string[] =>
    sources.services
      .list(pod.metadata.namespace)
      .filter(({ spec }) => spec?.selector && compileLabelSelector({ matchLabels: spec.selector })(pod.metadata.labels))
      .map(keyOf)

  return createController({
    ...context,
    name: 'endpoints',
    reconcile,
    watch: (add) => [
      sources.services.subscribe(({ object }) => add(keyOf(object))),
      sources.pods.subscribe((change) => {
        const states = change.type === 'updated' ? [change.object, change.previous] : [change.object]
        for (const key of states.flatMap(servicesOf)) add(key)
      }),
      // What somebody else removed or changed is put right.
      sources.endpoints.subscribe(({ object }) => add(keyOf(object))),
      sources.endpointSlices.subscribe(({ object }) => {
        const service = object.metadata.labels?.[SERVICE_NAME_LABEL]
        if (service !== undefined) add(`${object.metadata.namespace}/${service}`)
      }),
    ],
  })
}

function renderSlice(service: Service, { name, ports, endpoints: entries }: SlicePlan): EndpointSlice {
  const { namespace } = service.metadata
  return {
    apiVersion: apiVersionOf(endpointSlices),
    kind: endpointSlices.kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [SERVICE_NAME_LABEL]: service.metadata.name, [MANAGED_BY_LABEL]: MANAGER },
      ownerReferences: [renderControllerRef(services, service)],
    },
    addressType: 'IPv4',
    ports,
    endpoints: entries,
  }
}
