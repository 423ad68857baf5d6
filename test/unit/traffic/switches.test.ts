/** ConfigMaps that applications read: what is found in them, what is written, and what is left alone. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute } from '../../../controller/api/traffic.ts'
import { flagd } from '../../../controller/traffic/feature-flag/flagd.ts'
import { goFeatureFlag } from '../../../controller/traffic/feature-flag/go-feature-flag.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const configMap = (data: Readonly<Record<string, string>> | undefined): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'shop', namespace: 'web', resourceVersion: '5' },
    ...(data ? { data } : {}),
  }) as KubeObject
const KEY = 'configmaps/web/shop'
const dataOf = (objects: Readonly<Record<string, KubeObject | undefined>>) =>
  (objects[KEY] as { data?: Readonly<Record<string, string>> } | undefined)?.data

describe('penstock/switch', () => {
  const config = { configMap: 'shop', allow: { key: 'allow' }, enabled: { key: 'degrade', from: 50, inverted: true } }
  const router = openRouter('penstock/switch', config, routerContext({ managedRouteNames: ['vip', 'home'] }))
  const read = (data: Readonly<Record<string, string>> | undefined) => router.read({ [KEY]: configMap(data) })

  for (const [what, data, canary] of [
    ['all three keys', { 'canary-weight': '20', allow: '', degrade: 'true' }, 20],
    ['everything', { 'canary-weight': '100', allow: '', degrade: 'false' }, 100],
    ['no data at all', undefined, undefined],
    ['no weight', { allow: '', degrade: 'true' }, undefined],
    ['a weight in words', { 'canary-weight': 'half', allow: '', degrade: 'true' }, undefined],
    ['a weight above all', { 'canary-weight': '101', allow: '', degrade: 'true' }, undefined],
    ['a weight with a sign', { 'canary-weight': '-1', allow: '', degrade: 'true' }, undefined],
    ['a fraction', { 'canary-weight': '0.5', allow: '', degrade: 'true' }, undefined],
    [
      'a switch that does not follow from the weight',
      { 'canary-weight': '20', allow: '', degrade: 'false' },
      undefined,
    ],
    ['an address that no colour asks for', { 'canary-weight': '20', allow: '::/0', degrade: 'true' }, undefined],
  ] as const)
    test(`reads ${what} as ${canary ?? 'unreadable'}, and writes it whole`, () => {
      const reading = read(data)
      assert.deepEqual([reading.programmedCanary, reading.drivable, reading.problem], [canary, true, undefined])
      const written = writeTraffic(router, { [KEY]: configMap(data) }, trafficIntent(60))
      assert.deepEqual(dataOf(written), { 'canary-weight': '60', allow: '', degrade: 'false' })
    })

  const vip: ManagedRoute = { kind: 'color', name: 'vip', match: [{ cidrs: ['10.1.0.0/16', '10.0.0.0/16'] }] }
  const home: ManagedRoute = {
    kind: 'color',
    name: 'home',
    match: [{ cidrs: ['10.0.0.0/16'] }, { cidrs: ['::1/128'] }],
  }

  test('lets in every address of every colour, once and sorted; an address taken out by hand comes back', () => {
    const wanted = trafficIntent(0, { managedRoutes: [vip, home] })
    const written = writeTraffic(router, { [KEY]: configMap({}) }, wanted)
    assert.equal(dataOf(written)?.allow, '10.0.0.0/16\n10.1.0.0/16\n::1/128')
    assert.deepEqual(
      router.read(written).managedRoutes?.map(({ intact }) => intact),
      [true, true],
    )
    const edited = structuredClone(written)
    Object.assign(edited[KEY] ?? {}, { data: { ...dataOf(written), allow: '::1/128' } })
    assert.deepEqual(
      router.read(edited).managedRoutes?.map(({ intact }) => intact),
      [false, false],
    )
    assert.deepEqual(dataOf(writeTraffic(router, edited, wanted)), dataOf(written))
  })

  test('without `allow` it takes no managed routes', () => {
    const plain = openRouter('penstock/switch', { configMap: 'shop' })
    const written = writeTraffic(plain, { [KEY]: configMap({}) }, trafficIntent(5, { managedRoutes: [vip] }))
    assert.deepEqual([dataOf(written), plain.read(written).managedRoutes], [{ 'canary-weight': '5' }, undefined])
  })
})

const variants = { flag: 'checkout', stable: 'off', canary: 'on' }

describe('go-feature-flag', () => {
  const flag = (rule: string) => `checkout:\n  variations: { on: true, off: false }\n${rule}`
  const shares = (on: string, off: string) => flag(`  defaultRule:\n    percentage: { on: ${on}, off: ${off} }\n`)

  for (const [what, text, expected] of [
    ['shares in per cent', shares('20', '80'), 20],
    ['a share of nothing', shares('0', '100'), 0],
    ['shares that sum up otherwise', shares('1', '4'), 20],
    ['no whole weight', shares('20.5', '79.5'), undefined],
    ['no shares at all', shares('0', '0'), undefined],
    ['a negative share', shares('-1', '101'), undefined],
    ['a third variation with a share', flag('  defaultRule:\n    percentage: { on: 20, off: 70, x: 10 }\n'), undefined],
    ['a fixed variation', flag('  defaultRule:\n    variation: off\n'), undefined],
    ['no default rule', flag(''), undefined],
  ] as const)
    test(`reads ${what} as ${expected ?? 'unreadable'}, and writes it readable`, () => {
      assert.equal(goFeatureFlag.read(text, variants, 100), expected)
      const after = goFeatureFlag.write(text, variants, 35, 100)
      assert.equal(typeof after === 'string' ? goFeatureFlag.read(after, variants, 100) : after, 35)
    })

  for (const [what, text, words] of [
    ['a file that is no YAML', 'a: [', /no YAML/],
    ['a file without the flag', 'other: {}', /has no flag "checkout"/],
    ['a flag without the variation', 'checkout:\n  variations: { on: true }\n', /no variation "off"/],
    ['an empty file', '', /has no flag "checkout"/],
  ] as const)
    test(`${what} is a problem, and nothing is written`, () => {
      for (const outcome of [goFeatureFlag.read(text, variants, 100), goFeatureFlag.write(text, variants, 1, 100)]) {
        assert.ok(typeof outcome === 'object', what)
        assert.match(outcome.problem, words)
      }
    })

  test('sub-percent weights are shares of a per cent', () => {
    const after = goFeatureFlag.write(shares('0', '100'), variants, 3, 1000)
    assert.match(typeof after === 'string' ? after : '', /on: 0\.3/)
    assert.equal(goFeatureFlag.read(typeof after === 'string' ? after : '', variants, 1000), 3)
  })
})

describe('flagd', () => {
  const file = (targeting: unknown, indent = 2) =>
    `${JSON.stringify({ $schema: 'x', flags: { checkout: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', ...(targeting === undefined ? {} : { targeting }) }, other: { variants: {} } } }, undefined, indent)}\n`
  const nested = (on: number, off: number) => ({
    if: [{ ends_with: [{ var: 'email' }, '@shop'] }, 'on', { fractional: [{ var: 'id' }, ['on', on], ['off', off]] }],
  })

  for (const [what, text, expected] of [
    [
      'a fractional',
      file({
        fractional: [
          ['on', 20],
          ['off', 80],
        ],
      }),
      20,
    ],
    [
      'weights that sum up otherwise',
      file({
        fractional: [
          ['on', 1],
          ['off', 4],
        ],
      }),
      20,
    ],
    ['variants without weights', file({ fractional: [['on'], ['off']] }), 50],
    ['one that stands in the user’s rule', file(nested(5, 95)), 5],
    ['two that disagree', file({ if: [true, nested(5, 95), nested(6, 94)] }), undefined],
    [
      'a third variant',
      file({
        fractional: [
          ['on', 20],
          ['off', 70],
          ['x', 10],
        ],
      }),
      undefined,
    ],
    ['no rule', file(undefined), undefined],
    ['an empty rule', file({}), undefined],
  ] as const)
    test(`reads ${what} as ${expected ?? 'unreadable'}`, () => assert.equal(flagd.read(text, variants, 100), expected))

  test('writes the weights alone, in the indentation of the file', () => {
    for (const indent of [2, 4])
      assert.equal(flagd.write(file(nested(5, 95), indent), variants, 7, 100), file(nested(7, 93), indent))
    const fresh = flagd.write(file(undefined), variants, 7, 100)
    assert.equal(
      fresh,
      file({
        fractional: [
          ['off', 93],
          ['on', 7],
        ],
      }),
    )
  })

  for (const [what, text, words] of [
    ['a file that is no JSON', '{', /no flag file/],
    ['a file without the flag', '{"flags":{}}', /has no flag "checkout"/],
    ['what every object inherits', '{"flags":{"constructor":{"variants":{}}}}', /has no flag "checkout"/],
    ['a flag without the variant', '{"flags":{"checkout":{"variants":{"on":1}}}}', /no variant "off"/],
    ['a rule without a fractional of ours', file({ if: [true, 'on', 'off'] }), /without a fractional/],
  ] as const)
    test(`${what} is a problem, and nothing is written`, () => {
      for (const outcome of [flagd.read(text, variants, 100), flagd.write(text, variants, 1, 100)]) {
        assert.ok(typeof outcome === 'object', what)
        assert.match(outcome.problem, words)
      }
    })
})

describe('penstock/feature-flag', () => {
  const config = {
    configMap: 'shop',
    key: 'f.json',
    format: 'flagd',
    flag: 'checkout',
    stableVariant: 'off',
    canaryVariant: 'on',
  }
  const router = openRouter('penstock/feature-flag', config)
  for (const [what, data, words] of [
    ['a missing key', { other: '{}' }, /ConfigMap "web\/shop" has no key "f\.json"/],
    ['a text that is none', { 'f.json': 'oops' }, /ConfigMap "web\/shop", key "f\.json", is no flag file/],
  ] as const)
    test(`${what} holds, named, and is never overwritten`, () => {
      const objects = { [KEY]: configMap(data) }
      const { problem, drivable } = router.read(objects)
      assert.match(problem ?? '', words)
      assert.equal(drivable, false)
      assert.deepEqual(router.render(trafficIntent(5), objects), [])
    })
})
