/**
 * Where the experiment as a whole stands: from its templates and analyses to its phase. An experiment that asked for evidence does not succeed
 * without it; `compat: argo` restores Argo's reading.
 *
 *   first row that holds                                    strict                    argo
 *   a phase that ends is on record                          stays                     stays
 *   a template Failed, or Error                             that                      that
 *   an analysis Failed, Error, Inconclusive                 the worst of them         the worst of them
 *   some are required, all these Successful                 Successful                Successful
 *   templates over: no analyses, or all Successful          Successful                Successful
 *   templates over: an analysis was never begun             Inconclusive              Inconclusive if one is required, else Successful
 *   templates over: an analysis runs, none required         Running until it ended    Successful
 *   templates over: a required analysis runs                Running                   Running
 *   a template without all its pods                         Pending                   Pending
 *   otherwise                                               Running                   Running
 */
import { type AnalysisPhase, isCompleted } from '../../api/analysis.ts'
import type { TemplateStatus } from '../../api/experiment.ts'
import type { AnalysisFacts } from './analyses.ts'
import type { ExperimentView } from './view.ts'

export interface PhaseDecision {
  readonly phase: AnalysisPhase
  readonly message?: string
}

export function decidePhase(
  view: ExperimentView,
  templates: readonly TemplateStatus[],
  analyses: readonly AnalysisFacts[],
): PhaseDecision {
  const recorded = endedPhase(view)
  if (recorded) return recorded
  const broken =
    templates.find(({ status }) => status === 'Failed') ?? templates.find(({ status }) => status === 'Error')
  if (broken) return withMessage(broken.status === 'Failed' ? 'Failed' : 'Error', broken.message)
  const worst = worstVerdict(analyses)
  if (worst) return worst
  if (areRequiredSuccessful(analyses)) return { phase: 'Successful', message: 'Required AnalysisRuns completed' }
  if (templates.every(({ status }) => status === 'Successful')) return decideEnd(view, analyses)
  const waiting = templates.find(({ status }) => status !== 'Running' && status !== 'Successful')
  return waiting ? withMessage('Pending', waiting.message) : { phase: 'Running' }
}

/** The phase on record when it is one that ends. */
export function endedPhase({ status }: ExperimentView): PhaseDecision | undefined {
  const { phase, message } = status
  if (phase !== 'Successful' && phase !== 'Failed' && phase !== 'Error' && phase !== 'Inconclusive') return undefined
  return withMessage(phase, message)
}

const withMessage = (phase: AnalysisPhase, message: string | undefined): PhaseDecision =>
  message ? { phase, message } : { phase }

const WORST_FIRST: readonly AnalysisPhase[] = ['Failed', 'Error', 'Inconclusive']

/** The worst verdict that is not a pass; of equals the first. */
export function worstVerdict(analyses: readonly AnalysisFacts[]): PhaseDecision | undefined {
  for (const phase of WORST_FIRST) {
    const found = analyses.find(({ status }) => status?.phase === phase)
    if (found) return withMessage(phase, found.status?.message)
  }
  return undefined
}

export function areRequiredSuccessful(analyses: readonly AnalysisFacts[]): boolean {
  const required = analyses.filter(({ analysis }) => analysis.requiredForCompletion)
  return required.length > 0 && required.every(({ status }) => status?.phase === 'Successful')
}

/** All templates are over, and no analysis has spoken against it. */
function decideEnd({ world }: ExperimentView, analyses: readonly AnalysisFacts[]): PhaseDecision {
  const open = analyses.filter(({ status }) => !isCompleted(status?.phase))
  if (open.length === 0) return { phase: 'Successful' }
  if (world.compat === 'argo' && !analyses.some(({ analysis }) => analysis.requiredForCompletion))
    return { phase: 'Successful' }
  const unbegun = open.find(({ run, due }) => run === undefined && due === undefined)
  if (!unbegun) return { phase: 'Running' }
  const message = `Terminated: the experiment ended before analysis '${unbegun.analysis.name}' was begun`
  return { phase: 'Inconclusive', message }
}

/**
 * Analyses that run on are of no use: the experiment ends, or the templates of one without required analyses are over and what was measured is
 * to be summed up.
 */
export const isClosing = (templates: readonly TemplateStatus[], analyses: readonly AnalysisFacts[]): boolean =>
  templates.every(({ status }) => status === 'Successful') &&
  !analyses.some(({ analysis }) => analysis.requiredForCompletion)
