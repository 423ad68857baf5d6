/** A saved case gives the same numbers when it is judged again, byte by byte; and what is no saved case is refused in one sentence. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GateCase } from '../../../../analysis/domain/gates/gate-case.ts'
import { judgeGate } from '../../../../analysis/domain/gates/judge-gate.ts'
import { calibrateLatency } from '../../../../analysis/domain/gates/latency-calibration.ts'
import { listBounds } from '../../../../analysis/domain/gates/latency-counters.ts'
import { planEdges } from '../../../../analysis/domain/gates/latency-edges.ts'
import { readLatencyHistory } from '../../../../analysis/domain/gates/read-latency-ticks.ts'
import { readStableHistory } from '../../../../analysis/domain/gates/read-ticks.ts'
import { replayCase } from '../../../../analysis/domain/gates/replay-case.ts'
import { parseSavedCase, renderSavedCase } from '../../../../analysis/domain/gates/saved-case.ts'
import { sumSurvival } from '../../../../analysis/domain/gates/survival.ts'
import { calibrate } from '../../../../analysis/domain/stats/calibrate.ts'
import { CASE_START, gateCase, gateSeries, latencyCase, latencySeries } from '../../../builders/gate-case.ts'

const HOUR_MS = 3_600_000
const history = { from: CASE_START, now: CASE_START + HOUR_MS }

function calibratedLatency(): GateCase {
  const given = latencyCase({ slower: 1.4, rps: 60 })
  const stable = latencySeries({ rps: 20, minutes: 30, seed: 7 })
  const bounds = listBounds(stable)
  const { ticks } = readLatencyHistory(stable, bounds, history)
  const plan = planEdges(sumSurvival(ticks, 'stable', bounds), given.rule.toleranceRatio)
  assert.ok(plan)
  const planned = readLatencyHistory(stable, plan.bounds, history).ticks
  return { ...given, latency: { plan, calibration: calibrateLatency(planned, plan, 0.1) } }
}

const native: GateCase = latencyCase(
  {},
  {
    series: (['canary', 'stable'] as const).map((arm) => ({
      arm,
      pod: `web-${arm}`,
      role: 'native',
      times: Array.from({ length: 20 }, (_, at) => CASE_START + at * 15_000),
      values: [],
      histograms: Array.from({ length: 20 }, (_, at) => ({
        count: at * 1000,
        buckets: [
          { lower: 0.05, upper: 0.1, count: at * 900 },
          { lower: 0.1, upper: 0.2, count: at * 90 },
          { lower: 0.2, upper: 0.4, count: at * 8 },
          { lower: 0.4, upper: Number.POSITIVE_INFINITY, count: at * 2 },
        ],
      })),
    })),
  },
)

const odd = gateCase({ rps: 50 })
const cases: Readonly<Record<string, GateCase>> = {
  'errors, with what history taught': gateCase(
    { canaryRate: 0.02 },
    { calibration: calibrate(readStableHistory(gateSeries({ minutes: 60, seed: 3 }), history).ticks, 0.1) },
  ),
  'errors, without history': gateCase({}, { calibration: undefined }),
  events: gateCase({ role: 'events', stableRate: 0.02, canaryRate: 0.004 }),
  'classic buckets with +Inf': latencyCase({ slower: 2 }),
  'latency, with what history taught': calibratedLatency(),
  'native histograms': native,
  'numbers that JSON does not know, and times with fractions': {
    ...odd,
    series: odd.series.map((one) => ({
      ...one,
      times: one.times.map((time, at) => time + at * 0.1),
      values: one.values.map(
        (value, at) => [value, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][at % 5] ?? value,
      ),
    })),
  },
  'everything that a case may have': gateCase(
    {},
    {
      readyAt: new Map([['web-canary-0', CASE_START + 5000]]),
      canaryUp: true,
      warnings: [],
      history: { foundMs: HOUR_MS, askedMs: 4 * HOUR_MS, neededMs: 0 },
      scrapeIntervalMs: 15_000,
    },
  ),
  nothing: gateCase({}, { series: [] }),
}

describe('gates: a saved case', () => {
  for (const [name, given] of Object.entries(cases))
    test(`${name}: the same case and the same numbers`, () => {
      const source = { namespace: 'shop', run: 'web-bbb-2', metric: 'error-rate' }
      const text = renderSavedCase(given, source)
      const read = parseSavedCase(text)
      assert.ok(!('problem' in read), 'problem' in read ? read.problem : '')
      assert.deepEqual(read.gateCase, given)
      assert.deepEqual(read.source, source)
      assert.deepEqual(read.verdict, judgeGate(given))
      const { verdict, differences } = replayCase(read)
      assert.deepEqual(differences, [])
      assert.equal(JSON.stringify(verdict), JSON.stringify(judgeGate(given)))
      assert.deepEqual(JSON.parse(renderSavedCase(read.gateCase, source)), JSON.parse(text))
    })

  test('another machine that formats JSON anew changes nothing', () => {
    const text = renderSavedCase(latencyCase({ slower: 2 }))
    const read = parseSavedCase(JSON.stringify(JSON.parse(text), null, 4))
    assert.ok(!('problem' in read))
    assert.deepEqual(replayCase(read).differences, [])
  })

  test('what differs is named, with both values', () => {
    const text = renderSavedCase(gateCase())
    const read = parseSavedCase(text.replace('"phi": 1.4', '"phi": 1.8'))
    assert.ok(!('problem' in read))
    const changed = { ...read, verdict: { ...read.verdict, evidence: 7, outcome: 'pass' as const } }
    const fields = replayCase(changed).differences.map(({ field }) => field)
    assert.ok(fields.includes('evidence') && fields.includes('outcome') && fields.includes('noise.phi'), fields.join())
  })

  const valid = JSON.parse(renderSavedCase(gateCase({ minutes: 2 })))
  const broken: readonly (readonly [string, string, RegExp])[] = [
    ['no JSON', '{', /^is not JSON$/],
    ['another document', '{"kind":"Rollout"}', /^is no saved case of a gate: format: /],
    ['a later version', JSON.stringify({ ...valid, version: 2 }), /: version: /],
    ['a field that is not known', JSON.stringify({ ...valid, extra: 1 }), /the document: .*extra/],
    [
      'a gate that does not exist',
      JSON.stringify({ ...valid, case: { ...valid.case, gate: 'cpu' } }),
      /: case\.gate: /,
    ],
    [
      'values that are texts',
      JSON.stringify({ ...valid, series: [{ ...valid.series[0], values: ['1'] }] }),
      /: series\.0\.values\.0: /,
    ],
    ['a verdict that is none', JSON.stringify({ ...valid, verdict: {} }), /: verdict\./],
    ['nothing', 'null', /: the document: /],
  ]
  for (const [name, text, expected] of broken)
    test(`${name} is refused in one sentence`, () => {
      const read = parseSavedCase(text)
      assert.ok('problem' in read)
      assert.match(read.problem, expected)
      assert.doesNotMatch(read.problem, /\n/)
    })
})
