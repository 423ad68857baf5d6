/**
 * The Services of an experiment: one for each template that asks for it, there while its pods are wanted and gone once they are. It must not
 * touch a Service of anybody else, nor one that still gets traffic.
 *
 *   asked for   ReplicaSet has       Service   | then
 *   yes         pods wanted          none      | create it, if a container names a port
 *   yes         none wanted or left  there     | delete it, unless traffic still goes there
 *   no          -                    there     | delete it
 */
import type { TemplateStatus } from '../../api/experiment.ts'
import type { Service } from '../../api/rollout.ts'
import { type ExperimentPart, joinParts } from './plan.ts'
import { experimentOwner, templateMarks, wantedReplicas } from './replica-sets.ts'
import type { ExperimentView, Possession, TemplateFacts } from './view.ts'

export function decideServices(
  view: ExperimentView,
  statuses: readonly TemplateStatus[],
  ended: boolean,
): ExperimentPart {
  const parts = view.templates.map((facts, at) =>
    decideService(view, facts, wantedReplicas(facts, statuses[at], ended)),
  )
  return joinParts(...parts, ...view.strays.map((stray) => remove(stray, 0)))
}

function decideService(view: ExperimentView, facts: TemplateFacts, wanted: number): ExperimentPart {
  if (facts.service) return wanted > 0 && facts.template.service ? {} : remove(facts, wanted)
  return facts.template.service && facts.rs && wanted > 0 ? create(view, facts) : {}
}

/** One that nobody asks for goes at once, one whose pods go stays until they are gone. */
function remove({ service, rs, isRouted }: Possession, wanted: number): ExperimentPart {
  const isLeft = wanted === 0 && (rs?.status?.availableReplicas ?? 0) > 0
  return service && !isLeft && !isRouted ? { actions: [{ do: 'deleteService', service }] } : {}
}

function create({ world }: ExperimentView, { template, rs }: TemplateFacts): ExperimentPart {
  const ports = listPorts(rs?.spec.template.spec)
  const isRefused = world.refusals.some(({ of, name }) => of === 'template' && name === template.name)
  if (!rs || isRefused) return {}
  if (ports.length === 0) {
    const message = `template '${template.name}' asks for a Service but none of its containers names a port`
    return { holds: [{ reason: 'NoPorts', message }] }
  }
  const { namespace } = world.experiment.metadata
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: template.service?.name || rs.metadata.name,
      ...(namespace === undefined ? {} : { namespace }),
      annotations: templateMarks(world, template.name),
      ownerReferences: [experimentOwner(world)],
    },
    spec: { selector: { ...rs.metadata.labels }, ports },
  }
  return { actions: [{ do: 'createService', service, template: template.name }] }
}

interface ContainerPort {
  readonly name?: string
  readonly containerPort?: number
  readonly protocol?: string
}

/** The ports of all containers; where there are several, each needs a name. */
function listPorts(pod: Readonly<Record<string, unknown>> | undefined): NonNullable<Service['spec']['ports']> {
  const ports = listContainerPorts(pod)
  return ports.flatMap(({ name, containerPort, protocol = 'TCP' }) => {
    if (containerPort === undefined) return []
    const label = name ?? (ports.length > 1 ? `${protocol.toLowerCase()}-${containerPort}` : undefined)
    return [
      { ...(label === undefined ? {} : { name: label }), protocol, port: containerPort, targetPort: containerPort },
    ]
  })
}

/** The ports that the containers of a pod name, in order. */
export function listContainerPorts(pod: Readonly<Record<string, unknown>> | undefined): readonly ContainerPort[] {
  const containers = (Array.isArray(pod?.containers) ? pod.containers : []) as readonly {
    readonly ports?: readonly ContainerPort[]
  }[]
  return containers.flatMap((container) => container.ports ?? [])
}
