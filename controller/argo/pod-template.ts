/**
 * When two pod templates are the same revision: equal once everything is removed that the API server or a controller adds by itself. A template
 * that went through the API server and came back (undo, takeover) then still names the ReplicaSet that it came from. It must not look at hashes.
 */
import { POD_TEMPLATE_HASH } from '../api/labels.ts'
import type { PodTemplate } from '../api/meta.ts'
import { canonicalJson } from './pod-hash.ts'

type Json = unknown
type Fields = Readonly<Record<string, Json>>

/** Values that Kubernetes fills in where a template is silent, by the path of the field; `*` stands for an element of a list. */
const DEFAULTS: Readonly<Record<string, readonly Json[]>> = {
  'spec.restartPolicy': ['Always'],
  'spec.dnsPolicy': ['ClusterFirst'],
  'spec.schedulerName': ['default-scheduler'],
  'spec.terminationGracePeriodSeconds': [30],
  'spec.enableServiceLinks': [true],
  'spec.containers.*.terminationMessagePath': ['/dev/termination-log'],
  'spec.containers.*.terminationMessagePolicy': ['File'],
  'spec.containers.*.ports.*.protocol': ['TCP'],
  'spec.containers.*.env.*.valueFrom.fieldRef.apiVersion': ['v1'],
  'spec.volumes.*.secret.defaultMode': [420],
  'spec.volumes.*.configMap.defaultMode': [420],
  'spec.volumes.*.projected.defaultMode': [420],
  'spec.volumes.*.downwardAPI.defaultMode': [420],
  'spec.volumes.*.downwardAPI.items.*.fieldRef.apiVersion': ['v1'],
  'spec.volumes.*.hostPath.type': [''],
}
const PROBE_DEFAULTS: Fields = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }
const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe']

const isFields = (value: Json): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** True when both would run the same pods. */
export const isSameTemplate = (a: PodTemplate, b: PodTemplate): boolean =>
  canonicalJson(normalForm(a)) === canonicalJson(normalForm(b))

function normalForm(template: PodTemplate): Json {
  const { creationTimestamp: _creationTimestamp, ...metadata } = (template.metadata ?? {}) as Fields
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata?.labels ?? {}
  const { serviceAccount, ...spec } = template.spec ?? {}
  // The deprecated name of serviceAccountName; the API server keeps both equal.
  const account = spec.serviceAccountName ?? serviceAccount
  const plain = {
    metadata: { ...metadata, labels },
    spec: account === undefined ? spec : { ...spec, serviceAccountName: account },
  }
  return prune(plain, '')
}

/** Drops defaults, nulls and what is empty after that; an empty object and an absent one mean the same in a pod template, but for volumes. */
function prune(value: Json, path: string): Json {
  if (Array.isArray(value))
    return value.length === 0 ? undefined : value.map((element) => prune(element, `${path}.*`) ?? {})
  if (!isFields(value)) return isDefault(value, path) ? undefined : (value ?? undefined)
  const entries = Object.entries(value)
    .filter(([key, field]) => !isFilledIn(key, field, value, path))
    .map(([key, field]) => [key, prune(field, path === '' ? key : `${path}.${key}`)] as const)
    .filter(([, field]) => field !== undefined)
  const keepsEmpty = path.startsWith('spec.volumes.*.')
  return entries.length === 0 && !keepsEmpty ? undefined : Object.fromEntries(entries)
}

/** Init containers are defaulted as containers are. */
const isDefault = (value: Json, path: string): boolean =>
  DEFAULTS[path.replace('spec.initContainers.*', 'spec.containers.*')]?.includes(value) ?? false

/** Defaults that depend on what stands beside them: the pull policy on the image's tag, a probe's numbers on there being a probe. */
function isFilledIn(key: string, field: Json, owner: Fields, path: string): boolean {
  if (key === 'imagePullPolicy' && typeof owner.image === 'string') return field === defaultPullPolicy(owner.image)
  if (PROBES.some((probe) => path.endsWith(`.${probe}`))) return PROBE_DEFAULTS[key] === field
  return key === 'scheme' && field === 'HTTP' && path.endsWith('.httpGet')
}

function defaultPullPolicy(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1)
  const isPinned = image.includes('@') || (name.includes(':') && !name.endsWith(':latest'))
  return isPinned ? 'IfNotPresent' : 'Always'
}
