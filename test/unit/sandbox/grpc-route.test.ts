import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asHttpRoute, type GrpcMethodMatch, isGrpc } from '../../../sandbox/gateway/grpc-route.ts'
import { compileMatch } from '../../../sandbox/gateway/request-match.ts'
import { httpRoute } from './gateway-objects.ts'

const pathsThatFit = (method: GrpcMethodMatch, paths: readonly string[]): readonly string[] => {
  const { spec } = asHttpRoute({ metadata: { name: 'calls' }, spec: { rules: [{ matches: [{ method }] }] } })
  const match = compileMatch(spec.rules?.[0]?.matches?.[0] ?? {})
  const facts = { host: '', method: 'POST', query: new URLSearchParams(), headers: {} }
  return paths.filter((path) => match.fits({ ...facts, path }))
}

describe('a GRPCRoute as an HTTPRoute', () => {
  const paths = ['/shop.Cart/Add', '/shop.Cart/AddAll', '/shop.CartX/Add', '/shopXCart/Add', '/other/Add']
  const rows: readonly (readonly [string, GrpcMethodMatch, readonly string[]])[] = [
    ['a method of a service', { service: 'shop.Cart', method: 'Add' }, ['/shop.Cart/Add']],
    ['a service', { service: 'shop.Cart' }, ['/shop.Cart/Add', '/shop.Cart/AddAll']],
    [
      'a method of any service',
      { method: 'Add' },
      ['/shop.Cart/Add', '/shop.CartX/Add', '/shopXCart/Add', '/other/Add'],
    ],
    [
      'expressions',
      { type: 'RegularExpression', service: 'shop\\.\\w+', method: 'Add|Remove' },
      ['/shop.Cart/Add', '/shop.CartX/Add'],
    ],
    ['an expression of a service', { type: 'RegularExpression', service: 'oth.*' }, ['/other/Add']],
    ['nothing', {}, paths],
  ]
  for (const [name, method, expected] of rows) test(name, () => assert.deepEqual(pathsThatFit(method, paths), expected))

  test('an empty expression has its meaning: any', () => {
    assert.deepEqual(pathsThatFit({ type: 'RegularExpression', service: '', method: 'Add' }, ['/a/Add', '/a/b']), [
      '/a/Add',
    ])
  })

  test('the rest stays as it is, and it is known for what it was', () => {
    const headers = [{ name: 'x-beta', value: 'yes' }]
    const route = {
      metadata: { name: 'calls', namespace: 'shop', generation: 3 },
      spec: {
        parentRefs: [{ name: 'web' }],
        hostnames: ['h'],
        rules: [{ name: 'a', matches: [{ headers }], backendRefs: [] }],
      },
    }
    const { kind: _kind, ...rest } = asHttpRoute(route)
    assert.deepEqual(rest, route)
    assert.equal(isGrpc(asHttpRoute(route)), true)
    assert.equal(isGrpc(httpRoute('r', [])), false)
  })
})
