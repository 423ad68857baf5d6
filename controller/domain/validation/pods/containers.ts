/** Containers and init containers: names, images, and everything that hangs on one container. */
import type { Container, PodSpec } from '../../../api/pod-template.ts'
import type { Problem } from '../problem.ts'
import { validateEnv, validateEnvFrom } from './env.ts'
import { validateHandlers } from './handlers.ts'
import { findDnsLabelProblem } from './names.ts'
import { validateHostPorts, validatePorts } from './ports.ts'
import { validateResources } from './resources.ts'
import { duplicate, forbidden, invalid, required, requireName, requireOneOf, requireRange } from './server-words.ts'
import { validateMounts } from './volumes.ts'

const DEFAULT_GRACE_SECONDS = 30
const USER_RANGE = [0, 2_147_483_647] as const
const INIT_ONLY_ONCE = 'may not be set for init containers without restartPolicy=Always'

export function validateContainers(spec: PodSpec, field: string): readonly Problem[] {
  const containers = spec.containers ?? []
  const init = spec.initContainers ?? []
  const volumes = new Set((spec.volumes ?? []).map(({ name }) => name ?? ''))
  const graceSeconds = spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
  const names = [...containers, ...init].map(({ name }) => name)
  const isRepeated = (name: Container['name'], at: number): boolean => Boolean(name) && names.indexOf(name) < at
  return [
    ...(containers.length === 0
      ? [{ ...required(`${field}.containers`), fix: 'add at least one container with name and image' }]
      : []),
    ...containers.flatMap((container, index) => [
      ...validateContainer(container, volumes, `${field}.containers[${index}]`),
      ...(isRepeated(container.name, index)
        ? [duplicate(`${field}.containers[${index}].name`, container.name ?? '')]
        : []),
      ...validateHandlers(container, graceSeconds, `${field}.containers[${index}]`),
    ]),
    ...validateHostPorts(containers, spec.hostNetwork ?? false, `${field}.containers`),
    ...init.flatMap((container, index) => [
      ...validateContainer(container, volumes, `${field}.initContainers[${index}]`),
      ...(isRepeated(container.name, containers.length + index)
        ? [duplicate(`${field}.initContainers[${index}].name`, container.name ?? '')]
        : []),
      ...validateInit(container, graceSeconds, `${field}.initContainers[${index}]`),
    ]),
  ]
}

function validateContainer(container: Container, volumes: ReadonlySet<string>, field: string): readonly Problem[] {
  return [
    ...requireName(`${field}.name`, container.name, findDnsLabelProblem),
    ...(container.image ? [] : [required(`${field}.image`)]),
    ...requireOneOf(`${field}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]),
    ...validatePorts(container.ports ?? [], `${field}.ports`),
    ...validateEnv(container.env ?? [], `${field}.env`),
    ...validateEnvFrom(container.envFrom ?? [], `${field}.envFrom`),
    ...validateMounts(container.volumeMounts ?? [], volumes, `${field}.volumeMounts`),
    ...requireOneOf(`${field}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...(container.resources ? validateResources(container.resources, `${field}.resources`) : []),
    ...validateSecurity(container.securityContext, `${field}.securityContext`),
  ]
}

function validateSecurity(context: Container['securityContext'], field: string): readonly Problem[] {
  if (!context) return []
  const isContradictory = context.allowPrivilegeEscalation === false && context.privileged === true
  return [
    ...requireRange(`${field}.runAsUser`, context.runAsUser, USER_RANGE),
    ...requireRange(`${field}.runAsGroup`, context.runAsGroup, USER_RANGE),
    ...(isContradictory
      ? [invalid(field, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true')]
      : []),
  ]
}

/** An init container that runs once ends before anything could ask it; one that restarts is a sidecar. */
function validateInit(container: Container, graceSeconds: number, field: string): readonly Problem[] {
  if (container.restartPolicy === 'Always') return validateHandlers(container, graceSeconds, field)
  return (['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const)
    .filter((name) => container[name])
    .map((name) => forbidden(`${field}.${name}`, INIT_ONLY_ONCE))
}
