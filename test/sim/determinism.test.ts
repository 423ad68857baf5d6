/** One seed is one story: the same log each time, another one for another seed, whatever ran before in the same process. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makePlan } from '../../sim/run/plan.ts'
import { run } from '../../sim/run/run.ts'

const SEEDS = [1, 12, 15]

describe('a run', () => {
  test('is the same twice, and another one for each seed', async () => {
    const hashes = new Set<string>()
    for (const seed of SEEDS) {
      const first = await run(makePlan(seed))
      const second = await run(makePlan(seed))
      assert.deepEqual(second.lines, first.lines, `seed ${seed}`)
      assert.equal(second.hash, first.hash)
      hashes.add(first.hash)
    }
    assert.equal(hashes.size, SEEDS.length)
  })
})
