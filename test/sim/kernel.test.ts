/** The kernel by itself: order, ties, pauses, deaths, and the clocks of a process. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createKernel } from '../../sim/kernel/kernel.ts'
import { createProcess } from '../../sim/kernel/process.ts'
import { createRandom } from '../../sim/kernel/random.ts'

const drain = async (kernel: ReturnType<typeof createKernel>): Promise<void> => {
  while (await kernel.step());
}

/** What happens at one moment happens in this order. */
async function orderOfTies(seed: number): Promise<string> {
  const kernel = createKernel(createRandom(seed))
  for (const name of ['a', 'b', 'c', 'd']) kernel.schedule(5, name, () => {})
  await drain(kernel)
  return kernel.lines().join()
}

describe('the kernel', () => {
  test('runs events by time and settles promises between them', async () => {
    const kernel = createKernel(createRandom(1))
    const seen: string[] = []
    kernel.schedule(20, undefined, () => void seen.push(`late ${kernel.now()}`))
    kernel.schedule(10, undefined, () => {
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => seen.push('promised'))
    })
    const cancel = kernel.schedule(15, undefined, () => void seen.push('cancelled'))
    cancel()
    await drain(kernel)
    assert.deepEqual(seen, ['promised', 'late 20'])
    assert.equal(kernel.steps(), 2)
  })

  test('lets the seed decide ties', async () => {
    const orders = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(orderOfTies))
    assert.ok(new Set(orders).size > 1)
    assert.equal(await orderOfTies(3), orders[2])
  })
})

describe('a process', () => {
  test('hears nothing while it is paused, and everything afterwards', async () => {
    const kernel = createKernel(createRandom(1))
    const process = createProcess({ name: 'p', kernel, wallStartMs: 1_000 })
    const seen: number[] = []
    process.clock.setTimer(10, () => void seen.push(process.clock.monotonicMs()))
    process.pause(500)
    await drain(kernel)
    assert.deepEqual(seen, [500])
    assert.equal(process.clock.now(), 1_500)
  })

  test('hears nothing any more when it is dead', async () => {
    const kernel = createKernel(createRandom(1))
    const process = createProcess({ name: 'p', kernel, wallStartMs: 0 })
    process.clock.setTimer(10, () => assert.fail('it is dead'))
    process.kill()
    await drain(kernel)
  })

  test('has a wall clock that jumps and a monotonic one that does not', async () => {
    const kernel = createKernel(createRandom(1))
    const process = createProcess({ name: 'p', kernel, wallStartMs: 0 })
    kernel.schedule(100, undefined, () => process.jumpWall(-60))
    await drain(kernel)
    assert.deepEqual([process.clock.now(), process.clock.monotonicMs()], [40, 100])
  })
})
