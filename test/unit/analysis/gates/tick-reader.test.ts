/**
 * Looks that go on from one to the next say, to the last digit, what a look says that reads everything anew from the same samples: whatever restarts, gaps,
 * late samples and pods that come and go there are. A failing seed is told, and is the case.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GateCase } from '../../../../analysis/domain/gates/gate-case.ts'
import { createGateJudges } from '../../../../analysis/domain/gates/gate-judges.ts'
import { judgeGate } from '../../../../analysis/domain/gates/judge-gate.ts'
import { calibrateLatency } from '../../../../analysis/domain/gates/latency-calibration.ts'
import { listBounds } from '../../../../analysis/domain/gates/latency-counters.ts'
import { planEdges } from '../../../../analysis/domain/gates/latency-edges.ts'
import { readLatencyTicks } from '../../../../analysis/domain/gates/read-latency-ticks.ts'
import { unpackSeries } from '../../../../analysis/domain/gates/sample-log.ts'
import type { Arm, GateSeries, SeriesRole } from '../../../../analysis/domain/gates/samples.ts'
import { sumSurvival } from '../../../../analysis/domain/gates/survival.ts'
import type { RawSeries } from '../../../../analysis/providers/gate/matrix.ts'
import { createSeriesStream } from '../../../../analysis/providers/gate/series-stream.ts'
import { CASE_START, createRandom, gateCase, latencyCase } from '../../../builders/gate-case.ts'

const SEEDS = 12
const LOOK_MS = 15_000
const WINDOW_MS = 60_000

type Random = () => number

interface PodFate {
  /** Samples outside are not there. */
  readonly from: number
  readonly to: number
  /** The process starts anew. */
  readonly restartAt: number
  /** One of its counters is not exported again before it counts. */
  readonly losesSeries: boolean
  /** Scrapes within are lost. */
  readonly gapFrom: number
  readonly gapTo: number
  /** Samples are seen so much later, always or now and then. */
  readonly lateMs: number
  readonly lateShare: number
}

const NEVER = Number.POSITIVE_INFINITY

function drawFate(random: Random, end: number): PodFate {
  const at = (): number => CASE_START + random() * (end - CASE_START)
  const gapFrom = random() < 0.2 ? at() : NEVER
  return {
    from: random() < 0.2 ? at() : 0,
    to: random() < 0.15 ? at() : NEVER,
    restartAt: random() < 0.3 ? at() : NEVER,
    losesSeries: random() < 0.2,
    gapFrom,
    gapTo: gapFrom + random() * 90_000,
    lateMs: random() < 0.3 ? random() * 70_000 : 0,
    lateShare: random() < 0.5 ? 1 : 0.2,
  }
}

interface Sample {
  readonly time: number
  readonly value: number
  readonly shownAt: number
}

interface Played {
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly Sample[]
}

function play(series: readonly GateSeries[], random: Random, end: number): readonly Played[] {
  const fates = new Map<string, PodFate>()
  const lateAt = new Map<string, boolean>()
  return series.map((one, place) => {
    const fate = fates.get(one.pod) ?? drawFate(random, end)
    fates.set(one.pod, fate)
    const base = one.values[one.times.findIndex((time) => time >= fate.restartAt)] ?? 0
    const samples = one.times.flatMap((time, index): readonly Sample[] => {
      if (time < fate.from || time > fate.to || (time >= fate.gapFrom && time < fate.gapTo)) return []
      const isAfter = time >= fate.restartAt
      const value = (one.values[index] ?? 0) - (isAfter ? base : 0)
      if (isAfter && fate.losesSeries && value === 0 && place % 2 === 0) return []
      const key = `${one.pod} ${time}`
      const isLate = lateAt.get(key) ?? random() < fate.lateShare
      lateAt.set(key, isLate)
      return [{ time, value, shownAt: time + 500 + (isLate ? fate.lateMs : 0) }]
    })
    const { arm, pod, role, le, detail = '' } = one
    return { labels: { arm, pod, role, detail, ...(le === undefined ? {} : { le: String(le) }) }, samples }
  })
}

const classify = (labels: Readonly<Record<string, string>>) => ({
  arm: labels.arm as Arm,
  pod: labels.pod ?? '',
  role: labels.role as SeriesRole,
  ...(labels.le === undefined ? {} : { le: Number(labels.le) }),
  detail: labels.detail ?? '',
  fullDetail: labels.detail ?? '',
})

function answerAt(played: readonly Played[], from: number, now: number): readonly RawSeries[] {
  return played.flatMap(({ labels, samples }): readonly RawSeries[] => {
    const shown = samples.filter(({ time, shownAt }) => time > from && time <= now && shownAt <= now)
    if (shown.length === 0) return []
    const [times, values] = [shown.map(({ time }) => time), shown.map(({ value }) => value)]
    return [{ labels, times, values, histograms: [] }]
  })
}

/** As if history had told which bounds to look at; without, they are looked for in all samples at every look. */
function withPlan(whole: GateCase): GateCase {
  const { series, now, rule } = whole
  const bounds = listBounds(series)
  const { ticks } = readLatencyTicks(series, bounds, { from: CASE_START, now, warmupMs: 0 })
  const plan = planEdges(sumSurvival(ticks, 'stable', bounds), rule.toleranceRatio)
  assert.ok(plan)
  return { ...whole, latency: { plan, calibration: calibrateLatency([], plan, 0.2) } }
}

/** How many looks there were, and how many of them were spared reading all samples. */
function compareLooks(whole: GateCase, seed: number): { readonly looks: number; readonly spared: number } {
  const random = createRandom(seed)
  const played = play(whole.series, random, whole.now)
  const stream = createSeriesStream(classify)
  const judges = createGateJudges()
  const phaseMs = random() * LOOK_MS
  let [looks, spared] = [0, 0]
  for (let now = CASE_START + phaseMs; now <= whole.now; now += LOOK_MS) {
    if (random() < 0.1) continue
    stream.append(answerAt(played, stream.readUntil === undefined ? 0 : stream.readUntil - WINDOW_MS, now), now)
    let isWholeRead = false
    const log = [...stream.log]
    const kept: GateCase = {
      ...whole,
      now,
      log,
      get series() {
        isWholeRead = true
        return unpackSeries(log)
      },
    }
    const { log: _kept, ...anew } = { ...whole, now, series: unpackSeries(log) }
    const verdict = judgeGate(kept, judges)
    assert.equal(JSON.stringify(verdict), JSON.stringify(judgeGate(anew)), `seed ${seed}, look at ${now}`)
    looks += 1
    if (!isWholeRead) spared += 1
  }
  return { looks, spared }
}

describe('looks that go on, against looks that read everything anew', () => {
  const gates: readonly (readonly [string, (seed: number) => GateCase])[] = [
    ['errors', (seed) => gateCase({ minutes: 12, rps: 300, canaryRate: 0.006, canaryPods: 2, stablePods: 5, seed })],
    ['events', (seed) => gateCase({ minutes: 12, role: 'events', stableRate: 0.05, rps: 200, stablePods: 4, seed })],
    ['latency', (seed) => withPlan(latencyCase({ minutes: 8, rps: 100, stablePods: 4, seed }))],
  ]
  for (const [gate, build] of gates)
    test(gate, () => {
      let [looks, spared] = [0, 0]
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const found = compareLooks(build(seed), 5000 + seed)
        looks += found.looks
        spared += found.spared
      }
      assert.ok(spared > looks / 10 && spared < looks, `${spared} of ${looks} looks read only what was new`)
    })
})
