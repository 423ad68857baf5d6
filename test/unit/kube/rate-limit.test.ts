/** The client-side rate limit: one bucket per API group, and a lane that never waits. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { events, httpRoutes, replicaSets, rollouts, services } from '../../../controller/kube/kinds.ts'
import { createRateLimits } from '../../../controller/kube/rate-limit.ts'
import { createFakeClock } from '../../fakes/fake-clock.ts'

describe('rate limits', () => {
  test('a group that has used up its bucket holds up no other, nor do events', async () => {
    const clock = createFakeClock()
    const limitOf = createRateLimits({ clock, qps: 1, burst: 1 })
    const passed: string[] = []
    for (const kind of [rollouts, events, rollouts, events, services, replicaSets, httpRoutes])
      void limitOf(kind)
        .acquire()
        .then(() => passed.push(kind.plural))
    await clock.settle()
    assert.deepEqual(passed.sort(), ['events', 'httproutes', 'replicasets', 'rollouts', 'services'])
    await clock.advance(1_000)
    assert.deepEqual(passed.slice(5).sort(), ['events', 'rollouts'], 'the others wait for their own bucket')
  })

  test('kinds of one group share a bucket, and an urgent call passes an empty one at their cost', async () => {
    const clock = createFakeClock()
    const limitOf = createRateLimits({ clock, qps: 1, burst: 2 })
    const limit = limitOf(rollouts)
    assert.equal(limitOf({ ...rollouts, plural: 'analysisruns', kind: 'AnalysisRun' }), limit)
    for (let count = 0; count < 4; count += 1) await limit.acquire({ urgent: true })
    let isOut = false
    void limit.acquire().then(() => {
      isOut = true
    })
    await clock.advance(2_999)
    assert.equal(isOut, false)
    await clock.advance(1)
    assert.equal(isOut, true)
  })
})
