/**
 * The texts that people get, whole, as they read at night (analysis.md 5.2). Each is made of a document written by hand, so that a change of the
 * statistics changes none of them. Narrow spaces are written as plain ones here.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { NARROW_SPACE } from '../../../../analysis/domain/gates/format.ts'
import type { VerdictNumbers } from '../../../../analysis/domain/gates/text-lines.ts'
import { renderVerdictText } from '../../../../analysis/domain/gates/verdict-text.ts'

const abort: VerdictNumbers = {
  version: 1,
  gate: 'errorRate',
  outcome: 'abort',
  reason: 'Regression',
  final: true,
  stage: { number: 2, count: 5, weightPercent: 10, nextWeightPercent: 25, secondsLeft: 195 },
  problems: [],
  lookedAt: '2026-03-02T10:03:48.120Z',
  at: '2026-03-02T10:03:45Z',
  exposedSeconds: 105,
  ticks: 7,
  canary: { bad: 41, total: 2010 },
  stable: { bad: 95, total: 18_090 },
  ratio: 3.88,
  ratioLower: 2.14,
  ratioUpper: 6.71,
  evidence: 1240,
  evidenceLimit: 300,
  toleranceEvidence: 35.4,
  toleranceLimit: 3,
  tolerance: 1.2,
  toleranceExcess: 0.001,
  noise: { phi: 1.4, live: 1.2, historySeconds: 4 * 3600 },
  excess: 30.6,
  expected: 10.4,
  smallestDetectable: 2.9,
  target: { ratio: 3, caught: true },
  stableBefore: { bad: 5100, total: 1_000_000 },
  top: { detail: '503 POST /checkout', bad: 29, of: 41 },
  queries: ['sum by (code) (rate(http_requests_total{app="checkout"}[1m]))'],
}

const pass: VerdictNumbers = {
  ...abort,
  outcome: 'pass',
  reason: 'WouldHaveBeenCaught',
  stage: { number: 2, count: 5, weightPercent: 10, nextWeightPercent: 25, secondsLeft: 0 },
  canary: { bad: 16, total: 3000 },
  stable: { bad: 142, total: 27_000 },
  ratio: 1.014,
  ratioLower: 0.42,
  ratioUpper: 2.31,
  evidence: 0.44,
  toleranceEvidence: 0.3,
  excess: 0.2,
  expected: 15.8,
  smallestDetectable: 2.41,
}

const hold: VerdictNumbers = {
  ...pass,
  outcome: 'hold',
  reason: 'Undecided',
  final: false,
  smallestDetectable: 5.2,
  target: { ratio: 3, caught: false, seconds: 540, nextWeightSeconds: 105 },
}

const orders: VerdictNumbers = {
  ...hold,
  gate: 'events',
  noun: { one: 'order', many: 'orders' },
  stage: { weightPercent: 5, nextWeightPercent: 25 },
  canary: { bad: 1, total: 30 },
  stable: { bad: 11, total: 570 },
  ratio: 1.73,
  ratioLower: undefined,
  ratioUpper: 90.2,
  tolerance: 0.8,
  toleranceExcess: 0,
  expected: 0.58,
  excess: 0.42,
  smallestDetectable: undefined,
  stableBefore: undefined,
  target: { ratio: 0.001, caught: false, events: 8, seconds: 530, nextWeightSeconds: 110 },
  top: undefined,
  queries: [],
}

const p99: VerdictNumbers = {
  ...pass,
  gate: 'latency',
  canary: { bad: 66, total: 20_100 },
  stable: { bad: 610, total: 181_000 },
  ratio: 0.981,
  ratioLower: 0.91,
  ratioUpper: 1.083,
  tolerance: 1.15,
  toleranceExcess: 0,
  noise: { phi: 1, historySeconds: 4 * 3600 },
  smallestDetectable: 1.216,
  target: { ratio: 1.5, caught: true },
  p99: {
    canary: 0.189,
    stable: 0.193,
    canaryPromql: 0.2418,
    stablePromql: 0.242,
    edge: 0.25,
    bucket: { lower: 0.1, upper: 0.25 },
  },
  top: undefined,
  stableBefore: undefined,
  queries: [],
}

const texts: readonly (readonly [string, VerdictNumbers, string])[] = [
  [
    'a regression',
    abort,
    `ABORT  error-rate  stage 2/5 (10 %)  1 min 45 s after the first canary request
  canary 41 of 2 010 failed (2.04 %), stable in the same seconds 95 of 18 090 (0.53 %) → 3.9× (2.1–6.8× at any look)
  evidence 1 240 : 1 (limit 300 : 1), beyond the tolerated 1.2×: 35 : 1 (limit 3 : 1). A healthy release reaches the limit in at most 1 of 300 rollouts, however often we look.
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)
  exposure: 31 extra failed requests, 0.15 % of all requests.   top: 503 POST /checkout (29 of 41)
  look at: sum by (code) (rate(http_requests_total{app="checkout"}[1m]))`,
  ],
  [
    'a regression that was told before, and looks better by now',
    { ...abort, evidence: 120, queries: [] },
    `ABORT  error-rate  stage 2/5 (10 %)  1 min 45 s after the first canary request
  canary 41 of 2 010 failed (2.04 %), stable in the same seconds 95 of 18 090 (0.53 %) → 3.9× (2.1–6.8× at any look)
  evidence 120 : 1 (limit 300 : 1), beyond the tolerated 1.2×: 35 : 1 (limit 3 : 1); both limits were reached before. A healthy release reaches the limit in at most 1 of 300 rollouts, however often we look.
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)
  exposure: 31 extra failed requests, 0.15 % of all requests.   top: 503 POST /checkout (29 of 41)`,
  ],
  [
    'a canary that nearly always fails',
    {
      ...abort,
      reason: 'HardFloor',
      hardFloor: { canary: { bad: 31, total: 40 }, stable: { bad: 3, total: 360 } },
      queries: [],
    },
    `ABORT  error-rate  stage 2/5 (10 %)  1 min 45 s after the first canary request
  canary 41 of 2 010 failed (2.04 %), stable in the same seconds 95 of 18 090 (0.53 %) → 3.9× (2.1–6.8× at any look)
  hard floor: 31 of 40 canary requests failed in two scrapes, 3 of 360 of stable's. Statistics were not waited for.
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)
  exposure: 31 extra failed requests, 0.15 % of all requests.   top: 503 POST /checkout (29 of 41)`,
  ],
  [
    'a regression while both arms have trouble, without history',
    {
      ...abort,
      stable: { bad: 950, total: 18_090 },
      canary: { bad: 410, total: 2010 },
      noise: { phi: 8, historySeconds: 0 },
      stage: undefined,
      top: undefined,
      queries: [],
    },
    `ABORT  error-rate  1 min 45 s after the first canary request
  canary 410 of 2 010 failed (20.4 %), stable in the same seconds 950 of 18 090 (5.25 %) → 3.9× (2.1–6.8× at any look)
  evidence 1 240 : 1 (limit 300 : 1), beyond the tolerated 1.2×: 35 : 1 (limit 3 : 1). A healthy release reaches the limit in at most 1 of 300 rollouts, however often we look.
  noise: clumped events (φ 8 assumed: no history, and too few stable pods to compare), included.   shared cause: stable moved too (0.51 % → 5.25 %), taken out
  exposure: 31 extra failed requests, 0.15 % of all requests.`,
  ],
  [
    'errors of a service that never had any',
    {
      ...abort,
      canary: { bad: 1, total: 1504 },
      stable: { bad: 0, total: 13_475 },
      ratio: undefined,
      ratioLower: 11.9,
      ratioUpper: undefined,
      evidence: 1e300,
      excess: 1,
      stableBefore: { bad: 1, total: 1_000_000 },
      top: { detail: '500 GET /', bad: 1, of: 1 },
      queries: [],
    },
    `ABORT  error-rate  stage 2/5 (10 %)  1 min 45 s after the first canary request
  canary 1 of 1 504 failed (0.066 %), stable in the same seconds 0 of 13 475 (0 %) → ≥ 11× at any look
  evidence over 1 000 000 : 1 (limit 300 : 1), beyond the tolerated 1.2×: 35 : 1 (limit 3 : 1). A healthy release reaches the limit in at most 1 of 300 rollouts, however often we look.
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.0001 % → 0 %)
  exposure: 1 extra failed request, 0.0067 % of all requests.   top: 500 GET / (1 of 1)`,
  ],
  [
    'undecided for too long, and the user wants an abort',
    {
      ...hold,
      outcome: 'abort',
      reason: 'AbortUndecided',
      final: true,
      stage: { number: 1, count: 4, secondsLeft: -303 },
      queries: [],
    },
    `ABORT  error-rate  stage 1/4  undecided 5 min 3 s after the stage's end, and onUndecided is abort.  Would have caught ≥ 5.2× (2.73 % failing).
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 1.01× (0.42–2.4× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)
  top: 503 POST /checkout (29 of 41)`,
  ],
  [
    'nothing found, and it would have been',
    pass,
    `PASS   error-rate  stage 2/5 (10 %)  canary/stable 1.01× (0.42–2.4× at any look).  Would have caught ≥ 2.5× (1.27 % failing).
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 1.01× (0.42–2.4× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)
  look at: sum by (code) (rate(http_requests_total{app="checkout"}[1m]))`,
  ],
  [
    'proven to be within the tolerance',
    { ...pass, reason: 'Proven', ratio: 0.95, ratioUpper: 1.191, queries: [] },
    `PASS   error-rate  stage 2/5 (10 %)  canary/stable 0.95× (≤ 1.2× proven).  Would have caught ≥ 2.5× (1.27 % failing).
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 0.95× (0.42–1.2× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)`,
  ],
  [
    'worse than stable, but within the tolerance',
    { ...pass, evidence: 412, ratio: 1.15, ratioLower: 1.021, ratioUpper: 1.32, queries: [] },
    `PASS   error-rate  stage 2/5 (10 %)  canary/stable 1.15× (1.02–1.32× at any look).  Would have caught ≥ 2.5× (1.27 % failing).
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 1.15× (1.02–1.32× at any look)
  evidence 412 : 1 (limit 300 : 1), but not enough beyond the tolerated 1.2×: 0.3 : 1 (limit 3 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)`,
  ],
  [
    'latency, beside what the dashboard shows',
    p99,
    `PASS   p99  stage 2/5 (10 %)  canary/stable 0.98× (0.91–1.09× at any look).  Would have caught ≥ 1.22×.
  canary 66 of 20 100 slower than 250 ms (0.33 %), stable in the same seconds 610 of 181 000 (0.34 %) → 0.98× (0.91–1.09× at any look)
  P99 189 ms vs 193 ms (log-log).   dashboard value (PromQL): 242 ms vs 242 ms, bucket 100–250 ms is coarse
  evidence 0.4 : 1 (limit 300 : 1)
  noise: independent events (φ 1 from 4 h of history), included.   shared cause: cancels, both arms in the same seconds`,
  ],
  [
    'undecided, and the user wants to go on',
    {
      ...hold,
      outcome: 'pass',
      reason: 'ProceedUndecided',
      final: true,
      stage: { weightPercent: 10, secondsLeft: -60 },
      queries: [],
    },
    `PASS   error-rate  at 10 %  undecided 1 min after the stage's end, and onUndecided is proceed: nothing is proven.  Would have caught ≥ 5.2× (2.73 % failing).
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 1.01× (0.42–2.4× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)`,
  ],
  [
    'too few orders yet',
    orders,
    `HOLD   orders  at 5 %  0.6 of 8 expected orders seen so far: 9 min more, or 2 min at 25 %.  Not a pass.
  canary 1 order in 30 requests (3.33 %), stable in the same seconds 11 in 570 (1.93 %) → 1.73× (≤ 91× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: cancels, both arms in the same seconds`,
  ],
  [
    'orders that are missing',
    {
      ...orders,
      outcome: 'abort',
      reason: 'Regression',
      final: true,
      canary: { bad: 2, total: 2010 },
      stable: { bad: 362, total: 18_090 },
      ratio: 0.0497,
      ratioLower: 0.0112,
      ratioUpper: 0.31,
      evidence: 5000,
      toleranceEvidence: 900,
      excess: -38.2,
      expected: 40.2,
    },
    `ABORT  orders  at 5 %  1 min 45 s after the first canary request
  canary 2 orders in 2 010 requests (0.1 %), stable in the same seconds 362 in 18 090 (2.00 %) → 0.05× (0.011–0.31× at any look)
  evidence 5 000 : 1 (limit 300 : 1), beyond the tolerated 0.8×: 900 : 1 (limit 3 : 1). A healthy release reaches the limit in at most 1 of 300 rollouts, however often we look.
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: cancels, both arms in the same seconds
  exposure: 38 orders missing, 0.19 % of all requests.`,
  ],
  [
    'not yet able to catch what is asked for',
    { ...hold, queries: [] },
    `HOLD   error-rate  stage 2/5 (10 %)  so far only ≥ 5.2× (2.73 % failing) would have been caught, asked for is ≥ 3× (1.58 % failing): 9 min more, or 2 min at 25 %.  Not a pass.
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 1.01× (0.42–2.4× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)`,
  ],
  [
    'held out: a person decides, and there is no telling when',
    { ...hold, final: true, smallestDetectable: undefined, target: { ratio: 3, caught: false }, queries: [] },
    `HOLD   error-rate  stage 2/5 (10 %)  so far nothing would have been caught, asked for is ≥ 3× (1.58 % failing): too few requests to foresee when.  Not a pass: a person has to decide.
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 1.01× (0.42–2.4× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)`,
  ],
  [
    'still watching',
    {
      ...hold,
      reason: 'Watching',
      target: { ratio: 3, caught: true },
      smallestDetectable: 2.41,
      stage: { number: 2, count: 5, secondsLeft: 100 },
      queries: [],
    },
    `HOLD   error-rate  stage 2/5  nothing found so far; the stage ends in 2 min.  Would have caught ≥ 2.5× (1.27 % failing).  Not a pass.
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 1.01× (0.42–2.4× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)`,
  ],
  [
    'no traffic, and a note',
    {
      ...hold,
      reason: 'NoTraffic',
      problems: [
        {
          reason: 'NoTraffic',
          what: 'the canary gets no requests any more',
          fix: 'check that traffic is routed to the canary',
        },
        { reason: 'ScrapeGaps', what: 'scrapes are missing: web-1', fix: 'look at up of these pods' },
      ],
      queries: [],
    },
    `HOLD   error-rate  stage 2/5 (10 %)  the canary gets no requests any more — check that traffic is routed to the canary.  Not a pass.
  canary 16 of 3 000 failed (0.53 %), stable in the same seconds 142 of 27 000 (0.53 %) → 1.01× (0.42–2.4× at any look)
  evidence 0.4 : 1 (limit 300 : 1)
  noise: clumped events (φ 1.4 from 4 h of history and live stable twins), included.   shared cause: no, stable unchanged (0.51 % → 0.53 %)
  note: scrapes are missing: web-1; look at up of these pods`,
  ],
  [
    'series that are absent',
    {
      ...orders,
      outcome: 'error',
      reason: 'SeriesAbsent',
      ticks: 0,
      stage: undefined,
      problems: [
        {
          reason: 'SeriesAbsent',
          what: 'series are absent in both arms: orders_completed_total{app="shop"}',
          fix: 'check the name of the metric and its labels',
        },
      ],
      queries: ['orders_completed_total{app="shop"}'],
    },
    `ERROR  orders  series are absent in both arms: orders_completed_total{app="shop"} — check the name of the metric and its labels.`,
  ],
]

const plain = (text: string): string => text.replaceAll(NARROW_SPACE, ' ')

describe('gates: texts of verdicts', () => {
  for (const [name, numbers, expected] of texts)
    test(name, () => assert.equal(plain(renderVerdictText(numbers)), expected))

  test('a text fits into an event beside the words around it, and no line ends in the middle', () => {
    const long = 'x'.repeat(5000)
    const numbers: VerdictNumbers = {
      ...abort,
      problems: Array.from({ length: 40 }, (_, at) => ({ reason: 'ScrapeGaps', what: `${at} ${long}`, fix: 'look' })),
      top: { detail: long, bad: 1, of: 2 },
      queries: [long],
    }
    for (const outcome of ['abort', 'hold', 'pass', 'error'] as const) {
      const text = renderVerdictText({ ...numbers, outcome, reason: outcome === 'hold' ? 'NoTraffic' : 'X' })
      assert.ok(Buffer.byteLength(text) <= 900, `${Buffer.byteLength(text)}`)
      assert.match(text, /^[A-Z]+ +error-rate/)
    }
  })

  test('what to do stays on the first line, however long the query is', () => {
    const problems = [
      { reason: 'SeriesAbsent', what: `series are absent: ${'x'.repeat(900)}`, fix: 'check the labels' },
    ]
    const text = renderVerdictText({ ...abort, outcome: 'error', reason: 'SeriesAbsent', ticks: 0, problems })
    assert.match(text.split('\n')[0] ?? '', /… — check the labels\.$/)
  })
})
