import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { judgeGate } from '../../../analysis/domain/gates/judge-gate.ts'
import type { GateVerdict } from '../../../controller/api/verdict.ts'
import { readBehaviour } from '../../../sandbox/app/behaviour.ts'
import { renderPast } from '../../../sandbox/story/past.ts'
import { firstRelease, gateMetrics, releases } from '../../../sandbox/story/plot.ts'
import { compareDelay, predictDelay } from '../../../sandbox/story/prediction.ts'
import { createRandom, gateCase } from '../../builders/gate-case.ts'

const caughtByGates = releases.flatMap(({ name, env, expected }) => {
  const gate = gateMetrics.find((metric) => metric === expected.cause)
  return gate ? [{ name, env, gate }] : []
})
/** The gate on shipping counts orders, of which there are fewer than requests. */
const ORDERS_PER_REQUEST = 0.285

describe('how long a gate should take', () => {
  for (const { name, env, gate } of caughtByGates)
    test(`${name}: three scrapes at least, longer with less traffic`, () => {
      const counted = gate === 'shipping' ? ORDERS_PER_REQUEST : 1
      const at = (share: number) =>
        predictDelay(
          gate,
          { canary: env, stable: firstRelease },
          { canary: 10 * counted * share, stable: 190 * counted * share },
        )
      const usual = at(1)
      const little = at(0.1)
      assert.ok(usual && little)
      assert.ok(usual.least >= 3 && usual.least <= usual.most && usual.most <= 6, JSON.stringify(usual))
      assert.ok(little.least > usual.least, JSON.stringify(little))
    })

  test('four bad releases, each of another gate', () => {
    assert.deepEqual(
      caughtByGates.map(({ name, gate }) => [name, gate]),
      [
        ['errors', 'error-rate'],
        ['slow', 'p99-latency'],
        ['no-orders', 'events'],
        ['backlog', 'shipping'],
      ],
    )
  })

  test('nothing is predicted for a release that is as good as stable', () => {
    for (const gate of gateMetrics)
      assert.equal(
        predictDelay(gate, { canary: firstRelease, stable: firstRelease }, { canary: 10, stable: 190 }),
        undefined,
      )
  })

  const env = { canary: releases.find(({ name }) => name === 'errors')?.env ?? {}, stable: firstRelease }
  const verdict: GateVerdict = {
    ...judgeGate(gateCase()),
    at: '2026-01-01T00:00:08Z',
    lookedAt: '2026-01-01T00:00:11.000Z',
    exposedSeconds: 7.6,
    ticks: 4,
    canary: { bad: 16, total: 80 },
    stable: { bad: 60, total: 1520 },
  }

  test('a finding is compared scrape by scrape, at the traffic that there was', () => {
    const predicted = predictDelay('error-rate', env, { canary: 10, stable: 190 })
    assert.ok(predicted)
    const { isInTime: _, ...found } = compareDelay({ metric: 'error-rate', verdict }, env) ?? {}
    assert.deepEqual(found, { gate: 'error-rate', scrapes: 4, predicted, seconds: 8, toldAfterSeconds: 11 })
    const isInTime = (ticks: number) =>
      compareDelay(
        {
          metric: 'error-rate',
          verdict: { ...verdict, ticks, canary: { bad: 0, total: 20 * ticks }, stable: { bad: 0, total: 380 * ticks } },
        },
        env,
      )?.isInTime
    const { least, most } = predicted
    assert.deepEqual([least - 2, least - 1, most + 1, most + 2].map(isInTime), [false, true, true, false])
    assert.equal(compareDelay({ metric: 'error-rate', verdict: { ...verdict, ticks: 0 } }, env), undefined)
    assert.equal(compareDelay({ metric: 'another', verdict }, env), undefined)
  })
})

test('the past behaves as the first version and ends as OpenMetrics must', () => {
  const behaviour = readBehaviour(firstRelease)
  const text = renderPast({ behaviour, from: 0, to: 600_000, random: createRandom(7) })
  const lines = text.trimEnd().split('\n')
  assert.equal(lines.at(-1), '# EOF')
  const last = (name: string): number =>
    lines
      .filter((line) => line.startsWith(name) && line.endsWith(' 600'))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-2)), 0)
  const all = last('http_requests_total')
  assert.ok(Math.abs(last('http_requests_total{method="GET",code="500"') / all - behaviour.errorRate) < 0.01)
  assert.ok(Math.abs(last('orders_total') / all - behaviour.orderRate) < 0.03)
  assert.equal(last('orders_shipped_total'), last('orders_total'))
  assert.equal(last('http_request_duration_seconds_bucket{le="+Inf"'), all)
})
