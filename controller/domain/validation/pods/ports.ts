/** Ports of containers: numbers, names, protocols, and no two containers on one port of the node. */
import type { Container, ContainerPort } from '../../../api/pod-template.ts'
import type { Problem } from '../problem.ts'
import { findPortNameProblem } from './names.ts'
import { duplicate, invalid, required, requireOneOf, requireRange, requireSyntax } from './server-words.ts'

export const PORT_RANGE = [1, 65_535] as const
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

export function validatePorts(ports: readonly ContainerPort[], field: string): readonly Problem[] {
  const names = ports.map(({ name }) => name)
  return ports.flatMap((port, index) => {
    const at = `${field}[${index}]`
    const isRepeated = Boolean(port.name) && names.indexOf(port.name) < index
    return [
      ...requireSyntax(`${at}.name`, port.name, findPortNameProblem),
      ...(isRepeated ? [duplicate(`${at}.name`, port.name ?? '')] : []),
      ...(port.containerPort ? [] : [required(`${at}.containerPort`)]),
      ...requireRange(`${at}.containerPort`, port.containerPort || undefined, PORT_RANGE),
      ...requireRange(`${at}.hostPort`, port.hostPort || undefined, PORT_RANGE),
      ...requireOneOf(`${at}.protocol`, port.protocol, PROTOCOLS),
    ]
  })
}

/** @param hostNetwork Whether pods share the node's network: ports of the node are then the container's own. */
export function validateHostPorts(
  containers: readonly Container[],
  hostNetwork: boolean,
  field: string,
): readonly Problem[] {
  const taken = new Set<string>()
  return containers.flatMap((container, at) =>
    (container.ports ?? []).flatMap((port, index) => {
      if (!port.hostPort) return []
      const path = `${field}[${at}].ports[${index}].hostPort`
      const place = `${port.protocol || 'TCP'}/${port.hostIP ?? ''}/${port.hostPort}`
      const isTaken = taken.has(place)
      taken.add(place)
      const isElsewhere = hostNetwork && port.hostPort !== port.containerPort
      return [
        ...(isTaken ? [duplicate(path, place)] : []),
        ...(isElsewhere ? [invalid(path, port.hostPort, 'must match `containerPort` when `hostNetwork` is true')] : []),
      ]
    }),
  )
}
