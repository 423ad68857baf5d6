import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RequestFacts } from '../../../sandbox/gateway/request-match.ts'
import { buildRouteTable, type RouteTable } from '../../../sandbox/gateway/route-table.ts'
import { httpRoute, slice, tableInput, to } from './gateway-objects.ts'

const ask = (path: string, more: Partial<RequestFacts> = {}): RequestFacts => ({
  host: 'shop.example',
  method: 'GET',
  path,
  query: new URLSearchParams(),
  headers: {},
  ...more,
})

const endpoints = { a: slice({ address: '127.1.0.1' }), b: slice({ address: '127.1.0.2' }) }

const backendOf = (table: RouteTable, request: RequestFacts): string => {
  const found = table.find(request)
  return found.kind === 'endpoints' ? found.backend.replace(/^shop\/(.*):80$/, '$1') : found.kind
}

const path = (type: string, value: string) => ({ path: { type, value } })

describe('route table: precedence', () => {
  const rows: readonly {
    name: string
    first: Parameters<typeof httpRoute>[1][number]['matches']
    second: Parameters<typeof httpRoute>[1][number]['matches']
    request: RequestFacts
    expected: string
  }[] = [
    {
      name: 'exact before prefix',
      first: [path('PathPrefix', '/cart')],
      second: [path('Exact', '/cart')],
      request: ask('/cart'),
      expected: 'b',
    },
    {
      name: 'longer prefix first',
      first: [path('PathPrefix', '/')],
      second: [path('PathPrefix', '/cart')],
      request: ask('/cart/1'),
      expected: 'b',
    },
    {
      name: 'prefixes are whole path elements',
      first: [path('PathPrefix', '/')],
      second: [path('PathPrefix', '/cart')],
      request: ask('/cartography'),
      expected: 'a',
    },
    {
      name: 'method before headers',
      first: [{ headers: [{ name: 'x', value: '1' }] }],
      second: [{ method: 'GET' }],
      request: ask('/', { headers: { x: '1' } }),
      expected: 'b',
    },
    {
      name: 'more headers first',
      first: [{ headers: [{ name: 'x', value: '1' }] }],
      second: [
        {
          headers: [
            { name: 'X', value: '1' },
            { name: 'y', value: '2' },
          ],
        },
      ],
      request: ask('/', { headers: { x: '1', y: '2' } }),
      expected: 'b',
    },
    {
      name: 'query parameters count last',
      first: [{}],
      second: [{ queryParams: [{ name: 'v', value: '2' }] }],
      request: ask('/', { query: new URLSearchParams('v=2') }),
      expected: 'b',
    },
    { name: 'equal rank keeps the order of the route', first: [{}], second: [{}], request: ask('/'), expected: 'a' },
    {
      name: 'regular expressions match the whole path',
      first: [path('RegularExpression', '/c.*t')],
      second: [{}],
      request: ask('/carts'),
      expected: 'b',
    },
  ]
  for (const { name, first, second, request, expected } of rows) {
    test(name, () => {
      const rules = [
        { matches: first ?? [], backendRefs: [to('a')] },
        { matches: second ?? [], backendRefs: [to('b')] },
      ]
      const table = buildRouteTable(tableInput([httpRoute('r', rules)], endpoints), new Map())
      assert.equal(backendOf(table, request), expected)
    })
  }

  test('an exact hostname goes before a wildcard, and the older of two equal routes wins', () => {
    const wild = httpRoute('wild', [{ backendRefs: [to('a')] }], { hostnames: ['*.example'] })
    const exact = httpRoute('exact', [{ backendRefs: [to('b')] }], {
      hostnames: ['shop.example'],
      createdAt: '2026-06-01T00:00:00Z',
    })
    const younger = httpRoute('a-younger', [{ backendRefs: [to('a')] }], {
      hostnames: ['shop.example'],
      createdAt: '2026-07-01T00:00:00Z',
    })
    const table = buildRouteTable(tableInput([wild, younger, exact], endpoints), new Map())
    assert.equal(backendOf(table, ask('/')), 'b')
    assert.equal(backendOf(table, ask('/', { host: 'other.example' })), 'a')
    assert.equal(backendOf(table, ask('/', { host: 'example' })), 'no-route')
  })
})

describe('route table: weights and endpoints', () => {
  const weighted = (a: number, b: number) => httpRoute('r', [{ backendRefs: [to('a', a), to('b', b)] }])

  test('obeys the weights exactly, zero included', () => {
    const memory = new Map()
    const shares = (table: RouteTable): number =>
      Array.from({ length: 100 }, () => backendOf(table, ask('/'))).filter((backend) => backend === 'b').length
    assert.equal(shares(buildRouteTable(tableInput([weighted(95, 5)], endpoints), memory)), 5)
    assert.equal(shares(buildRouteTable(tableInput([weighted(50, 50)], endpoints), memory)), 50)
    assert.equal(shares(buildRouteTable(tableInput([weighted(100, 0)], endpoints), memory)), 0)
  })

  test('keeps its turn when only endpoints change', () => {
    const memory = new Map()
    let canary = 0
    for (let n = 0; n < 100; n += 1) {
      const table = buildRouteTable(tableInput([weighted(95, 5)], endpoints), memory)
      if (backendOf(table, ask('/')) === 'b') canary += 1
    }
    assert.equal(canary, 5)
  })

  test('uses ready endpoints that are not on their way out, in turn', () => {
    const mixed = {
      a: slice(
        { address: '127.1.0.1' },
        { address: '127.1.0.2', ready: false },
        { address: '127.1.0.3' },
        { address: '127.1.0.4', terminating: true },
      ),
    }
    const table = buildRouteTable(tableInput([httpRoute('r', [{ backendRefs: [to('a')] }])], mixed), new Map())
    const firsts = Array.from({ length: 4 }, () => {
      const found = table.find(ask('/'))
      return found.kind === 'endpoints' ? found.endpoints[0]?.address : found.kind
    })
    assert.deepEqual(firsts, ['127.1.0.1', '127.1.0.3', '127.1.0.1', '127.1.0.3'])
  })

  test('tells no endpoint, no backend and no route apart', () => {
    const build = (name: string) =>
      buildRouteTable(tableInput([httpRoute('r', [{ backendRefs: [to(name)] }])], { a: slice() }), new Map())
    assert.equal(backendOf(build('a'), ask('/')), 'no-endpoint')
    assert.equal(backendOf(build('missing'), ask('/')), 'no-backend')
    assert.equal(backendOf(buildRouteTable(tableInput([], {}), new Map()), ask('/')), 'no-route')
  })

  test('does not serve a route that it would serve only in part', () => {
    const route = httpRoute('r', [{ backendRefs: [to('a')], filters: [{ type: 'URLRewrite' }] }])
    const table = buildRouteTable(tableInput([route], endpoints), new Map())
    assert.equal(backendOf(table, ask('/')), 'no-route')
    assert.match(table.verdicts[0]?.unsupported ?? '', /URLRewrite/)
  })

  test('never sends across namespaces', () => {
    const foreign = { ...to('a'), namespace: 'other' }
    const table = buildRouteTable(tableInput([httpRoute('r', [{ backendRefs: [foreign] }])], endpoints), new Map())
    assert.equal(table.verdicts[0]?.unresolved?.reason, 'RefNotPermitted')
  })
})
