/**
 * A route policy in Consul's KV store, for gateways that read it there: weights, routes for the canary and when they hold, in one JSON object under
 * one key, made when it is missing. The policy's own fields are the router's; every other field of the object stays, and a value that is no such
 * object is never overwritten.
 */
import { routerCapabilities } from '../api/router-capabilities.ts'
import type { TrafficIntent, TrafficReading } from '../api/traffic.ts'
import type { ObjectRef } from '../kube/client.ts'
import { apiVersionOf } from '../kube/kinds.ts'
import { patchOf, pointer } from './codec/patch.ts'
import { type Config, configSchema } from './consul-kv/config.ts'
import { type ConsulKey, consulKeys, keyName } from './consul-kv/key.ts'
import {
  isAsRendered,
  isSame,
  POLICY_VERSION,
  type Policy,
  readCarried,
  renderPolicy,
  rolloutOf,
} from './consul-kv/policy.ts'
import {
  defineRouter,
  type JsonPatchOperation,
  type Router,
  type RouterContext,
  type RouterWrite,
  refKey,
} from './router.ts'

export const consulKv = defineRouter<Config>({
  id: 'penstock/consul-kv',
  capabilities: routerCapabilities['penstock/consul-kv'],
  watches: [{ kind: consulKeys, verbs: ['create', 'patch'] }],
  schema: configSchema,
  create,
})

function create(config: Config, context: RouterContext): Router {
  const ref: ObjectRef = { kind: consulKeys, name: keyName(config) }
  const render = (intent: TrafficIntent): Policy => renderPolicy(intent, config, context)
  return {
    targets: [ref],
    read: (objects) => readKey(ref, objects[refKey(ref)], render, context),
    render(intent, objects) {
      const key: ConsulKey | undefined = objects[refKey(ref)]
      if (!key) return [createKey(ref, context, render(intent))]
      const { json } = key
      return json && findProblem(ref, key, context) === undefined
        ? patchOf(ref, key, changes(json, render(intent)))
        : []
    },
  }
}

/** Until it is made, gateways send everything to stable; what they were told before, they may still do. */
function readKey(
  ref: ObjectRef,
  key: ConsulKey | undefined,
  render: (intent: TrafficIntent) => Policy,
  context: RouterContext,
): TrafficReading {
  const nothing = { programmedCanary: undefined, managedRoutes: [], confirmation: 'unknown' } as const
  if (!key) return { ...nothing, drivable: true }
  const problem = findProblem(ref, key, context)
  if (problem !== undefined || !key.json) return { ...nothing, drivable: false, ...(problem ? { problem } : {}) }
  const carried = readCarried(key.json)
  if (!carried) return { ...nothing, drivable: true }
  const intact = isAsRendered(key.json, render(carried)) && carried.stable >= 0
  return {
    programmedCanary: intact ? carried.canary : undefined,
    additional: Object.fromEntries(carried.additional.map(({ service, weight }) => [service, weight])),
    managedRoutes: carried.managedRoutes.map((route) => ({ route, intact })),
    confirmation: 'unknown',
    drivable: true,
  }
}

function findProblem(ref: ObjectRef, { json, unreadable }: ConsulKey, context: RouterContext): string | undefined {
  const label = `Consul key "${ref.name}"`
  if (!json) return `${label} ${unreadable ?? 'holds no JSON object'}: correct or delete it, it is not overwritten`
  const { version = POLICY_VERSION, rollout = rolloutOf(context) } = json
  if (version !== POLICY_VERSION)
    return `${label} holds a policy of version ${JSON.stringify(version).slice(0, 40)}, this controller writes version ${POLICY_VERSION}: delete it or name another key`
  if (rollout !== rolloutOf(context))
    return `${label} holds the policy of Rollout ${JSON.stringify(rollout).slice(0, 200)}: name another key`
  return undefined
}

function createKey(ref: ObjectRef, { owner }: RouterContext, policy: Policy): RouterWrite {
  const metadata = { name: ref.name, ownerReferences: [owner] }
  const json = Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined))
  const object: ConsulKey = { apiVersion: apiVersionOf(ref.kind), kind: ref.kind.kind, metadata, json }
  return { do: 'create', ref, object }
}

function changes(json: Readonly<Record<string, unknown>>, policy: Policy): readonly JsonPatchOperation[] {
  return Object.entries(policy).flatMap(([field, value]): readonly JsonPatchOperation[] => {
    const there = Object.hasOwn(json, field)
    if (there ? isSame(json[field], value) : value === undefined) return []
    const path = pointer('json', field)
    return value === undefined ? [{ op: 'remove', path }] : [{ op: 'add', path, value }]
  })
}
