/**
 * The world around the controllers of these stories: a ReplicaSet has its pods at once, every pod is ready at once, EndpointSlices say so, and the
 * gateway accepts every route. Pods of one image may be broken for a while. It decides nothing about rollouts.
 */
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { Pod } from '../../../controller/api/pod.ts'
import type { ReplicaSet, Service } from '../../../controller/api/rollout.ts'
import { renderControllerReference } from '../../../controller/kube/apply.ts'
import type { KubeClient } from '../../../controller/kube/client.ts'
import * as kinds from '../../../controller/kube/kinds.ts'

const NAMESPACE = 'web'
const options = { namespace: NAMESPACE }

export interface PlayedPods {
  /** One moment of the world. */
  play(): Promise<void>
  /** From now on pods of this image, and no others, are not ready. */
  setBroken(image: string | undefined): Promise<void>
}

export function createPods(client: KubeClient): PlayedPods {
  let born = 0
  let broken: string | undefined
  const shown = new Map<string, string>()
  const isBroken = (podOrTemplate: object): boolean =>
    broken !== undefined && JSON.stringify(podOrTemplate).includes(`"image":"${broken}"`)

  async function give(rs: ReplicaSet): Promise<Pod> {
    born += 1
    const { metadata, spec } = rs.spec.template
    return client.create<Pod>(kinds.pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...metadata,
        name: `${rs.metadata.name}-${String(born).padStart(5, '0')}`,
        namespace: NAMESPACE,
        ownerReferences: [renderControllerReference(rs, kinds.replicaSets)],
      },
      spec,
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    } as Pod)
  }

  /** As many pods as are asked for, the oldest kept, and a status that counts them. */
  async function fill(rs: ReplicaSet, own: readonly Pod[]): Promise<readonly Pod[]> {
    const wanted = rs.spec.replicas ?? 0
    for (const pod of own.slice(wanted)) await client.delete(kinds.refOf(kinds.pods, pod), { gracePeriodSeconds: 0 })
    const there = own.slice(0, wanted)
    const added: Pod[] = []
    while (there.length + added.length < wanted) added.push(await give(rs))
    const observedGeneration = rs.metadata.generation ?? 0
    const { availableReplicas = 0, observedGeneration: seen } = rs.status ?? {}
    const ready = isBroken(rs.spec.template) ? 0 : wanted
    if (availableReplicas === ready && seen === observedGeneration) return [...there, ...added]
    const status = { replicas: wanted, readyReplicas: ready, availableReplicas: ready, observedGeneration }
    await client.patch(kinds.refOf(kinds.replicaSets, rs), 'merge', { status }, { subresource: 'status' })
    return [...there, ...added]
  }

  async function show({ metadata: { name }, spec }: Service, pods: readonly Pod[]): Promise<void> {
    const selected = pods
      .filter(({ metadata }) =>
        Object.entries(spec.selector ?? {}).every(([key, value]) => metadata.labels?.[key] === value),
      )
      .filter((pod) => !isBroken(pod))
      .map(({ metadata }) => metadata.name)
    if (shown.get(name) === selected.join()) return
    shown.set(name, selected.join())
    await showEndpoints(client, name, selected)
  }

  async function play(): Promise<void> {
    const pods = (await client.list<Pod>(kinds.pods, options)).items
    const there: Pod[] = []
    for (const rs of (await client.list<ReplicaSet>(kinds.replicaSets, options)).items) {
      const own = pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === rs.metadata.uid))
      there.push(...(await fill(rs, own)))
    }
    for (const service of (await client.list<Service>(kinds.services, options)).items) await show(service, there)
    for (const route of (await client.list<AcceptedRoute>(kinds.httpRoutes, options)).items) await accept(client, route)
  }

  return {
    play,
    async setBroken(image) {
      broken = image
      await play()
    },
  }
}

interface AcceptedRoute extends KubeObject {
  readonly status?: { readonly parents?: readonly { readonly conditions: readonly { observedGeneration: number }[] }[] }
}

async function accept(client: KubeClient, route: AcceptedRoute): Promise<void> {
  const generation = route.metadata.generation ?? 0
  if (route.status?.parents?.[0]?.conditions[0]?.observedGeneration === generation) return
  const accepted = {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: generation,
  }
  const parents = [{ parentRef: { name: 'front' }, controllerName: 'example.test/gateway', conditions: [accepted] }]
  const ref = kinds.refOf(kinds.httpRoutes, route)
  await client.patch(ref, 'merge', { status: { parents } }, { subresource: 'status' })
}

async function showEndpoints(client: KubeClient, service: string, pods: readonly string[]): Promise<void> {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${service}-1`,
      namespace: NAMESPACE,
      labels: { 'kubernetes.io/service-name': service },
    },
    addressType: 'IPv4',
    ports: [],
    endpoints: pods.map((pod, at) => ({
      addresses: [`10.0.0.${at + 1}`],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: NAMESPACE, name: pod },
    })),
  }
  await client.patch(kinds.refOf(kinds.endpointSlices, slice), 'apply', slice, { fieldManager: 'pods', force: true })
}
