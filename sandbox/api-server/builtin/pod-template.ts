/**
 * Defaults and rules of pod specs, wherever they stand: pods and the templates of workloads. Clients compare what they applied
 * with what they read back, so the defaults are those of the real server.
 */
import type { Cause } from '../errors.ts'
import { asArray, asObject, isObject, type JsonObject } from '../json.ts'
import { valueInvalid, valueNotSupported, valueRequired } from '../schema/validate.ts'

const setDefault = (object: JsonObject, field: string, value: unknown): void => {
  if (object[field] === undefined) object[field] = value
}

const pullPolicy = (image: unknown): string => {
  const text = typeof image === 'string' ? image : ''
  const name = text.split('/').at(-1) ?? ''
  const isLatest = !text.includes('@') && (!name.includes(':') || name.endsWith(':latest'))
  return isLatest ? 'Always' : 'IfNotPresent'
}

const defaultProbe = (probe: unknown): void => {
  if (!isObject(probe)) return
  setDefault(probe, 'timeoutSeconds', 1)
  setDefault(probe, 'periodSeconds', 10)
  setDefault(probe, 'successThreshold', 1)
  setDefault(probe, 'failureThreshold', 3)
  const { httpGet } = probe
  if (!isObject(httpGet)) return
  setDefault(httpGet, 'path', '/')
  setDefault(httpGet, 'scheme', 'HTTP')
}

const defaultContainer = (container: JsonObject): void => {
  setDefault(container, 'imagePullPolicy', pullPolicy(container.image))
  setDefault(container, 'terminationMessagePath', '/dev/termination-log')
  setDefault(container, 'terminationMessagePolicy', 'File')
  setDefault(container, 'resources', {})
  for (const port of asArray(container.ports)) if (isObject(port)) setDefault(port, 'protocol', 'TCP')
  for (const variable of asArray(container.env)) {
    const fieldRef = asObject(asObject(variable).valueFrom).fieldRef
    if (isObject(fieldRef)) setDefault(fieldRef, 'apiVersion', 'v1')
  }
  for (const probe of ['readinessProbe', 'livenessProbe', 'startupProbe']) defaultProbe(container[probe])
}

const defaultModes: Readonly<Record<string, number>> = { configMap: 420, secret: 420, downwardAPI: 420, projected: 420 }

const defaultVolume = (volume: unknown): void => {
  if (!isObject(volume)) return
  if (Object.keys(volume).length === 1) volume.emptyDir = {}
  for (const [source, mode] of Object.entries(defaultModes)) {
    const found = volume[source]
    if (isObject(found)) setDefault(found, 'defaultMode', mode)
  }
}

export const containersOf = (spec: JsonObject): JsonObject[] =>
  [...asArray(spec.initContainers), ...asArray(spec.containers)].filter(isObject)

/** Changes `spec`. */
export const defaultPodSpec = (spec: JsonObject): void => {
  setDefault(spec, 'restartPolicy', 'Always')
  setDefault(spec, 'dnsPolicy', 'ClusterFirst')
  setDefault(spec, 'terminationGracePeriodSeconds', 30)
  setDefault(spec, 'schedulerName', 'default-scheduler')
  setDefault(spec, 'securityContext', {})
  if (typeof spec.serviceAccountName === 'string') setDefault(spec, 'serviceAccount', spec.serviceAccountName)
  for (const container of containersOf(spec)) defaultContainer(container)
  for (const volume of asArray(spec.volumes)) defaultVolume(volume)
}

/** The template of a workload's spec, if it has one; changes it. */
export const defaultTemplate = (spec: JsonObject): void => {
  const { template } = spec
  if (!isObject(template)) return
  if (!isObject(template.spec)) template.spec = {}
  defaultPodSpec(asObject(template.spec))
}

const validateContainers = (containers: unknown, field: string): Cause[] => {
  const list = asArray(containers)
  if (list.length === 0) return [valueRequired(field)]
  return list.flatMap((entry, index) => {
    const { name, image } = asObject(entry)
    const at = `${field}[${index}]`
    return [
      ...(typeof name === 'string' && name !== '' ? [] : [valueRequired(`${at}.name`)]),
      ...(typeof image === 'string' && image !== '' ? [] : [valueRequired(`${at}.image`)]),
      ...(typeof name === 'string' && name !== '' && !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)
        ? [
            valueInvalid(
              `${at}.name`,
              name,
              'a lowercase RFC 1123 label must consist of lower case alphanumeric characters',
            ),
          ]
        : []),
    ]
  })
}

/** `policies`: the restart policies that this kind of owner allows. */
export const validatePodSpec = (spec: unknown, field: string, policies: readonly string[]): Cause[] => {
  const { containers, restartPolicy } = asObject(spec)
  const isAllowed = typeof restartPolicy === 'string' && policies.includes(restartPolicy)
  return [
    ...validateContainers(containers, `${field}.containers`),
    ...(isAllowed ? [] : [valueNotSupported(`${field}.restartPolicy`, restartPolicy ?? '', policies)]),
  ]
}
