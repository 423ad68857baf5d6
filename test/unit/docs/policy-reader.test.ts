/** The reader of route policies that the manual hands out, run on what the router writes, and on everything else. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ColorMatch } from '../../../controller/api/color-step.ts'
import type { TrafficIntent } from '../../../controller/api/traffic.ts'
import type { ConsulKey } from '../../../controller/traffic/consul-kv/key.ts'
import { openRouter, trafficIntent } from '../../builders/router.ts'

interface Request {
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: Readonly<Record<string, string>>
  readonly address?: string
  readonly tags?: readonly string[]
}
interface Reader {
  parsePolicy(text: string): unknown
  isOpen(policy: object, at: Date): boolean
  chooseBackend(
    policy: unknown,
    request: Request,
    options: { readonly stable: string; readonly bucket: number; readonly at?: Date },
  ): string
  renderNginx(policy: unknown, options: { readonly stable: string; readonly at?: Date }): string
}
const path = fileURLToPath(new URL('../../../docs/guides/consul-kv/policy-reader.mjs', import.meta.url))
const loadReader = async (): Promise<Reader> => import(pathToFileURL(path).href)

/** As the router writes it. */
function textOf(intent: TrafficIntent, config: object = {}): string {
  const router = openRouter('penstock/consul-kv', { key: 'shop', ...config })
  const [write] = router.render(intent, {})
  assert.ok(write?.do === 'create')
  const key: ConsulKey = write.object
  return JSON.stringify(key.json)
}

const color = (...match: readonly ColorMatch[]) => ({
  managedRoutes: [{ kind: 'color', name: 'vip', match }] as const,
})
const SAFE = { stable: 'safe', bucket: 0.999 }

/** A match, a request that fits it, and some that do not. */
const MATCHES: readonly (readonly [ColorMatch, Request, readonly Request[]])[] = [
  [
    { headers: [{ name: 'X-Env', value: { exact: 'canary' } }] },
    { headers: { 'x-env': 'canary' } },
    [{}, { headers: { 'x-env': 'Canary' } }],
  ],
  [
    { headers: [{ name: 'x-env', value: { prefix: 'can' } }] },
    { headers: { 'x-env': 'canary' } },
    [{ headers: { 'x-env': 'a can' } }],
  ],
  [
    { headers: [{ name: 'x-env', value: { regex: 'v2|v3' } }] },
    { headers: { 'x-env': 'v3' } },
    [{ headers: { 'x-env': 'v3.1' } }],
  ],
  [
    { cookies: [{ name: 'color', value: { exact: 'green' } }] },
    { cookies: { color: 'green' } },
    [{ headers: { color: 'green' } }],
  ],
  [
    { idRange: { header: 'x-user', modulo: 7, from: 1, to: 2 } },
    { headers: { 'x-user': '12345678901234567890' } },
    [{ headers: { 'x-user': '14' } }, { headers: { 'x-user': '1a' } }],
  ],
  [{ cidrs: ['10.0.0.0/8', '2001:db8::/32'] }, { address: '2001:db8::1' }, [{ address: '11.0.0.1' }, {}]],
  [
    { headers: [{ name: 'a', value: { exact: '1' } }], cidrs: ['10.0.0.0/8'] },
    { headers: { a: '1' }, address: '10.1.1.1' },
    [{ headers: { a: '1' } }, { address: '10.1.1.1' }],
  ],
]

describe('the reader of route policies', () => {
  for (const text of [
    '',
    'weight=20',
    'null',
    '[]',
    '{}',
    textOf(trafficIntent(20)).replace('"version":1', '"version":2'),
    textOf(trafficIntent(20)).replace('"weight":20', '"weight":"20"'),
    textOf(trafficIntent(20)).replace('"weight":20', '"weight":120'),
    textOf(trafficIntent(20)).replace('"canary":"canary"', '"canary":""'),
  ])
    test(`${text.slice(0, 60) || 'no value'} is no policy: everything goes to stable`, async () => {
      const { parsePolicy, chooseBackend, renderNginx } = await loadReader()
      const policy = parsePolicy(text)
      assert.equal(policy, undefined)
      assert.equal(chooseBackend(policy, {}, { ...SAFE, bucket: 0 }), 'safe')
      assert.match(renderNginx(policy, { stable: 'safe' }), /\{\n {2}\* "safe";\n\}/)
    })

  test('weights are shares of the buckets, experiments’ too', async () => {
    const { parsePolicy, chooseBackend } = await loadReader()
    const policy = parsePolicy(textOf(trafficIntent(20, { additional: [{ service: 'trial', weight: 5 }] })))
    const counts: Record<string, number> = {}
    for (let bucket = 0; bucket < 1000; bucket += 1) {
      const backend = chooseBackend(policy, {}, { stable: 'safe', bucket: bucket / 1000 })
      counts[backend] = (counts[backend] ?? 0) + 1
    }
    assert.deepEqual(counts, { canary: 200, trial: 50, stable: 750 })
  })

  for (const [match, fitting, others] of MATCHES)
    test(`who fits ${JSON.stringify(match)} gets the canary, whatever the weight`, async () => {
      const { parsePolicy, chooseBackend } = await loadReader()
      const policy = parsePolicy(textOf(trafficIntent(0, color(match))))
      assert.equal(chooseBackend(policy, fitting, SAFE), 'canary')
      for (const other of others) assert.equal(chooseBackend(policy, other, SAFE), 'stable', JSON.stringify(other))
    })

  test('something in a match that is not known here fits nothing', async () => {
    const { parsePolicy, chooseBackend } = await loadReader()
    const text = textOf(trafficIntent(0, color({ headers: [{ name: 'a', value: { exact: '1' } }] })))
    const policy = parsePolicy(text.replace('"match":[{', '"match":[{"moon":"full",'))
    assert.equal(chooseBackend(policy, { headers: { a: '1' } }, SAFE), 'stable')
  })

  test('without one of the tags a request is no business of the policy', async () => {
    const { parsePolicy, chooseBackend } = await loadReader()
    const policy = parsePolicy(textOf(trafficIntent(100), { tags: ['internal', 'staff'] }))
    assert.equal(chooseBackend(policy, { tags: ['staff'] }, SAFE), 'canary')
    for (const request of [{}, { tags: [] }, { tags: ['guest'] }])
      assert.equal(chooseBackend(policy, request, SAFE), 'stable')
  })

  for (const [window, open, shut] of [
    [
      { from: '09:00', to: '17:00' },
      ['2026-01-05T09:00:00Z', '2026-01-05T16:59:59Z'],
      ['2026-01-05T08:59:59Z', '2026-01-05T17:00:00Z'],
    ],
    // A Monday.
    [{ from: '09:00', to: '17:00', days: ['mon'] }, ['2026-01-05T12:00:00Z'], ['2026-01-06T12:00:00Z']],
    // Over midnight: it belongs to the day on which it begins.
    [
      { from: '22:00', to: '06:00', days: ['mon'] },
      ['2026-01-05T23:00:00Z', '2026-01-06T05:59:00Z'],
      ['2026-01-05T05:00:00Z', '2026-01-06T23:00:00Z'],
    ],
    // Winter and summer.
    [
      { from: '09:00', to: '17:00', timezone: 'Europe/Berlin' },
      ['2026-01-05T08:00:00Z', '2026-07-06T07:00:00Z'],
      ['2026-01-05T07:59:00Z', '2026-07-06T15:00:00Z'],
    ],
  ] as const)
    test(`the window ${JSON.stringify(window)} is open and shut at the right times`, async () => {
      const { parsePolicy, chooseBackend, renderNginx } = await loadReader()
      const policy = parsePolicy(textOf(trafficIntent(100), { windows: [window] }))
      for (const [times, backend] of [
        [open, 'canary'],
        [shut, 'stable'],
      ] as const)
        for (const time of times) {
          const at = new Date(time)
          assert.equal(chooseBackend(policy, {}, { ...SAFE, at }), backend, time)
          assert.equal(renderNginx(policy, { stable: 'safe', at }).includes('"canary"'), backend === 'canary', time)
        }
    })

  test('a piece of nginx: weights, exact headers in their case, and nothing that it could not tell', async () => {
    const { parsePolicy, renderNginx } = await loadReader()
    const routes = color(
      { headers: [{ name: 'X-Env', value: { exact: 'v1.2' } }] },
      { headers: [{ name: 'x-env', value: { prefix: 'v' } }] },
      { headers: [{ name: 'x-user', value: { exact: 'a"; return 200; #' } }] },
      { headers: [{ name: 'x-user', value: { exact: 'ann' } }], cidrs: ['10.0.0.0/8'] },
    )
    const text = renderNginx(parsePolicy(textOf({ ...trafficIntent(20), ...routes })), { stable: 'safe' })
    assert.equal(
      text,
      [
        'split_clients "$request_id" $penstock_by_weight {',
        '  20.00% "canary";',
        '  * "stable";',
        '}',
        'map $http_x_env $penstock_route_0 {',
        '  default $penstock_by_weight;',
        '  "~^v1\\.2$" "canary";',
        '}',
        'map $request_id $penstock_backend { default $penstock_route_0; }',
        '',
      ].join('\n'),
    )
    assert.throws(() =>
      renderNginx(parsePolicy(textOf(trafficIntent(20)).replace('"canary":"canary"', '"canary":"a;b"')), {
        stable: 'safe',
      }),
    )
  })
})
