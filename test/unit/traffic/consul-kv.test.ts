/** The policy in Consul's KV store: as gateways read it, as people edit it, and what is refused. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import type { TrafficIntent } from '../../../controller/api/traffic.ts'
import { type ConsulKey, consulKeys, isKey, keyName, parseKeyName } from '../../../controller/traffic/consul-kv/key.ts'
import { type RouterContext, type RouterObjects, refKey } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const NAME = 'penstock/web/shop'
const KEY = refKey({ kind: consulKeys, name: NAME })
const open = (config: object = {}, over: Partial<RouterContext> = {}) =>
  openRouter('penstock/consul-kv', { key: NAME, ...config }, routerContext(over))

const held = (json: ConsulKey['json'], over: Partial<ConsulKey> = {}): RouterObjects => {
  const key: ConsulKey = { metadata: { name: NAME, resourceVersion: '5' }, ...(json ? { json } : {}), ...over }
  return { [KEY]: key }
}
const jsonOf = (objects: RouterObjects): Readonly<Record<string, unknown>> => {
  const key: ConsulKey | undefined = objects[KEY]
  assert.ok(key?.json)
  return key.json
}
const written = (intent: TrafficIntent, config: object = {}, before: RouterObjects = {}) =>
  writeTraffic(open(config), before, intent)

const VIP = {
  kind: 'color',
  name: 'vip',
  match: [
    {
      headers: [{ name: 'x-version', value: { regex: 'v2.*' } }],
      cookies: [{ name: 'color', value: { exact: 'canary' } }],
      idRange: { cookie: 'uid', modulo: 997, from: 1, to: 50 },
      cidrs: ['10.0.0.0/8'],
    },
    { headers: [{ name: 'x-env', value: { prefix: 'can' } }] },
  ],
} as const satisfies TrafficIntent['managedRoutes'][number]
const BETA = {
  kind: 'header',
  name: 'beta',
  match: [
    { headerName: 'x-a', headerValue: { exact: '1' } },
    { headerName: 'x-b', headerValue: { prefix: '2' } },
  ],
} as const satisfies TrafficIntent['managedRoutes'][number]

describe('consul-kv: the policy', () => {
  test('is made whole, with check-and-set against nothing, and bears its Rollout', () => {
    const [write] = open().render(trafficIntent(20, { managedRoutes: [VIP, BETA] }), {})
    assert.ok(write?.do === 'create')
    assert.deepEqual(write.object.metadata, { name: NAME, ownerReferences: [routerContext().owner] })
    const { revision, ...json } = (write.object as ConsulKey).json ?? {}
    assert.deepEqual(json, {
      version: 1,
      rollout: 'web/shop',
      weight: 20,
      maxWeight: 100,
      backends: { stable: 'stable', canary: 'canary' },
      additional: [],
      routes: [
        { name: 'vip', kind: 'color', backend: 'canary', match: VIP.match },
        {
          name: 'beta',
          kind: 'header',
          backend: 'canary',
          match: [
            {
              headers: [
                { name: 'x-a', value: { exact: '1' } },
                { name: 'x-b', value: { prefix: '2' } },
              ],
            },
          ],
        },
      ],
    })
    assert.match(String(revision), /^[0-9a-f]{12}$/)
  })

  test('names Services as gateways call them, experiments’ too', () => {
    const backends = { stable: 'blue', trial: 'trial.example' }
    const json = jsonOf(written(trafficIntent(10, { additional: [{ service: 'trial', weight: 5 }] }), { backends }))
    assert.deepEqual(json.backends, { stable: 'blue', canary: 'canary' })
    assert.deepEqual(json.additional, [{ service: 'trial', backend: 'trial.example', weight: 5 }])
  })

  test('a Service named like what every object inherits is a name like any other', () =>
    assert.deepEqual(
      jsonOf(writeTraffic(open({}, { stableService: 'constructor', canaryService: 'to-string' }), {}, trafficIntent(0)))
        .backends,
      { stable: 'constructor', canary: 'to-string' },
    ))

  test('keeps fields of others in their places, and takes windows and tags back that are configured no more', () => {
    const config = { windows: [{ from: '22:00', to: '06:00' }], tags: ['internal'] }
    const before = written(trafficIntent(0), config, held({ team: 'shop', nested: { weight: 7 } }))
    assert.deepEqual(jsonOf(before).tags, ['internal'])
    const after = jsonOf(written(trafficIntent(10), {}, before))
    assert.deepEqual([after.team, after.nested, after.weight], ['shop', { weight: 7 }, 10])
    assert.ok(!('windows' in after) && !('tags' in after))
    assert.deepEqual(Object.keys(after).slice(0, 2), ['team', 'nested'])
  })

  test('its revision changes with each field of ours and with nothing else', () => {
    const revisionOf = (intent: TrafficIntent, config: object = {}, before: RouterObjects = {}) =>
      jsonOf(written(intent, config, before)).revision
    const all = [
      revisionOf(trafficIntent(10)),
      revisionOf(trafficIntent(11)),
      revisionOf(trafficIntent(10, { managedRoutes: [BETA] })),
      revisionOf(trafficIntent(10, { additional: [{ service: 'trial', weight: 5 }] })),
      revisionOf(trafficIntent(10), { tags: ['a'] }),
      revisionOf(trafficIntent(10), { windows: [{ from: '01:00', to: '02:00' }] }),
      revisionOf(trafficIntent(10), { backends: { stable: 'blue' } }),
    ]
    assert.equal(new Set(all).size, all.length)
    assert.equal(revisionOf(trafficIntent(10), {}, held({ team: 'shop' })), all[0])
  })

  test('any part of any total is written and read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(), (maxWeight, any) => {
        const canary = any % (maxWeight + 1)
        const router = open({}, { maxWeight })
        const objects = writeTraffic(router, {}, { ...trafficIntent(0), canary, stable: maxWeight - canary })
        assert.equal(router.read(objects).programmedCanary, canary)
      }),
      { seed: 1 },
    )
  })
})

describe('consul-kv: what people and programs do to it', () => {
  const intent = trafficIntent(20, { managedRoutes: [VIP, BETA], additional: [{ service: 'trial', weight: 5 }] })
  const config = { tags: ['internal'], windows: [{ from: '09:00', to: '17:00', days: ['mon'] }] }
  const good = jsonOf(written(intent, config))

  test('the order of fields, anywhere in it, is no edit', () => {
    const turned = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(turned)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, field]) => [key, turned(field)]),
      )
    }
    const objects = held(turned(good) as ConsulKey['json'])
    assert.equal(open(config).read(objects).programmedCanary, 20)
    assert.deepEqual(open(config).render(intent, objects), [])
  })

  for (const [field, value] of [
    ['weight', 21],
    ['weight', 20.5],
    ['weight', -1],
    ['weight', '20'],
    ['weight', undefined],
    ['maxWeight', 1000],
    ['backends', { stable: 'stable' }],
    ['backends', { stable: 'canary', canary: 'stable' }],
    ['additional', []],
    ['additional', [{ service: 'trial', backend: 'other', weight: 5 }]],
    ['routes', {}],
    ['routes', [{ name: 'vip' }]],
    ['tags', undefined],
    ['tags', ['everybody']],
    ['windows', []],
    ['revision', '000000000000'],
    ['rollout', undefined],
    ['version', undefined],
  ] as const)
    test(`${field} turned to ${JSON.stringify(value)}: the weight counts as unknown, and all is written again`, () => {
      const { [field]: _, ...rest } = good
      const objects = held(value === undefined ? rest : { ...rest, [field]: value })
      const reading = open(config).read(objects)
      assert.deepEqual([reading.programmedCanary, reading.drivable, reading.problem], [undefined, true, undefined])
      assert.ok((reading.managedRoutes ?? []).every(({ intact }) => !intact))
      const again = writeTraffic(open(config), objects, intent)
      assert.equal(open(config).read(again).programmedCanary, 20)
      assert.deepEqual({ ...jsonOf(again) }, { ...good })
    })

  test('more than everything for others than stable counts as unknown', () => {
    const objects = written({ ...trafficIntent(0), canary: 90, additional: [{ service: 'trial', weight: 20 }] })
    assert.equal(open().read(objects).programmedCanary, undefined)
  })

  for (const [why, key, words] of [
    [
      'a value that is no JSON object',
      held(undefined, { unreadable: 'holds no JSON object' }),
      /Consul key "penstock\/web\/shop" holds no JSON object: correct or delete it, it is not overwritten/,
    ],
    [
      'a policy of another version',
      held({ version: 2 }),
      /holds a policy of version 2, this controller writes version 1/,
    ],
    [
      'a policy of another Rollout',
      held({ rollout: 'web/other' }),
      /holds the policy of Rollout "web\/other": name another key/,
    ],
  ] as const)
    test(`${why} is a problem and never overwritten`, () => {
      const { problem, drivable, programmedCanary } = open().read(key)
      assert.match(problem ?? '', words)
      assert.deepEqual([drivable, programmedCanary], [false, undefined])
      assert.deepEqual(open().render(intent, key), [])
    })

  test('a missing key can be made, and its weight is unknown until then', () => {
    const { programmedCanary, drivable, problem } = open().read({})
    assert.deepEqual([programmedCanary, drivable, problem], [undefined, true, undefined])
  })
})

describe('consul-kv: names of keys', () => {
  for (const [address, name] of [
    [{ key: 'penstock/shop' }, 'penstock/shop'],
    [{ key: 'a', datacenter: 'dc1' }, 'a?dc=dc1'],
    [{ key: 'a', partition: 'p', namespace: 'n', datacenter: 'd' }, 'a?dc=d&ns=n&partition=p'],
  ] as const)
    test(name, () => {
      assert.equal(keyName(address), name)
      const [key, query = ''] = name.split('?')
      assert.deepEqual(parseKeyName(name), { key, query })
    })

  for (const name of [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    'a/./b',
    'a b',
    'a%2fb',
    'a#b',
    'ä',
    'a\n',
    'x'.repeat(513),
  ])
    test(`${JSON.stringify(name.slice(0, 20))} is no key`, () => {
      assert.equal(isKey(name), false)
      assert.equal(parseKeyName(name), undefined)
    })
  for (const name of ['a?cas=0', 'a?dc=', 'a?dc=a&recurse=', 'a?dc=a?b', 'a?raw', 'a?dc=a%20b'])
    test(`${name} leads to nothing else`, () => assert.equal(parseKeyName(name), undefined))
})

describe('consul-kv: the schema that is handed out', () => {
  interface Schema {
    readonly required: readonly string[]
    readonly properties: Readonly<Record<string, unknown>>
  }
  const file = new URL('../../../docs/reference/route-policy.schema.json', import.meta.url)
  const schema = JSON.parse(readFileSync(file, 'utf8')) as Schema

  test('names each field of a policy, and asks for those that are always there', () => {
    const config = { tags: ['a'], windows: [{ from: '01:00', to: '02:00' }] }
    const most = Object.keys(jsonOf(written(trafficIntent(10), config)))
    assert.deepEqual(Object.keys(schema.properties).sort(), [...most].sort())
    assert.deepEqual([...schema.required].sort(), Object.keys(jsonOf(written(trafficIntent(10)))).sort())
  })

  test('fits what is written, and not what was tampered with', () => {
    const policy = z.fromJSONSchema(JSON.parse(readFileSync(file, 'utf8')))
    const config = { tags: ['a'], windows: [{ from: '22:00', to: '06:00', days: ['fri'], timezone: 'Europe/Berlin' }] }
    const intent = trafficIntent(20, { managedRoutes: [VIP, BETA], additional: [{ service: 'trial', weight: 5 }] })
    const good = jsonOf(written(intent, config, held({ team: 'shop' })))
    assert.equal(policy.safeParse(good).error, undefined)
    for (const wrong of [
      { version: 2 },
      { weight: '20' },
      { weight: -1 },
      { backends: {} },
      { routes: [{ name: 'vip' }] },
      { windows: [{ from: '9:00', to: '10:00' }] },
    ])
      assert.ok(!policy.safeParse({ ...good, ...wrong }).success, JSON.stringify(wrong))
  })
})
