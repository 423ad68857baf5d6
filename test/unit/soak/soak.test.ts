/** The parts of the soak that decide: its command line, its plan of kills, its order of releases, its line through memory and its verdict. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { seededRandom } from '../../fakes/fake-random.ts'
import { planKills } from '../../soak/kill-plan.ts'
import { addReadings } from '../../soak/load-reading.ts'
import { fitMemory, type MemorySample } from '../../soak/memory.ts'
import { parseOptions, UsageError } from '../../soak/options.ts'
import { drawKinds, kinds } from '../../soak/order.ts'
import type { SoakResult } from '../../soak/soak.ts'
import { findOurs, stalledMs, watchStalls } from '../../soak/stalls.ts'
import { judgeSoak } from '../../soak/verdict.ts'

describe('the command line of the soak', () => {
  test('without flags: three minutes, 500 requests a second, two kills', () => {
    assert.deepEqual(parseOptions([]), { minutes: 3, rps: 500, kills: 2, seed: 1, json: false })
  })

  test('kills go with the time unless they are told', () => {
    assert.equal(parseOptions(['--minutes', '30'])?.kills, 20)
    assert.equal(parseOptions(['--minutes', '30', '--kills', '0'])?.kills, 0)
  })

  for (const [args, message] of [
    [['--minutes', '0'], '--minutes: expected a number from 1 to 1440, got "0"'],
    [['--minutes', 'ten'], '--minutes: expected a number from 1 to 1440, got "ten"'],
    [['--rps', '1'], '--rps: expected a whole number from 2 to 5000, got "1"'],
    [['--rps', '1.5'], '--rps: expected a whole number from 2 to 5000, got "1.5"'],
    [['--kills', '5'], '--kills: expected a whole number from 0 to 4, got "5"'],
    [['--seed', '-1'], "Option '--seed' argument is ambiguous"],
    [['--seed', '4294967296'], '--seed: expected a whole number from 0 to 4294967295, got "4294967296"'],
    [['--fast'], "Unknown option '--fast'"],
    [['3'], "Unexpected argument '3'"],
  ] as const) {
    test(`refused in one sentence: ${args.join(' ')}`, () => {
      assert.throws(
        () => parseOptions(args),
        (error) => error instanceof UsageError && error.message.startsWith(message) && !error.message.includes('\n'),
      )
    })
  }
})

describe('the plan of a soak', () => {
  test('equal seeds kill at equal moments, in order, and leave the last third alone', () => {
    const draw = (seed: number) => planKills(seededRandom(seed), { durationMs: 600_000, kills: 50 })
    assert.deepEqual(draw(3), draw(3))
    assert.notDeepEqual(draw(3), draw(4))
    const times = draw(3).map(({ atMs }) => atMs)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    assert.ok(times.length === 50 && times.every((atMs) => atMs >= 0 && atMs < 400_000))
  })

  test('every kind of release comes as often, in another order each time', () => {
    const order = drawKinds(seededRandom(1))
    const rounds = Array.from({ length: 20 }, () => kinds.map(() => order.next().value))
    for (const round of rounds) assert.deepEqual(round.toSorted(), [...kinds].toSorted())
    assert.ok(new Set(rounds.map((round) => round.join())).size > 10)
  })
})

const grow = (lifetime: number, from: number, count: number, perRelease: number): readonly MemorySample[] =>
  Array.from({ length: count }, (_, index) => ({ lifetime, release: index + 1, rssMb: from + perRelease * index }))

describe('the line through memory', () => {
  test('processes of different heights share one slope', () => {
    const fit = fitMemory([...grow(1, 80, 20, 0.2), ...grow(2, 140, 30, 0.2)])
    assert.ok(fit)
    assert.equal(fit.lifetimes, 2)
    assert.equal(fit.samples, 30)
    assert.ok(Math.abs(fit.slope - 2) < 1e-9, `${fit.slope} MB per ten releases`)
    assert.ok((fit.standardError ?? 1) < 1e-9)
  })

  test('what a process takes while it warms up is left out', () => {
    const warm = grow(1, 80, 10, 5)
    const flat = Array.from({ length: 10 }, (_, index) => ({ lifetime: 1, release: 11 + index, rssMb: 130 }))
    assert.equal(fitMemory([...warm, ...flat])?.slope, 0)
  })

  test('processes that were killed young give no line', () => {
    assert.equal(fitMemory([...grow(1, 80, 10, 1), ...grow(2, 80, 11, 1)]), undefined)
    assert.equal(fitMemory([]), undefined)
  })
})

const loss = (sentAtMs: number, lostAtMs: number) => ({ sentAtMs, lostAtMs, cause: 'no-endpoint' })

describe('losses and stalls of the cluster', () => {
  const stalls = [{ fromMs: 10_000, toMs: 11_000 }]
  for (const [what, lost, isOurs] of [
    ['before it', loss(9_000, 9_900), true],
    ['across its beginning', loss(9_000, 10_100), false],
    ['within it', loss(10_200, 10_300), false],
    ['around it', loss(9_000, 12_000), false],
    ['sent while what waited is worked off', loss(12_900, 12_950), false],
    ['sent long after it', loss(13_100, 13_150), true],
  ] as const) {
    test(`${what}: ${isOurs ? 'the controller is to blame' : 'nobody can say'}`, () =>
      assert.equal(findOurs([lost], stalls).length, isOurs ? 1 : 0))
  }

  test('a process that was held up notices it', async () => {
    const clock = createFakeClock()
    const watch = watchStalls(clock)
    await clock.advance(1_000)
    assert.deepEqual(watch.stalls(), [])
    clock.suspend(700)
    await clock.advance(50)
    const [stall] = watch.stalls()
    watch.stop()
    assert.ok(stall && stall.toMs - stall.fromMs >= 600 && stall.toMs - stall.fromMs <= 700, JSON.stringify(stall))
    assert.equal(stalledMs([stall, stall]), 2 * (stall.toMs - stall.fromMs))
    assert.equal(clock.pendingTimers(), 0)
  })
})

describe('the verdict of a soak', () => {
  const load = {
    ok: 1000,
    appError: 3,
    lost: 0,
    unjudged: 2,
    lostBy: {},
    losses: [],
    scheduled: 1010,
    sent: 1005,
    skipped: 5,
    late: 7,
    worstLateMs: 640,
  }
  const good: SoakResult = {
    releases: [
      { number: 1, kind: 'promote', seconds: 9, kills: 0, lost: 0, lostBy: {} },
      {
        number: 2,
        kind: 'alert-abort',
        seconds: 7,
        kills: 0,
        lost: 0,
        lostBy: {},
        reaction: { routeMs: 55.4, lastAnswerMs: 60 },
      },
      {
        number: 3,
        kind: 'alert-abort',
        seconds: 30,
        kills: 1,
        lost: 0,
        lostBy: {},
        reaction: { routeMs: 17_000, lastAnswerMs: 17_010 },
      },
    ],
    kills: 1,
    load,
    stalls: [],
    memory: grow(1, 100, 31, 0),
  }

  test("a version's own errors and the load's own lateness are told and are no miss", () => {
    const { figures, misses, text } = judgeSoak(good)
    assert.deepEqual(misses, [])
    assert.deepEqual([figures.releases, figures.kills, figures.lost, figures.stuck], [3, 1, 0, 0])
    assert.deepEqual([figures.alertToStableWeight?.max, figures.alertToStableWeightAcrossKills?.max], [55, 17_000])
    assert.match(text, /1005 sent of 1010 scheduled: 1000 answered, 3 failed by the version itself, 0 lost, 2 not/)
    assert.match(text, /7 sent late, at worst by 640 ms; 5 skipped/)
  })

  test('each target that is missed is a sentence', () => {
    const [first, ...rest] = good.releases
    assert.ok(first)
    const { misses } = judgeSoak({
      ...good,
      releases: [{ ...first, stuck: 'waited 120 s for version 2 to be promoted' }, ...rest],
      load: { ...load, lost: 3, losses: [loss(5_000, 5_010), loss(50_000, 50_010), loss(90_000, 90_010)] },
      stalls: [{ fromMs: 49_000, toMs: 49_500 }],
      memory: grow(1, 100, 40, 0.2),
    })
    assert.deepEqual(misses, [
      '2 requests were lost: 2 no-endpoint',
      '1 releases are stuck',
      'memory grows by 2.00 MB in 10 releases, more than 1',
    ])
  })

  test('a slope of few samples is told and not judged', () => {
    const { misses, text } = judgeSoak({ ...good, memory: grow(1, 100, 14, 1) })
    assert.deepEqual(misses, [])
    assert.match(text, /10\.00 MB in 10 releases.*too few to judge/)
  })
})

test('readings of several hosts are added, but for the worst lateness', () => {
  const reading = { ok: 1, appError: 1, lost: 1, unjudged: 1, scheduled: 4, sent: 4, skipped: 0, late: 1 }
  const both = addReadings([
    { ...reading, worstLateMs: 20, lostBy: { 'no-endpoint': 1 }, losses: [loss(1, 2)] },
    { ...reading, worstLateMs: 10, lostBy: { 'no-endpoint': 1, ECONNRESET: 2 }, losses: [loss(3, 4)] },
  ])
  assert.deepEqual([both.ok, both.lost, both.scheduled, both.worstLateMs], [2, 2, 8, 20])
  assert.deepEqual(both.losses, [loss(1, 2), loss(3, 4)])
  assert.deepEqual(both.lostBy, { 'no-endpoint': 2, ECONNRESET: 2 })
})
