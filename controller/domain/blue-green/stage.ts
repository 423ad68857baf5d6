/** Where a blue-green update stands, for the people who are told. */
import type { Stage } from '../notices.ts'
import { wantsAfter } from './analyses.ts'
import type { BlueGreenView } from './view.ts'

/** The cutover is worth a word of its own where the update asks for evidence after it; otherwise the promotion tells of both. */
export function stageOfBlueGreen(view: BlueGreenView): Stage {
  const { mode, isCutOver, revision, podHash, status, strategy, shortcut } = view
  const isSeenFirst = status.blueGreen?.activeSelector !== podHash
  const isNews = mode === 'updating' && isCutOver && isSeenFirst && shortcut === undefined && wantsAfter(view)
  return {
    passed: isNews ? `the active Service names revision ${revision}` : undefined,
    waitsForPeople:
      strategy.autoPromotionEnabled === false ? 'paused before the cutover until somebody promotes' : undefined,
  }
}
