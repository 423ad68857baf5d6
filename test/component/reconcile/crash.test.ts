/**
 * Crash-equivalence (S18): the controllers die at a write of a story, which takes effect or is lost, and are started again with an empty memory. The
 * end is the same and right, nothing is created, deleted or evicted twice, and whoever is called is called again only with the same id. No write on
 * the way breaks S1, S4, S8 or S10.
 *
 * Each write is one point, in turn applied and lost; of a story with many writes it is every second one. PENSTOCK_CRASH_POINTS=all tries both
 * at each write of all stories.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Ending, type Story, tell } from './crash-cluster.ts'
import type { Crash } from './mortal-client.ts'
import { stories } from './stories/all-stories.ts'

/** The first deploy is the same in all stories but these: one of each strategy dies in it. */
const dieInFirstDeploy = new Set(['promote', 'blue-green promotes by itself', 'ping-pong'])
const MANY_POINTS = 30
const triesAll = process.env.PENSTOCK_CRASH_POINTS === 'all'

function crashesOf(name: string, { writes, deployWrites }: Ending): readonly Crash[] {
  const from = dieInFirstDeploy.has(name) ? 0 : deployWrites
  const points = writes.map((_write, at) => at + 1).slice(from)
  if (triesAll) return points.flatMap((atWrite) => [true, false].map((applied) => ({ atWrite, applied })))
  const stride = points.length > MANY_POINTS ? 2 : 1
  const chosen = points.filter((_point, at) => at % stride === 0)
  return chosen.map((atWrite, at) => ({ atWrite, applied: at % 2 === 0 }))
}

function checkSame(story: Story, crashed: Ending, undisturbed: Ending, where: string): void {
  assert.deepEqual(crashed.lines, story.ending, where)
  assert.deepEqual(crashed.births, undisturbed.births, where)
  assert.deepEqual([...new Set(crashed.calls)], undisturbed.calls, where)
  assert.deepEqual(crashed.violations, [], where)
}

describe('controllers that die at any write', () => {
  for (const [name, story] of Object.entries(stories)) {
    test(name, { timeout: 300_000 }, async () => {
      const undisturbed = await tell(story)
      assert.ok(undisturbed.writes.length > 8)
      assert.equal(new Set(undisturbed.calls).size, undisturbed.calls.length, 'each call once')
      checkSame(story, undisturbed, undisturbed, 'undisturbed')
      for (const crash of crashesOf(name, undisturbed)) {
        const write = undisturbed.writes[crash.atWrite - 1]
        const where = `write ${crash.atWrite} (${write}), ${crash.applied ? 'applied' : 'lost'}`
        checkSame(story, await tell(story, { crash }), undisturbed, where)
      }
    })
  }
})
