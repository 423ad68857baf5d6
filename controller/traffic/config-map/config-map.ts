/** ConfigMaps that applications read live, as routers see them: one key each, of an object that the user has marked for it. */
import { ROUTER_CONFIG } from '../../api/labels.ts'
import type { KubeObject } from '../../api/meta.ts'
import { configMaps } from '../../kube/kinds.ts'
import { pointer } from '../codec/patch.ts'
import type { JsonPatchOperation, WatchedKind } from '../router.ts'

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export const watchedConfigMaps: WatchedKind = { kind: configMaps, verbs: ['patch'], labelSelector: ROUTER_CONFIG }

/** A volume shows a change after the kubelet's sync period and the life of its cache, a minute each. */
export const MOUNT_DELAY_MS = 120_000

/** @param field where the configuration names it */
export const missingConfigMap = (label: string, field: string): string =>
  `${label} not found among those with the label ${ROUTER_CONFIG}: create or label it, or correct ${field}`

/** Sets the given keys; the others stay. Nothing when they say so already. */
export function setKeys(object: ConfigMap, wanted: Readonly<Record<string, string>>): JsonPatchOperation[] {
  const changed = Object.entries(wanted).filter(([key, value]) => object.data?.[key] !== value)
  if (changed.length === 0) return []
  if (object.data === undefined) return [{ op: 'add', path: '/data', value: Object.fromEntries(changed) }]
  return changed.map(([key, value]) => ({ op: 'add', path: pointer('data', key), value }))
}
