/** The gate on business events when all traffic is on the canary: held against the hours before, with the weaker label, and only then. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { findShapeProblem, learnShape } from '../../../../analysis/domain/gates/before-shape.ts'
import type { GateCase, GateStage } from '../../../../analysis/domain/gates/gate-case.ts'
import { judgeGate } from '../../../../analysis/domain/gates/judge-gate.ts'
import { replayCase } from '../../../../analysis/domain/gates/replay-case.ts'
import type { GateSeries } from '../../../../analysis/domain/gates/samples.ts'
import { parseSavedCase, renderSavedCase } from '../../../../analysis/domain/gates/saved-case.ts'
import { parseKnowledge, renderKnowledge } from '../../../../analysis/providers/gate/knowledge.ts'
import { createRandom } from '../../../bench/verdicts/random.ts'
import { CASE_START, gateCase } from '../../../builders/gate-case.ts'

const MINUTE = 60_000
const CUTOVER = CASE_START + 5 * MINUTE
const LAST: GateStage = { index: 4, count: 5, weightPercent: 100, endsAt: CUTOVER + 5 * MINUTE, maxHoldMs: 5 * MINUTE }
/** 2 % of requests are orders. */
const history = { before: { bad: 5760, total: 288_000 }, beforePhi: 2 }

/** Counters of an arm, cut or changed from the cutover on. */
const from = (series: readonly GateSeries[], change: (one: GateSeries, index: number) => GateSeries): GateSeries[] =>
  series.map((one) =>
    change(
      one,
      one.times.findIndex((time) => time >= CUTOVER),
    ),
  )
const vanish = (one: GateSeries, at: number): GateSeries =>
  one.arm === 'stable' ? { ...one, times: one.times.slice(0, at), values: one.values.slice(0, at) } : one
/** Goes on being scraped, and gets nothing any more. */
const idle = (one: GateSeries, at: number): GateSeries =>
  one.arm === 'stable'
    ? { ...one, values: one.values.map((value, i) => (i < at ? value : (one.values[at - 1] ?? 0))) }
    : one
/** The canary takes no order any more. */
const loseOrders = (one: GateSeries, at: number): GateSeries =>
  one.arm === 'canary' && one.role === 'events'
    ? { ...one, values: one.values.map((value, i) => (i < at ? value : (one.values[at - 1] ?? 0))) }
    : one

/** From a minute after the cutover on nothing of it is there. */
const dropCanary = (one: GateSeries, at: number): GateSeries =>
  one.arm === 'canary' ? { ...one, times: one.times.slice(0, at + 4), values: one.values.slice(0, at + 4) } : one
const neverOrders = (one: GateSeries): GateSeries =>
  one.arm === 'canary' && one.role === 'events' ? { ...one, values: one.values.map(() => 0) } : one

/** Nobody meets it before the cutover, as in blue-green. */
const preview = (one: GateSeries, at: number): GateSeries =>
  one.arm === 'canary'
    ? { ...one, values: one.values.map((value) => Math.max(0, value - (one.values[at - 1] ?? 0))) }
    : one
const previewWithoutOrders = (one: GateSeries, at: number): GateSeries => neverOrders(preview(one, at))

interface Shape {
  readonly stable?: (one: GateSeries, index: number) => GateSeries
  readonly canary?: (one: GateSeries, index: number) => GateSeries
  readonly weightPercent?: number
  readonly minutes?: number
}

/** A release that has all traffic since {@link CUTOVER}; before, as `weightPercent` says. */
function release(
  { stable = vanish, canary, weightPercent = 50, minutes = 11 }: Shape,
  more: Partial<GateCase> = {},
): GateCase {
  const own = gateCase({ role: 'events', rps: 40, stableRate: 0.02, minutes, weightPercent })
  const series = from(canary ? from(own.series, canary) : own.series, stable)
  return { ...own, series, ...history, stage: LAST, ...more }
}
const asRecord = (given: GateCase) => {
  const { outcome, reason, comparison } = judgeGate(given)
  return [outcome, reason, comparison ?? 'side by side'].join(' ')
}

describe('events: which comparison speaks', () => {
  const healthy = release({})
  const withoutShape = { ...healthy, beforePhi: undefined } as unknown as GateCase
  /** what, case, outcome reason comparison */
  const rows: readonly (readonly [string, GateCase, string])[] = [
    ['all orders are lost at 100 %, stable is gone', release({ canary: loseOrders }), 'abort Regression beforeAfter'],
    [
      'all orders are lost at 100 %, stable is idle',
      release({ stable: idle, canary: loseOrders }),
      'abort Regression beforeAfter',
    ],
    ['nothing is lost, stable is gone', healthy, 'pass WouldHaveBeenCaught beforeAfter'],
    [
      'nothing is lost, stable is idle: the stronger word',
      release({ stable: idle }),
      'pass WouldHaveBeenCaught side by side',
    ],
    [
      'nothing is lost, the stage goes on',
      release({}, { stage: { ...LAST, endsAt: CUTOVER + 20 * MINUTE } }),
      'hold Watching beforeAfter',
    ],
    [
      'stable still has its share',
      {
        ...gateCase({ role: 'events', rps: 40, stableRate: 0.02, minutes: 11, weightPercent: 95 }),
        ...history,
        stage: LAST,
      },
      'pass WouldHaveBeenCaught side by side',
    ],
    [
      'stable is gone at 50 %',
      release({}, { stage: { ...LAST, weightPercent: 50 } }),
      'error StableStale side by side',
    ],
    [
      'stable is gone, nobody told a weight',
      release({}, { stage: { maxHoldMs: 0 } }),
      'error StableStale side by side',
    ],
    [
      'stable has no event beside the canary, at 50 %: both may share an outage',
      { ...gateCase({ role: 'events', stableRate: 0, canaryRate: 0, minutes: 11, weightPercent: 50 }), ...history },
      'hold NoControl side by side',
    ],
    ['history has too few orders', { ...healthy, before: { bad: 150, total: 7500 } }, 'hold NoControl side by side'],
    ['history has no order', { ...healthy, before: { bad: 0, total: 7500 } }, 'hold NoControl side by side'],
    ['history does not know its noise', withoutShape, 'hold NoControl side by side'],
    ['little seen yet at 100 %', release({ weightPercent: 5, minutes: 5.75 }), 'hold Watching beforeAfter'],
    ['the canary is not scraped any more either', release({ canary: dropCanary }), 'error CanaryStale beforeAfter'],
    ['a cutover, and all is well', release({ canary: preview, stable: idle }), 'pass WouldHaveBeenCaught beforeAfter'],
    [
      'a cutover, and no order',
      release({ canary: previewWithoutOrders, stable: idle }),
      'abort Regression beforeAfter',
    ],
    [
      'worse already side by side',
      release({ weightPercent: 50, stable: idle, canary: neverOrders }),
      'abort Regression side by side',
    ],
  ]
  for (const [what, given, expected] of rows)
    test(`${what}: ${expected}`, () => assert.equal(asRecord(given), expected))
})

describe('events: held against before', () => {
  test('the text says so wherever somebody could take it for more', () => {
    const { text, ...numbers } = judgeGate(release({ canary: loseOrders }))
    const lines = text.replaceAll('\u202f', ' ').split('\n')
    assert.match(lines[0] ?? '', /^ABORT {2}orders {2}stage 5\/5 \(100 %\) {2}before\/after, weaker {2}/)
    assert.match(
      lines[1] ?? '',
      /, stable before the release 5 760 in 288 000 \(2\.00 %\) → 0× \(≤ 0\.\d+× at any look\)$/,
    )
    assert.match(lines[2] ?? '', /Weaker than side by side: what has changed for everybody since then counts against/)
    assert.doesNotMatch(text, /same seconds|A healthy release reaches/)
    assert.match(
      lines[3] ?? '',
      /shared cause: not told apart, nothing runs beside it; expected at one rate, whatever the hour$/,
    )
    assert.deepEqual(numbers.stable, history.before)
    assert.equal(numbers.noise.phi, 2)
  })

  test('what keeps it from being held against before is told with what to do', () =>
    assert.match(
      judgeGate({ ...release({}), before: { bad: 150, total: 7500 } }).text,
      /^HOLD {3}orders {2}stage 5\/5 \(100.%\) {2}all traffic is on the canary, and the history that could stand in for stable has 150 events, of 200 that its rate takes — keep a few percent on stable/,
    ))

  test('no more noise is assumed for a short history: there is enough of it, or no verdict', () => {
    const short = { foundMs: 90 * MINUTE, askedMs: 240 * MINUTE, neededMs: 0 }
    const { problems, comparison } = judgeGate(release({}, { history: short }))
    assert.deepEqual([problems, comparison], [[], 'beforeAfter'])
  })

  test('only what came after stable had its last requests counts', () => {
    const { canary } = judgeGate(release({ canary: loseOrders }))
    assert.equal(canary.bad, 0)
    assert.ok(canary.total > 40 * 60 * 4 * 0.4 && canary.total < 40 * 60 * 6 * 0.6, String(canary.total))
  })

  test('probes that still reach stable are no control', () => {
    const trickle = (one: GateSeries, at: number): GateSeries => {
      const idled = idle(one, at)
      return one.arm === 'stable' && one.role === 'requests' && one.pod === 'web-stable-0'
        ? { ...idled, values: idled.values.map((value, i) => value + Math.max(0, i - at)) }
        : idled
    }
    assert.equal(asRecord(release({ stable: trickle, canary: loseOrders })), 'abort Regression beforeAfter')
  })

  test('failed requests of a canary that has no series of orders are none', () => {
    const given = release({})
    const failing = given.series.flatMap((one): GateSeries[] =>
      one.arm === 'canary' && one.role === 'events' ? [{ ...one, role: 'failed', detail: '503' }] : [one],
    )
    const withoutOrders = { ...given, series: failing.filter(({ role }) => role !== 'events') }
    const { outcome, canary, text } = judgeGate(withoutOrders)
    assert.equal(outcome, 'abort', text)
    assert.equal(canary.bad, 0)
  })

  test('a file of it gives the same numbers', () => {
    const saved = parseSavedCase(renderSavedCase(release({ canary: loseOrders })))
    assert.ok(!('problem' in saved))
    assert.equal(saved.verdict.comparison, 'beforeAfter')
    assert.deepEqual(replayCase(saved).differences, [])
  })
})

describe('what history makes one expect', () => {
  const random = createRandom(3)
  const hours = (draw: (tick: number) => number) =>
    Array.from({ length: 960 }, (_, tick) => ({
      at: tick * 15_000,
      canary: [],
      stable: [{ pod: 'a', bad: draw(tick), total: 300 }],
    }))
  const learn = (draw: (tick: number) => number) => {
    const ticks = hours(draw)
    const bad = ticks.reduce((sum, { stable }) => sum + (stable[0]?.bad ?? 0), 0)
    return learnShape(ticks, { bad, total: 300 * 960 })
  }

  test('independent events have no noise of their own, clumps have theirs', () => {
    assert.ok((learn(() => random.poisson(6)) ?? 9) < 1.6)
    assert.ok(Math.abs((learn(() => 4 * random.poisson(1.5)) ?? 9) - 4) < 1.6)
  })
  test('a rate that wanders within the hour is noise as well, however still it is from tick to tick', () =>
    assert.ok((learn((tick) => random.poisson(6 * (1 + 0.4 * Math.sin(tick / 60)))) ?? 0) > 5))
  test('none is known of minutes, or of hours without an event', () => {
    assert.equal(learnShape(hours(() => 6).slice(0, 8), { bad: 48, total: 2400 }), undefined)
    assert.equal(
      learn(() => 0),
      undefined,
    )
  })
  test('it stays with the run', () => {
    const knowledge = { before: history.before, beforePhi: 2.5, historyMs: 1000 }
    assert.deepEqual(parseKnowledge(renderKnowledge(knowledge)), knowledge)
  })
  test('its rate has to be known to a tenth', () => {
    assert.match(findShapeProblem({ bad: 199, total: 9000 }, 2) ?? '', /has 199 events, of 200/)
    assert.equal(findShapeProblem({ bad: 200, total: 9000 }, 2), undefined)
    assert.match(findShapeProblem(undefined, undefined) ?? '', /no history/)
  })
})
