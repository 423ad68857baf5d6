/**
 * A container's environment and arguments from its manifest: plain values, the downward API, `$(NAME)` references. Pure. A
 * source it cannot serve is a problem with a name, never an empty value.
 */
import type { Container, EnvVar, Pod } from '../objects.ts'

export type Env = Readonly<Record<string, string>>

export interface EnvRequest {
  readonly pod: Pod
  readonly container: Container
  readonly podIP: string
  readonly hostIP: string
  /** Set before the container's own variables, which may override it. */
  readonly base: Env
}

export type EnvAnswer = { readonly env: Env } | { readonly problem: string }

const DEFAULT_PORT = 8080
const mapField = /^metadata\.(labels|annotations)\['([^']+)'\]$/

/** The value of a downward-API field path; undefined when this node does not serve it. */
export function readField(
  path: string,
  { pod, podIP, hostIP }: Pick<EnvRequest, 'pod' | 'podIP' | 'hostIP'>,
): string | undefined {
  const [, map, key] = mapField.exec(path) ?? []
  if (map !== undefined && key !== undefined) {
    const values = map === 'labels' ? pod.metadata.labels : pod.metadata.annotations
    return values?.[key] ?? ''
  }
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid ?? ''
    case 'spec.nodeName':
      return pod.spec.nodeName ?? ''
    case 'status.podIP':
    case 'status.podIPs':
      return podIP
    case 'status.hostIP':
      return hostIP
    default:
      return undefined
  }
}

/** `$(NAME)` becomes the value if NAME is known and stays as it is otherwise; `$$(NAME)` is the way to write `$(NAME)`. */
export const expandReferences = (text: string, env: Env): string =>
  text.replace(/\$\$|\$\(([A-Za-z_.-][\w.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : Object.hasOwn(env, name) ? (env[name] ?? '') : whole,
  )

function readVariable(variable: EnvVar, request: EnvRequest, env: Env): { value: string } | { problem: string } {
  const { name, value, valueFrom } = variable
  if (valueFrom === undefined) return { value: expandReferences(value ?? '', env) }
  const { fieldRef } = valueFrom as { fieldRef?: { fieldPath?: string } }
  const path = fieldRef?.fieldPath
  if (path === undefined) {
    const source = Object.keys(valueFrom)[0] ?? 'nothing'
    return { problem: `env ${name}: valueFrom.${source} is not served by the sandbox's node; give a plain value` }
  }
  const field = readField(path, request)
  return field === undefined ? { problem: `env ${name}: unknown fieldPath "${path}"` } : { value: field }
}

/** Adds HOST (the pod's address), PORT (its first container port, else 8080) and HOSTNAME (the pod's name). */
export function renderEnv(request: EnvRequest): EnvAnswer {
  const { container, pod, podIP } = request
  if (container.envFrom?.length)
    return { problem: "envFrom is not served by the sandbox's node; list the variables in env" }
  const env: Record<string, string> = {
    ...request.base,
    HOST: podIP,
    PORT: String(container.ports?.[0]?.containerPort ?? DEFAULT_PORT),
    HOSTNAME: pod.metadata.name,
  }
  for (const variable of container.env ?? []) {
    const answer = readVariable(variable, request, env)
    if ('problem' in answer) return answer
    env[variable.name] = answer.value
  }
  return { env }
}
