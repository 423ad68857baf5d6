/** A key that holds an older policy of the same Rollout, and fields that somebody else keeps in the same object. */
import { type ConsulKey, consulKeys } from '../../../controller/traffic/consul-kv/key.ts'
import { type RouterObjects, refKey } from '../../../controller/traffic/router.ts'
import type { RouterSample } from './sample.ts'

const NAME = 'penstock/web/shop?dc=dc1'
const KEY = refKey({ kind: consulKeys, name: NAME })
const OWNED = [
  'version',
  'rollout',
  'weight',
  'maxWeight',
  'backends',
  'additional',
  'routes',
  'tags',
  'windows',
  'revision',
]

const jsonOf = (objects: RouterObjects): Readonly<Record<string, unknown>> => {
  const key: ConsulKey | undefined = objects[KEY]
  return key?.json ?? {}
}

export const consulKvSample: RouterSample = {
  config: {
    key: 'penstock/web/shop',
    datacenter: 'dc1',
    backends: { stable: 'shop-blue', trial: 'shop-trial' },
    windows: [{ from: '09:00', to: '17:30', days: ['mon', 'tue'], timezone: 'Europe/Berlin' }],
    tags: ['internal'],
  },
  wrong: [
    { config: {}, names: 'plugins["penstock/consul-kv"].key' },
    { config: { key: '../agent/leave' }, names: 'key' },
    { config: { key: '/penstock/shop' }, names: 'key' },
    { config: { key: 'penstock/shop?cas=1' }, names: 'key' },
    { config: { key: 'penstock/shop', datacenter: 'dc1&stale' }, names: 'datacenter' },
    { config: { key: 'penstock/shop', address: 'http://evil.example' }, names: 'address' },
    { config: { key: 'penstock/shop', windows: [{ from: '9:00', to: '10:00' }] }, names: 'windows.0.from' },
    { config: { key: 'penstock/shop', windows: [{ from: '09:00', to: '09:00' }] }, names: 'windows.0.to' },
    {
      config: { key: 'penstock/shop', windows: [{ from: '09:00', to: '10:00', timezone: 'Mars' }] },
      names: 'timezone',
    },
    { config: { key: 'penstock/shop', windows: [{ from: '09:00', to: '10:00', days: ['today'] }] }, names: 'days' },
    { config: { key: 'penstock/shop', tags: [] }, names: 'tags' },
    { config: { key: 'penstock/shop', backends: { stable: '' } }, names: 'backends' },
  ],
  objects: (foreign) => {
    const json = { team: 'shop', foreign, version: 1, rollout: 'web/shop', weight: 33, maxWeight: 100 }
    const key = {
      apiVersion: 'consul.outside/v1',
      kind: 'Key',
      metadata: { name: NAME, resourceVersion: '5' },
      flags: '7',
      json,
    }
    return { [KEY]: structuredClone(key) as ConsulKey }
  },
  weights(objects) {
    const { weight, maxWeight } = jsonOf(objects)
    return [[Number(maxWeight) - Number(weight), weight]]
  },
  unowned: (objects) => ({
    ...objects[KEY],
    json: Object.entries(jsonOf(objects)).filter(([field]) => !OWNED.includes(field)),
  }),
  makesItsObjects: 'a missing key is made, with the weights that are wanted',
}
