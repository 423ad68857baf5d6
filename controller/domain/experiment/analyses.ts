/**
 * The analyses of an experiment: which runs exist, what each says, which are made or ended now. Only runs of this experiment and this try of it
 * count (S11); a run's phase is the verdict, and one that is on record stays.
 *
 *   run on record        run in the cluster   pods were available   the experiment ends | then
 *   completed            -                    -                     -                   | the verdict on record
 *   yes                  there                -                     -                   | its phase; it is ended with the experiment
 *   yes                  gone                 -                     -                   | Error
 *   no                   of this try          -                     -                   | its phase (a pass was lost after creating it)
 *   no                   none                 yes                   no                  | create it; Error if it cannot be built
 *   no                   none                 no                    -                   | wait
 */
import { type AnalysisRun, isCompleted } from '../../api/analysis.ts'
import type { ExperimentAnalysis, ExperimentRunStatus } from '../../api/experiment.ts'
import { INSTANCE_ID } from '../../api/labels.ts'
import { ATTEMPT } from '../analysis/analyses.ts'
import { type AnalysisRunOutcome, renderAnalysisRun, sortKeys } from '../analysis/render-run.ts'
import { resolveExperimentArgument } from './arguments.ts'
import type { ExperimentPart } from './plan.ts'
import { experimentOwner, inheritedCompat } from './replica-sets.ts'
import type { ExperimentView } from './view.ts'

export interface AnalysisFacts {
  readonly analysis: ExperimentAnalysis
  /** What status shall say of it; undefined: nothing yet. */
  readonly status: ExperimentRunStatus | undefined
  readonly run: AnalysisRun | undefined
  /** The run to create now. */
  readonly due?: AnalysisRun
}

/** What is there, before anything is begun. */
export const observeAnalyses = (view: ExperimentView): readonly AnalysisFacts[] =>
  (view.world.experiment.spec.analyses ?? []).map((analysis) => {
    const { name } = analysis
    const recorded = view.status.analysisRuns?.find((status) => status.name === name)
    const run = findRun(view, analysis, recorded)
    if (recorded && isCompleted(recorded.phase)) return { analysis, status: recorded, run }
    if (run) return { analysis, status: statusOf(name, run), run }
    if (!recorded?.analysisRun) return { analysis, status: recorded, run }
    const message = `AnalysisRun '${recorded.analysisRun}' not found`
    return { analysis, status: { ...recorded, phase: 'Error', message }, run }
  })

/** Analyses that have no run yet get one, once all pods were available. */
export const beginAnalyses = (view: ExperimentView, observed: readonly AnalysisFacts[]): readonly AnalysisFacts[] =>
  view.status.availableAt ? observed.map((facts) => (facts.status ? facts : begin(view, facts.analysis))) : observed

function begin(view: ExperimentView, analysis: ExperimentAnalysis): AnalysisFacts {
  const { name } = analysis
  const built = buildRun(view, analysis)
  const refusal = view.world.refusals.find((one) => one.of === 'analysis' && one.name === name)
  if ('run' in built && !refusal) {
    const status = { name, analysisRun: built.run.metadata.name, phase: 'Pending' }
    return { analysis, status, run: undefined, due: built.run }
  }
  const why = 'problem' in built ? built.problem : (refusal?.message ?? '')
  const message = `Failed to create AnalysisRun for analysis '${name}': ${why}`
  return { analysis, status: { name, analysisRun: '', phase: 'Error', message }, run: undefined }
}

const statusOf = (name: string, run: AnalysisRun): ExperimentRunStatus => ({
  name,
  analysisRun: run.metadata.name,
  phase: run.status?.phase || 'Pending',
  ...(run.status?.message ? { message: run.status.message } : {}),
})

/** The run on record, else one of this try that no status tells of yet. */
function findRun(view: ExperimentView, analysis: ExperimentAnalysis, recorded: ExperimentRunStatus | undefined) {
  const runs = view.world.analysisRuns
  if (recorded?.analysisRun) return runs.find((run) => run.metadata.name === recorded.analysisRun)
  const { availableAt } = view.status
  if (!availableAt) return undefined
  return namesakes(view, analysis).find((run) => run.metadata.annotations?.[ATTEMPT] === availableAt)
}

const baseName = (view: ExperimentView, analysis: ExperimentAnalysis): string =>
  `${view.world.experiment.metadata.name}-${analysis.name}`

/** Runs of this analysis, of all tries. */
const namesakes = (view: ExperimentView, analysis: ExperimentAnalysis): readonly AnalysisRun[] =>
  view.world.analysisRuns.filter((run) => run.metadata.name.replace(/\.\d+$/, '') === baseName(view, analysis))

/** `<experiment>-<analysis>`, and `.1`, `.2` ... for further tries. */
function chooseName(view: ExperimentView, analysis: ExperimentAnalysis): string {
  const taken = namesakes(view, analysis).map((run) => Number(/\.(\d+)$/.exec(run.metadata.name)?.[1] ?? 0))
  const base = baseName(view, analysis)
  return taken.length === 0 ? base : `${base}.${Math.max(...taken) + 1}`
}

function buildRun(view: ExperimentView, analysis: ExperimentAnalysis): AnalysisRunOutcome {
  const { experiment, instanceId, templates } = view.world
  const { spec, metadata } = experiment
  const { labels, annotations } = spec.analysisRunMetadata ?? {}
  return renderAnalysisRun({
    metadata: {
      name: chooseName(view, analysis),
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels: sortKeys({ ...labels, ...(instanceId === undefined ? {} : { [INSTANCE_ID]: instanceId }) }),
      annotations: sortKeys({
        ...annotations,
        ...inheritedCompat(view.world),
        [ATTEMPT]: view.status.availableAt ?? '',
      }),
      ownerReferences: [experimentOwner(view.world)],
    },
    refs: [{ templateName: analysis.templateName, clusterScope: analysis.clusterScope ?? false }],
    lookup: templates,
    given: analysis.args ?? [],
    resolve: (argument) => resolveExperimentArgument(argument, view),
    dryRun: spec.dryRun ?? [],
    measurementRetention: spec.measurementRetention ?? [],
  })
}

/** @param endRuns no run that is under way is of use any more; else only those of analyses and tries that are gone */
export function decideAnalyses(
  view: ExperimentView,
  analyses: readonly AnalysisFacts[],
  endRuns: boolean,
): ExperimentPart {
  const current = new Set(analyses.map(({ run }) => run))
  const ended = view.world.analysisRuns.filter(
    (run) => (endRuns || !current.has(run)) && !isCompleted(run.status?.phase) && run.spec.terminate !== true,
  )
  const nameOf = (run: AnalysisRun): string =>
    analyses.find((facts) => facts.run === run)?.analysis.name ?? 'former analysis'
  return {
    actions: [
      ...analyses.flatMap(({ due, analysis: { name } }) =>
        due ? [{ do: 'createAnalysisRun', run: due, analysis: name } as const] : [],
      ),
      ...ended.map((run) => ({ do: 'terminateAnalysisRun', run }) as const),
    ],
    events: ended.map((run) => ({
      type: 'Normal',
      reason: 'AnalysisRunTerminating',
      message: `Terminating ${nameOf(run)} (${run.metadata.name})`,
    })),
  }
}
