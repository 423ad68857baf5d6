/**
 * Whether the step in force is complete, and whether the whole update is. Decides the next step index or the promotion; at most one step a
 * pass, so that every step is visible in status. It must not scale or shift anything: it only reads what has come true.
 *
 *   step            complete when
 *   setWeight       routed: written, settled, and the canary's pods available    unrouted: both sides at their size, older revisions gone
 *   setCanaryScale  the canary's pods available
 *   setHeaderRoute, setMirrorRoute, colour
 *                   as setCanaryScale, and every managed route is written and settled as wanted
 *   pause           resumed or its time is up
 *   analysis        the run of this revision, step and attempt is Successful
 *   experiment      the Experiment of this revision, step and attempt is Successful
 *   plugin          its run of this revision, step and attempt is Successful, or the plugin is switched off
 *   several of them all of them are
 *   (past the end)  all pods available and, routed, all weight written and settled: promote
 */

import type { Inquiry } from '../analysis/analyses.ts'
import { decidePauses, type OwnPause, type PauseDecision } from '../pauses.ts'
import type { Hold, Part } from '../plan.ts'
import { promotion } from '../promotion.ts'
import { availableReplicas, createdReplicas, meetsThreshold, sum } from '../replicas.ts'
import { isWithinRollbackWindow } from '../rollback-window.ts'
import { describePluginStep, isPluginStepDone, type PluginInquiry } from '../step-plugins/step-plugins.ts'
import { isAllOf } from '../view.ts'
import { describeExperimentStep, type ExperimentInquiry, isExperimentDone } from './experiments.ts'
import { isAsWanted, wantedManagedRoutes } from './managed-routes.ts'
import { hasStableSettled, ratioTarget } from './ratio.ts'
import { exchangedRoles } from './roles.ts'
import { describeStep, pauseOfStep, pluginOfStep, routesOfStep } from './steps.ts'
import { type CanaryView, isReadyFor, wantedCanaryPods, wantedWeight } from './view.ts'

export interface Progress {
  readonly stepDone: boolean
  readonly promoted: boolean
  readonly part: Part
}

/** What has been found out about the step in force by somebody else. */
export interface Findings {
  readonly inline: Inquiry | undefined
  readonly plugins: PluginInquiry
  readonly experiment: ExperimentInquiry
}

export function decideProgress(view: CanaryView, pauses: PauseDecision, findings: Findings): Progress {
  if (view.mode === 'initial') return view.newRs ? promote(view, 'Initial deploy') : still()
  if (view.mode !== 'updating') return still()
  if (view.specPaused && !pauses.released) return still({ reason: 'Paused', message: 'spec.paused is true' })
  if (pauses.conditions.length > 0) return still(waitingForResume(pauses))
  if (view.promoteFull || view.step === undefined) {
    return isFullyShifted(view) ? promote(view, whyPromoted(view)) : still(waiting(view, findings))
  }
  return isComplete(view, pauses, findings) ? advance(view) : still(waiting(view, findings))
}

/** The pause of the step in force: where the step sets something as well, that comes first. */
export function ownPause(view: CanaryView): OwnPause | undefined {
  const own = pauseOfStep(view.step)
  return own && !isSet(view) ? { ...own, isEarly: true } : own
}

/** What stands in the step beside what lasts. */
const isSet = (view: CanaryView): boolean =>
  (!view.step?.setCanaryScale || isReadyFor(view, wantedCanaryPods(view))) &&
  (routesOfStep(view.step).length === 0 || areRoutesReached(view))

/** This pass completes a step or the update: whatever the clock says, it is not stuck. */
export function movesOn(view: CanaryView, findings: Findings): boolean {
  const { stepDone, promoted } = decideProgress(view, decidePauses(view, ownPause(view), []), findings)
  return stepDone || promoted
}

function whyPromoted(view: CanaryView): string {
  if (view.promoteFull) return 'Full promotion requested'
  return isWithinRollbackWindow(view) ? 'Rollback within window' : `Completed all ${view.steps.length} canary steps`
}

const still = (hold?: Hold): Progress => ({ stepDone: false, promoted: false, part: hold ? { holds: [hold] } : {} })

const waitingForResume = (pauses: PauseDecision): Hold => ({
  reason: pauses.conditions[0]?.reason ?? 'Paused',
  message: 'waiting to be resumed',
})

function waiting(view: CanaryView, { plugins, experiment }: Findings): Hold {
  if (pluginOfStep(view.step) && !view.promoteFull)
    return { reason: 'StepPluginRunning', message: describePluginStep(plugins) }
  if (view.step?.experiment && !view.promoteFull)
    return { reason: 'ExperimentRunning', message: describeExperimentStep(experiment) }
  if (view.step?.analysis)
    return { reason: 'AnalysisRunning', message: `step ${view.stepIndex + 1} waits for its AnalysisRun` }
  if (routesOfStep(view.step).length > 0)
    return {
      reason: 'StepInProgress',
      message: `step ${view.stepIndex + 1} waits until its route is written and answers`,
    }
  if (view.routed && wantedCanaryPods(view) === 0 && wantedWeight(view) > 0) {
    const message = `setCanaryScale asks for no canary pods: weight ${wantedWeight(view)} needs at least one`
    return { reason: 'StepInProgress', message }
  }
  const pods = `${availableReplicas(view.newRs)} of ${wantedPods(view)} canary pods available`
  const traffic = view.routed ? `, canary weight ${view.programmed ?? 'unset'} of ${wantedWeight(view)}` : ''
  return { reason: 'StepInProgress', message: `${pods}${traffic}` }
}

const wantedPods = (view: CanaryView): number => (view.routed ? wantedCanaryPods(view) : ratioTarget(view).canary)

/** Everything that the step says. */
function isComplete(view: CanaryView, pauses: PauseDecision, { inline, plugins, experiment }: Findings): boolean {
  const { step } = view
  const parts: readonly (readonly [said: boolean, isDone: () => boolean])[] = [
    [step?.setWeight !== undefined, () => (view.routed ? isWeightReached(view) : isRatioReached(view))],
    [Boolean(step?.setCanaryScale) || routesOfStep(step).length > 0, () => isSet(view)],
    [Boolean(step?.pause), () => pauses.over],
    [Boolean(step?.analysis), () => inline?.run?.status?.phase === 'Successful'],
    [Boolean(step?.experiment), () => isExperimentDone(experiment)],
    [Boolean(pluginOfStep(step)), () => isPluginStepDone(plugins)],
  ]
  const said = parts.filter(([isSaid]) => isSaid)
  return said.length > 0 && said.every(([, isDone]) => isDone())
}

/** Without canary pods, which may come with a later step, there is nothing to route to yet: the routes follow them. */
function areRoutesReached(view: CanaryView): boolean {
  if (view.replicas === 0 || wantedCanaryPods(view) === 0) return true
  const isReached = namesNew(view) && isReadyFor(view, wantedCanaryPods(view)) && view.settled
  const carriers = view.world.routes.flatMap(({ managedRoutes }) => (managedRoutes ? [managedRoutes] : []))
  return isReached && carriers.length > 0 && carriers.every((present) => isAsWanted(present, wantedManagedRoutes(view)))
}

/**
 * A Rollout scaled to 0 has no traffic to move: its steps go on without (an update must not wait for pods that nobody wants). Argo also passes a
 * weight that setCanaryScale left without any pod.
 */
const isWeightReached = (view: CanaryView): boolean =>
  view.replicas === 0 ||
  (view.world.compat === 'argo' && wantedCanaryPods(view) === 0) ||
  (view.programmed === wantedWeight(view) &&
    view.settled &&
    isReadyFor(view, wantedCanaryPods(view)) &&
    namesCanary(view))

/** A weight of 0 is reached also while the canary Service does not name the new revision yet. */
const namesCanary = (view: CanaryView): boolean => wantedWeight(view) === 0 || namesNew(view)

const namesNew = (view: CanaryView): boolean => isAllOf(view.canaryService, view.podHash)

function isFullyShifted(view: CanaryView): boolean {
  if (!isReadyFor(view, view.replicas)) return false
  return !view.routed || view.replicas === 0 || (view.programmed === view.maxWeight && view.settled)
}

function isRatioReached(view: CanaryView): boolean {
  const target = ratioTarget(view)
  const stableIsThere = view.stableRs === undefined || createdReplicas(view.stableRs) >= target.stable
  const canaryIsThere = meetsThreshold(
    availableReplicas(view.newRs),
    target.canary,
    view.strategy.replicaProgressThreshold,
  )
  return canaryIsThere && stableIsThere && hasStableSettled(view) && sum(view.others.map(availableReplicas)) === 0
}

function advance(view: CanaryView): Progress {
  const next = view.stepIndex + 1
  const what = view.step ? describeStep(view.step) : ''
  const message = `Rollout step ${next}/${view.steps.length} completed (${what})`
  return {
    stepDone: true,
    promoted: false,
    part: { memory: { currentStepIndex: next }, events: [{ type: 'Normal', reason: 'RolloutStepCompleted', message }] },
  }
}

function promote(view: CanaryView, because: string): Progress {
  const { memory, event } = promotion(view, because)
  return {
    stepDone: false,
    promoted: true,
    part: {
      memory: { ...memory, currentStepIndex: view.steps.length, canary: exchangedRoles(view.world.rollout) },
      events: [event],
    },
  }
}
