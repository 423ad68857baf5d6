import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createWorkQueue, done, type Result, type WorkQueueOptions } from '../../../controller/kube/work-queue.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createMetricRegistry, renderMetrics } from '../../../controller/runtime/metrics.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'

function setUp(process: (key: string) => Promise<Result>, options: Partial<WorkQueueOptions> = {}) {
  const clock = createFakeClock()
  const passes: string[] = []
  const queue = createWorkQueue({
    name: 'test',
    clock,
    log: silentLogger,
    concurrency: 2,
    process: (key) => {
      passes.push(key)
      return process(key)
    },
    ...options,
  })
  return { clock, queue, passes }
}

/** A pass that ends when the test says so. */
function createGate() {
  const releases: ((result: Result) => void)[] = []
  let running = 0
  let mostRunning = 0
  return {
    pass: () =>
      new Promise<Result>((resolve) => {
        running += 1
        mostRunning = Math.max(mostRunning, running)
        releases.push((result) => {
          running -= 1
          resolve(result)
        })
      }),
    release: (result: Result = done) => releases.shift()?.(result),
    mostRunning: () => mostRunning,
  }
}

describe('work queue', () => {
  test('a key that waits is not added twice', async () => {
    const { clock, queue, passes } = setUp(() => Promise.resolve(done))
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
    assert.equal(queue.depth(), 2)
    queue.start()
    await clock.settle()
    assert.deepEqual(passes, ['a', 'b'])
  })

  test('a key is never worked on twice at once, and again when it was added meanwhile', async () => {
    const gate = createGate()
    const { clock, queue, passes } = setUp(gate.pass, { concurrency: 5 })
    queue.start()
    queue.add('a')
    await clock.settle()
    for (let add = 0; add < 3; add += 1) queue.add('a')
    await clock.settle()
    assert.deepEqual(passes, ['a'])
    gate.release()
    await clock.settle()
    assert.deepEqual(passes, ['a', 'a'])
    gate.release()
    await clock.settle()
    assert.deepEqual(passes, ['a', 'a'])
    assert.equal(gate.mostRunning(), 1)
  })

  test('no more passes run at once than there are workers', async () => {
    const gate = createGate()
    const { clock, queue, passes } = setUp(gate.pass)
    queue.start()
    for (const key of ['a', 'b', 'c']) queue.add(key)
    await clock.settle()
    assert.deepEqual(passes, ['a', 'b'])
    gate.release()
    await clock.settle()
    assert.deepEqual(passes, ['a', 'b', 'c'])
  })

  test('an urgent key goes first', async () => {
    const { clock, queue, passes } = setUp(() => Promise.resolve(done), { concurrency: 1 })
    for (const key of ['a', 'b', 'c']) queue.add(key)
    queue.add('c', { urgent: true })
    queue.start()
    await clock.settle()
    assert.deepEqual(passes, ['c', 'a', 'b'])
  })

  test('an urgent key starts though every worker is busy, up to twice as many', async () => {
    const gate = createGate()
    const { clock, queue, passes } = setUp(gate.pass, { concurrency: 1 })
    queue.start()
    for (const key of ['a', 'b']) queue.add(key)
    await clock.settle()
    assert.deepEqual(passes, ['a'])
    for (const key of ['c', 'd']) queue.add(key, { urgent: true })
    await clock.settle()
    assert.deepEqual(passes, ['a', 'c'], 'one more than the concurrency, and no third')
    gate.release()
    await clock.settle()
    assert.deepEqual(passes, ['a', 'c', 'd'], 'the urgent one before the one that waits longer')
    for (let left = 3; left > 0; left -= 1) {
      gate.release()
      await clock.settle()
    }
    assert.deepEqual(passes, ['a', 'c', 'd', 'b'])
    assert.equal(gate.mostRunning(), 2)
  })

  test('a key that is added urgently during its pass goes first after it', async () => {
    const gate = createGate()
    const { clock, queue, passes } = setUp(gate.pass, { concurrency: 1 })
    queue.start()
    for (const key of ['a', 'b', 'c']) queue.add(key)
    await clock.settle()
    queue.add('a', { urgent: true })
    queue.add('a')
    await clock.settle()
    gate.release()
    await clock.settle()
    assert.deepEqual(passes, ['a', 'a'])
    for (let left = 3; left > 0; left -= 1) {
      gate.release()
      await clock.settle()
    }
    assert.deepEqual(passes, ['a', 'a', 'b', 'c'])
  })

  test('of several delays of a key the earliest wins', async () => {
    const { clock, queue, passes } = setUp(() => Promise.resolve(done))
    queue.start()
    queue.addAfter('a', 5_000)
    queue.addAfter('a', 1_000)
    queue.addAfter('a', 9_000)
    await clock.advance(999)
    assert.deepEqual(passes, [])
    await clock.advance(1)
    assert.deepEqual(passes, ['a'])
    await clock.advance(20_000)
    assert.deepEqual(passes, ['a'])
  })

  test('a result with requeueAfterMs brings the key back once', async () => {
    let wish: Result = { requeueAfterMs: 500 }
    const { clock, queue, passes } = setUp(() => {
      const result = wish
      wish = done
      return Promise.resolve(result)
    })
    queue.start()
    queue.add('a')
    await clock.advance(499)
    assert.equal(passes.length, 1)
    await clock.advance(10_000)
    assert.equal(passes.length, 2)
  })

  test('failures back off per key from 1 ms to 10 s, success starts over, others are not delayed', async () => {
    let failing = true
    const atMs: number[] = []
    const { clock, queue, passes } = setUp((key) => {
      if (key === 'bad') atMs.push(clock.monotonicMs())
      return key === 'bad' && failing ? Promise.reject(new Error('no')) : Promise.resolve(done)
    })
    queue.start()
    queue.add('bad')
    queue.add('good')
    await clock.advance(60_000)
    const gaps = atMs.slice(1).map((at, index) => at - (atMs[index] ?? 0))
    assert.deepEqual(gaps.slice(0, 5), [1, 2, 4, 8, 16])
    assert.equal(gaps.at(-1), 10_000)
    assert.equal(passes.filter((key) => key === 'good').length, 1)
    failing = false
    await clock.advance(10_000)
    const before = atMs.length
    failing = true
    queue.add('bad')
    await clock.advance(2)
    assert.equal(atMs.length, before + 2, 'the first retry after a success comes after 1 ms again')
  })

  test('a synchronous throw counts as a failure and does not stop the queue', async () => {
    const { clock, queue, passes } = setUp((key) => {
      if (key === 'a' && passes.length === 1) throw new Error('thrown synchronously')
      return Promise.resolve(done)
    })
    queue.start()
    queue.add('a')
    await clock.advance(10)
    assert.deepEqual(passes, ['a', 'a'])
  })

  test("the server's Retry-After outweighs the key's own back-off", async () => {
    const busy = Object.assign(new Error('busy'), { retryAfterMs: 3_000 })
    const { clock, queue, passes } = setUp(() => Promise.reject(busy))
    queue.start()
    queue.add('a')
    await clock.advance(2_999)
    assert.equal(passes.length, 1)
    await clock.advance(1)
    assert.equal(passes.length, 2)
  })

  test('a key that wants to run again at once for ever is slowed down and reported once per window', async () => {
    const reports: string[] = []
    const { clock, queue, passes } = setUp(() => Promise.resolve({ requeueAfterMs: 0 }), {
      hotLoop: { maxPasses: 20, onHotLoop: (key) => reports.push(key) },
    })
    queue.start()
    queue.add('a')
    await clock.advance(9_999)
    assert.ok(passes.length <= 30, `${passes.length} passes`)
    assert.deepEqual(reports, ['a'])
  })

  test('shutdown waits for running passes and drops the rest', async () => {
    const gate = createGate()
    const { clock, queue, passes } = setUp(gate.pass, { concurrency: 1 })
    queue.start()
    queue.add('a')
    queue.add('b')
    queue.addAfter('c', 10)
    await clock.settle()
    let isDown = false
    const down = queue.shutdown().then(() => {
      isDown = true
    })
    await clock.settle()
    assert.equal(isDown, false)
    gate.release({ requeueAfterMs: 5 })
    await down
    queue.add('d')
    await clock.advance(1_000)
    assert.deepEqual(passes, ['a'])
    assert.equal(clock.pendingTimers(), 0)
  })

  test('shutdown with drain works off what waits', async () => {
    const { queue, passes } = setUp(() => Promise.resolve(done), { concurrency: 1 })
    queue.start()
    for (const key of ['a', 'b', 'c']) queue.add(key)
    await queue.shutdown({ drain: true })
    assert.deepEqual(passes, ['a', 'b', 'c'])
  })

  test('shutdown of a queue that was never started resolves', async () => {
    const { queue, passes } = setUp(() => Promise.resolve(done))
    queue.add('a')
    await queue.shutdown({ drain: true })
    assert.deepEqual(passes, [])
  })

  test('forget drops failures and delays of a key', async () => {
    const { clock, queue, passes } = setUp(() => Promise.resolve(done))
    queue.start()
    queue.addAfter('a', 1_000)
    queue.forget('a')
    await clock.advance(5_000)
    assert.deepEqual(passes, [])
  })

  test("metrics carry client-go's names and show a pass that hangs", async () => {
    const metrics = createMetricRegistry()
    const { clock, queue } = setUp(() => new Promise<Result>(() => {}), { metrics, concurrency: 1 })
    queue.start()
    queue.add('a')
    queue.add('b')
    await clock.advance(5_000)
    const text = await renderMetrics(metrics)
    for (const line of [
      'workqueue_depth{name="test"} 1',
      'workqueue_adds_total{name="test"} 2',
      'workqueue_longest_running_processor_seconds{name="test"} 5',
      'workqueue_unfinished_work_seconds{name="test"} 5',
    ]) {
      assert.ok(text.includes(line), `${line} in\n${text}`)
    }
  })
})
