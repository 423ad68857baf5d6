/** Probes and lifecycle hooks: exactly one way to ask, with a port that can exist, and numbers that are not negative. */
import type { Container, Handler, Probe } from '../../../api/pod-template.ts'
import type { IntOrString } from '../../../api/scalars.ts'
import type { Problem } from '../problem.ts'
import { findPortNameProblem } from './names.ts'
import { PORT_RANGE } from './ports.ts'
import { forbidden, invalid, required, requireNatural, requireOneOf, requireRange } from './server-words.ts'

const KINDS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

/** Everything that asks a container, or tells it something. */
export function validateHandlers(container: Container, graceSeconds: number, field: string): readonly Problem[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container
  return [
    ...(['postStart', 'preStop'] as const).flatMap((name) => {
      const hook = lifecycle?.[name]
      return hook ? validateHandler(hook, `${field}.lifecycle.${name}`, graceSeconds) : []
    }),
    ...(livenessProbe ? validateProbe(livenessProbe, `${field}.livenessProbe`, 'restarts') : []),
    ...(readinessProbe ? validateProbe(readinessProbe, `${field}.readinessProbe`, 'gates') : []),
    ...(startupProbe ? validateProbe(startupProbe, `${field}.startupProbe`, 'restarts') : []),
  ]
}

/** @param role A probe that restarts the container succeeds at once; one that gates traffic cannot end it. */
function validateProbe(probe: Probe, field: string, role: 'restarts' | 'gates'): readonly Problem[] {
  const grace = probe.terminationGracePeriodSeconds
  const threshold = probe.successThreshold || 1
  return [
    ...validateHandler(probe, field),
    ...(
      ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const
    ).flatMap((name) => requireNatural(`${field}.${name}`, probe[name])),
    ...(typeof grace === 'number' && grace <= 0
      ? [invalid(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0')]
      : []),
    ...(role === 'restarts' && threshold > 1 ? [invalid(`${field}.successThreshold`, threshold, 'must be 1')] : []),
    ...(role === 'gates' && typeof grace === 'number'
      ? [invalid(`${field}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes')]
      : []),
  ]
}

/** @param graceSeconds Given for lifecycle hooks, which alone may sleep. */
function validateHandler(handler: Handler, field: string, graceSeconds?: number): readonly Problem[] {
  const [first, ...others] = KINDS.filter((kind) => handler[kind])
  return [
    ...(first === undefined ? [required(field, 'must specify a handler type')] : []),
    ...others.map((kind) => forbidden(`${field}.${kind}`, 'may not specify more than 1 handler type')),
    ...validateHttpGet(handler.httpGet, `${field}.httpGet`),
    ...(handler.exec && (handler.exec.command ?? []).length === 0 ? [required(`${field}.exec.command`)] : []),
    ...(handler.tcpSocket ? validatePort(handler.tcpSocket.port, `${field}.tcpSocket.port`) : []),
    ...(handler.grpc ? validatePort(handler.grpc.port, `${field}.grpc.port`) : []),
    ...validateSleep(handler.sleep?.seconds, graceSeconds, `${field}.sleep`),
  ]
}

function validateHttpGet(httpGet: Handler['httpGet'], field: string): readonly Problem[] {
  if (!httpGet) return []
  return [
    ...validatePort(httpGet.port, `${field}.port`),
    ...requireOneOf(`${field}.scheme`, httpGet.scheme, ['HTTP', 'HTTPS']),
  ]
}

function validatePort(port: IntOrString | null | undefined, field: string): readonly Problem[] {
  if (typeof port !== 'string') return requireRange(field, port ?? 0, PORT_RANGE)
  const detail = findPortNameProblem(port)
  return detail === undefined ? [] : [invalid(field, port, detail)]
}

function validateSleep(
  seconds: number | null | undefined,
  graceSeconds: number | undefined,
  field: string,
): readonly Problem[] {
  if (typeof seconds !== 'number' || graceSeconds === undefined) return []
  const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`
  return seconds < 0 || seconds > graceSeconds ? [invalid(field, seconds, detail)] : []
}
