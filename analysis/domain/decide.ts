/**
 * What is to be done about one AnalysisRun now: nothing, delete it, refuse it, or measure what is due. Pure: the same run at the same moment gives
 * the same plan. Secrets are not known here; their places keep their `{{args.x}}`, which validation leaves to the measurement.
 */
import {
  type AnalysisRun,
  type AnalysisRunSpec,
  analysisRunSpecSchema,
  isCompleted,
} from '../../controller/api/analysis.ts'
import { parseInstant } from '../../controller/api/scalars.ts'
import { renderAnalysisProblems, validateAnalysis } from '../../controller/metric-language/validate-analysis.ts'
import { type ArgumentValues, substituteArguments } from './args.ts'
import { endsRun } from './progress.ts'
import { decideSchedule } from './schedule.ts'
import type { VerdictMode } from './verdict.ts'

export const SECRET_MASK = '*****'

export type RunPlan =
  | { readonly do: 'nothing'; readonly wakeAt?: number }
  | { readonly do: 'delete'; readonly why: string }
  /** Nothing but another spec could help. */
  | { readonly do: 'refuse'; readonly message: string }
  | {
      readonly do: 'measure'
      /** Arguments substituted but for secrets: fit for the status. */
      readonly spec: AnalysisRunSpec
      /** Names of the metrics to measure; none when only the status is to be brought up to date. */
      readonly due: readonly string[]
      /** What is due is not to be measured but to be ended. */
      readonly isTerminating: boolean
    }

export interface RunWorld {
  readonly run: AnalysisRun
  readonly mode: VerdictMode
  /** Epoch milliseconds. */
  readonly now: number
  /** By metric: when to look next, as looks had it that were not stored. */
  readonly nextLooks?: ReadonlyMap<string, number>
}

export function decide(world: RunWorld): RunPlan {
  const { run, now } = world
  if (isCompleted(run.status?.phase)) return decideRetention(run, now)
  const read = readSpec(world)
  if ('problem' in read) return { do: 'refuse', message: read.problem }
  const { spec } = read
  const isTerminating = endsRun(spec, run.status)
  const { due } = decideSchedule({
    metrics: spec.metrics,
    results: run.status?.metricResults ?? [],
    startedAtMs: parseInstant(run.status?.startedAt) ?? now,
    isTerminating,
    now,
    ...(world.nextLooks === undefined ? {} : { nextLooks: world.nextLooks }),
  })
  return { do: 'measure', spec, due: due.map((metric) => metric.name), isTerminating }
}

/** A finished run costs nothing, unless it asks to be removed after a time. */
function decideRetention(run: AnalysisRun, now: number): RunPlan {
  const strategy = run.spec.ttlStrategy
  const seconds = specialRetention(run) ?? strategy?.secondsAfterCompletion
  const completedAt = parseInstant(run.status?.completedAt)
  if (seconds === undefined || completedAt === undefined) return { do: 'nothing' }
  const deleteAt = completedAt + seconds * 1000
  if (deleteAt > now) return { do: 'nothing', wakeAt: deleteAt }
  return { do: 'delete', why: `its ttlStrategy allows ${seconds} s after completion` }
}

/** `secondsAfterFailure` is for Failed alone; what is Inconclusive or an Error waits for a person, and is only completed. */
function specialRetention({ spec, status }: AnalysisRun): number | undefined {
  if (status?.phase === 'Successful') return spec.ttlStrategy?.secondsAfterSuccess
  return status?.phase === 'Failed' ? spec.ttlStrategy?.secondsAfterFailure : undefined
}

type ReadSpec = { readonly spec: AnalysisRunSpec } | { readonly problem: string }

function readSpec({ run, mode }: RunWorld): ReadSpec {
  const parsed = analysisRunSpecSchema.safeParse(run.spec)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return { problem: `Analysis spec invalid: spec.${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` }
  }
  const values = readOpenArguments(parsed.data)
  if ('problem' in values) return unresolved(values)
  const metrics = []
  for (const metric of parsed.data.metrics) {
    const outcome = substituteArguments(metric, values.values, mode)
    if ('problem' in outcome) return unresolved(outcome)
    metrics.push(outcome.metric)
  }
  const spec = { ...parsed.data, metrics }
  const problems = validateAnalysis(spec)
  return problems.length > 0 ? { problem: `Analysis spec invalid: ${renderAnalysisProblems(problems)}` } : { spec }
}

const unresolved = ({ problem }: { readonly problem: string }): ReadSpec => ({
  problem: `Unable to resolve metric arguments: ${problem}`,
})

function readOpenArguments(spec: AnalysisRunSpec): { readonly values: ArgumentValues } | { readonly problem: string } {
  const values = new Map<string, string>()
  for (const { name, value, valueFrom } of spec.args ?? []) {
    if (value === undefined && !valueFrom?.secretKeyRef) return { problem: `args.${name} was not resolved` }
    values.set(name, value ?? `{{args.${name}}}`)
  }
  return { values }
}
