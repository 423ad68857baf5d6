/** ALB: annotations byte for byte as Argo writes them, conditions within what AWS takes, paths that catch nothing else, and Ingresses as people leave them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import type { ManagedRoute } from '../../../controller/api/traffic.ts'
import { rulesOf } from '../../../controller/traffic/alb/condition.ts'
import type { Ingress } from '../../../controller/traffic/ingress.ts'
import type { RouterContext, RouterObjects } from '../../../controller/traffic/router.ts'
import { openRouter, routerContext, trafficIntent, writeTraffic } from '../../builders/router.ts'

const PREFIX = 'alb.ingress.kubernetes.io'
const ROOT = `${PREFIX}/actions.root`
const LIST = 'rollouts.argoproj.io/managed-alb-annotations'
const KEY = 'ingresses.networking.k8s.io/web/shop'

const path = (
  name: string,
  at = '/*',
  pathType = 'ImplementationSpecific',
  port: object = { name: 'use-annotation' },
) => ({
  path: at,
  pathType,
  backend: { service: { name, port } },
})
const ingress = (
  paths: readonly object[] = [path('root')],
  annotations?: Readonly<Record<string, string>>,
): RouterObjects => ({
  [KEY]: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'shop', namespace: 'web', resourceVersion: '5', ...(annotations ? { annotations } : {}) },
    spec: { rules: [{ http: { paths } }] },
  } as KubeObject,
})
const open = (config: object = {}, over: Partial<RouterContext> = {}) =>
  openRouter(
    'alb',
    { ingress: 'shop', rootService: 'root', servicePort: 443, ...config },
    routerContext({ managedRouteNames: ['beta', 'vip'], ...over }),
  )
const annotationsOf = (objects: RouterObjects): Readonly<Record<string, string>> =>
  objects[KEY]?.metadata.annotations ?? {}
const annotate = (objects: RouterObjects, changes: Readonly<Record<string, string | undefined>>): RouterObjects => {
  const object = structuredClone(objects[KEY] as KubeObject)
  const annotations = JSON.parse(JSON.stringify({ ...object.metadata.annotations, ...changes }))
  return { [KEY]: { ...object, metadata: { ...object.metadata, annotations } } }
}
/** The paths as `path → service`, rule by rule. */
const pathsOf = (objects: RouterObjects): readonly string[] =>
  ((objects[KEY] as Ingress).spec?.rules ?? []).map(({ http }) =>
    (http?.paths ?? []).map((one) => `${one.path} ${one.backend?.service?.name}`).join(', '),
  )
const header = (name: string, pairs: Readonly<Record<string, string>>): ManagedRoute => ({
  kind: 'header',
  name,
  match: Object.entries(pairs).map(([headerName, exact]) => ({ headerName, headerValue: { exact } })),
})
const wanted = (...managedRoutes: ManagedRoute[]) => trafficIntent(10, { managedRoutes })
const beta = header('beta', { 'x-env': 'canary' })

describe('the action of an ALB', () => {
  test('is what Argo writes, byte for byte', () => {
    const after = writeTraffic(open(), ingress(), trafficIntent(10, { additional: [{ service: 'trial', weight: 5 }] }))
    assert.equal(
      annotationsOf(after)[ROOT],
      '{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"canary","ServicePort":"443","Weight":10},{"ServiceName":"trial","ServicePort":"443","Weight":5},{"ServiceName":"stable","ServicePort":"443","Weight":85}]}}',
    )
    assert.equal(annotationsOf(after)[LIST], `{"shop":["${ROOT}"]}`)
  })

  test('is named after the stable Service without a root, with the prefix of the configuration, and sticks when asked to', () => {
    const config = {
      rootService: undefined,
      annotationPrefix: 'acme.io',
      stickinessConfig: { enabled: true, durationSeconds: 3600 },
    }
    const after = writeTraffic(open(config), ingress([path('stable')]), trafficIntent(0))
    assert.equal(
      annotationsOf(after)['acme.io/actions.stable'],
      '{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"canary","ServicePort":"443","Weight":0},{"ServiceName":"stable","ServicePort":"443","Weight":100}],"TargetGroupStickinessConfig":{"Enabled":true,"DurationSeconds":3600}}}',
    )
  })

  test('stickiness that is off is not written, whatever its duration', () => {
    const config = { stickinessConfig: { enabled: false, durationSeconds: 0 } }
    assert.ok(!annotationsOf(writeTraffic(open(config), ingress(), trafficIntent(0)))[ROOT]?.includes('Stickiness'))
  })

  test('the parts change hands without a write of weights to the wrong Service', () => {
    const first = routerContext({ stableService: 'pong', canaryService: 'ping' })
    const before = writeTraffic(open({}, first), ingress(), trafficIntent(100))
    const swapped = open({}, { stableService: 'ping', canaryService: 'pong' })
    assert.equal(swapped.read(before).programmedCanary, undefined)
    const after = writeTraffic(swapped, before, trafficIntent(0))
    assert.match(annotationsOf(after)[ROOT] ?? '', /"pong".*"Weight":0.*"ping".*"Weight":100/)
    assert.equal(swapped.read(after).programmedCanary, 0)
  })

  for (const text of [
    undefined,
    '',
    'nonsense',
    '{"Type":"redirect"}',
    '{"Type":"forward","ForwardConfig":{"TargetGroups":[]}}',
    '{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"canary","ServicePort":"443","Weight":10},{"ServiceName":"stable","ServicePort":"443"}]}}',
    '{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"canary","ServicePort":"443","Weight":10},{"ServiceName":"stable","ServicePort":"443","Weight":80}]}}',
    '{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"canary","ServicePort":"80","Weight":10},{"ServiceName":"stable","ServicePort":"80","Weight":90}]}}',
    '{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"stable","ServicePort":"443","Weight":90},{"ServiceName":"canary","ServicePort":"443","Weight":10}]}}',
  ])
    test(`an action of ${text} is unreadable, and written anew`, () => {
      const objects = annotate(ingress(), { [ROOT]: text })
      const { programmedCanary, drivable, problem } = open().read(objects)
      assert.deepEqual([programmedCanary, drivable, problem], [undefined, true, undefined])
      assert.equal(open().read(writeTraffic(open(), objects, trafficIntent(10))).programmedCanary, 10)
    })

  test('one that is written with spaces is what it is', () => {
    const after = writeTraffic(open(), ingress(), trafficIntent(10))
    const objects = annotate(after, { [ROOT]: JSON.stringify(JSON.parse(annotationsOf(after)[ROOT] ?? ''), null, 2) })
    assert.equal(open().read(objects).programmedCanary, 10)
    assert.deepEqual(open().render(trafficIntent(10), objects), [])
  })
})

describe("Argo's list of managed annotations", () => {
  test('keeps the order in which things came, and what is another Rollout’s', () => {
    const text = `{"other":["x"],"shop":["${PREFIX}/conditions.beta","${PREFIX}/actions.beta","${ROOT}"]}`
    const after = writeTraffic(open(), annotate(ingress(), { [LIST]: text }), wanted(beta))
    assert.equal(annotationsOf(after)[LIST], text)
    const back = writeTraffic(open(), after, trafficIntent(0))
    assert.equal(annotationsOf(back)[LIST], `{"other":["x"],"shop":["${ROOT}"]}`)
  })

  test('is left alone when nobody can read it', () => {
    const after = writeTraffic(open(), annotate(ingress(), { [LIST]: 'a:b,c' }), wanted(beta))
    assert.equal(annotationsOf(after)[LIST], 'a:b,c')
    assert.equal(open().read(after).programmedCanary, 10)
  })
})

describe('managed routes of an ALB', () => {
  test('are an action, conditions and a path, as Argo writes them', () => {
    const after = writeTraffic(open(), ingress(), wanted(header('beta', { 'Custom-Header': 'Mozilla*' })))
    assert.equal(
      annotationsOf(after)[`${PREFIX}/actions.beta`],
      '{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"canary","ServicePort":"443","Weight":100}]}}',
    )
    assert.equal(
      annotationsOf(after)[`${PREFIX}/conditions.beta`],
      '[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"Custom-Header","values":["Mozilla*"]}}]',
    )
    assert.deepEqual((after[KEY] as Ingress).spec?.rules?.[0]?.http?.paths, [path('beta'), path('root')])
  })

  test('several values of a header are alternatives, several headers are conditions', () => {
    const match = [
      { headerName: 'a', headerValue: { exact: '1' } },
      { headerName: 'b', headerValue: { exact: '2' } },
      { headerName: 'a', headerValue: { exact: '3' } },
    ]
    const after = writeTraffic(open(), ingress(), wanted({ kind: 'header', name: 'beta', match }))
    assert.equal(
      annotationsOf(after)[`${PREFIX}/conditions.beta`],
      '[{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"a","values":["1","3"]}},{"field":"http-header","httpHeaderConfig":{"httpHeaderName":"b","values":["2"]}}]',
    )
  })

  test('stand in front of the path that they are a copy of, in the order of the intent, and nowhere else', () => {
    const objects: RouterObjects = ingress([
      path('api', '/api/*', 'ImplementationSpecific', { number: 80 }),
      path('root'),
    ])
    const spec = (objects[KEY] as Ingress).spec
    const other = { host: 'other', http: { paths: [path('another')] } }
    const prefix = { host: 'b', http: { paths: [path('root', '/', 'Prefix'), path('root', '/b', 'Prefix')] } }
    const before = {
      [KEY]: {
        ...objects[KEY],
        spec: { ...spec, rules: [...(spec?.rules ?? []), other, prefix, { host: 'c' }] },
      } as KubeObject,
    }
    const after = writeTraffic(open(), before, wanted(header('vip', { t: 'gold' }), beta))
    assert.deepEqual(pathsOf(after), [
      '/api/* api, /* vip, /* beta, /* root',
      '/* another',
      '/ vip, / beta, / root, /b vip, /b beta, /b root',
      '',
    ])
    assert.deepEqual(
      pathsOf(writeTraffic(open(), after, wanted(beta, header('vip', { t: 'gold' }))))[0],
      '/api/* api, /* beta, /* vip, /* root',
    )
    assert.deepEqual(
      writeTraffic(open(), after, trafficIntent(0))[KEY],
      writeTraffic(open(), before, trafficIntent(0))[KEY],
    )
  })

  test("those that Argo left are made Penstock's, or taken away", () => {
    const left = annotate(ingress([path('beta'), path('root')]), {
      [ROOT]: annotationsOf(writeTraffic(open(), ingress(), trafficIntent(10)))[ROOT],
      [`${PREFIX}/actions.beta`]: '{}',
      [`${PREFIX}/conditions.beta`]: '[]',
      [LIST]: `{"shop":["${ROOT}","${PREFIX}/actions.beta","${PREFIX}/conditions.beta"]}`,
    })
    const reading = open().read(left)
    assert.equal(reading.programmedCanary, 10)
    assert.deepEqual(reading.managedRoutes, [{ route: { kind: 'header', name: 'beta', match: [] }, intact: false }])
    assert.deepEqual(open().read(writeTraffic(open(), left, wanted(beta))).managedRoutes, [
      { route: beta, intact: true },
    ])
    const gone = writeTraffic(open(), left, trafficIntent(10))
    assert.deepEqual([pathsOf(gone), Object.keys(annotationsOf(gone)).sort()], [['/* root'], [ROOT, LIST]])
  })

  for (const [what, spoil] of [
    ['an action that was changed', (objects) => annotate(objects, { [`${PREFIX}/actions.beta`]: '{}' })],
    ['conditions that were removed', (objects) => annotate(objects, { [`${PREFIX}/conditions.beta`]: undefined })],
    [
      'a path that was removed',
      (objects) => ({
        [KEY]: { ...objects[KEY], spec: { rules: [{ http: { paths: [path('root')] } }] } } as KubeObject,
      }),
    ],
    [
      'a path behind the other',
      (objects) => ({
        [KEY]: { ...objects[KEY], spec: { rules: [{ http: { paths: [path('root'), path('beta')] } }] } } as KubeObject,
      }),
    ],
  ] satisfies readonly (readonly [string, (objects: RouterObjects) => RouterObjects])[])
    test(`${what}: not intact, and mended`, () => {
      const written = writeTraffic(open(), ingress(), wanted(beta))
      const spoiled = spoil(written)
      assert.deepEqual(open().read(spoiled).managedRoutes, [{ route: beta, intact: false }])
      assert.deepEqual(writeTraffic(open(), spoiled, wanted(beta)), written)
    })

  test('an action of the user that bears the name of a further rule is left alone, and told', () => {
    const theirs = { [`${PREFIX}/actions.vip-1`]: '{"Type":"redirect"}' }
    const two: ManagedRoute = { kind: 'color', name: 'vip', match: [{ cidrs: ['10.0.0.0/8'] }, { cidrs: ['::/0'] }] }
    const before = annotate(ingress([path('vip-1', '/old'), path('root')]), theirs)
    const after = writeTraffic(open(), before, wanted(two))
    assert.match(open().read(after).problem ?? '', /"vip" cannot be written: an action "vip-1" exists/)
    assert.deepEqual(pathsOf(after), ['/old vip-1, /* root'])
    assert.equal(
      annotationsOf(writeTraffic(open(), after, trafficIntent(0)))[`${PREFIX}/actions.vip-1`],
      '{"Type":"redirect"}',
    )
  })

  test('two Rollouts on one Ingress leave each other alone', () => {
    const other = open(
      { rootService: 'root2' },
      { rollout: 'other', canaryService: 'canary2', stableService: 'stable2' },
    )
    const both = ingress([path('root2', '/two/*'), path('root')])
    const first = writeTraffic(open(), both, wanted(beta))
    const second = writeTraffic(other, first, wanted(header('vip', { a: 'b' })))
    assert.deepEqual(pathsOf(second), ['/two/* vip, /two/* root2, /* beta, /* root'])
    assert.deepEqual(
      [open().read(second).managedRoutes, open().render(wanted(beta), second)],
      [[{ route: beta, intact: true }], []],
    )
    const clash = writeTraffic(other, first, wanted(beta))
    assert.match(
      other.read(clash).problem ?? '',
      /"beta" cannot be written: an action "beta" exists that is not a route of the Rollout/,
    )
    assert.deepEqual(pathsOf(clash), ['/two/* root2, /* beta, /* root'])
    assert.deepEqual(open().read(clash).managedRoutes, [{ route: beta, intact: true }])
    assert.deepEqual(pathsOf(writeTraffic(other, clash, trafficIntent(0))), pathsOf(first))
  })
})

describe('the rules of an ALB', () => {
  const color = (...match: Extract<ManagedRoute, { kind: 'color' }>['match'][number][]): ManagedRoute => ({
    kind: 'color',
    name: 'vip',
    match,
  })
  const cidrs = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '2001:db8::/32']

  test('several matches of a colour are several rules', () => {
    const rules = rulesOf(color({ headers: [{ name: 'a', value: { exact: '1' } }] }, { cidrs: ['10.0.0.0/8'] }), 1)
    assert.deepEqual(rules, [
      { name: 'vip', conditions: [{ field: 'http-header', httpHeaderConfig: { httpHeaderName: 'a', values: ['1'] } }] },
      { name: 'vip-1', conditions: [{ field: 'source-ip', sourceIpConfig: { values: ['10.0.0.0/8'] } }] },
    ])
  })

  test('more addresses than a rule takes are several rules', () => {
    const outcome = rulesOf(color({ cidrs, headers: [{ name: 'a', value: { exact: '1' } }] }), 2)
    assert.ok(!('reason' in outcome))
    assert.deepEqual(
      outcome.map(({ conditions }) =>
        conditions.flatMap((one) => (one.field === 'source-ip' ? one.sourceIpConfig.values : [])),
      ),
      [cidrs.slice(0, 2), cidrs.slice(2)],
    )
  })

  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`h${at}`, 'x']))
  const refused: readonly (readonly [string, ManagedRoute, number, RegExp])[] = [
    [
      'a prefix',
      { kind: 'header', name: 'beta', match: [{ headerName: 'a', headerValue: { prefix: 'x' } }] },
      1,
      /'exact' value only/,
    ],
    ['five headers', header('beta', many(5)), 1, /at most 3 values in a condition and 5 in a rule/],
    ['four headers, a host and a prefix path', header('beta', many(4)), 3, /5 in a rule/],
    [
      'four values of a header',
      {
        kind: 'header',
        name: 'beta',
        match: ['1', '2', '3', '4'].map((exact) => ({ headerName: 'a', headerValue: { exact } })),
      },
      1,
      /3 values in a condition/,
    ],
    ['a long value', header('beta', { a: 'x'.repeat(129) }), 1, /128 characters/],
    ['a long name', header('beta', { ['a'.repeat(41)]: 'x' }), 1, /40 characters/],
    ['a cookie', color({ cookies: [{ name: 'color', value: { exact: 'blue' } }] }), 1, /no cookie/],
    ['a range of an id', color({ idRange: { header: 'u', modulo: 10, from: 0, to: 1 } }), 1, /no range of an id/],
    ['a colour with a star', color({ headers: [{ name: 'a', value: { exact: 'x*' } }] }), 1, /free of "\*"/],
    ['a mirror', { kind: 'mirror', name: 'beta', match: [{}], percentage: 5 }, 1, /cannot mirror/],
  ]
  for (const [what, route, taken, reason] of refused)
    test(`${what} is refused with a reason`, () => {
      const outcome = rulesOf(route, taken)
      assert.ok('reason' in outcome)
      assert.match(outcome.reason, reason)
    })

  test('a route that does not fit is a problem with its name, and is not written', () => {
    const objects = writeTraffic(open(), ingress(), wanted(header('beta', many(5))))
    assert.match(
      open().read(objects).problem ?? '',
      /^Ingress "web\/shop": managed route "beta" cannot be written: an ALB compares/,
    )
    assert.deepEqual(pathsOf(objects), ['/* root'])
    assert.equal(open().read(objects).programmedCanary, 10)
    assert.deepEqual(open().render(wanted(header('beta', many(5))), objects), [])
  })
})

describe('Ingresses as people leave them', () => {
  test('none of the paths leads to the action: told in Argo’s words, and only routes are taken back', () => {
    const before = writeTraffic(open(), ingress(), wanted(beta))
    const moved = {
      [KEY]: { ...before[KEY], spec: { rules: [{ http: { paths: [path('beta'), path('else')] } }] } } as KubeObject,
    }
    const reading = open().read(moved)
    assert.match(reading.problem ?? '', /^ingress `shop` has no rules using service root backend/)
    assert.deepEqual([reading.drivable, reading.programmedCanary], [true, undefined])
    const after = writeTraffic(open(), moved, trafficIntent(0))
    assert.deepEqual(pathsOf(after), ['/* else'])
    assert.deepEqual([open().read(after).drivable, open().render(trafficIntent(0), after)], [false, []])
  })

  test('a path with a real port bypasses the action', () => {
    const objects = ingress([path('root', '/*', 'ImplementationSpecific', { number: 80 })])
    assert.match(open().read(objects).problem ?? '', /name the port use-annotation, or the weights are not served$/)
  })

  test('conditions of the user on the action keep routes away', () => {
    const objects = annotate(ingress(), { [`${PREFIX}/conditions.root`]: '[]' })
    const written = writeTraffic(open(), objects, wanted(beta))
    assert.match(open().read(written).problem ?? '', /conditions\.root narrows the paths already: remove it/)
    assert.deepEqual(pathsOf(written), ['/* root'])
  })

  test('a route that bears the name of the action', () => {
    const router = open({}, { managedRouteNames: ['root'] })
    const written = writeTraffic(router, ingress(), wanted(header('root', { a: 'b' })))
    assert.match(router.read(written).problem ?? '', /an action "root" exists that is not a route/)
    assert.equal(router.read(written).programmedCanary, 10)
    assert.deepEqual(pathsOf(writeTraffic(router, written, trafficIntent(0))), ['/* root'])
  })

  test('rules without paths, paths without Services', () => {
    for (const rules of [
      undefined,
      [],
      [{}],
      [{ http: {} }],
      [{ http: { paths: [{}] } }],
      [{ http: { paths: [{ backend: { resource: {} } }] } }],
    ]) {
      const objects = { [KEY]: { metadata: { name: 'shop', resourceVersion: '5' }, spec: { rules } } as KubeObject }
      assert.equal(open().read(objects).drivable, false)
      assert.deepEqual(open().render(wanted(beta), objects), [])
    }
  })
})
