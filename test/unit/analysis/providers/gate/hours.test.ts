/** Weeks of hours are asked for once, when all traffic is on the canary of a gate on events, in bounded questions, and kept over looks and restarts. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HOUR_MS } from '../../../../../analysis/domain/gates/hour-shape.ts'
import { recallHours, withHours } from '../../../../../analysis/providers/gate/hours.ts'
import type {
  LongProviderModule,
  LookOrder,
  LookOutcome,
  LookPorts,
} from '../../../../../analysis/providers/long-provider.ts'
import { EXPOSED_SINCE, STAGE } from '../../../../../controller/api/labels.ts'
import { renderReleaseStage } from '../../../../../controller/api/release-stage.ts'
import { GATE_HOURS } from '../../../../../controller/api/verdict.ts'
import { httpResponse } from '../../../../fakes/fake-transport.ts'

const SINCE = Date.UTC(2026, 2, 2, 12, 34, 56)
const config = { gate: 'events', event: 'orders_total', service: 'shop', canary: 'new', stable: 'old' }

interface Asked {
  readonly query: string
  readonly start: number
  readonly end: number
  readonly step: number
}

/** A Prometheus that has so many weeks of hours, with a hundred times the events at 20:00. */
function createPorts(weeks: number, failing = false) {
  const asked: Asked[] = []
  const ports: Pick<LookPorts, 'send'> = {
    async send(request) {
      const form = new URLSearchParams(request.body ?? '')
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name)))
      assert.ok(request.url.endsWith('/api/v1/query_range') && start && end && step)
      asked.push({ query: form.get('query') ?? '', start, end, step })
      if (failing) return httpResponse(503, '{"status":"error","errorType":"timeout","error":"query timed out"}')
      const values: (readonly [number, string])[] = []
      for (let at = start; at <= end; at += step) {
        if (at <= SINCE / 1000 - weeks * 7 * 86_400) continue
        const isBusy = new Date(at * 1000 - 1).getUTCHours() === 20
        values.push([at, /orders_total/.test(form.get('query') ?? '') ? (isBusy ? '1000' : '10') : '10000'])
      }
      const result = values.length === 0 ? [] : [{ metric: {}, values }]
      return httpResponse(200, JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }))
    },
  }
  return { asked, ports: ports as LookPorts }
}

/** A gate that tells what it was told. */
function createGate() {
  const told: LookOrder['open'][] = []
  const inner: LongProviderModule = {
    id: 'penstock/gate',
    look: async ({ open }): Promise<LookOutcome> => {
      told.push(open)
      return { kind: 'running', resumeAt: SINCE, isUnchanged: true, metadata: { own: '1' } }
    },
  }
  return { told, gate: withHours(inner) }
}

const orderOf = (weight: number, changes: Partial<LookOrder> = {}): LookOrder => ({
  config,
  metric: { name: 'orders', provider: {} },
  run: {
    name: 'run',
    namespace: 'shop',
    uid: 'uid',
    labels: {},
    annotations: {
      [STAGE]: renderReleaseStage({ number: weight === 100 ? 2 : 1, weights: [weight === 100 ? 5 : weight, 100] }),
      [EXPOSED_SINCE]: new Date(SINCE).toISOString(),
    },
    createdAt: SINCE + 60_000,
    startedAt: SINCE + 60_000,
  },
  open: undefined,
  mode: 'strict',
  now: SINCE + 120_000,
  prometheusAddress: 'http://prometheus:9090',
  readableNamespaces: [],
  ...changes,
})
const { signal } = new AbortController()

describe('the hours of a gate on events', () => {
  test('four weeks are asked for in whole hours, a week a question, and what they teach is stored', async () => {
    const { told, gate } = createGate()
    const { asked, ports } = createPorts(8)
    const outcome = await gate.look(orderOf(100), ports, signal)
    assert.equal(asked.length, 8)
    for (const { start, end, step } of asked) assert.deepEqual([end % 3600, end - start, step], [0, 167 * 3600, 3600])
    assert.equal(Math.max(...asked.map(({ end }) => end)), Math.floor(SINCE / HOUR_MS) * 3600, 'none of the release')
    assert.equal(new Set(asked.map(({ query }) => query)).size, 2)
    assert.match(asked[0]?.query ?? '', /^sum\(increase\(http_requests_total\{.*!~"\|new".*\}\[1h\]\)\)$/)
    assert.ok(outcome.kind === 'running')
    assert.equal(outcome.isUnchanged, false, 'it has to be written')
    assert.equal(outcome.metadata?.own, '1')
    const { hours } = recallHours({ phase: 'Running', metadata: { ...outcome.metadata } })
    assert.deepEqual(
      [hours?.kind, hours?.periods, Math.max(...(hours?.ratios ?? []).map(Number))],
      ['hourOfWeek', 4, 100],
    )
    assert.deepEqual(recallHours(told[0]), { hours }, 'and the gate is told')
  })

  test('it is not asked again, by the same controller or by the next one', async () => {
    const { told, gate } = createGate()
    const { asked, ports } = createPorts(3)
    const first = await gate.look(orderOf(100), ports, signal)
    await gate.look(orderOf(100), ports, signal)
    assert.equal(asked.length, 8, 'three weeks, and one that is empty, of each')
    assert.ok(first.kind === 'running')
    const open = { phase: 'Running' as const, metadata: { ...first.metadata } }
    const next = createGate()
    const later = await next.gate.look(orderOf(100, { open }), createPorts(0, true).ports, signal)
    assert.ok(later.kind === 'running' && later.isUnchanged === true)
    assert.equal(later.metadata?.[GATE_HOURS], first.metadata?.[GATE_HOURS])
    assert.deepEqual(recallHours(next.told[0]), recallHours(told[0]))
    gate.forget?.('uid')
    await gate.look(orderOf(100), ports, signal)
    assert.equal(asked.length, 16)
  })

  test('without weeks one rate is kept, and not asked about again either', async () => {
    const { gate } = createGate()
    const { asked, ports } = createPorts(0)
    const outcome = await gate.look(orderOf(100), ports, signal)
    assert.equal(asked.length, 2)
    assert.ok(outcome.kind === 'running')
    assert.equal(outcome.metadata?.[GATE_HOURS], '{}')
    assert.deepEqual(recallHours({ phase: 'Running', metadata: { ...outcome.metadata } }), {})
    await gate.look(orderOf(100), ports, signal)
    assert.equal(asked.length, 2)
  })

  test('no answer is an error of the look, and is asked for again', async () => {
    const { told, gate } = createGate()
    const { ports } = createPorts(4, true)
    const outcome = await gate.look(orderOf(100), ports, signal)
    assert.ok(outcome.kind === 'error')
    assert.match(
      outcome.message,
      /^hours before the release: prometheus: timeout: query timed out; query: sum\(increase/,
    )
    assert.equal(told.length, 0)
    assert.equal((await gate.look(orderOf(100), createPorts(4).ports, signal)).kind, 'running')
  })

  const silent: readonly (readonly [string, LookOrder])[] = [
    ['less than all traffic', orderOf(50)],
    ['another gate', orderOf(100, { config: { ...config, gate: 'errorRate' } })],
    ['no event', orderOf(100, { config: { ...config, event: '' } })],
    ['no history wanted', orderOf(100, { config: { ...config, history: '0s' } })],
    ['a configuration that the gate refuses', orderOf(100, { config: { gate: 'events' } })],
  ]
  for (const [what, order] of silent)
    test(`${what}: nothing is asked`, async () => {
      const { told, gate } = createGate()
      const { asked, ports } = createPorts(4)
      const outcome = await gate.look(order, ports, signal)
      assert.ok(outcome.kind === 'running')
      assert.deepEqual([asked.length, told[0], outcome.metadata], [0, undefined, { own: '1' }])
    })

  for (const text of ['{', 'null', '{"kind":"hourOfMoon"}'])
    test(`metadata that somebody broke (${text}) is one rate`, () =>
      assert.deepEqual(recallHours({ phase: 'Running', metadata: { [GATE_HOURS]: text } }), {}))
})
