/** What the progress deadline needs to know of a blue-green update: when it waits on purpose, and when it is about to go on. */
import { isCompleted } from '../../api/analysis.ts'
import type { Inquiry } from '../analysis/analyses.ts'
import { isUnattended } from '../waits.ts'
import { type BlueGreenInquiries, wantsAfter, wantsBefore } from './analyses.ts'
import { type BlueGreenView, hasExactly, wantedPods } from './view.ts'

/** No progress is expected: paused, or an analysis takes its time. */
export function waitsOnPurpose(view: BlueGreenView, { before, after }: BlueGreenInquiries): boolean {
  const { status, specPaused } = view
  const judged = [before, after].some((found) => isRunning(found) && !isUnattended(view, found))
  return specPaused || (status.pauseConditions ?? []).length > 0 || judged
}

/** The pause in front of the cutover, when it ends by itself. */
export const timedPause = ({ strategy }: BlueGreenView): string | undefined =>
  strategy.autoPromotionEnabled === false ? undefined : 'BlueGreenPause'

const isRunning = (found: Inquiry | undefined): boolean =>
  found !== undefined && (found.due !== undefined || (found.run !== undefined && !isCompleted(found.run.status?.phase)))

/**
 * The update comes further in this pass, which status does not tell by numbers of pods: it counts only those that users have. However long an analysis
 * has taken, what follows it is not late.
 *
 *   before the cutover    the preview has its pods, and nothing is missing for what comes next
 *   cut over              users were moved since the last pass, or nothing is missing for the promotion
 */
export const goesOn = (view: BlueGreenView, asked: BlueGreenInquiries): boolean =>
  view.mode === 'updating' && (view.isCutOver ? isArriving(view, asked) : isPreviewComplete(view, asked))

const isPreviewComplete = (view: BlueGreenView, { before }: BlueGreenInquiries): boolean =>
  hasExactly(view.newRs, wantedPods(view)) &&
  (!wantsBefore(view) || view.isGatePassed || view.shortcut !== undefined || before !== undefined)

function isArriving(view: BlueGreenView, { after }: BlueGreenInquiries): boolean {
  const isProven = !wantsAfter(view) || view.shortcut !== undefined || after?.run?.status?.phase === 'Successful'
  return view.status.blueGreen?.activeSelector !== view.podHash || (view.isSettled && isProven)
}
