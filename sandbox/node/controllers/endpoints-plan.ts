/**
 * Which addresses stand behind a Service, rendered as EndpointSlices and as Endpoints. Pure; equal pods give equal output.
 *
 * | pod                  | ready                    | serving   | terminating |
 * |----------------------|--------------------------|-----------|-------------|
 * | ready                | true                     | true      | false       |
 * | not ready            | publishNotReadyAddresses | false     | false       |
 * | ready, being deleted | publishNotReadyAddresses | true      | true        |
 * | being deleted        | publishNotReadyAddresses | false     | true        |
 */
import { isFinished, isReady, isTerminating, type Pod, type Service, type ServicePort } from '../objects.ts'
import { hashText, renderSafe } from './template-hash.ts'

export interface EndpointPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

export interface SlicePlan {
  readonly name: string
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly unknown[]
}

const LARGEST_SLICE = 100

interface Group {
  readonly ports: readonly EndpointPort[]
  readonly pods: Pod[]
}

const resolveTarget = ({ targetPort, port }: ServicePort, pod: Pod): number | undefined => {
  if (typeof targetPort !== 'string') return targetPort || port
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? [])
  return ports.find((entry) => entry.name === targetPort)?.containerPort
}

function resolvePorts(service: Service, pod: Pod): readonly EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((entry) => {
    const port = resolveTarget(entry, pod)
    const { name = '', protocol = 'TCP', appProtocol } = entry
    return port === undefined ? [] : [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

/** Pods that resolve named ports alike belong together. */
function groupPods(service: Service, pods: readonly Pod[]): readonly Group[] {
  const groups = new Map<string, Group>()
  const serving = pods.filter((pod) => !isFinished(pod) && pod.status?.podIP)
  for (const pod of serving.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const ports = resolvePorts(service, pod)
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { ports, pods: [] }
    group.pods.push(pod)
    groups.set(key, group)
  }
  return [...groups.values()]
}

const targetRefOf = (pod: Pod): unknown => ({
  kind: 'Pod',
  name: pod.metadata.name,
  namespace: pod.metadata.namespace,
  uid: pod.metadata.uid,
})

function renderEndpoint(service: Service, pod: Pod): unknown {
  const terminating = isTerminating(pod)
  const serving = isReady(pod)
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating)
  return {
    addresses: [pod.status?.podIP],
    conditions: { ready, serving, terminating },
    nodeName: pod.spec.nodeName,
    targetRef: targetRefOf(pod),
  }
}

/** One slice per hundred pods and set of ports; their names depend on nothing else. */
export function planSlices(service: Service, pods: readonly Pod[]): readonly SlicePlan[] {
  return groupPods(service, pods).flatMap(({ ports, pods: members }) => {
    const count = Math.ceil(members.length / LARGEST_SLICE)
    return Array.from({ length: count }, (_, index) => {
      const hash = hashText(`${service.metadata.name}#${JSON.stringify(ports)}#${index}`)
      const chunk = members.slice(index * LARGEST_SLICE, (index + 1) * LARGEST_SLICE)
      return {
        name: `${service.metadata.name}-${renderSafe(hash)}`,
        ports,
        endpoints: chunk.map((pod) => renderEndpoint(service, pod)),
      }
    })
  })
}

/** The subsets of the older Endpoints object; pods on their way out are left out, as Kubernetes does. */
export function planSubsets(service: Service, pods: readonly Pod[]): readonly unknown[] {
  const publishAll = service.spec?.publishNotReadyAddresses === true
  const staying = pods.filter((pod) => publishAll || !isTerminating(pod))
  return groupPods(service, staying).map(({ ports, pods: members }) => {
    const addressOf = (pod: Pod): unknown => ({
      ip: pod.status?.podIP,
      nodeName: pod.spec.nodeName,
      targetRef: targetRefOf(pod),
    })
    const ready = members.filter((pod) => publishAll || isReady(pod)).map(addressOf)
    const notReady = members.filter((pod) => !publishAll && !isReady(pod)).map(addressOf)
    return {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ports,
    }
  })
}
