import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { RouteVerdict } from '../../../sandbox/gateway/route-plan.ts'
import { decideRouteStatus } from '../../../sandbox/gateway/route-status.ts'
import { buildRouteTable } from '../../../sandbox/gateway/route-table.ts'
import { httpRoute, slice, tableInput, to } from './gateway-objects.ts'

const NOW = '2026-01-01T00:00:00Z'

function verdictOf(route: ReturnType<typeof httpRoute>): RouteVerdict {
  const [verdict] = buildRouteTable(tableInput([route], { a: slice() }), new Map()).verdicts
  assert.ok(verdict)
  return verdict
}

const conditionsOf = (verdict: RouteVerdict): Record<string, string> =>
  Object.fromEntries(
    (decideRouteStatus(verdict, NOW)?.[0]?.conditions ?? []).map((c) => [c.type, `${c.status} ${c.reason}`]),
  )

describe('route status', () => {
  test('a served route is accepted, resolved and programmed at its generation', () => {
    const verdict = verdictOf(httpRoute('r', [{ backendRefs: [to('a')] }], { generation: 7 }))
    assert.deepEqual(conditionsOf(verdict), {
      Accepted: 'True Accepted',
      ResolvedRefs: 'True ResolvedRefs',
      Programmed: 'True Programmed',
    })
    assert.ok(decideRouteStatus(verdict, NOW)?.[0]?.conditions.every((c) => c.observedGeneration === 7))
  })

  test('a missing Service is named', () => {
    const verdict = verdictOf(httpRoute('r', [{ backendRefs: [to('gone')] }]))
    assert.equal(conditionsOf(verdict).ResolvedRefs, 'False BackendNotFound')
  })

  test('an unsupported filter is not accepted', () => {
    const verdict = verdictOf(httpRoute('r', [{ backendRefs: [to('a')], filters: [{ type: 'URLRewrite' }] }]))
    assert.equal(conditionsOf(verdict).Accepted, 'False UnsupportedValue')
    assert.equal(conditionsOf(verdict).Programmed, 'False Invalid')
  })

  test('what is said already is not said again, and parents of others stay', () => {
    const route = httpRoute('r', [{ backendRefs: [to('a')] }])
    const foreign = { parentRef: { name: 'mesh' }, controllerName: 'other.example/mesh', conditions: [] }
    const first = decideRouteStatus(verdictOf({ ...route, status: { parents: [foreign] } }), NOW)
    assert.deepEqual(first?.[0], foreign)
    assert.equal(first?.length, 2)
    const second = verdictOf({ ...route, status: { parents: first ?? [] } })
    assert.equal(decideRouteStatus(second, '2027-01-01T00:00:00Z'), undefined)
  })
})
