/** ingress-nginx: names and annotations as Argo gives them, what one canary Ingress can say of a header, and Ingresses as people leave them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RE2JS } from 're2js'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute } from '../../../controller/api/traffic.ts'
import { canaryIngressName } from '../../../controller/traffic/nginx/canary-ingress.ts'
import { conditionOf } from '../../../controller/traffic/nginx/condition.ts'
import type { RouterContext, RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const PREFIX = 'nginx.ingress.kubernetes.io'
const STABLE = 'ingresses.networking.k8s.io/web/shop'
const CANARY = 'ingresses.networking.k8s.io/web/shop-shop-canary'

const path = (name: string, at = '/') => ({
  path: at,
  pathType: 'Prefix',
  backend: { service: { name, port: { number: 80 } } },
})
const stable = (spec: object = {}, annotations?: Record<string, string>): KubeObject =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'web', resourceVersion: '5', ...(annotations ? { annotations } : {}) },
    spec: { ingressClassName: 'nginx', rules: [{ host: 'a.example.com', http: { paths: [path('stable')] } }], ...spec },
  }) as KubeObject

const open = (config: object = {}, over: Partial<RouterContext> = {}) =>
  openRouter(
    'nginx',
    { stableIngress: 'shop', ...config },
    routerContext({ managedRouteNames: ['beta', 'vip'], ...over }),
  )

const made = (canary: number, config: object = {}, over: Partial<RouterContext> = {}): RouterObjects =>
  writeTraffic(open(config, over), { [STABLE]: stable() }, trafficIntent(canary))

const annotationsOf = (objects: RouterObjects): Readonly<Record<string, string>> =>
  objects[CANARY]?.metadata.annotations ?? {}
const change = (objects: RouterObjects, metadata: object, spec: object = {}): RouterObjects => {
  const { metadata: before, ...rest } = objects[CANARY] as KubeObject & { readonly spec: object }
  const changed = { ...rest, metadata: { ...before, ...metadata }, spec: { ...rest.spec, ...spec } }
  return { ...objects, [CANARY]: changed as KubeObject }
}
type StringMatch = { readonly exact?: string; readonly prefix?: string; readonly regex?: string }
const header = (name: string, headerValue: StringMatch, headerName = 'x-env'): ManagedRoute => ({
  kind: 'header',
  name,
  match: [{ headerName, headerValue }],
})

describe('the name of a canary Ingress', () => {
  test('is made of both names', () => {
    assert.equal(canaryIngressName('myrollout', 'stable-ingress'), 'myrollout-stable-ingress-canary')
  })
  test('is cut in front of the suffix', () => {
    const name = canaryIngressName('myrollout', `stable-ingress${'a'.repeat(260)}`)
    assert.equal(name.length, 253)
    assert.match(name, /^myrollout-stable-ingressa+-canary$/)
  })
})

describe('annotations of a canary Ingress', () => {
  test('are those of the configuration: short names get the prefix, full ones win, the weight is ours', () => {
    const config = {
      additionalIngressAnnotations: {
        'canary-by-header': 'X-A',
        [`${PREFIX}/load-balance`]: 'ewma',
        'canary-weight': '7',
      },
      canaryIngressAnnotations: {
        [`${PREFIX}/canary-by-header`]: 'X-B',
        'example.com/team': 'shop',
        [`${PREFIX}/canary`]: 'no',
      },
    }
    assert.deepEqual(annotationsOf(made(30, config)), {
      'example.com/team': 'shop',
      'penstock.dev/given-annotations': `example.com/team ${PREFIX}/canary ${PREFIX}/canary-by-header ${PREFIX}/canary-weight ${PREFIX}/load-balance`,
      [`${PREFIX}/canary`]: 'true',
      [`${PREFIX}/canary-by-header`]: 'X-B',
      [`${PREFIX}/canary-weight`]: '30',
      [`${PREFIX}/load-balance`]: 'ewma',
    })
  })

  test('those that the configuration names no more go; what somebody else wrote stays', () => {
    const config = { additionalIngressAnnotations: { 'canary-by-header': 'X-A', 'load-balance': 'ewma' } }
    const before = made(30, config)
    const objects = change(before, {
      annotations: { ...annotationsOf(before), [`${PREFIX}/canary-by-cookie`]: 'theirs' },
    })
    const now = { additionalIngressAnnotations: { 'load-balance': 'ewma' } }
    assert.equal(open(now).read(objects).programmedCanary, undefined)
    assert.deepEqual(annotationsOf(writeTraffic(open(now), objects, trafficIntent(30))), {
      'penstock.dev/given-annotations': `${PREFIX}/load-balance`,
      [`${PREFIX}/canary`]: 'true',
      [`${PREFIX}/canary-by-cookie`]: 'theirs',
      [`${PREFIX}/canary-weight`]: '30',
      [`${PREFIX}/load-balance`]: 'ewma',
    })
  })

  test('a canary Ingress that Argo made is in step without a record', () => {
    const config = { additionalIngressAnnotations: { 'load-balance': 'ewma' } }
    const { 'penstock.dev/given-annotations': _record, ...argos } = annotationsOf(made(30, config))
    const objects = change(made(30, config), { annotations: argos })
    assert.equal(open(config).read(objects).programmedCanary, 30)
    assert.deepEqual(open(config).render(trafficIntent(30), objects), [])
  })

  test('another prefix', () => {
    const config = { annotationPrefix: 'acme.io', additionalIngressAnnotations: { 'canary-by-cookie': 'c' } }
    assert.deepEqual(annotationsOf(made(0, config)), {
      'acme.io/canary': 'true',
      'acme.io/canary-by-cookie': 'c',
      'acme.io/canary-weight': '0',
      'penstock.dev/given-annotations': 'acme.io/canary-by-cookie',
    })
  })

  test('the total is written when it is not 100, and goes with maxTrafficWeight', () => {
    const before = writeTraffic(
      open({}, { maxWeight: 1000 }),
      { [STABLE]: stable() },
      trafficIntent(5, { stable: 995 }),
    )
    assert.equal(annotationsOf(before)[`${PREFIX}/canary-weight-total`], '1000')
    assert.equal(open({}, { maxWeight: 1000 }).read(before).programmedCanary, 5)
    assert.equal(open().read(before).programmedCanary, undefined)
    assert.ok(!(`${PREFIX}/canary-weight-total` in annotationsOf(writeTraffic(open(), before, trafficIntent(5)))))
  })

  test('a total of 100 that Argo wrote is what it is', () => {
    const objects = change(made(5), {
      annotations: { ...annotationsOf(made(5)), [`${PREFIX}/canary-weight-total`]: '100' },
    })
    assert.equal(open().read(objects).programmedCanary, 5)
    assert.deepEqual(open().render(trafficIntent(5), objects), [])
  })

  test('of somebody else stay, whatever they are', () => {
    const ours = annotationsOf(made(5))
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).map((name) => `theirs/${name}`),
          fc.string(),
          { noNullPrototype: true },
        ),
        (theirs) => {
          const objects = change(made(5), { annotations: { ...ours, ...theirs }, labels: theirs })
          assert.equal(open().read(objects).programmedCanary, 5)
          const after = writeTraffic(open(), objects, trafficIntent(6))
          assert.deepEqual({ ...annotationsOf(after) }, { ...ours, ...theirs, [`${PREFIX}/canary-weight`]: '6' })
          assert.deepEqual(after[CANARY]?.metadata.labels, theirs)
        },
      ),
      { seed: 1, numRuns: 30 },
    )
  })
})

describe('a canary Ingress follows the stable one', () => {
  const cases: readonly (readonly [string, KubeObject])[] = [
    ['another host', stable({ rules: [{ host: 'b.example.com', http: { paths: [path('stable')] } }] })],
    [
      'a further path',
      stable({ rules: [{ http: { paths: [path('stable'), path('other', '/b'), path('stable', '/c')] } }] }),
    ],
    ['a certificate', stable({ tls: [{ secretName: 'new' }] })],
    ['another class', stable({ ingressClassName: 'internal' })],
    ['a class by annotation', stable({ ingressClassName: undefined }, { 'kubernetes.io/ingress.class': 'old' })],
    ['a default backend', stable({ rules: undefined, defaultBackend: { service: { name: 'stable' } } })],
  ]
  for (const [what, now] of cases)
    test(what, () => {
      const objects = { ...made(20), [STABLE]: now }
      assert.equal(open().read(objects).programmedCanary, undefined)
      const after = writeTraffic(open(), objects, trafficIntent(20))
      assert.equal(open().read(after).programmedCanary, 20)
      assert.deepEqual(open().render(trafficIntent(20), after), [])
      const fresh = writeTraffic(open(), { [STABLE]: now }, trafficIntent(20))
      assert.deepEqual(annotationsOf(after), annotationsOf(fresh))
      assert.deepEqual({ ...after[CANARY], metadata: 0 }, { ...fresh[CANARY], metadata: 0 })
    })

  test('a class by annotation goes when the stable one names its class otherwise', () => {
    const old = stable({ ingressClassName: undefined }, { 'kubernetes.io/ingress.class': 'old' })
    const objects = { ...writeTraffic(open(), { [STABLE]: old }, trafficIntent(20)), [STABLE]: stable() }
    assert.ok(!('kubernetes.io/ingress.class' in annotationsOf(writeTraffic(open(), objects, trafficIntent(20)))))
  })

  test('only the changed weight is patched otherwise', () => {
    assert.deepEqual(open().render(trafficIntent(30), made(20)), [
      {
        do: 'patch',
        ref: open().targets[1],
        patch: [
          { op: 'replace', path: '/metadata/resourceVersion', value: '5' },
          { op: 'add', path: '/metadata/annotations/nginx.ingress.kubernetes.io~1canary-weight', value: '30' },
        ],
      },
    ])
  })
})

describe('a header for ingress-nginx', () => {
  const rows: readonly (readonly [string, ManagedRoute, object])[] = [
    ['exact', header('beta', { exact: 'v2' }), { 'canary-by-header-value': 'v2' }],
    ['exact with a space', header('beta', { exact: 'a b.c' }), { 'canary-by-header-pattern': '^(?:a\\x20b\\.c)$' }],
    ['prefix', header('beta', { prefix: 'v2.' }), { 'canary-by-header-pattern': '^(?:v2\\..*)$' }],
    ['regex', header('beta', { regex: '^a|b$' }), { 'canary-by-header-pattern': '^(?:a|b)$' }],
    [
      'regex with an escape',
      header('beta', { regex: 'a\\;[%\\d]' }),
      { 'canary-by-header-pattern': '^(?:a\\x3B[\\x25\\d])$' },
    ],
  ]
  for (const [what, route, annotations] of rows)
    test(what, () => assert.deepEqual(conditionOf(route), { 'canary-by-header': 'x-env', ...annotations }))

  test('a cookie is a pattern of the header that carries them all', () => {
    const match = [{ cookies: [{ name: 'color', value: { exact: 'blue' } }] }]
    const condition = conditionOf({ kind: 'color', name: 'vip', match })
    assert.ok('canary-by-header' in condition && condition['canary-by-header'] === 'Cookie')
    const pattern = RE2JS.compile(condition['canary-by-header-pattern'] ?? '')
    const found = ['color=blue', 'a=b; color=blue; c=d', 'xcolor=blue', 'color=blue2', 'color=red'].map((cookie) =>
      pattern.matcher(cookie).find(),
    )
    assert.deepEqual(found, [true, true, false, false, false])
  })

  test('an exact value with any characters fits that value alone', () => {
    const printable = fc.stringMatching(/^[ -~]{1,12}$/)
    fc.assert(
      fc.property(printable, printable, (value, other) => {
        const condition = conditionOf(header('beta', { exact: value }))
        assert.ok(!('reason' in condition))
        const { 'canary-by-header-value': literal, 'canary-by-header-pattern': pattern } = condition
        const fits = (text: string) =>
          literal === undefined
            ? RE2JS.compile(pattern ?? '')
                .matcher(text)
                .find()
            : text === literal
        assert.deepEqual([fits(value), fits(other)], [true, other === value])
        assert.match(literal ?? pattern ?? ' ', /^[-._~/:A-Za-z0-9^$[\](){}*+?|&=\\]+$/)
      }),
      { seed: 1 },
    )
  })

  const refused: readonly (readonly [string, ManagedRoute])[] = [
    ['two headers', { kind: 'header', name: 'beta', match: [...matchOf('a'), ...matchOf('b')] }],
    ['two alternatives', { kind: 'color', name: 'vip', match: [{ cidrs: ['10.0.0.0/8'] }, { cidrs: ['::/0'] }] }],
    ['an address', { kind: 'color', name: 'vip', match: [{ cidrs: ['10.0.0.0/8'] }] }],
    ['a look-ahead', header('beta', { regex: 'a(?!b)' })],
    ['letters beyond ASCII', header('beta', { exact: 'é' })],
    ['a name that no variable has', header('beta', { exact: 'a' }, 'x.env')],
    ['a mirror', { kind: 'mirror', name: 'beta', match: [{}], percentage: 100 }],
  ]
  for (const [what, route] of refused)
    test(`${what} is refused with a reason`, () => assert.ok('reason' in conditionOf(route), what))
})

function matchOf(headerName: string) {
  return [{ headerName, headerValue: { exact: 'x' } }]
}

describe('managed routes of ingress-nginx', () => {
  const wanted = (...managedRoutes: ManagedRoute[]) => trafficIntent(10, { managedRoutes })
  const beta = header('beta', { exact: 'canary' })
  const vip = header('vip', { exact: 'gold' }, 'x-tier')

  test('one that was removed by hand is written again', () => {
    const written = writeTraffic(open(), made(10), wanted(beta))
    const { [`${PREFIX}/canary-by-header-value`]: _gone, ...rest } = annotationsOf(written)
    const objects = change(written, { annotations: rest })
    assert.equal(open().read(objects).programmedCanary, undefined)
    assert.deepEqual(annotationsOf(writeTraffic(open(), objects, wanted(beta))), annotationsOf(written))
  })

  test('a pattern gives way to a value, and leaves nothing', () => {
    const written = writeTraffic(open(), made(10), wanted(header('beta', { prefix: 'can' })))
    const after = annotationsOf(writeTraffic(open(), written, wanted(beta)))
    assert.equal(after[`${PREFIX}/canary-by-header-value`], 'canary')
    assert.ok(!(`${PREFIX}/canary-by-header-pattern` in after))
  })

  test('of two the first is carried, and the other is a problem with its name', () => {
    const written = writeTraffic(open(), made(10), wanted(beta, vip))
    assert.equal(annotationsOf(written)[`${PREFIX}/canary-by-header`], 'x-env')
    assert.match(open().read(written).problem ?? '', /"vip" cannot be written: ingress-nginx takes one such route/)
    assert.deepEqual(open().render(wanted(beta, vip), written), [])
    const later = writeTraffic(open(), written, wanted(vip))
    assert.equal(annotationsOf(later)[`${PREFIX}/canary-by-header`], 'x-tier')
    assert.equal(open().read(later).problem, undefined)
  })

  test('the header rule of the configuration is never overridden', () => {
    const config = { canaryIngressAnnotations: { [`${PREFIX}/canary-by-header`]: 'X-Own' } }
    const written = writeTraffic(open(config), made(10, config), wanted(beta))
    assert.equal(annotationsOf(written)[`${PREFIX}/canary-by-header`], 'X-Own')
    assert.ok(!(`${PREFIX}/canary-by-header-value` in annotationsOf(written)))
    assert.match(open(config).read(written).problem ?? '', /the configuration sets canary-by-header itself/)
  })

  test('a cookie of the configuration stays beside a header route', () => {
    const config = { additionalIngressAnnotations: { 'canary-by-cookie': 'me' } }
    const written = writeTraffic(open(config), made(10, config), wanted(beta))
    assert.equal(annotationsOf(written)[`${PREFIX}/canary-by-cookie`], 'me')
    assert.equal(open(config).read(written).problem, undefined)
  })
})

describe('Ingresses as people leave them', () => {
  const alien = (): RouterObjects =>
    change(made(20), { ownerReferences: [{ kind: 'Rollout', name: 'b', uid: 'other', controller: true }] })

  test('a canary Ingress of another object is never written', () => {
    for (const objects of [alien(), change(made(20), { ownerReferences: undefined })]) {
      const { problem = '', ...reading } = open().read(objects)
      assert.match(problem, /canary ingress `shop-shop-canary` controlled by different object/)
      assert.deepEqual([reading.drivable, reading.programmedCanary], [false, undefined])
      assert.deepEqual(open().render(trafficIntent(0), objects), [])
    }
  })

  test('an abort reaches the canary Ingress though the stable one is gone, or leads elsewhere', () => {
    for (const now of [undefined, stable({ rules: [{ http: { paths: [path('elsewhere')] } }] })]) {
      const objects = { ...made(20), [STABLE]: now }
      const reading = open().read(objects)
      assert.deepEqual([reading.drivable, reading.programmedCanary, reading.isGone], [true, 20, undefined])
      assert.match(
        reading.problem ?? '',
        now ? /^ingress `shop` has no rules using service stable backend/ : /not found/,
      )
      const after = writeTraffic(open(), objects, trafficIntent(0))
      assert.equal(annotationsOf(after)[`${PREFIX}/canary-weight`], '0')
      assert.equal(open().read(after).programmedCanary, 0)
    }
  })

  test('nothing is made for a stable Ingress that leads elsewhere, has no rules, or paths without Services', () => {
    const rules = [
      undefined,
      [],
      [{ host: 'a' }],
      [{ http: {} }],
      [
        {
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { resource: { kind: 'Bucket', name: 'stable' } } }],
          },
        },
      ],
      [{ http: { paths: [{}] } }],
    ]
    for (const now of rules.map((some) => stable({ rules: some }))) {
      const reading = open().read({ [STABLE]: now })
      assert.deepEqual([reading.drivable, reading.isGone], [false, undefined])
      assert.match(reading.problem ?? '', /has no rules using service stable backend/)
      assert.deepEqual(open().render(trafficIntent(0), { [STABLE]: now }), [])
    }
  })

  for (const weight of ['', '20%', '-1', '101', '1e1', '9'.repeat(30), undefined])
    test(`a weight of ${weight} is unreadable, and mended`, () => {
      const annotations = { ...annotationsOf(made(20)), [`${PREFIX}/canary-weight`]: weight }
      const objects = change(made(20), { annotations: JSON.parse(JSON.stringify(annotations)) })
      assert.equal(open().read(objects).programmedCanary, undefined)
      assert.equal(open().read(writeTraffic(open(), objects, trafficIntent(20))).programmedCanary, 20)
    })

  test('a ledger that is no JSON counts as none', () => {
    const objects = change(made(20), { annotations: { ...annotationsOf(made(20)), 'penstock.dev/managed-rules': '{' } })
    assert.equal(open().read(objects).programmedCanary, undefined)
    assert.deepEqual(annotationsOf(writeTraffic(open(), objects, trafficIntent(20))), annotationsOf(made(20)))
  })

  test('a total below 100 is told', () => {
    const objects = writeTraffic(open({}, { maxWeight: 10 }), { [STABLE]: stable() }, trafficIntent(1, { stable: 9 }))
    assert.match(
      open({}, { maxWeight: 10 }).read(objects).problem ?? '',
      /maxTrafficWeight: ingress-nginx takes totals of 100 and above/,
    )
  })

  test('two Ingresses whose canary Ingresses would have one name are a problem, and nothing is written', () => {
    const long = 'a'.repeat(250)
    const router = openRouter('nginx', { stableIngresses: [`${long}-one`, `${long}-two`] })
    assert.match(
      router.read({}).problem ?? '',
      /^trafficRouting\.nginx\.stableIngresses: .* would both be named "shop-a+-canary"$/,
    )
    assert.deepEqual([router.targets, router.render(trafficIntent(0), {})], [[], []])
  })

  test('the same Ingress named twice is one', () => {
    assert.equal(openRouter('nginx', { stableIngresses: ['shop', 'shop'] }).targets.length, 2)
  })
})
