/** Where a blue-green update stands, for the people who are told. */
import type { Stage } from '../notices.ts'
import type { Progress } from './progress.ts'
import type { BlueGreenView } from './view.ts'

/** The cutover is worth a word of its own where the promotion does not follow at once. */
export function stageOfBlueGreen(view: BlueGreenView, { promoted }: Progress): Stage {
  const { mode, isCutOver, revision, podHash, status, strategy } = view
  const isSeenFirst = status.blueGreen?.activeSelector !== podHash
  const isNews = mode === 'updating' && isCutOver && isSeenFirst && !promoted
  return {
    passed: isNews ? `the active Service names revision ${revision}` : undefined,
    waitsForPeople:
      strategy.autoPromotionEnabled === false ? 'paused before the cutover until somebody promotes' : undefined,
  }
}
