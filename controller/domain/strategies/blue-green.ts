/**
 * The blue-green strategy as a story: settle aborts, then pause and evidence before the cutover, then the cutover, then what has come true, in
 * the order that is safe. It composes; every rule lives in the file named after it.
 */
import type { BlueGreenStrategy } from '../../api/rollout.ts'
import { abortEvent, abortMemory, forgetFormerUpdate } from '../aborts.ts'
import { abortByAnalysis, decideRuns, haltsOf, runEvents, tellStages } from '../analysis/analyses.ts'
import { askBlueGreen, nothingAsked, rememberRuns } from '../blue-green/analyses.ts'
import { judgeGate, pauseBeforeCutover } from '../blue-green/gate.ts'
import { decideProgress } from '../blue-green/progress.ts'
import { decideScaling } from '../blue-green/scaling.ts'
import { decideServices } from '../blue-green/services.ts'
import { stageOfBlueGreen } from '../blue-green/stage.ts'
import { selectorsOf, standingOfBlueGreen } from '../blue-green/standing.ts'
import { type BlueGreenView, viewBlueGreen } from '../blue-green/view.ts'
import { goesOn, timedPause, waitsOnPurpose } from '../blue-green/waiting.ts'
import { conclude } from '../conclude.ts'
import { abortByDeadline, judgeDeadline } from '../deadline.ts'
import { decideFormerServices } from '../former-services.ts'
import { hasMorePods } from '../high-water.ts'
import { decidePauses, pauseEvents } from '../pauses.ts'
import { join, type StrategyOutcome } from '../plan.ts'
import type { RolloutView } from '../view.ts'
import { judgeWaits, waitsForRuns } from '../waits.ts'

export function decideBlueGreen(base: RolloutView, strategy: BlueGreenStrategy): StrategyOutcome {
  const observed = viewBlueGreen(base, strategy)
  const asked = askBlueGreen(observed)
  const standing = standingOfBlueGreen(observed)
  const progressed = hasMorePods(observed, standing.counts) || goesOn(observed, asked)
  const deadline = judgeDeadline(observed, waitsOnPurpose(observed, asked), progressed)
  const waits = judgeWaits(observed, timedPause(observed), waitsForRuns([asked.before, asked.after]))
  const abortCause =
    base.lifecycle.abortCause ??
    abortByAnalysis([asked.before, asked.after]) ??
    abortByDeadline(observed, deadline) ??
    waits.abortCause
  const view = abortCause ? takenBack(observed) : observed
  const inquiries = abortCause ? nothingAsked : asked
  const runs = [inquiries.before, inquiries.after]

  const halts = haltsOf(runs)
  const pauses = decidePauses(view, pauseBeforeCutover(view, inquiries.before), halts)
  const gate = judgeGate(view, inquiries.before, pauses)
  const progress = decideProgress(view, pauses, inquiries, gate)

  const part = join(
    view.mode === 'superseded' ? { memory: forgetFormerUpdate(view) } : {},
    { memory: abortMemory(view, abortCause) },
    pauses.part,
    decideRuns(view, runs),
    runEvents(view, [asked.before, asked.after]),
    { memory: rememberRuns(view, inquiries) },
    { memory: selectorsOf(view) },
    decideServices(view, gate, pauses),
    decideFormerServices(view, false),
    decideScaling(view),
    abortEvent(view, abortCause),
    progress.part,
    pauseEvents(view, pauses),
    deadline.atMs === undefined ? {} : { wakeAtMs: deadline.atMs },
    waits.wakeAtMs === undefined ? {} : { wakeAtMs: waits.wakeAtMs },
    tellStages(progress.promoted ? [] : runs),
  )
  return conclude(view, {
    part,
    abortCause,
    pauses,
    halts,
    promoted: progress.promoted,
    deadlineExceeded: deadline.exceeded,
    standing,
    stage: stageOfBlueGreen(view),
  })
}

/** The view of an update that is aborted in this pass. */
const takenBack = (view: BlueGreenView): BlueGreenView => ({
  ...view,
  mode: 'aborted',
  promoteFull: false,
  isGatePassed: false,
  shortcut: undefined,
})
