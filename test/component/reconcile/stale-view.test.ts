/**
 * Late views (S16): a cache shows each event only after up to three later ones of its kind. Every story ends the same and right, with the same
 * creations and deletions, each call is made once, and no write breaks S1, S4, S8 or S10.
 *
 * Each story is told once for each of them, with one, two or three events in turn. PENSTOCK_STALE_VIEWS=all tries all three.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as kinds from '../../../controller/kube/kinds.ts'
import { tell } from './crash-cluster.ts'
import type { Lateness } from './late-watch.ts'
import { stories } from './stories/all-stories.ts'

/** Each alone, and together what tells of pods. */
const lateKinds = [
  [kinds.rollouts],
  [kinds.replicaSets],
  [kinds.services],
  [kinds.httpRoutes],
  [kinds.endpointSlices],
  [kinds.replicaSets, kinds.endpointSlices],
]
const lags = [1, 2, 3]
const triesAll = process.env.PENSTOCK_STALE_VIEWS === 'all'

const latenessesOf = (story: number): readonly Lateness[] =>
  lateKinds.flatMap((late, at) =>
    lags.filter((lag) => triesAll || lag === 1 + ((story + at) % 3)).map((events) => ({ kinds: late, events })),
  )

describe('controllers that see the world late', () => {
  for (const [at, [name, story]] of Object.entries(stories).entries())
    test(name, { timeout: 300_000 }, async () => {
      const { births, calls } = await tell(story)
      for (const late of latenessesOf(at)) {
        const ending = await tell(story, { late })
        const where = `${late.kinds.map(({ plural }) => plural).join(' and ')} ${late.events} events late`
        assert.deepEqual(ending.lines, story.ending, where)
        assert.deepEqual(ending.births, births, where)
        assert.deepEqual(ending.calls, calls, where)
        assert.deepEqual(ending.violations, [], where)
      }
    })
})
