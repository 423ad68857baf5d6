/** The load tells how well it kept to its plan: what it could not send in time is its own fault and nobody else's. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { startLoad } from '../../../sandbox/load/load.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'

const RATE = 100

async function withLoad(
  use: (load: ReturnType<typeof startLoad>, clock: ReturnType<typeof createFakeClock>) => Promise<void>,
) {
  const server = createServer((_request, response) => response.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const clock = createFakeClock()
  const load = startLoad({ url, host: 'shop.example', requestsPerSecond: RATE, clock })
  try {
    await use(load, clock)
  } finally {
    await load.stop()
    await new Promise((resolve) => server.close(resolve))
  }
}

describe('the punctuality of the load', () => {
  test('a process that runs sends everything in time', () =>
    withLoad(async (load, clock) => {
      for (let tick = 0; tick < 100; tick += 1) await clock.advance(10)
      const { scheduled, sent, skipped, late, worstLateMs } = load.punctuality()
      assert.deepEqual([scheduled, sent, skipped, late], [100, 100, 0, 0])
      assert.ok(worstLateMs <= 10, `${worstLateMs} ms`)
      await load.stop()
      assert.deepEqual(load.counts(), { ok: 100, appError: 0, lost: 0, unjudged: 0, lostBy: {} })
    }))

  test('after a stall of two seconds half a second is caught up, late, and the rest is never sent', () =>
    withLoad(async (load, clock) => {
      for (let tick = 0; tick < 10; tick += 1) await clock.advance(10)
      clock.suspend(2_000)
      await clock.advance(10)
      const { scheduled, sent, skipped, late, worstLateMs } = load.punctuality()
      assert.equal(scheduled, 211)
      assert.equal(skipped, 150)
      assert.equal(sent, 61)
      // Of the fifty that are caught up, all but the last 100 ms of them.
      assert.ok(late >= 39 && late <= 41, `${late} late`)
      assert.ok(worstLateMs > 450 && worstLateMs <= 500, `${worstLateMs} ms`)
      await load.stop()
      assert.equal(load.counts().lost, 0)
    }))
})
