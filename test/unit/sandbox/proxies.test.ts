import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { systemClock as clock } from '../../../controller/runtime/clock.ts'
import type { RouteRule } from '../../../sandbox/gateway/objects.ts'
import { planRoutes } from '../../../sandbox/gateway/route-plan.ts'
import { findUnsupported } from '../../../sandbox/proxies/haproxy/conditions.ts'
import { parseMap, parseWorkers } from '../../../sandbox/proxies/haproxy/master-socket.ts'
import { renderHaproxy } from '../../../sandbox/proxies/haproxy/render.ts'
import { type Annotations, isCanary, readCanary } from '../../../sandbox/proxies/nginx/canary.ts'
import type { Ingress } from '../../../sandbox/proxies/nginx/objects.ts'
import { planNginx } from '../../../sandbox/proxies/nginx/plan.ts'
import { createRefusedObjects, explainRefusal } from '../../../sandbox/proxies/refusal.ts'
import { createSingleFlight } from '../../../sandbox/proxies/single-flight.ts'
import { httpRoute, slice, tableInput, to } from './gateway-objects.ts'

describe('HAProxy: what it is not asked', () => {
  const rows: readonly (readonly [string, RouteRule, RegExp | undefined])[] = [
    ['nothing special', { matches: [{ headers: [{ name: 'x-a.b_c', value: "it's -f /etc/passwd" }] }] }, undefined],
    ['mirror', { filters: [{ type: 'RequestMirror' }] }, /^filter "RequestMirror" is not supported: HAProxy cannot/],
    ['other filters', { filters: [{ type: 'URLRewrite' }] }, /^filter "URLRewrite" is not supported/],
    ['names that are words of HAProxy', { matches: [{ headers: [{ name: 'a),b', value: '1' }] }] }, /^name "a\),b"/],
    ['query names', { matches: [{ queryParams: [{ name: 'a b', value: '1' }] }] }, /^name "a b"/],
    ['a second line', { matches: [{ headers: [{ name: 'a', value: '1\n  bind :1' }] }] }, /control characters/],
    ['a second line in a path', { matches: [{ path: { type: 'Exact', value: '/\n' } }] }, /control characters/],
  ]
  for (const [name, rule, expected] of rows)
    test(name, () => {
      const problem = findUnsupported(rule)
      if (expected) assert.match(problem ?? '', expected)
      else assert.equal(problem, undefined)
    })

  test('a route that is refused has no line in the configuration, and its verdict says why', () => {
    const mirrored = httpRoute('m', [{ filters: [{ type: 'RequestMirror' }], backendRefs: [to('a')] }])
    const plan = planRoutes(tableInput([mirrored], { a: slice({ address: '127.1.0.1' }) }), findUnsupported)
    assert.deepEqual(plan.matches, [])
    assert.match(plan.verdicts[0]?.unsupported ?? '', /RequestMirror/)
  })
})

describe('HAProxy: what changes', () => {
  const settings = { address: '127.0.0.1:1', handoverSocket: '/h', weightsFile: '/w' }
  const render = (stable: number, canary: number) => {
    const route = httpRoute('r', [{ backendRefs: [to('a', stable), to('b', canary)] }])
    const endpoints = { a: slice({ address: '127.1.0.1' }), b: slice({ address: '127.1.0.2' }) }
    return renderHaproxy(planRoutes(tableInput([route], endpoints), findUnsupported), settings)
  }

  test('new weights leave the configuration as it is, other totals too', () => {
    assert.equal(render(999, 1).config, render(50, 50).config)
    assert.deepEqual(render(999, 1).weights, { 'r/0': '1000|999|shop:a:80|1000|shop:b:80' })
    assert.deepEqual(render(100, 0).weights, { 'r/0': '100|100|shop:a:80|100|shop:b:80' })
  })

  test('only the newest worker counts as current', () => {
    const answer = [
      '#<PID>          <type>          <reloads>       <uptime>        <version>      ',
      '2908            master          1 [failed: 0]   0d00h00m02s     2.6.12',
      '# workers',
      '2975            worker          0               0d00h00m00s     2.6.12',
      '# old workers',
      '2911            worker          1               0d00h00m02s     2.6.12',
      '# programs',
    ]
    assert.deepEqual(parseWorkers(answer.join('\n')), { current: 1, old: 1 })
    assert.deepEqual(parseWorkers(''), { current: 0, old: 0 })
  })

  test('a map is read as it is served', () => {
    const answer = '0x5607912260c0 config abc1\n0x560791226150 r/0 100|5|shop:a:80\n\n'
    assert.deepEqual(parseMap(answer), { config: 'abc1', 'r/0': '100|5|shop:a:80' })
    assert.deepEqual(parseMap('Unknown map identifier. Please use #<id> or <file>.\n'), {})
  })
})

const annotate = (some: Annotations): Annotations =>
  Object.fromEntries(Object.entries(some).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]))

describe('nginx: annotations of a canary', () => {
  const always = { canary: '^always$', stable: '^never$' }
  const rows: readonly (readonly [string, Annotations, ReturnType<typeof readCanary>])[] = [
    ['none: a canary that gets nothing', {}, { weight: 0, total: 100 }],
    ['weight', { 'canary-weight': '30' }, { weight: 30, total: 100 }],
    ['weight of a total', { 'canary-weight': '1', 'canary-weight-total': '1000' }, { weight: 1, total: 1000 }],
    ['more than all is all', { 'canary-weight': '200' }, { weight: 100, total: 100 }],
    ['no number', { 'canary-weight': '3.5' }, { problem: 'canary-weight: must be a whole number' }],
    ['a sign', { 'canary-weight': '-1' }, { problem: 'canary-weight: must be a whole number' }],
    ['no total', { 'canary-weight-total': 'all' }, { problem: 'canary-weight-total: must be a whole number' }],
    ['a total below 100 is 100', { 'canary-weight': '10', 'canary-weight-total': '20' }, { weight: 10, total: 100 }],
    ['header', { 'canary-by-header': 'X-C' }, { header: { name: 'X-C', ...always }, weight: 0, total: 100 }],
    [
      'header with a value: always and never mean nothing',
      { 'canary-by-header': 'X-C', 'canary-by-header-value': 'a.b' },
      { header: { name: 'X-C', canary: '^a\\.b$' }, weight: 0, total: 100 },
    ],
    [
      'header with a pattern, found anywhere',
      { 'canary-by-header': 'X-C', 'canary-by-header-pattern': 'eu-\\d' },
      { header: { name: 'X-C', canary: 'eu-\\d' }, weight: 0, total: 100 },
    ],
    [
      'the value goes before the pattern, even a broken one',
      { 'canary-by-header': 'X-C', 'canary-by-header-value': 'v', 'canary-by-header-pattern': '(' },
      { header: { name: 'X-C', canary: '^v$' }, weight: 0, total: 100 },
    ],
    ['a value without a header', { 'canary-by-header-value': 'v' }, { weight: 0, total: 100 }],
    [
      'a broken pattern',
      { 'canary-by-header': 'X-C', 'canary-by-header-pattern': '(' },
      { problem: 'canary-by-header-pattern: is no regular expression' },
    ],
    [
      'a name that ends the line',
      { 'canary-by-header': 'x; return 200' },
      { problem: 'canary-by-header: is no name of a header' },
    ],
    ['a cookie likewise', { 'canary-by-cookie': 'x"' }, { problem: 'canary-by-cookie: is no name of a cookie' }],
  ]
  for (const [name, annotations, expected] of rows)
    test(name, () => assert.deepEqual(readCanary(annotate(annotations)), expected))

  test('a canary says "true"', () => {
    assert.equal(isCanary(annotate({ canary: 'true' })), true)
    assert.equal(isCanary(annotate({ canary: 'yes' })), false)
    assert.equal(isCanary({}), false)
  })

  test('a cookie is compared whole', () => {
    const rules = readCanary(annotate({ 'canary-by-cookie': 'user' }))
    assert.ok('cookie' in rules && rules.cookie)
    const fits = (text: string): boolean => new RegExp(rules.cookie?.canary ?? '').test(text)
    assert.deepEqual(['user=always', 'a=b; user=always; c=d', 'a=b;user=always'].map(fits), [true, true, true])
    assert.deepEqual(['xuser=always', 'user=always2', 'user=Always', 'user=never', 'a=user=always'].map(fits), [
      false,
      false,
      false,
      false,
      false,
    ])
  })
})

describe('nginx: Ingresses', () => {
  const { service, slices } = tableInput([], { stable: slice({ address: '127.1.0.1' }), gone: slice() })
  const ingress = (
    name: string,
    over: { annotations?: Annotations; path?: string; host?: string; to?: string },
  ): Ingress => ({
    metadata: {
      name,
      namespace: 'shop',
      annotations: over.annotations ?? {},
      creationTimestamp: `2026-01-0${name.length}T00:00:00Z`,
    },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host: over.host ?? 'shop.example',
          http: {
            paths: [
              {
                path: over.path ?? '/',
                pathType: 'Prefix',
                backend: { service: { name: over.to ?? 'stable', port: { name: 'http' } } },
              },
            ],
          },
        },
      ],
    },
  })
  const plan = (...ingresses: readonly Ingress[]) => planNginx({ ingresses, service, slices })
  const canary = annotate({ canary: 'true', 'canary-weight': '50' })

  test('a named port is that of the Service', () => {
    const [host] = plan(ingress('a', {})).hosts
    assert.deepEqual(host?.locations[0]?.stable, {
      name: 'shop_stable_80',
      endpoints: [{ address: '127.1.0.1', port: 8080, pod: '' }],
    })
  })

  test('a canary without anybody ready, or without rules that can be read, leaves the path to its owner', () => {
    const idle = plan(ingress('a', {}), ingress('bb', { annotations: canary, to: 'gone' }))
    assert.equal(idle.hosts[0]?.locations[0]?.canary, undefined)
    assert.deepEqual(idle.problems, [])
    const broken = plan(
      ingress('a', {}),
      ingress('bb', { annotations: { ...canary, ...annotate({ 'canary-weight': 'x' }) } }),
    )
    assert.equal(broken.hosts[0]?.locations[0]?.canary, undefined)
    assert.deepEqual(broken.problems, [{ ingress: 'shop/bb', problem: 'canary-weight: must be a whole number' }])
  })

  test('a canary needs an owner of the path, a path has one owner and one canary', () => {
    assert.deepEqual(plan(ingress('a', { path: '/a' }), ingress('bb', { annotations: canary })).problems, [
      { ingress: 'shop/bb', problem: '/: no Ingress for a canary to share it with' },
    ])
    const { hosts, problems } = plan(
      ingress('ccc', {}),
      ingress('a', {}),
      ingress('dddd', { annotations: canary }),
      ingress('bb', { annotations: canary }),
    )
    assert.equal(hosts[0]?.locations[0]?.owner, 'shop/a')
    assert.deepEqual(problems, [
      { ingress: 'shop/ccc', problem: '/: an older Ingress has it' },
      { ingress: 'shop/dddd', problem: '/: an older Ingress has it' },
    ])
  })

  test('a default backend is for every host that has no Ingress, and can be shared with a canary', () => {
    const withDefault = (name: string, annotations: Annotations): Ingress => ({
      metadata: { name, namespace: 'shop', annotations },
      spec: {
        ingressClassName: 'nginx',
        defaultBackend: { service: { name: 'stable', port: { number: 80 } } },
      },
    })
    const { hosts, problems } = plan(withDefault('a', {}), withDefault('bb', canary))
    assert.deepEqual(problems, [])
    assert.equal(hosts[0]?.name, undefined)
    assert.equal(hosts[0]?.locations[0]?.canary?.owner, 'shop/bb')
  })

  test('what could end a word of the configuration is refused', () => {
    for (const over of [{ path: '/"; return 200' }, { path: '/$host' }, { path: '/{' }, { host: 'a b' }]) {
      const { hosts, problems } = plan(ingress('a', over))
      assert.deepEqual([hosts.length, problems.length], [0, 1], JSON.stringify(over))
    }
  })
})

describe('whose line a proxy does not take', () => {
  const config = ['global', '# shop/shop', 'acl a', 'acl b', '# What no host claims.', 'listen x'].join('\n')
  const ownerOf = (said: string) => explainRefusal(config, '/d/x.next', said).owner

  test('the object whose comment is the nearest above', () => {
    assert.equal(ownerOf('/d/x.next:4 : error'), 'shop/shop')
    assert.equal(ownerOf('unknown directive in /d/x.next:3'), 'shop/shop')
  })

  test('nobody, where another comment stands between or none above', () => {
    for (const said of ['/d/x.next:6 : error', '/d/x.next:1 : error', 'cannot bind', '/d/x.next:no number'])
      assert.equal(ownerOf(said), undefined, said)
  })

  test('is told without the name of the file', () => {
    assert.equal(explainRefusal(config, '/d/x.next', 'config : /d/x.next:4 : no').message, 'config : line 4 : no')
    assert.equal(explainRefusal(config, '/d/x.next', 'cannot bind').message, 'cannot bind')
  })

  test('a version is refused once, and the next one gets its chance', () => {
    const refused = createRefusedObjects(({ metadata }) => String(metadata.generation))
    const route = (generation: number) => ({ metadata: { namespace: 'shop', name: 'shop', generation } })
    const refusal = explainRefusal(config, '/d/x.next', '/d/x.next:4 : error')
    assert.equal(refused.note(new Error('else'), [route(1)]), false)
    assert.equal(refused.note(refusal, []), false)
    assert.equal(refused.note(refusal, [route(1)]), true)
    assert.equal(refused.note(refusal, [route(1)]), false, 'leaving it out has not helped')
    assert.deepEqual([refused.find(route(1)), refused.find(route(2))], ['line 4 : error', undefined])
  })
})

describe('one run at a time', () => {
  test('what is asked for during a run is one more run; stop waits, and nothing runs afterwards', async () => {
    let runs = 0
    let atOnce = 0
    let most = 0
    const flight = createSingleFlight(
      async () => {
        runs += 1
        atOnce += 1
        most = Math.max(most, atOnce)
        if (runs === 1) for (let n = 0; n < 5; n += 1) flight.request()
        await new Promise((resolve) => setImmediate(resolve))
        atOnce -= 1
      },
      { clock, onFailure: (error) => assert.fail(String(error)) },
    )
    flight.request()
    flight.request()
    for (let n = 0; n < 10; n += 1) await new Promise((resolve) => setImmediate(resolve))
    await flight.stop()
    flight.request()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual({ runs, most }, { runs: 2, most: 1 })
  })

  test('a failure is told and tried again later', async () => {
    const told: unknown[] = []
    const timers: (() => void)[] = []
    const setTimer = (_delayMs: number, run: () => void) => {
      timers.push(run)
      return () => {}
    }
    let runs = 0
    const flight = createSingleFlight(
      async () => {
        runs += 1
        if (runs === 1) throw new Error('no')
      },
      { clock: { ...clock, setTimer }, onFailure: (error) => told.push(error) },
    )
    const settle = async () => {
      for (let n = 0; n < 5; n += 1) await new Promise((resolve) => setImmediate(resolve))
    }
    flight.request()
    await settle()
    assert.deepEqual([runs, told.length, timers.length], [1, 1, 1])
    timers[0]?.()
    await settle()
    assert.deepEqual([runs, told.length], [2, 1])
    await flight.stop()
  })
})
