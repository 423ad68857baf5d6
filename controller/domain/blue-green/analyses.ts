/**
 * Which analyses a blue-green update asks for now: before the cutover of the preview, after it of what the users get. It must not judge them.
 *
 *   analysis         asked from                                         until
 *   pre-promotion    the preview has its pods, and its Service too      the gate is passed (an analysis that runs is not ended by a lost pod)
 *   post-promotion   the active Service reaches the new revision only   the revision is stable
 *   both             never on the way back, in a full promotion, or once the update is taken back
 */
import { type Inquiry, inquire, type RunReference, referenceOf } from '../analysis/analyses.ts'
import type { Memory } from '../plan.ts'
import { endpointsOf } from '../view.ts'
import { type BlueGreenView, hasExactly, wantedPods } from './view.ts'

export interface BlueGreenInquiries {
  readonly before: Inquiry | undefined
  readonly after: Inquiry | undefined
}

/** Nobody meets the preview; the cutover is the only stage. */
const ALL_AT_ONCE = { weights: [100], isReached: true }

export const nothingAsked: BlueGreenInquiries = { before: undefined, after: undefined }

export function askBlueGreen(view: BlueGreenView): BlueGreenInquiries {
  if (view.mode !== 'updating' || view.shortcut !== undefined) return nothingAsked
  return { before: askBefore(view), after: askAfter(view) }
}

/** Whether the strategy wants evidence at all; a list without templates asks nothing. */
export const wantsBefore = ({ strategy }: BlueGreenView): boolean =>
  (strategy.prePromotionAnalysis?.templates ?? []).length > 0
export const wantsAfter = ({ strategy }: BlueGreenView): boolean =>
  (strategy.postPromotionAnalysis?.templates ?? []).length > 0

function askBefore(view: BlueGreenView): Inquiry | undefined {
  const { prePromotionAnalysis: analysis } = view.strategy
  if (!analysis || !wantsBefore(view) || view.isCutOver || view.isGatePassed) return undefined
  const recorded = view.status.blueGreen?.prePromotionAnalysisRunStatus
  const found = inquire(view, { kind: 'PrePromotion', analysis, recorded, stage: { ...ALL_AT_ONCE, number: 0 } })
  return found.run || isPreviewReady(view) ? found : undefined
}

function askAfter(view: BlueGreenView): Inquiry | undefined {
  const { postPromotionAnalysis: analysis } = view.strategy
  if (!analysis || !wantsAfter(view) || !view.isCutOver) return undefined
  const recorded = view.status.blueGreen?.postPromotionAnalysisRunStatus
  const found = inquire(view, { kind: 'PostPromotion', analysis, recorded, stage: { ...ALL_AT_ONCE, number: 1 } })
  return found.run || view.isSettled ? found : undefined
}

/** What an analysis of the preview may rely on: its pods are there and its Service, if it has one, reaches them. */
function isPreviewReady(view: BlueGreenView): boolean {
  const pods = wantedPods(view)
  if (!hasExactly(view.newRs, pods)) return false
  const { preview } = view
  if (!preview || pods === 0) return true
  return preview.podHash === view.podHash && endpointsOf(preview, view.newRs?.metadata.name) > 0
}

/** Status keeps telling of both runs until the next update, as in Argo. */
export function rememberRuns(view: BlueGreenView, { before, after }: BlueGreenInquiries): Memory {
  if (view.mode === 'superseded')
    return { blueGreen: { prePromotionAnalysisRunStatus: null, postPromotionAnalysisRunStatus: null } }
  const { prePromotionAnalysisRunStatus, postPromotionAnalysisRunStatus } = view.status.blueGreen ?? {}
  return {
    blueGreen: {
      prePromotionAnalysisRunStatus: before ? referenceOf(before) : latest(view, prePromotionAnalysisRunStatus),
      postPromotionAnalysisRunStatus: after ? referenceOf(after) : latest(view, postPromotionAnalysisRunStatus),
    },
  }
}

/** A run that is not asked any more may still end. */
function latest(view: BlueGreenView, recorded: RunReference | null | undefined) {
  const run = view.world.analysisRuns.find(({ metadata }) => metadata.name === recorded?.name)
  if (!recorded || !run) return recorded ? { ...recorded } : null
  return { ...recorded, ...referenceOf({ kind: 'PrePromotion', run, due: undefined }) }
}
