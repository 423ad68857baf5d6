/**
 * Healthy releases whose samples are damaged at random, several ways at once: a look always ends, its verdict fits the schema and is the same for the same
 * case, and lost samples are never an abort. A failing seed is told, and is the case.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GateCase } from '../../../../analysis/domain/gates/gate-case.ts'
import { judgeGate } from '../../../../analysis/domain/gates/judge-gate.ts'
import type { GateSeries } from '../../../../analysis/domain/gates/samples.ts'
import { gateVerdictSchema } from '../../../../controller/api/verdict.ts'
import { createRandom, gateCase, latencyCase } from '../../../builders/gate-case.ts'

const SEEDS = 40

type Random = () => number
type Damage = (one: GateSeries, random: Random) => GateSeries

const keep = (one: GateSeries, isKept: (index: number) => boolean): GateSeries => ({
  ...one,
  times: one.times.filter((_, index) => isKept(index)),
  values: one.values.filter((_, index) => isKept(index)),
})
const spoilSome =
  (value: number): Damage =>
  (one, random) => ({ ...one, values: one.values.map((whole) => (random() < 0.1 ? value : whole)) })

/** Of single series. Those of a pod are told apart only by what a scraper and a store can do to them. */
const damages: readonly Damage[] = [
  (one) => one,
  (one) => one,
  (one) => one,
  (one, random) => keep(one, () => random() > 0.3),
  (one, random) => {
    const end = Math.floor(random() * one.times.length)
    return keep(one, (index) => index < end)
  },
  (one, random) => {
    const from = Math.floor(random() * one.times.length)
    return keep(one, (index) => index < from || index > from + 5)
  },
  spoilSome(Number.NaN),
  spoilSome(Number.POSITIVE_INFINITY),
  spoilSome(-1),
  spoilSome(1e300),
  (one) => ({ ...one, values: one.values.slice(1) }),
  (one) => ({ ...one, times: one.times.toReversed(), values: one.values.toReversed() }),
]

/** The pod's process starts anew somewhere in the middle. */
function restartPods(series: readonly GateSeries[], random: Random): readonly GateSeries[] {
  const restarts = new Map<string, number>()
  for (const { pod, times } of series)
    if (!restarts.has(pod))
      restarts.set(pod, random() < 0.3 ? (times[Math.floor(random() * times.length)] ?? 0) : Number.POSITIVE_INFINITY)
  return series.map((one) => {
    const at = restarts.get(one.pod) ?? Number.POSITIVE_INFINITY
    const base = one.values[one.times.findIndex((time) => time >= at)] ?? 0
    return { ...one, values: one.values.map((value, index) => ((one.times[index] ?? 0) >= at ? value - base : value)) }
  })
}

function damage(whole: GateCase, seed: number): GateCase {
  const random = createRandom(seed)
  const restarted = restartPods(whole.series, random)
  const series = restarted.map((one) =>
    (damages[Math.floor(random() * damages.length)] ?? ((same) => same))(one, random),
  )
  return { ...whole, series }
}

describe('samples that are damaged at random', () => {
  const gates: readonly (readonly [string, (seed: number) => GateCase])[] = [
    ['errors', (seed) => gateCase({ rps: 300, seed })],
    ['events', (seed) => gateCase({ role: 'events', stableRate: 0.05, rps: 200, seed })],
    ['latency', (seed) => latencyCase({ rps: 100, seed })],
  ]
  for (const [gate, build] of gates)
    test(gate, () => {
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const given = damage(build(seed), 1000 + seed)
        const verdict = judgeGate(given)
        assert.notEqual(verdict.outcome, 'abort', `seed ${seed}: ${verdict.text}`)
        assert.deepEqual(gateVerdictSchema.parse(JSON.parse(JSON.stringify(verdict))), verdict, `seed ${seed}`)
        assert.deepEqual(judgeGate(given), verdict, `seed ${seed}`)
      }
    })
})
