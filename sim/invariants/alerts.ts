/** Whose alerts may take an update back: S25. */

import { findStored } from './history.ts'
import { type Invariant, isWriteOf } from './invariant.ts'
import { rolloutOf, statusOf } from './reading.ts'

/** Clocks of Prometheus and ours may be apart, and an update is on record a while after it began. */
const OLDER_BY_MS = 40_000

export const S25: Invariant = {
  id: 'S25',
  words:
    'An alert aborts only what is rolled out now, and only if it came with a token, is firing, and began to fire after the update did.',
  check(before, after, context) {
    if (!isWriteOf(context, 'rollouts')) return undefined
    const { history, posts, epochMs = 0, clockLeadMs = 0 } = context
    for (const { id, podHash, startsAt } of findStored(rolloutOf(before), rolloutOf(after))) {
      const { currentPodHash, stableRS } = statusOf(before)
      if (podHash !== currentPodHash || podHash === stableRS)
        return `an alert aborts ${podHash}, which is not rolled out`
      if (!posts.some((post) => post.id === id && post.status === 'firing' && post.isTrusted))
        return `an abort is stored for ${id}, which nobody posted as firing with a token`
      const startsMs = Date.parse(startsAt ?? '') - epochMs
      if (startsMs < history.updateMs - OLDER_BY_MS - clockLeadMs)
        return `an alert that has fired since ${history.updateMs - startsMs} ms before the update aborts it`
    }
    return undefined
  },
}
