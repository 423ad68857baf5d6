import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createBackoff } from '../../../controller/runtime/backoff.ts'
import { systemClock } from '../../../controller/runtime/clock.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { constantRandom, seededRandom } from '../../fakes/fake-random.ts'

describe('clocks', () => {
  test('a system timer longer than Node can hold does not fire at once', async () => {
    let fired = false
    const cancel = systemClock.setTimer(2 ** 40, () => {
      fired = true
    })
    await systemClock.sleep(5)
    cancel()
    assert.equal(fired, false)
  })

  test('sleep ends at once on abort, also when it was aborted before', async () => {
    const controller = new AbortController()
    const sleeping = systemClock.sleep(60_000, controller.signal)
    controller.abort()
    await sleeping
    await systemClock.sleep(60_000, controller.signal)
  })

  test('the fake clock runs timers in due order, with chains of awaits between them', async () => {
    const clock = createFakeClock()
    const seen: string[] = []
    const chain = async (): Promise<void> => {
      await clock.sleep(10)
      seen.push(`a${clock.monotonicMs()}`)
      await clock.sleep(10)
      seen.push(`b${clock.monotonicMs()}`)
    }
    const running = chain()
    clock.setTimer(15, () => seen.push(`t${clock.monotonicMs()}`))
    clock.setTimer(12, () => seen.push('cancelled'))()
    await clock.advance(100)
    await running
    assert.deepEqual(seen, ['a10', 't15', 'b20'])
    assert.equal(clock.monotonicMs(), 100)
  })

  test('a suspended fake clock lets time pass without running timers; the wall clock jumps alone', async () => {
    const clock = createFakeClock(1_000)
    let fired = false
    clock.setTimer(10, () => {
      fired = true
    })
    clock.suspend(50)
    await clock.settle()
    assert.equal(fired, false)
    clock.jumpWall(-500)
    assert.equal(clock.now(), 550)
    assert.equal(clock.monotonicMs(), 50)
    await clock.advance(0)
    assert.equal(fired, true)
  })
})

describe('back-off', () => {
  test('grows from the first delay to the cap, never beyond, and starts over after a reset', () => {
    const backoff = createBackoff({ random: constantRandom(0), firstMs: 800, maxMs: 30_000 })
    const delays = Array.from({ length: 8 }, () => backoff.nextDelayMs())
    assert.deepEqual(delays, [800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000, 20_000])
    backoff.reset()
    assert.equal(backoff.nextDelayMs(), 800)
    const jittered = createBackoff({ random: seededRandom(7), firstMs: 800, maxMs: 30_000 })
    const spread = Array.from({ length: 200 }, () => jittered.nextDelayMs())
    assert.ok(spread.every((delay) => delay >= 800 && delay <= 30_000))
    assert.ok(new Set(spread).size > 190)
  })
})
