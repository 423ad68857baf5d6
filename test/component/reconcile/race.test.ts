/**
 * Lost races: just before a write of a story somebody else changes the object, so that it comes too late. Every story ends the same and right, with
 * the same creations and deletions, each call is made once, and no write breaks S1, S4, S8 or S10. The same is told, once each, and of progress only
 * what is told after the writes that it rests on.
 *
 * Every third write is tried, and of the first deploys only those of one story of each strategy. PENSTOCK_RACE_POINTS=all tries each write of all.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Ending, tell } from './crash-cluster.ts'
import { stories } from './stories/all-stories.ts'

const raceInFirstDeploy = new Set(['promote', 'blue-green promotes by itself'])
const triesAll = process.env.PENSTOCK_RACE_POINTS === 'all'

/** Patches and deletions, counted from 1: creations race with nobody. */
function pointsOf(name: string, { writes, deployWrites }: Ending): readonly number[] {
  const isChange = (write: string): boolean => !write.startsWith('create')
  const inDeploy = writes.slice(0, deployWrites).filter(isChange).length
  const points = writes.filter(isChange).map((_write, at) => at + 1)
  if (triesAll) return points
  return points.slice(raceInFirstDeploy.has(name) ? 0 : inDeploy).filter((_point, at) => at % 3 === 0)
}

const PROGRESS = /Rollout(Completed|StepCompleted|Paused|Resumed|NotCompleted)$/
const WRITE = /(NewReplicaSetCreated|ScalingReplicaSet|SwitchService|TrafficWeightUpdated|ExperimentCreated)$/

/** For each word of progress, in order: how many writes were told before it. */
function writesBefore(told: readonly string[]): readonly (readonly [string, number])[] {
  return told.flatMap((event, at) =>
    PROGRESS.test(event) ? [[event, told.slice(0, at).filter((one) => WRITE.test(one)).length] as const] : [],
  )
}

const isScaling = (event: string): boolean => event === 'Rollout ScalingReplicaSet'
const others = (told: readonly string[]): readonly string[] => told.filter((event) => !isScaling(event)).toSorted()

/** A step without pods that ends a pass later lets its pods go, and the next one calls them back: there may be more scalings. */
function checkTold(told: readonly string[], undisturbed: readonly string[], where: string): void {
  assert.deepEqual(others(told), others(undisturbed), where)
  assert.ok(told.filter(isScaling).length >= undisturbed.filter(isScaling).length, `${where}: a scaling is not told`)
  const progress = writesBefore(told)
  for (const [at, [event, writes]] of writesBefore(undisturbed).entries()) {
    const [word, before = 0] = progress[at] ?? []
    assert.equal(word, event, where)
    assert.ok(before >= writes, `${where}: ${event} is told after ${before} writes instead of ${writes}`)
  }
}

describe('controllers that lose a race at any write', () => {
  for (const [name, story] of Object.entries(stories))
    test(name, { timeout: 300_000 }, async () => {
      const undisturbed = await tell(story)
      const points = pointsOf(name, undisturbed)
      assert.ok(points.length > 2)
      for (const rivalAt of points) {
        const ending = await tell(story, { rivalAt })
        const where = `change ${rivalAt}`
        assert.deepEqual(ending.lines, story.ending, where)
        assert.deepEqual(ending.births, undisturbed.births, where)
        assert.deepEqual(ending.calls, undisturbed.calls, where)
        assert.deepEqual(ending.violations, [], where)
        checkTold(ending.told, undisturbed.told, where)
      }
    })
})
