/**
 * A switch for applications that decide themselves who gets the new behaviour: one ConfigMap whose keys they read live. The router owns the named
 * keys, plain texts that cannot be misread, and nothing else of the object. A key that is missing means stable.
 *
 *   key       text                                    says
 *   weight    "0" … "<maxTrafficWeight>"              share of the canary
 *   allow     one CIDR a line, sorted; "" for nobody  who gets the canary whatever the weight: colours by client address
 *   enabled   "true" or "false"                       whether the canary's weight has come to `from`
 */
import { z } from 'zod'
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { ManagedRoute, PresentRoute, TrafficIntent, TrafficReading } from '../api/traffic.ts'
import type { ObjectRef } from '../kube/client.ts'
import { configMaps } from '../kube/kinds.ts'
import { readLedger, renderLedger } from './codec/ledger.ts'
import { missing } from './codec/missing.ts'
import { patchOf } from './codec/patch.ts'
import {
  type ConfigMap,
  MOUNT_DELAY_MS,
  missingConfigMap,
  setKeys,
  watchedConfigMaps,
} from './config-map/config-map.ts'
import { defineRouter, type Router, type RouterContext, refKey } from './router.ts'

const FIELD = 'trafficRouting.plugins["penstock/switch"].configMap'

const dataKey = z.string().regex(/^[-._a-zA-Z0-9]{1,253}$/, 'must be a key of a ConfigMap: letters, digits, - _ .')
const schema = z
  .strictObject({
    configMap: z.string().min(1),
    weight: z.strictObject({ key: dataKey }).optional(),
    allow: z.strictObject({ key: dataKey }).optional(),
    enabled: z
      .strictObject({ key: dataKey, from: z.int().min(1).optional(), inverted: z.boolean().optional() })
      .optional(),
  })
  .refine(({ weight, allow, enabled }) => {
    const keys = [weight?.key ?? WEIGHT_KEY, allow?.key, enabled?.key].filter((key) => key !== undefined)
    return new Set(keys).size === keys.length
  }, 'weight, allow and enabled need keys of their own')

const WEIGHT_KEY = 'canary-weight'

interface Config {
  readonly configMap: string
  readonly weight?: { readonly key: string } | undefined
  readonly allow?: { readonly key: string } | undefined
  /** `inverted`: "true" means that it is switched off, as with a switch that degrades. */
  readonly enabled?:
    | { readonly key: string; readonly from?: number | undefined; readonly inverted?: boolean | undefined }
    | undefined
}

export const configSwitch = defineRouter<Config>({
  id: 'penstock/switch',
  capabilities: routerCapabilities['penstock/switch'],
  watches: [watchedConfigMaps],
  schema,
  takes: ({ configMap, weight, allow, enabled }) =>
    [weight?.key ?? WEIGHT_KEY, allow?.key, enabled?.key].flatMap((key) =>
      key === undefined ? [] : [`key "${key}" of ConfigMap "${configMap}"`],
    ),
  create,
})

function create(config: Config, context: RouterContext): Router {
  const ref: ObjectRef = { kind: configMaps, namespace: context.namespace, name: config.configMap }
  return {
    targets: [ref],
    read: (objects) => readSwitch(ref, objects[refKey(ref)], config, context),
    render(intent, objects) {
      const object: ConfigMap | undefined = objects[refKey(ref)]
      if (!object) return []
      const routes = config.allow ? intent.managedRoutes.map((route) => ({ route, rules: [] })) : []
      return patchOf(ref, object, [
        ...setKeys(object, render(config, intent)),
        ...renderLedger(object, context, { routes, backends: [] }),
      ])
    },
  }
}

function render({ weight, allow, enabled }: Config, { canary, managedRoutes }: TrafficIntent): Record<string, string> {
  const isOn = canary >= (enabled?.from ?? 1)
  return {
    [weight?.key ?? WEIGHT_KEY]: String(canary),
    ...(allow ? { [allow.key]: addresses(managedRoutes) } : {}),
    ...(enabled ? { [enabled.key]: String(isOn !== (enabled.inverted ?? false)) } : {}),
  }
}

/** Every address that one of the colours takes: a colour that asks for anything else is none of this router's. */
const addresses = (routes: readonly ManagedRoute[]): string =>
  [
    ...new Set(
      routes.flatMap((route) => (route.kind === 'color' ? route.match.flatMap(({ cidrs = [] }) => cidrs) : [])),
    ),
  ]
    .sort()
    .join('\n')

function readSwitch(
  ref: ObjectRef,
  object: ConfigMap | undefined,
  config: Config,
  context: RouterContext,
): TrafficReading {
  const label = `ConfigMap "${context.namespace}/${ref.name}"`
  if (!object) return { ...missing(label, FIELD), problem: missingConfigMap(label, FIELD) }
  const canary = parseWeight(object.data?.[config.weight?.key ?? WEIGHT_KEY], context.maxWeight)
  const recorded = readLedger(object, context).routes.map(({ route }) => route)
  // The keys follow from weight and routes: one that does not is written anew with both.
  const wanted =
    canary === undefined
      ? undefined
      : render(config, { canary, stable: context.maxWeight - canary, additional: [], managedRoutes: recorded })
  const isOdd = (key: string | undefined): boolean => key !== undefined && object.data?.[key] !== wanted?.[key]
  const present = recorded.map((route): PresentRoute => ({ route, intact: !isOdd(config.allow?.key) }))
  return {
    programmedCanary: isOdd(config.enabled?.key) || isForeign(recorded, object, config) ? undefined : canary,
    ...(config.allow ? { managedRoutes: present } : {}),
    confirmation: 'unknown',
    propagationMs: MOUNT_DELAY_MS,
    drivable: true,
  }
}

/** Somebody lets addresses in though no colour asks for it. */
const isForeign = (recorded: readonly ManagedRoute[], { data }: ConfigMap, { allow }: Config): boolean =>
  allow !== undefined && recorded.length === 0 && data?.[allow.key] !== ''

function parseWeight(text: string | undefined, maxWeight: number): number | undefined {
  if (text === undefined || !/^(0|[1-9][0-9]{0,8})$/.test(text)) return undefined
  const weight = Number(text)
  return weight <= maxWeight ? weight : undefined
}
