/**
 * A feature flag as the road to the new behaviour: the share of one variant in a file of go-feature-flag or of OpenFeature's flagd, kept in a
 * ConfigMap. The router owns that share, nothing else of the file, and never writes a text that does not read back as what it was to say.
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficReading } from '../api/traffic.ts'
import type { ObjectRef } from '../kube/client.ts'
import { configMaps } from '../kube/kinds.ts'
import { missing } from './codec/missing.ts'
import { patchOf } from './codec/patch.ts'
import {
  type ConfigMap,
  MOUNT_DELAY_MS,
  missingConfigMap,
  setKeys,
  watchedConfigMaps,
} from './config-map/config-map.ts'
import type { FlagFile, Variants } from './feature-flag/flag-file.ts'
import { flagd } from './feature-flag/flagd.ts'
import { goFeatureFlag } from './feature-flag/go-feature-flag.ts'
import { defineRouter, type Router, type RouterContext, refKey } from './router.ts'

const FIELD = 'trafficRouting.plugins["penstock/feature-flag"]'
const formats = { goFeatureFlag, flagd } as const satisfies Readonly<Record<string, FlagFile>>

const schema = z
  .strictObject({
    configMap: z.string().min(1),
    key: z.string().min(1),
    format: z.enum(['goFeatureFlag', 'flagd']),
    flag: z.string().min(1),
    stableVariant: z.string().min(1),
    canaryVariant: z.string().min(1),
  })
  .refine(({ stableVariant, canaryVariant }) => stableVariant !== canaryVariant, {
    path: ['canaryVariant'],
    message: 'must be another one than stableVariant',
  })
type Config = z.infer<typeof schema>

export const featureFlag = defineRouter<Config>({
  id: 'penstock/feature-flag',
  capabilities: routerCapabilities['penstock/feature-flag'],
  watches: [watchedConfigMaps],
  schema,
  takes: ({ configMap, key, flag }) => [`flag "${flag}" in key "${key}" of ConfigMap "${configMap}"`],
  create,
})

function create(config: Config, context: RouterContext): Router {
  const ref: ObjectRef = { kind: configMaps, namespace: context.namespace, name: config.configMap }
  const file = formats[config.format]
  const variants: Variants = { flag: config.flag, stable: config.stableVariant, canary: config.canaryVariant }
  const textOf = (object: ConfigMap): string | undefined => object.data?.[config.key]
  return {
    targets: [ref],
    read(objects) {
      const label = `ConfigMap "${context.namespace}/${ref.name}"`
      const object: ConfigMap | undefined = objects[refKey(ref)]
      if (!object)
        return { ...missing(label, `${FIELD}.configMap`), problem: missingConfigMap(label, `${FIELD}.configMap`) }
      const text = textOf(object)
      if (text === undefined) return undrivable(`${label} has no key "${config.key}": add it or correct ${FIELD}.key`)
      const read = file.read(text, variants, context.maxWeight)
      return typeof read === 'object' ? undrivable(`${label}, key "${config.key}", ${read.problem}`) : readable(read)
    },
    render({ canary }, objects) {
      const object: ConfigMap | undefined = objects[refKey(ref)]
      const text = object && textOf(object)
      if (object === undefined || text === undefined || file.read(text, variants, context.maxWeight) === canary)
        return []
      const after = file.write(text, variants, canary, context.maxWeight)
      if (typeof after === 'object' || file.read(after, variants, context.maxWeight) !== canary) return []
      return patchOf(ref, object, setKeys(object, { [config.key]: after }))
    },
  }
}

const readable = (programmedCanary: number | undefined): TrafficReading => ({
  programmedCanary,
  confirmation: 'unknown',
  propagationMs: MOUNT_DELAY_MS,
  drivable: true,
})

const undrivable = (problem: string): TrafficReading => ({
  programmedCanary: undefined,
  confirmation: 'unknown',
  drivable: false,
  problem,
})
