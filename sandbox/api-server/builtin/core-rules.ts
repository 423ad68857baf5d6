/**
 * Defaults and rules of the small built-in kinds: namespaces, pods, services, config, budgets, leases. Only what clients and
 * controllers observe is here.
 */
import type { Cause } from '../errors.ts'
import { asArray, asObject, asString, deepEqual, isObject, type JsonObject, type Stored } from '../json.ts'
import type { KindRules } from '../resource-type.ts'
import { valueForbidden, valueInvalid, valueNotSupported, valueRequired } from '../schema/validate.ts'
import { containersOf, defaultPodSpec, validatePodSpec } from './pod-template.ts'
import { specOf } from './workload-rules.ts'

export const plainRules: KindRules = { allowsUnconditionalUpdate: true }

export const namespaceRules: KindRules = {
  allowsUnconditionalUpdate: true,
  prepareCreate(object) {
    const { name } = object.metadata
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': name }
    object.spec = { finalizers: ['kubernetes'] }
    object.status = { phase: 'Active' }
  },
  markDeleted: (object) => ({ ...object, status: { ...asObject(object.status), phase: 'Terminating' } }),
  /** Never at once: its content goes first. */
  isEmptiedFirst: true,
}

const qosClass = (spec: JsonObject): string => {
  const resources = containersOf(spec).map((container) => asObject(container.resources))
  const isEmpty = (part: unknown): boolean => Object.keys(asObject(part)).length === 0
  if (resources.every(({ limits, requests }) => isEmpty(limits) && isEmpty(requests))) return 'BestEffort'
  const isGuaranteed = resources.every(({ limits, requests }) => {
    const { cpu, memory } = asObject(limits)
    return cpu !== undefined && memory !== undefined && (requests === undefined || deepEqual(limits, requests))
  })
  return isGuaranteed ? 'Guaranteed' : 'Burstable'
}

const mutablePodFields = [
  'activeDeadlineSeconds',
  'tolerations',
  'terminationGracePeriodSeconds',
  'schedulingGates',
  'nodeName',
]

const frozenPodSpec = (spec: JsonObject): JsonObject => {
  const rest = Object.entries(spec).filter(([field]) => !mutablePodFields.includes(field))
  const withoutImages = (list: unknown): unknown =>
    asArray(list).map((container) => ({ ...asObject(container), image: undefined }))
  const { containers, initContainers, ...others } = Object.fromEntries(rest)
  return { ...others, containers: withoutImages(containers), initContainers: withoutImages(initContainers) }
}

const validatePodUpdate = (spec: JsonObject, before: JsonObject): Cause[] => {
  const isSame = JSON.stringify(frozenPodSpec(spec)) === JSON.stringify(frozenPodSpec(before))
  if (isSame || deepEqual(frozenPodSpec(spec), frozenPodSpec(before))) return []
  const why =
    'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'
  return [valueForbidden('spec', why)]
}

export const podRules: KindRules = {
  allowsUnconditionalUpdate: true,
  returnsDeleted: true,
  keepsGeneration: true,
  applyDefaults(object) {
    const spec = specOf(object)
    defaultPodSpec(spec)
    if (spec.enableServiceLinks === undefined) spec.enableServiceLinks = true
  },
  prepareCreate(object) {
    object.status = { phase: 'Pending', qosClass: qosClass(specOf(object)) }
  },
  validate: (object, previous) => [
    ...validatePodSpec(object.spec, 'spec', ['Always', 'OnFailure', 'Never']),
    ...(previous === undefined ? [] : validatePodUpdate(asObject(object.spec), asObject(previous.spec))),
  ],
  /** Nobody has to stop a pod that no node runs, or that has ended. */
  gracePeriod(object, asked) {
    const spec = asObject(object.spec)
    const { phase } = asObject(object.status)
    if (!spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0
    const own = typeof spec.terminationGracePeriodSeconds === 'number' ? spec.terminationGracePeriodSeconds : 30
    const wanted = asked ?? own
    const granted =
      object.metadata.deletionTimestamp === undefined ? undefined : object.metadata.deletionGracePeriodSeconds
    return granted === undefined ? wanted : Math.min(wanted, granted)
  },
}

const defaultServicePort = (port: JsonObject): void => {
  if (port.protocol === undefined) port.protocol = 'TCP'
  if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port
}

const validatePorts = (ports: readonly JsonObject[]): Cause[] =>
  ports.flatMap((port, index) => {
    const at = `spec.ports[${index}]`
    const isInRange = typeof port.port === 'number' && port.port >= 1 && port.port <= 65_535
    return [
      ...(isInRange ? [] : [valueInvalid(`${at}.port`, port.port ?? 0, 'must be between 1 and 65535, inclusive')]),
      ...(ports.length > 1 && !port.name ? [valueRequired(`${at}.name`)] : []),
    ]
  })

const validateService = (object: Stored, previous: Stored | undefined): Cause[] => {
  const spec = asObject(object.spec)
  const ports = asArray(spec.ports).filter(isObject)
  const isPortless = spec.type === 'ExternalName' || spec.clusterIP === 'None'
  const before = asObject(previous?.spec)
  const isMoved = before.clusterIP !== undefined && before.clusterIP !== spec.clusterIP && spec.type === before.type
  return [
    ...(ports.length === 0 && !isPortless ? [valueRequired('spec.ports')] : validatePorts(ports)),
    ...(spec.type === 'ExternalName' && !spec.externalName ? [valueRequired('spec.externalName')] : []),
    ...(isMoved ? [valueInvalid('spec.clusterIPs[0]', [spec.clusterIP], 'may not change once set')] : []),
  ]
}

export const serviceRules: KindRules = {
  allowsUnconditionalUpdate: true,
  returnsDeleted: true,
  applyDefaults(object, { allocateIp }) {
    const spec = specOf(object)
    if (spec.type === undefined) spec.type = 'ClusterIP'
    if (spec.sessionAffinity === undefined) spec.sessionAffinity = 'None'
    for (const port of asArray(spec.ports)) if (isObject(port)) defaultServicePort(port)
    if (spec.type === 'ExternalName') return
    if (spec.internalTrafficPolicy === undefined) spec.internalTrafficPolicy = 'Cluster'
    if (spec.ipFamilyPolicy === undefined) spec.ipFamilyPolicy = 'SingleStack'
    if (spec.ipFamilies === undefined) spec.ipFamilies = ['IPv4']
    if (!spec.clusterIP) spec.clusterIP = allocateIp()
    if (spec.clusterIPs === undefined) spec.clusterIPs = [spec.clusterIP]
  },
  prepareCreate(object) {
    object.status = { loadBalancer: {} }
  },
  /** A manifest without a clusterIP keeps the one the Service has. */
  prepareUpdate(object, previous) {
    const { clusterIP, clusterIPs } = asObject(previous.spec)
    const spec = specOf(object)
    if (clusterIP !== undefined && !spec.clusterIP) Object.assign(spec, { clusterIP, clusterIPs })
  },
  validate: validateService,
}

export const secretRules: KindRules = {
  allowsUnconditionalUpdate: true,
  applyDefaults(object) {
    if (object.type === undefined) object.type = 'Opaque'
    if (!isObject(object.stringData)) return
    const encoded = Object.entries(object.stringData).map(
      ([key, value]) => [key, Buffer.from(String(value)).toString('base64')] as const,
    )
    object.data = { ...asObject(object.data), ...Object.fromEntries(encoded) }
    delete object.stringData
  },
  validate: (object, previous) => [
    ...validateDataFrozen(object, previous),
    ...(previous !== undefined && previous.type !== object.type
      ? [valueInvalid('type', object.type, 'field is immutable')]
      : []),
  ],
}

const validateDataFrozen = (object: Stored, previous: Stored | undefined): Cause[] => {
  if (previous?.immutable !== true || deepEqual(object.data, previous.data)) return []
  return [valueForbidden('data', 'field is immutable when `immutable` is set')]
}

export const configMapRules: KindRules = { allowsUnconditionalUpdate: true, validate: validateDataFrozen }

export const nodeRules: KindRules = { allowsUnconditionalUpdate: true, keepsStatusAtCreate: true }

export const eventRules: KindRules = { allowsUnconditionalUpdate: true, allowsCreateOnUpdate: true }

export const endpointsRules: KindRules = { allowsUnconditionalUpdate: true, allowsCreateOnUpdate: true }

export const endpointSliceRules: KindRules = {
  allowsUnconditionalUpdate: true,
  keepsGeneration: true,
  applyDefaults(object) {
    for (const port of asArray(object.ports)) {
      if (!isObject(port)) continue
      if (port.protocol === undefined) port.protocol = 'TCP'
      if (port.name === undefined) port.name = ''
    }
  },
  validate: (object) => {
    const supported = ['FQDN', 'IPv4', 'IPv6']
    if (object.addressType === undefined) return [valueRequired('addressType')]
    return supported.includes(asString(object.addressType))
      ? []
      : [valueNotSupported('addressType', object.addressType, supported)]
  },
}

export const leaseRules: KindRules = {
  allowsCreateOnUpdate: true,
  validate(object) {
    const { leaseDurationSeconds } = asObject(object.spec)
    if (typeof leaseDurationSeconds !== 'number' || leaseDurationSeconds > 0) return []
    return [valueInvalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0')]
  },
}

export const budgetRules: KindRules = {
  keepsGeneration: true,
  validate(object) {
    const { minAvailable, maxUnavailable } = asObject(object.spec)
    if (minAvailable === undefined || maxUnavailable === undefined) return []
    const why = 'minAvailable and maxUnavailable cannot be both set'
    return [valueInvalid('spec', { minAvailable, maxUnavailable }, why)]
  },
}

export const roleBindingRules: KindRules = {
  allowsUnconditionalUpdate: true,
  applyDefaults(object) {
    const roleRef = asObject(object.roleRef)
    if (isObject(object.roleRef) && !roleRef.apiGroup) roleRef.apiGroup = 'rbac.authorization.k8s.io'
    for (const subject of asArray(object.subjects)) {
      if (!isObject(subject) || subject.apiGroup !== undefined) continue
      if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup = 'rbac.authorization.k8s.io'
    }
  },
  validate(object, previous) {
    if (previous === undefined || deepEqual(object.roleRef, previous.roleRef)) return []
    return [valueInvalid('roleRef', object.roleRef, 'cannot change roleRef')]
  },
}

export const ingressRules: KindRules = { allowsUnconditionalUpdate: true, keepsGeneration: true }

export const autoscalerRules: KindRules = {
  allowsUnconditionalUpdate: true,
  applyDefaults(object) {
    const spec = specOf(object)
    if (spec.minReplicas === undefined) spec.minReplicas = 1
  },
  validate(object) {
    const { maxReplicas, minReplicas, scaleTargetRef } = asObject(object.spec)
    const target = asObject(scaleTargetRef)
    const max = typeof maxReplicas === 'number' ? maxReplicas : 0
    return [
      ...(target.kind ? [] : [valueRequired('spec.scaleTargetRef.kind')]),
      ...(target.name ? [] : [valueRequired('spec.scaleTargetRef.name')]),
      ...(max > 0 ? [] : [valueRequired('spec.maxReplicas', 'must be set and greater than 0')]),
      ...(typeof minReplicas === 'number' && minReplicas > max
        ? [valueInvalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`')]
        : []),
    ]
  },
}
