/** The configurations of the sandbox's real proxies, whole: rewritten by `npm run golden -- --update` for review. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { asHttpRoute } from '../../sandbox/gateway/grpc-route.ts'
import { planRoutes } from '../../sandbox/gateway/route-plan.ts'
import { findUnsupported } from '../../sandbox/proxies/haproxy/conditions.ts'
import { renderHaproxy } from '../../sandbox/proxies/haproxy/render.ts'
import type { Ingress } from '../../sandbox/proxies/nginx/objects.ts'
import { planNginx } from '../../sandbox/proxies/nginx/plan.ts'
import { renderNginx } from '../../sandbox/proxies/nginx/render.ts'
import { httpRoute, slice, tableInput, to } from '../unit/sandbox/gateway-objects.ts'

const endpoints = {
  stable: slice({ address: '127.1.0.2' }, { address: '127.1.0.1' }),
  canary: slice({ address: '127.1.0.3' }),
  empty: slice(),
}

const compare = (name: string, text: string): void => {
  const file = fileURLToPath(new URL(`./proxies/${name}`, import.meta.url))
  if (process.env.PENSTOCK_UPDATE_GOLDEN === '1') writeFileSync(file, text)
  assert.equal(text, readFileSync(file, 'utf8'))
}

const routes = [
  httpRoute(
    'shop',
    [
      {
        matches: [
          {
            path: { type: 'PathPrefix', value: '/cart/' },
            method: 'GET',
            headers: [
              { name: 'X-Version', value: `-v "2" 's` },
              { type: 'RegularExpression', name: 'Cookie', value: '(.*; )?canary=always(;.*)?' },
            ],
            queryParams: [{ name: 'v', value: 'a b' }],
          },
          { path: { type: 'RegularExpression', value: '/c[0-9]+' } },
        ],
        backendRefs: [to('canary')],
      },
      { backendRefs: [to('stable', 999), to('canary', 1), to('empty', 0), to('absent', 0)] },
    ],
    { hostnames: ['shop.example', '*.shop.example'] },
  ),
  httpRoute('mirrored', [
    {
      filters: [{ type: 'RequestMirror', requestMirror: { backendRef: to('canary') } }],
      backendRefs: [to('stable')],
    },
  ]),
  asHttpRoute({
    ...httpRoute('calls', []),
    spec: {
      parentRefs: [{ name: 'web' }],
      rules: [
        {
          matches: [{ method: { service: 'shop.Cart', method: 'Add' }, headers: [{ name: 'x-beta', value: 'yes' }] }],
          backendRefs: [to('canary')],
        },
        { matches: [{ method: { service: 'shop.Cart' } }], backendRefs: [to('stable', 9), to('canary', 1)] },
      ],
    },
  }),
  httpRoute('rest', [{ matches: [{ path: { type: 'Exact', value: '/empty' } }], backendRefs: [to('empty')] }]),
]

const ingress = (
  name: string,
  host: string | undefined,
  paths: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
): Ingress => ({
  metadata: {
    name,
    namespace: 'shop',
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]),
    ),
  },
  spec: {
    ingressClassName: 'nginx',
    rules: [
      {
        ...(host === undefined ? {} : { host }),
        http: {
          paths: Object.entries(paths).map(([path, service]) => ({
            path: path.replace(/^=/, ''),
            pathType: path.startsWith('=') ? 'Exact' : 'Prefix',
            backend: { service: { name: service, port: { number: 80 } } },
          })),
        },
      },
    ],
  },
})

const ingressList = [
  ingress('shop', 'shop.example', { '/': 'stable', '/cart/': 'stable', '=/cart': 'stable', '/empty': 'empty' }),
  ingress('everything', undefined, { '/': 'stable' }),
  ingress('tenants', '*.tenants.example', { '/': 'stable' }),
  ingress(
    'shop-canary',
    'shop.example',
    { '/': 'canary', '/empty': 'canary' },
    {
      canary: 'true',
      'canary-weight': '1',
      'canary-weight-total': '1000',
      'canary-by-header': 'X-Version',
      'canary-by-header-value': 'v2.0 "b"',
      'canary-by-cookie': 'canary-user',
    },
  ),
  ingress('tenants-canary', '*.tenants.example', { '/': 'canary' }, { canary: 'true', 'canary-weight': '100' }),
  ingress(
    'cart-canary',
    'shop.example',
    { '/cart': 'canary' },
    {
      canary: 'true',
      'canary-by-header': 'X-Region',
      'canary-by-header-pattern': '^eu-\\d+$',
    },
  ),
  { ...ingress('other', 'other.example', { '/': 'stable' }), spec: { ingressClassName: 'other' } },
]

describe('golden configurations of proxies', () => {
  test('HAProxy', () => {
    const plan = planRoutes(tableInput(routes, endpoints), findUnsupported)
    const settings = {
      address: '127.0.0.1:8080',
      handoverSocket: '/run/handover.sock',
      weightsFile: '/run/weights.map',
    }
    const { config, weights } = renderHaproxy(plan, settings)
    const map = Object.entries(weights).map(([key, value]) => `# ${key} ${value}\n`)
    compare('haproxy.cfg', `${config}\n# weights.map\n${map.join('')}`)
  })

  test('nginx', () => {
    const { service, slices } = tableInput([], endpoints)
    const plan = planNginx({ ingresses: ingressList, service, slices })
    assert.deepEqual(plan.problems, [])
    const settings = { address: '127.0.0.1:8080', directory: '/run/nginx', statusFile: '/run/nginx/status.conf' }
    compare('nginx.conf', renderNginx(plan, settings))
  })
})
