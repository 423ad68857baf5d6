/** What a decision about step plugins may know: the step in force, the entries on record, the answers that came. Facts only. */

import type { CanaryStep } from '../../api/rollout.ts'
import { readStepEntries, type StepEntry } from '../../api/step-plugin-status.ts'
import { readStepResults, type StepResult } from '../../api/step-result.ts'
import { pluginOfStep } from '../canary/steps.ts'
import type { CanaryView } from '../canary/view.ts'
import type { Mode } from '../lifecycle.ts'
import type { Compat } from '../world.ts'

export interface StepSituation {
  /** Epoch milliseconds. */
  readonly now: number
  readonly compat: Compat
  readonly uid: string
  readonly revision: number
  readonly podHash: string
  /** Distinguishes the tries of one revision. */
  readonly attempt: string
  readonly mode: Mode
  /** This pass first sees that the spec went back to the stable revision: in substance an abort. */
  readonly returning: boolean
  readonly promoteFull: boolean
  /** With those plugins only that are called. */
  readonly steps: readonly Pick<CanaryStep, 'plugin'>[]
  readonly stepIndex: number
  /** Plugins that are switched off: their steps count as done. */
  readonly disabled: readonly string[]
  /** Paused before this pass: nothing new is begun. */
  readonly paused: boolean
  /** A halt for people to look is on record. */
  readonly halted: boolean
  /** As status has them. */
  readonly entries: readonly StepEntry[]
  readonly results: readonly StepResult[]
}

const HALTS: ReadonlySet<string> = new Set(['InconclusiveAnalysisRun', 'InconclusiveExperiment'])

export function situationOf(view: CanaryView): StepSituation {
  const { world, status, mode } = view
  const pauses = status.pauseConditions ?? []
  return {
    now: world.now,
    compat: world.compat,
    uid: world.rollout.metadata.uid ?? '',
    revision: view.revision,
    podHash: view.podHash,
    attempt: view.lifecycle.attempt,
    mode,
    returning: mode === 'superseded' && status.stableRS === view.podHash,
    promoteFull: view.promoteFull,
    steps: view.steps.map((step) => ({ plugin: pluginOfStep(step) })),
    stepIndex: view.stepIndex,
    disabled: world.disabledPlugins ?? [],
    paused: pauses.length > 0 || view.specPaused,
    halted: pauses.some(({ reason }) => HALTS.has(reason)),
    entries: readStepEntries(status.canary?.stepPluginStatuses),
    results: readStepResults(world.rollout.metadata.annotations),
  }
}
