/**
 * One look of a gate from raw samples to the verdict: what each kind of release comes to, that no damage to the samples of a healthy one is ever taken
 * for a pass or an abort, and that a verdict holds everything that it rests on.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GateCase } from '../../../../analysis/domain/gates/gate-case.ts'
import { judgeGate } from '../../../../analysis/domain/gates/judge-gate.ts'
import type { GateSeries } from '../../../../analysis/domain/gates/samples.ts'
import { gateVerdictSchema } from '../../../../controller/api/verdict.ts'
import { CASE_START, createRandom, errorRule, gateCase, latencyCase } from '../../../builders/gate-case.ts'

const MINUTE_MS = 60_000
const said = (given: GateCase): string => {
  const { outcome, reason, final } = judgeGate(given)
  return `${outcome} ${reason}${final ? ' final' : ''}`
}

describe('gates: a look from raw samples', () => {
  const rows: readonly (readonly [string, GateCase, string])[] = [
    ['four times the errors', gateCase({ canaryRate: 0.02, minutes: 4 }), 'abort Regression final'],
    [
      'errors of a service without any',
      gateCase({ stableRate: 0, canaryRate: 0.01, minutes: 4 }),
      'abort Regression final',
    ],
    ['nearly all requests fail', gateCase({ canaryRate: 0.8, minutes: 2 }), 'abort HardFloor final'],
    ['healthy, within the stage', gateCase({ minutes: 3 }), 'hold Watching'],
    ['healthy, at the end, many requests', gateCase({ rps: 1000 }), 'pass WouldHaveBeenCaught final'],
    ['healthy, at the end, few requests', gateCase({ rps: 20, weightPercent: 5 }), 'hold Undecided'],
    ['healthy, held out', gateCase({ rps: 20, weightPercent: 5, minutes: 10 }), 'hold Undecided final'],
    ['no errors anywhere, at the end', gateCase({ stableRate: 0 }), 'pass WouldHaveBeenCaught final'],
    ['as bad as stable, which is bad', gateCase({ rps: 1000, stableRate: 0.2 }), 'pass Proven final'],
    ['no canary yet', gateCase({ minutes: 1, canaryPods: 0 }), 'hold CanaryNotSeen'],
    ['never a canary', gateCase({ canaryPods: 0 }), 'error CanaryAbsent'],
    ['no stable', gateCase({ stablePods: 0 }), 'error StableAbsent'],
    ['no samples', gateCase({}, { series: [] }), 'error SeriesAbsent'],
    ['Prometheus warns', gateCase({ rps: 1000 }, { warnings: ['store unreachable'] }), 'error PartialData'],
    [
      'orders are lost',
      gateCase({ role: 'events', stableRate: 0.02, canaryRate: 0, minutes: 4 }),
      'abort Regression final',
    ],
    ['orders as usual', gateCase({ role: 'events', stableRate: 0.02, rps: 400 }), 'pass WouldHaveBeenCaught final'],
    ['hardly any orders', gateCase({ role: 'events', stableRate: 0.02, rps: 10 }), 'hold Undecided'],
    ['twice as slow', latencyCase({ slower: 2, minutes: 4 }), 'abort Regression final'],
    ['a little slower', latencyCase({ slower: 1.05 }), 'hold Undecided'],
    ['as fast as stable, many requests', latencyCase({ rps: 400 }), 'pass WouldHaveBeenCaught final'],
    ['buckets that end too early', latencyCase({ bounds: [0.005, 0.05, 0.1] }), 'hold BucketsEndBelowP99'],
  ]
  for (const [name, given, expected] of rows) test(`${name}: ${expected}`, () => assert.equal(said(given), expected))

  test('a proof passes at once when that is asked for', () => {
    const open = { stage: { maxHoldMs: 0 } }
    const large = gateCase({ rps: 1000, weightPercent: 25, minutes: 30 }, open)
    assert.equal(said(large), 'hold Watching')
    assert.equal(said({ ...large, rule: { ...errorRule, earlyPass: true } }), 'pass Proven final')
  })

  test('an abort stays one while later samples are good, missing or absent', () => {
    const bad = gateCase({ canaryRate: 0.05, minutes: 4 })
    assert.equal(said(bad), 'abort Regression final')
    assert.equal(said({ ...bad, now: bad.now + 10 * MINUTE_MS }), 'abort Regression final')
  })

  test('what was fast before the release does not excuse it, and what was slow does not blame it', () => {
    const given = gateCase({ rps: 1000, canaryRate: 0.005 })
    const { canary, stable } = judgeGate({ ...given, since: CASE_START + 2 * MINUTE_MS })
    const whole = judgeGate(given)
    assert.ok(canary.total < whole.canary.total && stable.total < whole.stable.total)
  })
})

/** One piece of damage to series that are whole; where it begins is random. */
type Damage = (series: readonly GateSeries[], random: () => number) => readonly GateSeries[]

const only =
  (arm: GateSeries['arm'], change: (one: GateSeries) => GateSeries | undefined): Damage =>
  (series) =>
    series.flatMap((one) => (one.arm === arm ? (change(one) ?? []) : one))
const keep = (one: GateSeries, isKept: (index: number) => boolean): GateSeries => ({
  ...one,
  times: one.times.filter((_, index) => isKept(index)),
  values: one.values.filter((_, index) => isKept(index)),
})
const cutEnd = (one: GateSeries, scrapes: number): GateSeries =>
  keep(one, (index) => index < one.times.length - scrapes)
const spoil = (one: GateSeries, value: number): GateSeries => ({ ...one, values: one.values.map(() => value) })

const damages: Readonly<Record<string, Damage>> = {
  'no canary': only('canary', () => undefined),
  'no stable': only('stable', () => undefined),
  nothing: () => [],
  'the canary without samples': only('canary', (one) => keep(one, () => false)),
  'stable without samples': only('stable', (one) => keep(one, () => false)),
  'the canary is stale': (series, random) =>
    only('canary', (one) => cutEnd(one, 3 + Math.floor(random() * 8)))(series, random),
  'stable is stale': (series, random) =>
    only('stable', (one) => cutEnd(one, 3 + Math.floor(random() * 8)))(series, random),
  'both are stale': (series, random) => {
    const scrapes = 3 + Math.floor(random() * 8)
    return series.map((one) => cutEnd(one, scrapes))
  },
  'the canary is NaN': only('canary', (one) => spoil(one, Number.NaN)),
  'stable is NaN': only('stable', (one) => spoil(one, Number.NaN)),
  'everything is infinite': (series) => series.map((one) => spoil(one, Number.POSITIVE_INFINITY)),
  'the canary is negative': only('canary', (one) => spoil(one, -1)),
  'the canary stands still': only('canary', (one) => spoil(one, one.values[0] ?? 0)),
  'pods of both arms have one name': (series) => series.map((one) => ({ ...one, pod: 'web' })),
  'every series twice': (series) => [...series, ...series],
  'gauges instead of counters': (series, random) =>
    series.map((one) => ({ ...one, values: one.values.map(() => random() * 100) })),
  'times without values': (series) => series.map((one) => ({ ...one, values: [] })),
}

const healthy: readonly (readonly [string, (seed: number) => GateCase])[] = [
  ['errors', (seed) => gateCase({ rps: 1000, seed })],
  ['events', (seed) => gateCase({ role: 'events', stableRate: 0.02, rps: 400, seed })],
  ['latency', (seed) => latencyCase({ rps: 200, seed })],
]

/** What is asked when a stage is over and held out; nothing of it is for lack of data. */
const lastWords = [
  ['pause', 0],
  ['proceed', 20 * MINUTE_MS],
  ['abort', 20 * MINUTE_MS],
] as const

describe('gates: damage to the samples of a healthy release is neither a pass nor an abort', () => {
  for (const [gate, build] of healthy) {
    const releases = [1, 2].map((seed) => ({ seed, whole: build(seed) }))
    for (const [name, damage] of Object.entries(damages))
      test(`${gate}: ${name}`, () => {
        for (const { seed, whole } of releases) {
          const series = damage(whole.series, createRandom(seed))
          for (const [onUndecided, laterMs] of lastWords) {
            const { outcome, text } = judgeGate({ ...whole, series, onUndecided, now: whole.now + laterMs })
            assert.ok(outcome === 'hold' || outcome === 'error', text)
          }
        }
      })
  }

  test('the releases themselves pass, so the damage is what kept them from it', () => {
    for (const [gate, build] of healthy)
      for (let seed = 1; seed <= 3; seed++)
        assert.match(said(build(seed)), gate === 'latency' ? /^(?:pass|hold)/ : /^pass/, `${gate} ${seed}`)
  })

  test('single scrapes that are missing are noted, and do not turn a healthy release into a bad one', () => {
    for (const [, build] of healthy)
      for (let seed = 1; seed <= 3; seed++) {
        const whole = build(seed)
        const random = createRandom(seed)
        const series = whole.series.map((one) => keep(one, () => random() > 0.2))
        const { outcome, text } = judgeGate({ ...whole, series })
        assert.notEqual(outcome, 'abort', text)
      }
  })
})

describe('gates: what a verdict holds', () => {
  const cases = [
    ...healthy.map(([, build]) => build(1)),
    gateCase({ canaryRate: 0.02, minutes: 4 }),
    gateCase({ canaryRate: 0.8, minutes: 2 }),
    gateCase({ rps: 20, weightPercent: 5, minutes: 10 }),
    latencyCase({ slower: 2 }),
    gateCase({}, { series: [] }),
    gateCase({ stableRate: 0 }),
  ]

  test('it fits its schema, also after a round trip through JSON', () => {
    for (const given of cases) {
      const verdict = judgeGate(given)
      assert.deepEqual(gateVerdictSchema.parse(JSON.parse(JSON.stringify(verdict))), verdict)
    }
  })

  test('equal cases give equal bytes', () => {
    for (const given of cases)
      assert.equal(JSON.stringify(judgeGate(given)), JSON.stringify(judgeGate(structuredClone(given))))
  })

  test('with data: an interval or that there is none, evidence, and what would have been caught', () => {
    for (const given of cases) {
      const verdict = judgeGate(given)
      if (verdict.ticks === 0) continue
      assert.ok(verdict.evidence > 0 && Number.isFinite(verdict.evidence))
      assert.match(verdict.text, /at any look|no bounds yet/)
      assert.match(verdict.text, /evidence|hard floor/)
      if (verdict.outcome !== 'abort') assert.match(verdict.text, /ould have (?:been )?caught|expected orders seen/)
    }
  })

  test('a reset of a counter is no loss of events and no burst of errors', () => {
    const given = gateCase({ rps: 1000 })
    const resetAt = 9
    const series = given.series.map((one) => {
      const base = one.values[resetAt - 1] ?? 0
      return one.pod === 'web-stable-1'
        ? { ...one, values: one.values.map((v, i) => (i < resetAt ? v : v - base)) }
        : one
    })
    assert.equal(said({ ...given, series }), 'pass WouldHaveBeenCaught final')
  })
})
