/**
 * The core of a backtest on services that are made up: healthy hours abort nothing, a bad release that was planted is found and its failures are counted,
 * and a case gives the verdict that the gate itself gives on the same samples.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createCountSource } from '../../../../analysis/domain/backtest/count-source.ts'
import { asReleased, canarySize, dealStable } from '../../../../analysis/domain/backtest/deal-pods.ts'
import { findReleases, findTraffic } from '../../../../analysis/domain/backtest/find-traffic.ts'
import type { VersionSeries } from '../../../../analysis/domain/backtest/gate-source.ts'
import type { BacktestPlan, PlanGate } from '../../../../analysis/domain/backtest/plan.ts'
import { listPseudoRollouts } from '../../../../analysis/domain/backtest/pseudo-rollouts.ts'
import { cutRelease } from '../../../../analysis/domain/backtest/read-versions.ts'
import { playPlan } from '../../../../analysis/domain/backtest/replay-plan.ts'
import { renderSummary, summarize } from '../../../../analysis/domain/backtest/summary.ts'
import { judgeGate } from '../../../../analysis/domain/gates/judge-gate.ts'
import { errorRule, MINUTE, START, simulate } from './service.ts'

const gate: PlanGate = {
  name: 'error-rate',
  gate: 'errorRate',
  rule: errorRule,
  historyMs: 60 * MINUTE,
  onUndecided: 'pause',
  maxHoldMs: 5 * MINUTE,
  watchesFrom: 0,
}
const plan: BacktestPlan = {
  name: 'two stages',
  stages: [
    { weightPercent: 10, durationMs: 5 * MINUTE, waitsFor: [] },
    { weightPercent: 50, durationMs: 5 * MINUTE, waitsFor: [] },
  ],
  gates: [gate],
}
const healthy = { name: 'old', pods: 10, requestsPerScrape: 150, errorShare: 0.005, from: 0, to: 300 }

function playPseudo(series: VersionSeries, hours: readonly [number, number], of: BacktestPlan = plan) {
  const range = { from: START + hours[0] * 60 * MINUTE, to: START + hours[1] * 60 * MINUTE }
  const gates = of.gates.map((one) => createCountSource({ gate: one, series, from: START, to: START + 300 * MINUTE }))
  const traffic = findTraffic(series)
  const windows = listPseudoRollouts({
    plan: of,
    range,
    everyMs: 10 * MINUTE,
    traffic,
    releases: findReleases(traffic, range),
    podsAt: (version, at) => gates[0]?.podsAt(version, at) ?? 0,
  })
  const played = windows.cases.map((window) => {
    const deal = dealStable(window.seed)
    return playPlan({
      plan: of,
      gates: gates.map((source) => ({
        gate: source.gate,
        track: source.stableTrack({ ...window, deal, firstWeightPercent: 10 }),
      })),
      since: window.since,
      until: window.until,
      deal,
    })
  })
  return { windows, played }
}

describe('backtest', () => {
  test('healthy hours: every pseudo-rollout passes, and what would have been caught is told', () => {
    const { windows, played } = playPseudo(simulate([healthy], 1), [1, 5])
    assert.equal(windows.cases.length, 24)
    const summary = summarize(plan.gates, played)
    assert.deepEqual(summary.outcomes, { passed: 24, aborted: 0, held: 0, cutShort: 0 })
    const [caught] = summary.gates
    assert.ok(
      (caught?.firstStage ?? 0) > (caught?.plan ?? 0),
      'less is caught within the first stage than within the plan',
    )
    assert.match(
      renderSummary(summary),
      /^would have falsely aborted 0 of 24; smallest error ratio caught within stage 1: \d\.\dx, within the plan: \d\.\dx$/,
    )
  })

  test('pods that are at odds with each other for reasons of their own are not a healthy history', () => {
    const sick = { ...healthy, name: 'old', pods: 10 }
    const series = new Map(simulate([sick], 2))
    const own = (series.get('old') ?? []).map((one) =>
      one.pod === 'old-3' && one.role === 'failed'
        ? { ...one, values: one.values.map((_, scrape) => scrape * 150) }
        : one,
    )
    const { played } = playPseudo(new Map([['old', own]]), [1, 5], { ...plan, gates: [{ ...gate, historyMs: 0 }] })
    assert.ok(played.some(({ outcome, gate: by }) => outcome === 'aborted' && by === 'error-rate'))
  })

  test('a planted bad release is found, and its failures from the abort on are counted one by one', () => {
    const bad = { ...healthy, name: 'new', pods: 2, errorShare: 0.08, from: 120, to: 130 }
    const series = simulate([healthy, bad], 3)
    const releases = findReleases(findTraffic(series), { from: START, to: START + 300 * MINUTE })
    assert.equal(releases.length, 1)
    const [release] = releases
    assert.ok(release)
    assert.deepEqual([release.canary, release.stable, release.ended], ['new', 'old', 'rolledBack'])
    const source = createCountSource({ gate, series, from: START, to: START + 300 * MINUTE })
    const { since, until } = release
    const track = source.releaseTrack(release)
    const played = playPlan({ plan, gates: [{ gate, track }], since, until, deal: asReleased })
    assert.equal(played.outcome, 'aborted')
    assert.ok(played.at - since <= 90_000, `aborted after ${played.at - since} ms`)
    assert.equal(track.countBad(played.at), countFailures(series, played.at))
  })

  test('a case says what the gate says of the same samples at the same time', () => {
    const bad = { ...healthy, name: 'new', pods: 2, errorShare: 0.02, from: 120, to: 130 }
    const series = simulate([healthy, bad], 4)
    const [release] = findReleases(findTraffic(series), { from: START, to: START + 300 * MINUTE })
    assert.ok(release)
    const { since, until } = release
    const source = createCountSource({ gate: { ...gate, historyMs: 0 }, series, from: START, to: START + 300 * MINUTE })
    const played = playPlan({
      plan,
      gates: [{ gate, track: source.releaseTrack(release) }],
      since,
      until,
      deal: asReleased,
    })
    assert.equal(played.outcome, 'aborted')
    const look = (now: number) =>
      judgeGate({
        gate: 'errorRate',
        rule: gate.rule,
        series: cutRelease(series, { ...release, until: now }),
        calibration: undefined,
        since,
        now,
        stage: { maxHoldMs: 0 },
        onUndecided: 'pause',
        queries: [],
      })
    // A tick is looked at when it is over.
    assert.equal(look(played.at + 16_000).outcome, 'abort')
    assert.equal(look(played.at - 1000).outcome, 'hold')
  })

  test('windows with a release in them, and versions that were there from the start, are nobody’s pseudo-rollout or release', () => {
    const other = { ...healthy, name: 'new', pods: 2, from: 120, to: 300 }
    const series = simulate([{ ...healthy, to: 150 }, other], 5)
    const { windows } = playPseudo(series, [1, 5])
    assert.equal(windows.withRelease, 3)
    assert.deepEqual([...new Set(windows.cases.map(({ version }) => version))], ['old', 'new'])
    const both = simulate([healthy, { ...healthy, name: 'twin' }], 6)
    assert.deepEqual(findReleases(findTraffic(both), { from: START, to: START + 300 * MINUTE }), [])
  })

  test('a service of one pod has no pseudo-rollout', () => {
    const { windows } = playPseudo(simulate([{ ...healthy, pods: 1 }], 7), [1, 2])
    assert.deepEqual([windows.cases.length, windows.withoutPods], [0, 6])
  })
})

test('an alert that fires within a release ends it at that moment, one before or after does not', () => {
  const play = (minutes: readonly number[]) =>
    playPlan({
      plan: { ...plan, gates: [] },
      gates: [],
      since: START,
      until: START + 10 * MINUTE,
      deal: asReleased,
      alerts: minutes.map((minute) => ({ at: START + minute * MINUTE, name: 'Slow' })),
    })
  assert.equal(play([-1, 11]).outcome, 'passed')
  const { outcome, at, stage, gate: by } = play([-1, 7, 8])
  assert.deepEqual([outcome, at - START, stage, by], ['aborted', 7 * MINUTE, 1, 'alert Slow'])
})

describe('an undecided stage', () => {
  /** So few requests that nothing could be caught. */
  const quiet = simulate([{ ...healthy, requestsPerScrape: 1 }], 8)
  const waiting = (onUndecided: PlanGate['onUndecided']): BacktestPlan => ({
    ...plan,
    stages: plan.stages.map((stage) => ({ ...stage, waitsFor: ['error-rate'] })),
    gates: [{ ...gate, onUndecided, watchesFrom: undefined }],
  })
  for (const [onUndecided, outcome] of [
    ['pause', 'held'],
    ['abort', 'aborted'],
    ['proceed', 'passed'],
  ] as const) {
    test(`is ${outcome} after the longest hold when a gate says ${onUndecided}`, () => {
      const { played } = playPseudo(quiet, [1, 2], waiting(onUndecided))
      const [first] = played
      assert.equal(first?.outcome, outcome)
      const [stage] = first?.stages ?? []
      assert.ok(stage && stage.endedAt - stage.startedAt >= 10 * MINUTE, 'five minutes, and five of hold')
    })
  }
})

describe('dealing pods', () => {
  const tick = { canary: [], stable: Array.from({ length: 10 }, (_, pod) => ({ pod: `web-${pod}` })) }

  test('a stage’s pods stay in all later stages, and another case has other ones', () => {
    const [few, many] = [10, 40].map((weight) => dealStable(1)(tick, weight).canary.map(({ pod }) => pod))
    assert.deepEqual([few?.length, many?.length], [1, 4])
    assert.ok(few?.every((pod) => many?.includes(pod)))
    const others = new Set(Array.from({ length: 40 }, (_, seed) => dealStable(seed)(tick, 10).canary[0]?.pod))
    assert.ok(others.size >= 8)
  })

  test('at least one pod plays the canary and one does not', () => {
    const sizes = [
      [1, 50],
      [2, 1],
      [2, 99],
      [20, 5],
      [20, 1],
      [3, 50],
    ].map(([pods = 0, weight = 0]) => canarySize(pods, weight))
    assert.deepEqual(sizes, [0, 1, 1, 1, 1, 2])
  })
})

/** Straight from the counters: by how much the failures of `new` grew after a time. */
function countFailures(series: VersionSeries, after: number): number {
  return (series.get('new') ?? [])
    .filter(({ role }) => role === 'failed')
    .reduce((sum, { times, values }) => {
      const from = values[times.findLastIndex((time) => time <= after)] ?? 0
      return sum + (values.at(-1) ?? 0) - from
    }, 0)
}
