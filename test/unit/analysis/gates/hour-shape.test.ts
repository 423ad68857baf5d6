/**
 * What weeks of hourly sums teach a gate that is held against the hours before: against sums by hand, against an enumeration of every hour, and on simulated
 * weeks in which people buy at night and not by day.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { expectTicks } from '../../../../analysis/domain/gates/before-shape.ts'
import { HOUR_MS, type HourCount, learnHours, ratioAt } from '../../../../analysis/domain/gates/hour-shape.ts'
import { judgeBeforeAfter } from '../../../../analysis/domain/stats/before-after.ts'
import { seededRandom } from '../../../fakes/fake-random.ts'
import { errorRule } from '../backtest/service.ts'

const DAY = 24 * HOUR_MS
const SINCE = Date.UTC(2026, 2, 2, 12)
const BEFORE = { since: SINCE, beforeMs: 4 * HOUR_MS }

const poisson = (mean: number, random: () => number): number => {
  if (mean > 500) return Math.max(0, Math.round(mean + Math.sqrt(mean) * gaussian(random)))
  let [count, left] = [0, Math.exp(-mean)]
  for (let product = random(); product > left; product *= random()) count += 1
  return count
}
const gaussian = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** `rate` of events per request by hour of the day and day of the week. */
function past(days: number, rate: (hour: number, day: number) => number, seed = 1, requests = 20_000): HourCount[] {
  const { next } = seededRandom(seed)
  return Array.from({ length: days * 24 }, (_, index) => {
    const at = SINCE - index * HOUR_MS
    const begins = new Date(at - HOUR_MS)
    return { at, total: requests, bad: poisson(requests * rate(begins.getUTCHours(), begins.getUTCDay()), next) }
  })
}

const byDay = (hour: number): number => (hour >= 8 && hour < 18 ? 0.01 : 0.03)
const byWeek = (hour: number, day: number): number => (day === 0 || day === 6 ? 0.5 : 1) * byDay(hour)
const at = (day: number, hour: number): number => SINCE - 12 * HOUR_MS + day * DAY + (hour + 0.5) * HOUR_MS

describe('hours', () => {
  test('two weeks teach the week, two days the day, less nothing', () => {
    const kinds = [28, 14, 13, 2, 1.5, 1, 0].map((days) => learnHours(past(days, byWeek), BEFORE))
    assert.deepEqual(
      kinds.map((shape) => shape && [shape.kind, shape.periods]),
      [['hourOfWeek', 4], ['hourOfWeek', 2], ['hourOfDay', 13], ['hourOfDay', 2], undefined, undefined, undefined],
    )
  })

  test('ratios are those of the hours before the release', () => {
    const shape = learnHours(past(28, byWeek), BEFORE)
    // Monday noon: the hours before were at 0.01.
    const near = (day: number, hour: number, expected: number) => {
      const ratio = ratioAt(shape, at(day, hour)) ?? 0
      assert.ok(Math.abs(ratio / expected - 1) < 0.1, `${day} ${hour}: ${ratio}`)
    }
    near(0, 13, 1)
    near(0, 20, 3)
    near(5, 13, 0.5)
    near(5, 20, 1.5)
    near(7, 13, 1)
  })

  test('the last second of an hour and its end are in it, the next millisecond is not', () => {
    const hours = Array.from({ length: 24 * 14 }, (_, index): HourCount => {
      const end = SINCE - index * HOUR_MS
      return { at: end, total: 1000, bad: new Date(end - 1).getUTCHours() === 20 ? 40 : 10 }
    })
    const shape = learnHours(hours, BEFORE)
    const end = Date.UTC(2026, 2, 2, 21)
    assert.deepEqual(
      [end - HOUR_MS, end - HOUR_MS + 1, end, end + 1].map((time) => ratioAt(shape, time)),
      [1, 4, 4, 1],
    )
  })

  test('an hour that was never seen has no ratio, one of the coming day makes it the day or nothing', () => {
    const friday = (time: number) => new Date(time - 1).getUTCDay() === 5
    const withoutFriday = past(28, byDay).filter((hour) => !friday(hour.at))
    const shape = learnHours(withoutFriday, BEFORE)
    assert.equal(shape?.kind, 'hourOfWeek')
    assert.equal(ratioAt(shape, at(4, 13)), undefined)
    const ticks = [{ at: at(4, 13), bad: 0, total: 100 }]
    assert.equal(expectTicks(ticks, { bad: 10, total: 1000 }, shape)[0]?.expected, 0, 'and is not judged')
    const monday = (time: number) => new Date(time - 1).getUTCDay() === 1
    const withoutMonday = past(28, byDay).filter((hour) => !monday(hour.at) || hour.at > SINCE - 5 * HOUR_MS)
    assert.equal(learnHours(withoutMonday, BEFORE)?.kind, 'hourOfDay')
    const withoutNight = past(28, byDay).filter((hour) => new Date(hour.at - 1).getUTCHours() !== 3)
    assert.equal(learnHours(withoutNight, BEFORE), undefined)
  })

  test('without a shape all hours are alike; without events there is none', () => {
    assert.equal(ratioAt(undefined, SINCE), 1)
    assert.equal(
      learnHours(
        past(28, () => 0),
        BEFORE,
      ),
      undefined,
    )
  })

  test('hours of the release itself are not learnt from', () => {
    const later = Array.from({ length: 50 }, (_, hour) => ({ at: SINCE + (hour + 1) * HOUR_MS, total: 1000, bad: 0 }))
    const known = past(14, byWeek)
    assert.deepEqual(learnHours([...known, ...later], BEFORE), learnHours(known, BEFORE))
  })
})

describe('the noise of hours', () => {
  /** Every hour on its own: the rate of the others at its place, at the level of the four hours before it, which leave themselves out as well. */
  function enumerate(hours: readonly HourCount[], slots: number): number {
    const slot = (time: number) => (time / HOUR_MS - 1) % slots
    const rateWithout = (one: HourCount) => {
      const others = hours.filter((other) => other !== one && slot(other.at) === slot(one.at))
      return sum(others.map(({ bad }) => bad)) / sum(others.map(({ total }) => total))
    }
    const residuals = hours.flatMap((one) => {
      const before = hours.filter((other) => other.at < one.at && other.at >= one.at - 4 * HOUR_MS)
      if (before.length === 0) return []
      const seen = sum(before.map(({ bad }) => bad)) / sum(before.map(({ total }) => total))
      const usual = sum(before.map((other) => rateWithout(other) * other.total)) / sum(before.map(({ total }) => total))
      const expected = ((seen * rateWithout(one)) / usual) * one.total
      return [{ at: one.at, difference: one.bad - expected, expected }]
    })
    residuals.sort((one, other) => one.at - other.at)
    const quotients = [1, 4, 16].map((length) => {
      const blocks: number[] = []
      for (let start = 0; start + length <= residuals.length; start += length) {
        const block = residuals.slice(start, start + length)
        blocks.push(sum(block.map(({ difference }) => difference)) ** 2 / sum(block.map(({ expected }) => expected)))
      }
      return blocks.length < 12 ? 1 : sum(blocks) / blocks.length
    })
    return Math.max(...quotients)
  }
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

  test('is that of an enumeration, hour by hour', () => {
    for (const [days, slots] of [
      [14, 168],
      [5, 24],
    ] as const) {
      const hours = past(days, byWeek, 7)
      const phi = learnHours(hours, BEFORE)?.phi ?? 0
      const expected = enumerate(hours, slots)
      assert.ok(Math.abs(phi - expected) < 1e-9 * expected, `${phi}, enumerated ${expected}`)
    }
  })

  test('weeks that are unlike each other add to it', () => {
    const alike = learnHours(past(28, byDay), BEFORE)?.phi ?? 0
    const { next } = seededRandom(5)
    const moods = Array.from({ length: 28 * 24 }, () => Math.exp(0.3 * gaussian(next)))
    const moody = past(28, byDay).map((hour, index) => ({ ...hour, bad: Math.round(hour.bad * (moods[index] ?? 1)) }))
    const phi = learnHours(moody, BEFORE)?.phi ?? 0
    assert.ok(alike < 4 && phi > 5 * alike, `${alike} and ${phi}`)
  })
})

test('a release in the morning of a service that sells at night: one rate aborts it, the hours do not, and a loss is found all the same', () => {
  const rule = { ...errorRule, direction: 'down', toleranceRatio: 0.8, toleranceExcess: 0 } as const
  const since = Date.UTC(2026, 2, 2, 8)
  const shape = learnHours(
    past(28, byWeek, 3).filter((hour) => hour.at <= since),
    { since, beforeMs: 4 * HOUR_MS },
  )
  assert.equal(shape?.kind, 'hourOfWeek')
  const before = { bad: 0.03 * 80_000, total: 80_000 }
  const { next } = seededRandom(9)
  const outcomes = { flat: 0, hours: 0, lost: 0 }
  for (let release = 0; release < 100; release += 1) {
    const ticks = (rate: number) =>
      Array.from({ length: 80 }, (_, tick) => ({
        at: since + (tick + 1) * 15_000,
        total: 83,
        bad: poisson(83 * rate, next),
      }))
    const healthy = ticks(0.01)
    const phi = shape?.phi ?? 1
    if (judgeBeforeAfter(expectTicks(healthy, before), 1, rule)?.decision === 'abort') outcomes.flat += 1
    if (judgeBeforeAfter(expectTicks(healthy, before, shape), phi, rule)?.decision === 'abort') outcomes.hours += 1
    if (judgeBeforeAfter(expectTicks(ticks(0.001), before, shape), phi, rule)?.decision === 'abort') outcomes.lost += 1
  }
  assert.ok(outcomes.flat > 90 && outcomes.hours <= 2 && outcomes.lost > 90, JSON.stringify(outcomes))
})
