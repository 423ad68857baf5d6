/**
 * Whether an experiment ends now, whatever its templates are doing: then nothing new is begun, pods go after their delay and runs are ended.
 */
import type { AnalysisFacts } from './analyses.ts'
import { areRequiredSuccessful, endedPhase, worstVerdict } from './phase.ts'
import { hasTemplateFailed } from './templates.ts'
import type { ExperimentView } from './view.ts'

/** Somebody ended it, it has ended, a template or an analysis failed, or all required analyses have passed. */
export const isEnding = (view: ExperimentView, analyses: readonly AnalysisFacts[]): boolean =>
  view.world.experiment.spec.terminate === true ||
  endedPhase(view) !== undefined ||
  view.templates.some(({ recorded }) => hasTemplateFailed(recorded)) ||
  view.world.refusals.some(({ of }) => of === 'template') ||
  worstVerdict(analyses) !== undefined ||
  areRequiredSuccessful(analyses)
