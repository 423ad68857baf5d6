/**
 * The canary strategy as a story: settle aborts, then pauses, then what has come true, then weight, Services and pods, in the order that is
 * safe. It composes; every rule lives in the file named after it.
 */
import type { CanaryStrategy } from '../../api/rollout.ts'
import { abortEvent, abortMemory, forgetFormerUpdate } from '../aborts.ts'
import { abortByAnalysis, decideRuns, haltsOf, runEvents, tellStages } from '../analysis/analyses.ts'
import { askCanary, rememberRuns } from '../canary/analyses.ts'
import {
  abortByExperiment,
  decideExperiments,
  experimentWeights,
  haltByExperiment,
  inquireExperiment,
  NO_EXPERIMENT,
} from '../canary/experiments.ts'
import { everyPodServes } from '../canary/former-services.ts'
import { decideProgress, movesOn, ownPause } from '../canary/progress.ts'
import { judgePropagation } from '../canary/propagation.ts'
import { releaseRoutes } from '../canary/release-routes.ts'
import { decideRoute } from '../canary/route.ts'
import { decideScaling, keepNamed } from '../canary/scaling.ts'
import { decideServices } from '../canary/services.ts'
import { decideFirstStep } from '../canary/skipped-steps.ts'
import { stageOfCanary } from '../canary/stage.ts'
import { albsOfCanary, standingOfCanary, weightsOfCanary } from '../canary/standing.ts'
import { type CanaryView, viewCanary } from '../canary/view.ts'
import { judgeCanaryWaits, placeOfPause } from '../canary/waits.ts'
import { decideWeight } from '../canary/weights.ts'
import { conclude } from '../conclude.ts'
import { abortByDeadline, judgeDeadline } from '../deadline.ts'
import { decideFormerServices } from '../former-services.ts'
import { hasMorePods } from '../high-water.ts'
import type { AbortCause } from '../lifecycle.ts'
import { decidePauses, isPaused, lacksVerdict, pauseEvents } from '../pauses.ts'
import { join, type Memory, type StrategyOutcome } from '../plan.ts'
import { abortByPlugin, decidePlugins, haltByPlugin, inquirePlugins } from '../step-plugins/step-plugins.ts'
import type { RolloutView } from '../view.ts'

export function decideCanary(base: RolloutView, strategy: CanaryStrategy): StrategyOutcome {
  const observed = viewCanary(base, strategy)
  const asked = askCanary(observed)
  const plugins = inquirePlugins(observed)
  const experiment = inquireExperiment(observed)
  const findings = { inline: asked.inline, plugins, experiment }
  const standing = standingOfCanary(observed)
  const waits = judgeCanaryWaits(observed, findings)
  const progressed = hasMorePods(observed, standing.counts) || movesOn(observed, findings)
  const deadline = judgeDeadline(observed, waits.onPurpose, progressed)
  const abortCause =
    base.lifecycle.abortCause ??
    abortByAnalysis([asked.background, asked.inline]) ??
    abortByPlugin(plugins) ??
    abortByExperiment(experiment) ??
    abortByDeadline(observed, deadline) ??
    waits.abortCause
  const settled = abortCause ? takenBack(observed) : observed
  const inquiries = abortCause ? { inline: undefined, background: undefined } : asked
  const runs = [inquiries.inline, inquiries.background]

  const halts = [...haltsOf(runs), ...(abortCause ? [] : [...haltByPlugin(plugins), ...haltByExperiment(experiment)])]
  const pauses = decidePauses(settled, ownPause(settled), halts, placeOfPause(settled))
  const view = { ...settled, undecided: base.world.compat === 'strict' && lacksVerdict(pauses) }
  const progress = decideProgress(view, pauses, findings)

  const scaling = decideScaling(view)
  const part = join(
    { memory: view.mode === 'superseded' ? forgetFormerUpdate(view) : { currentStepHash: view.lifecycle.stepHash } },
    decideFirstStep(view),
    { memory: abortOfCanary(view, abortCause) },
    pauses.part,
    decideRuns(view, runs),
    runEvents(view, [asked.inline, asked.background]),
    { memory: rememberRuns(inquiries) },
    { memory: { canary: { weights: weightsOfCanary(view) }, ...albsOfCanary(view) } },
    decideRoute(view, decideWeight(view), experimentWeights(view)),
    judgePropagation(view.world).part,
    ...decideServices(view, scaling),
    decideFormerServices(view, everyPodServes(view)),
    keepNamed(view, scaling),
    decideExperiments(view, abortCause ? NO_EXPERIMENT : experiment),
    decidePlugins(view, plugins, isPaused(view, pauses)),
    abortEvent(view, abortCause),
    progress.part,
    pauseEvents(view, pauses),
    deadline.atMs === undefined ? {} : { wakeAtMs: deadline.atMs },
    waits.wakeAtMs === undefined ? {} : { wakeAtMs: waits.wakeAtMs },
    tellStages(progress.promoted ? [] : runs),
  )
  return conclude(view, {
    part: join(part, releaseRoutes(view, part)),
    abortCause,
    pauses,
    halts,
    promoted: progress.promoted,
    deadlineExceeded: deadline.exceeded,
    standing,
    stage: stageOfCanary(view, progress),
  })
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
