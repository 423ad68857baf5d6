/**
 * The canary strategy as a story: settle aborts, then pauses, then what has come true, then weight, Services and pods, in the order that is
 * safe. It composes; every rule lives in the file named after it.
 */
import type { CanaryStrategy } from '../../api/rollout.ts'
import { abortEvent, abortMemory, forgetFormerUpdate, updateStarts } from '../aborts.ts'
import { abortByAnalysis, decideRuns, haltsOf } from '../analysis/analyses.ts'
import { askCanary, rememberRuns } from '../canary/analyses.ts'
import { decideProgress } from '../canary/progress.ts'
import { decideScaling } from '../canary/scaling.ts'
import { decideServices } from '../canary/services.ts'
import { decideFirstStep } from '../canary/skipped-steps.ts'
import { stageOfCanary } from '../canary/stage.ts'
import { standingOfCanary, weightsOfCanary } from '../canary/standing.ts'
import { pauseOfStep } from '../canary/steps.ts'
import { type CanaryView, viewCanary, waitsOnPurpose } from '../canary/view.ts'
import { decideRoute, decideWeight } from '../canary/weights.ts'
import { abortByDeadline, judgeDeadline } from '../deadline.ts'
import type { AbortCause } from '../lifecycle.ts'
import { decideNotices } from '../notices.ts'
import { decidePauses, isPaused, pauseEvents } from '../pauses.ts'
import { join, type Memory, type StrategyOutcome } from '../plan.ts'
import { abortByPlugin, decidePlugins, haltByPlugin, inquirePlugins } from '../step-plugins/step-plugins.ts'
import { summarize } from '../summarize.ts'
import type { RolloutView } from '../view.ts'

export function decideCanary(base: RolloutView, strategy: CanaryStrategy): StrategyOutcome {
  const observed = viewCanary(base, strategy)
  const asked = askCanary(observed)
  const plugins = inquirePlugins(observed)
  const deadline = judgeDeadline(observed, waitsOnPurpose(observed))
  const abortCause =
    base.lifecycle.abortCause ??
    abortByAnalysis([asked.background, asked.inline]) ??
    abortByPlugin(plugins) ??
    abortByDeadline(observed, deadline)
  const view = abortCause ? takenBack(observed) : observed
  const inquiries = abortCause ? { inline: undefined, background: undefined } : asked
  const runs = [inquiries.inline, inquiries.background]

  const halts = [...haltsOf(runs), ...(abortCause ? [] : haltByPlugin(plugins))]
  const pauses = decidePauses(view, pauseOfStep(view.step), halts)
  const progress = decideProgress(view, pauses, { inline: asked.inline, plugins })
  const stage = stageOfCanary(view, progress)

  const part = join(
    { memory: view.mode === 'superseded' ? forgetFormerUpdate(view) : { currentStepHash: view.lifecycle.stepHash } },
    decideFirstStep(view),
    { memory: abortOfCanary(view, abortCause) },
    pauses.part,
    decideRuns(view, runs),
    { memory: rememberRuns(inquiries) },
    { memory: { canary: { weights: weightsOfCanary(view) } } },
    decideRoute(view, decideWeight(view)),
    ...decideServices(view),
    decideScaling(view),
    abortEvent(view, abortCause),
    decidePlugins(view, plugins, isPaused(view, pauses)),
    progress.part,
    pauseEvents(view, pauses),
    deadline.atMs === undefined ? {} : { wakeAtMs: deadline.atMs },
    {
      notices: decideNotices(view, {
        abortCause,
        pauses,
        promoted: progress.promoted,
        halts,
        updateStarts: updateStarts(view),
        stage,
      }),
    },
  )
  const status = summarize(view, {
    memory: part.memory ?? {},
    abortCause,
    paused: isPaused(view, pauses),
    deadlineExceeded: deadline.exceeded,
    standing: standingOfCanary(view),
  })
  return { part, status, aborted: view.mode === 'aborted' }
}

/** The view of an update that is aborted in this pass. */
const takenBack = (view: CanaryView): CanaryView => ({
  ...view,
  mode: 'aborted',
  stepIndex: 0,
  step: view.steps[0],
  promoteFull: false,
})

const abortOfCanary = (view: CanaryView, cause: AbortCause | undefined): Memory =>
  cause ? { ...abortMemory(view, cause), currentStepIndex: 0 } : abortMemory(view, cause)
