/** Judges that go on from look to look say exactly what those say that read the release anew, whatever becomes of the samples meanwhile. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GateCase } from '../../../../analysis/domain/gates/gate-case.ts'
import { createGateJudges, type GateJudges } from '../../../../analysis/domain/gates/gate-judges.ts'
import { judgeGate } from '../../../../analysis/domain/gates/judge-gate.ts'
import { createResumer } from '../../../../analysis/domain/gates/resume-judge.ts'
import type { GateSeries } from '../../../../analysis/domain/gates/samples.ts'
import type { Tick } from '../../../../analysis/domain/stats/ticks.ts'
import { CASE_START, calibrated, errorRule, gateCase, latencyCase } from '../../../builders/gate-case.ts'

const SCRAPE_MS = 15_000

/** What there is of the samples at a time; `lost` says which of them are not there yet. */
function cut(series: readonly GateSeries[], now: number, lost: (pod: string, time: number) => boolean): GateSeries[] {
  return series.map((one) => {
    const kept = one.times.flatMap((time, index) => (time <= now && !lost(one.pod, time) ? [index] : []))
    const [times, values] = [one.times, one.values].map((all) => kept.map((index) => all[index] ?? 0))
    return { ...one, times: times ?? [], values: values ?? [] }
  })
}

type Change = (given: GateCase, look: number) => GateCase

function assertSame(whole: GateCase, change: Change = (given) => given): void {
  const judges: GateJudges = createGateJudges()
  const found = new Set<number>()
  let look = 0
  for (let now = CASE_START; now <= whole.now; now += SCRAPE_MS) {
    // Some looks are left out, as those of a busy controller are.
    if (++look % 5 === 0) continue
    const given = change({ ...whole, now, series: cut(whole.series, now, () => false) }, look)
    const verdict = judgeGate(given, judges)
    assert.equal(JSON.stringify(verdict), JSON.stringify(judgeGate(given)), `look ${look}`)
    found.add(verdict.evidence)
  }
  assert.ok(found.size > 5, 'every look found the same')
}

/** Counts that a limit sees through, and a history that is quieter than what goes on now. */
const clumped = { ...calibrated, phi: 3, phiWithinTick: 2.5, podRequests: 300, pods: 4 }
const limited = { ...clumped, limited: { ...clumped, phi: 1.2, phiWithinTick: 1.1, limit: 2 } }

describe('judges that go on', () => {
  const cases: readonly (readonly [string, GateCase])[] = [
    ['healthy', gateCase({ minutes: 12, rps: 300 })],
    ['failing', gateCase({ minutes: 12, canaryRate: 0.012 })],
    ['without a history', gateCase({ minutes: 12, canaryRate: 0.012, seed: 3 }, { calibration: undefined })],
    ['clumped', gateCase({ minutes: 12, rps: 400, canaryRate: 0.012, stablePods: 6 }, { calibration: clumped })],
    ['limited', gateCase({ minutes: 12, rps: 400, canaryRate: 0.012, canaryPods: 2 }, { calibration: limited })],
    ['orders are lost', gateCase({ minutes: 12, role: 'events', stableRate: 0.02, canaryRate: 0.006 })],
    ['as fast', latencyCase({ minutes: 8, rps: 200 })],
    ['slower', latencyCase({ minutes: 8, slower: 1.4, stablePods: 5 })],
  ]
  for (const [name, whole] of cases)
    test(`say what a replay says at every look: ${name}`, () => {
      assertSame(whole)
    })

  test('begin anew when samples of the past come late', () => {
    const whole = gateCase({ minutes: 10, canaryRate: 0.01 })
    const hidden = CASE_START + 2 * 60_000
    assertSame(whole, (given, look) => ({
      ...given,
      series: cut(whole.series, given.now, (pod, time) => look < 25 && pod.endsWith('stable-1') && time > hidden),
    }))
  })

  test('begin anew when the rule or what history taught is another', () => {
    const whole = gateCase({ minutes: 10, canaryRate: 0.01 })
    const strict = { ...errorRule, toleranceRatio: 2 }
    assertSame(whole, (given, look) => ({
      ...given,
      ...(look > 8 ? { rule: strict } : {}),
      calibration: look > 16 ? { ...calibrated, phi: 2 } : calibrated,
    }))
  })

  test('are not asked to read a tick twice, unless one has changed', () => {
    const taken: number[] = []
    const resume = createResumer<Tick, number[]>((judge, tick) => {
      judge.push(tick.at)
      taken.push(tick.at)
    })
    const tickOf = (at: number, bad = 0): Tick => ({
      at,
      canary: [{ pod: 'c', bad, total: 10 }],
      stable: [{ pod: 's', bad: 0, total: 10 }],
    })
    const key = { text: 'rule', calibration: undefined }
    const whole = (ticks: readonly Tick[]) => ({ ticks, settled: 0, whole: () => ticks })
    const ticks = [1, 2, 3].map((at) => tickOf(at))
    resume(whole(ticks.slice(0, 2)), key, () => [])
    assert.deepEqual(
      resume(whole(ticks), key, () => []),
      [1, 2, 3],
    )
    assert.deepEqual(taken, [1, 2, 3])
    assert.deepEqual(
      resume(whole([tickOf(1), tickOf(2, 1), tickOf(3)]), key, () => []),
      [1, 2, 3],
    )
    assert.deepEqual(taken, [1, 2, 3, 1, 2, 3])
    assert.deepEqual(
      resume(whole(ticks.slice(0, 1)), key, () => []),
      [1],
    )
  })
})
