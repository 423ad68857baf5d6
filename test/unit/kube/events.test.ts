import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KubeObject } from '../../../controller/api/meta.ts'
import { KubeError } from '../../../controller/kube/client.ts'
import { createEventRecorder } from '../../../controller/kube/events.ts'
import { events } from '../../../controller/kube/kinds.ts'
import { silentLogger } from '../../../controller/runtime/log.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'
import { constantRandom } from '../../fakes/fake-random.ts'
import { createMemoryKube } from '../../fakes/memory-kube.ts'

interface CoreEvent extends KubeObject {
  readonly message: string
  readonly count: number
  readonly involvedObject: Record<string, string>
  readonly firstTimestamp: string
  readonly lastTimestamp: string
}

const rollout = (uid = 'uid-1'): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'checkout', namespace: 'shop', uid, resourceVersion: '7' },
})

function setUp() {
  const clock = createFakeClock()
  const kube = createMemoryKube()
  const recorder = createEventRecorder({
    client: kube.client,
    clock,
    random: constantRandom(0),
    log: silentLogger,
    component: 'rollouts-controller',
  })
  const stored = () => kube.all(events) as readonly CoreEvent[]
  return { clock, kube, recorder, stored }
}

const lost = () => new KubeError({ code: 0, reason: 'ConnectionLost' }, 'create')

describe('event recorder', () => {
  test('names the object it is about', async () => {
    const { recorder, stored } = setUp()
    recorder.record(rollout(), 'Normal', 'RolloutUpdated', 'Rollout updated to revision 2')
    await recorder.flush()
    const [event] = stored()
    assert.match(event?.metadata.name ?? '', /^checkout\.[0-9a-f]+$/)
    assert.equal(event?.metadata.namespace, 'shop')
    assert.equal(event?.firstTimestamp, '2026-01-01T00:00:00Z')
    assert.deepEqual(event?.involvedObject, {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      name: 'checkout',
      namespace: 'shop',
      uid: 'uid-1',
      resourceVersion: '7',
    })
  })

  test('a repeated event counts the first one up; other messages and objects have their own', async () => {
    const { clock, recorder, stored } = setUp()
    for (let round = 0; round < 3; round += 1) {
      recorder.record(rollout(), 'Warning', 'Held', 'not ready')
      await clock.advance(1_000)
    }
    recorder.record(rollout(), 'Warning', 'Held', 'no data')
    recorder.record(rollout('uid-2'), 'Warning', 'Held', 'not ready')
    await recorder.flush()
    assert.deepEqual(
      stored().map((event) => event.count),
      [3, 1, 1],
    )
    assert.equal(stored()[0]?.lastTimestamp, '2026-01-01T00:00:02Z')
  })

  test('an expired event is created anew', async () => {
    const { kube, recorder, stored } = setUp()
    recorder.record(rollout(), 'Normal', 'A', 'a')
    await recorder.flush()
    await kube.client.delete({ kind: events, namespace: 'shop', name: stored()[0]?.metadata.name ?? '' })
    recorder.record(rollout(), 'Normal', 'A', 'a')
    await recorder.flush()
    assert.deepEqual(
      stored().map((event) => event.count),
      [1],
    )
  })

  test('one object cannot flood: a burst of 250, then one each ten seconds; others are not affected', async () => {
    const { clock, recorder, stored } = setUp()
    for (let index = 0; index < 300; index += 1) recorder.record(rollout(), 'Warning', 'Spam', `message ${index}`)
    recorder.record(rollout('uid-2'), 'Normal', 'Fine', 'fine')
    await recorder.flush()
    assert.equal(stored().length, 251)
    await clock.advance(10_000)
    recorder.record(rollout(), 'Warning', 'Spam', 'later')
    recorder.record(rollout(), 'Warning', 'Spam', 'too much')
    await recorder.flush()
    assert.equal(stored().length, 252)
  })

  test('keeps the order through failures, and an event that was stored without an answer is not doubled', async () => {
    const { clock, kube, recorder, stored } = setUp()
    let failures = 2
    kube.after(() => {
      if (failures-- > 0) throw lost()
    })
    for (const reason of ['First', 'Second', 'Third']) recorder.record(rollout(), 'Normal', reason, reason)
    await clock.advance(60_000)
    await recorder.flush()
    assert.deepEqual(
      stored().map((event) => event.message),
      ['First', 'Second', 'Third'],
    )
  })

  test('gives an event up after some tries and goes on with the next', async () => {
    const { clock, kube, recorder, stored } = setUp()
    kube.before(() => {
      throw lost()
    })
    recorder.record(rollout(), 'Normal', 'Dropped', 'dropped')
    await clock.advance(60_000)
    kube.before(() => {})
    recorder.record(rollout(), 'Normal', 'Kept', 'kept')
    await recorder.flush()
    assert.deepEqual(
      stored().map((event) => event.message),
      ['kept'],
    )
  })

  test('the queue is bounded and recording never waits or throws while the server hangs', async () => {
    const { clock, kube, recorder, stored } = setUp()
    let release = (): void => {}
    const hang = new Promise<void>((resolve) => {
      release = resolve
    })
    kube.before(() => hang)
    for (let index = 0; index < 2_000; index += 1) recorder.record(rollout(`uid-${index}`), 'Normal', 'Many', 'many')
    release()
    await clock.settle()
    await recorder.flush()
    assert.ok(stored().length <= 1_001, `${stored().length}`)
  })

  test('stop drops what waits and refuses the rest', async () => {
    const { clock, kube, recorder, stored } = setUp()
    kube.before(() => {
      throw lost()
    })
    recorder.record(rollout(), 'Normal', 'A', 'a')
    await clock.settle()
    await recorder.stop()
    recorder.record(rollout(), 'Normal', 'B', 'b')
    assert.deepEqual(stored(), [])
    assert.equal(clock.pendingTimers(), 0)
  })
})
