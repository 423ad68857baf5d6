/**
 * Takes the measurements that are due, each the way its provider is asked: one request, one more look, or a Job. Every failure becomes a
 * measurement; only a cancelled one leaves nothing, so that it is taken again.
 */
import { type AnalysisRun, isCompleted, type Measurement, type Metric } from '../../controller/api/analysis.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import { chooseProvider, isLongProvider, runsJob } from '../../controller/metric-language/analysis-metric.ts'
import { substituteArguments } from '../domain/args.ts'
import type { RunPlan, RunWorld } from '../domain/decide.ts'
import { readRetention } from '../domain/progress.ts'
import { providers } from '../providers/registry.ts'
import type { RunDeps, Taking } from './deps.ts'
import { endMeasurements, findOpen } from './end-measurements.ts'
import { beginJob, lookAtJob } from './job-measurements.ts'
import { renderText, type Taken } from './render-measurement.ts'
import { resolveArguments } from './secrets.ts'
import { takeLook } from './take-look.ts'
import { takeRequest } from './take-request.ts'

export interface Measured {
  /** Argo's reading: a secret that is missing is the end of the run. */
  readonly unresolved?: string
  readonly measurements: ReadonlyMap<string, Measurement>
  /** Names of those of which nothing has to be stored. */
  readonly unchanged: ReadonlySet<string>
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, string>>>
}

const PARALLEL_REQUESTS = 8

export type DueMetrics = Pick<Extract<RunPlan, { do: 'measure' }>, 'due' | 'isTerminating'>

/** By metric name; what goes on as it was is left out. `due` names metrics of the run's own (unsubstituted) spec. */
export async function measure(
  world: RunWorld,
  { due, isTerminating }: DueMetrics,
  deps: RunDeps,
  signal: AbortSignal,
): Promise<Measured> {
  const measurements = new Map<string, Measurement>()
  const metadata = new Map<string, Readonly<Record<string, string>>>()
  const unchanged = new Set<string>()
  if (isTerminating) return { measurements: await endMeasurements(world, due, deps), unchanged, metadata }
  let resolved: ReturnType<typeof resolveArguments> | undefined
  const readArguments = () => {
    resolved ??= resolveArguments(world.run, deps)
    return resolved
  }
  if (world.mode === 'argo' && due.some((name) => !isJobUnderWay(world.run, name))) {
    const args = await readArguments()
    if ('problem' in args) return { measurements, unchanged, metadata, unresolved: args.problem }
  }
  const pass: Pass = { world, deps, signal, readArguments }
  const waiting = world.run.spec.metrics.filter((metric) => due.includes(metric.name))
  const work = async (): Promise<void> => {
    for (let metric = waiting.shift(); metric; metric = waiting.shift()) {
      const taken = await takeOne(metric, pass)
      if (!taken) continue
      measurements.set(metric.name, taken.measurement)
      metadata.set(metric.name, taken.metadata)
      if (taken.isUnchanged) unchanged.add(metric.name)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, work))
  return { measurements, unchanged, metadata }
}

/** It has its arguments; to look at it needs none. */
const isJobUnderWay = (run: AnalysisRun, name: string): boolean =>
  findOpen(run, name) !== undefined && run.spec.metrics.some((metric) => metric.name === name && runsJob(metric))

interface Pass {
  readonly world: RunWorld
  readonly deps: RunDeps
  readonly signal: AbortSignal
  /** Once for all metrics, and not at all while Jobs are only looked at. */
  readonly readArguments: () => ReturnType<typeof resolveArguments>
}

async function takeOne(metric: Metric, pass: Pass): Promise<Taken | undefined> {
  const { world, deps, readArguments } = pass
  const open = findOpen(world.run, metric.name)
  if (!open || !runsJob(metric)) return takeNew(metric, await readArguments(), pass, open)
  const ended = await lookAtJob(world.run, metric.name, open, deps)
  if (ended?.message === undefined) return ended && { measurement: ended, metadata: {} }
  const args = await readArguments()
  return maskMessage(ended, 'problem' in args ? deps.redactor.redact : args.mask)
}

const maskMessage = ({ message, ...measurement }: Measurement, mask: Taking['mask']): Taken => ({
  measurement: { ...measurement, ...(message === undefined ? {} : { message: renderText(message, mask) }) },
  metadata: {},
})

/** A new measurement, or one more look at `open`; whatever keeps it from being taken is an error of it. */
async function takeNew(
  metric: Metric,
  args: Awaited<ReturnType<typeof resolveArguments>>,
  { world, deps, signal }: Pass,
  open: Measurement | undefined,
): Promise<Taken | undefined> {
  const startedAt = open?.startedAt ?? formatInstant(deps.clock.now())
  const fail = (message: string): Taken => ({
    measurement: { phase: 'Error', message, startedAt, finishedAt: formatInstant(deps.clock.now()) },
    metadata: {},
  })
  if ('problem' in args) return fail(args.problem)
  const { mask } = args
  const substituted = substituteArguments(metric, args.values, world.mode)
  if ('problem' in substituted) return fail(mask(substituted.problem))
  const choice = chooseProvider(substituted.metric)
  if ('problem' in choice) return fail(mask(choice.problem))
  if (choice.id === 'job') {
    const retention = readRetention(world.run.spec, metric.name)
    const begun = await beginJob(world.run, { metricName: metric.name, config: choice.config, retention }, deps)
    return begun && maskMessage(begun, mask)
  }
  const taking: Taking = { world, deps, signal, mask }
  const taken = isLongProvider(choice.id)
    ? await takeLook(deps.longProviders[choice.id], substituted.metric, choice.config, taking, open)
    : await takeRequest(providers[choice.id], substituted.metric, choice.config, taking)
  return taken && { ...taken, measurement: withTimes(taken.measurement, startedAt, deps) }
}

const withTimes = (measurement: Measurement, startedAt: string, { clock }: RunDeps): Measurement => ({
  ...measurement,
  startedAt,
  ...(isCompleted(measurement.phase) ? { finishedAt: formatInstant(clock.now()) } : {}),
})
