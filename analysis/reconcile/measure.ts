/**
 * Takes the measurements that are due: renders each request, sends it, reads and judges the answer; begins Jobs and looks at them. Every failure
 * becomes a measurement; only a cancelled one leaves nothing, so that it is taken again.
 */
import type { Measurement, Metric } from '../../controller/api/analysis.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import { chooseProvider, runsJob } from '../../controller/metric-language/analysis-metric.ts'
import { TransportError } from '../../controller/runtime/http.ts'
import { substituteArguments } from '../domain/args.ts'
import type { RunPlan, RunWorld } from '../domain/decide.ts'
import { readRetention } from '../domain/progress.ts'
import { judgeReading } from '../domain/verdict.ts'
import type { ProviderModule, ProviderOutcome } from '../providers/provider.ts'
import { providers } from '../providers/registry.ts'
import type { RunDeps } from './deps.ts'
import { endMeasurements, findOpen } from './end-measurements.ts'
import { beginJob, lookAtJob } from './job-measurements.ts'
import { type ResolvedArguments, resolveArguments } from './secrets.ts'

export interface Measured {
  readonly measurements: ReadonlyMap<string, Measurement>
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, string>>>
}

const PARALLEL_REQUESTS = 8
const LONGEST_MESSAGE = 1000

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
  if (isTerminating) return { measurements: await endMeasurements(world.run, due, deps), metadata }
  let resolved: ReturnType<typeof resolveArguments> | undefined
  const readArguments = () => {
    resolved ??= resolveArguments(world.run, deps)
    return resolved
  }
  const pass: Pass = { world, deps, signal, readArguments }
  const waiting = world.run.spec.metrics.filter((metric) => due.includes(metric.name))
  const work = async (): Promise<void> => {
    for (let metric = waiting.shift(); metric; metric = waiting.shift()) {
      const taken = await takeOne(metric, pass)
      if (!taken) continue
      measurements.set(metric.name, taken.measurement)
      metadata.set(metric.name, taken.metadata)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, work))
  return { measurements, metadata }
}

interface Pass {
  readonly world: RunWorld
  readonly deps: RunDeps
  readonly signal: AbortSignal
  /** Once for all metrics, and not at all while Jobs are only looked at. */
  readonly readArguments: () => ReturnType<typeof resolveArguments>
}

interface Taken {
  readonly measurement: Measurement
  readonly metadata: Readonly<Record<string, string>>
}

async function takeOne(metric: Metric, pass: Pass): Promise<Taken | undefined> {
  const { world, deps, readArguments } = pass
  const open = runsJob(metric) ? findOpen(world.run, metric.name) : undefined
  if (!open) return takeNew(metric, await readArguments(), pass)
  const ended = await lookAtJob(world.run, metric.name, open, deps)
  if (ended?.message === undefined) return ended && { measurement: ended, metadata: {} }
  const args = await readArguments()
  return maskMessage(ended, 'problem' in args ? deps.redactor.redact : args.mask)
}

const maskMessage = ({ message, ...measurement }: Measurement, mask: (text: string) => string): Taken => ({
  measurement: { ...measurement, ...(message === undefined ? {} : { message: cut(mask(message)) }) },
  metadata: {},
})

async function takeNew(
  metric: Metric,
  args: Awaited<ReturnType<typeof resolveArguments>>,
  { world, deps, signal }: Pass,
): Promise<Taken | undefined> {
  const startedAt = formatInstant(deps.clock.now())
  const fail = (message: string): Taken => ({
    measurement: { phase: 'Error', message, startedAt, finishedAt: formatInstant(deps.clock.now()) },
    metadata: {},
  })
  if ('problem' in args) return fail(args.problem)
  const substituted = substituteArguments(metric, args.values, world.mode)
  if ('problem' in substituted) return fail(args.mask(substituted.problem))
  const choice = chooseProvider(substituted.metric)
  if ('problem' in choice) return fail(args.mask(choice.problem))
  if (choice.id === 'job') {
    const retention = readRetention(world.run.spec, metric.name)
    const begun = await beginJob(world.run, { metricName: metric.name, config: choice.config, retention }, deps)
    return begun && maskMessage(begun, args.mask)
  }
  const provider: ProviderModule = providers[choice.id]
  const prepared = provider.prepare(choice.config, {
    mode: world.mode,
    now: deps.clock.now(),
    prometheusAddress: deps.config.prometheusAddress,
  })
  if ('problem' in prepared) return fail(args.mask(prepared.problem))
  const outcome = await send(() => deps.http.send(prepared.request, signal), prepared.parse)
  if (!outcome || signal.aborted) return undefined
  const finishedAt = formatInstant(deps.clock.now())
  const measurement = renderMeasurement(outcome, substituted.metric, world, args)
  return { measurement: { ...measurement, startedAt, finishedAt }, metadata: maskAll(prepared.metadata, args) }
}

/** Undefined when the request was cancelled. */
async function send(
  request: () => ReturnType<RunDeps['http']['send']>,
  parse: (response: Awaited<ReturnType<RunDeps['http']['send']>>) => ProviderOutcome,
): Promise<ProviderOutcome | undefined> {
  try {
    return parse(await request())
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    return error.kind === 'cancelled' ? undefined : { kind: 'error', message: error.message }
  }
}

function renderMeasurement(
  outcome: ProviderOutcome,
  metric: Metric,
  world: RunWorld,
  { mask }: ResolvedArguments,
): Measurement {
  if (outcome.kind === 'error')
    return { phase: 'Error', message: cut(mask(outcome.message)), ...withMetadata(outcome.metadata, false, mask) }
  const verdict = judgeReading(outcome, metric, world.mode)
  return {
    phase: verdict.phase,
    ...(verdict.message === undefined ? {} : { message: cut(mask(verdict.message)) }),
    ...(outcome.kind === 'sample' ? { value: mask(outcome.text) } : {}),
    ...withMetadata(outcome.metadata, verdict.isNoData, mask),
  }
}

function withMetadata(
  metadata: Readonly<Record<string, string>> | undefined,
  isNoData: boolean,
  mask: (text: string) => string,
): Pick<Measurement, 'metadata'> {
  const entries = Object.entries(metadata ?? {}).map(([key, value]) => [key, mask(value)] as const)
  if (entries.length === 0 && !isNoData) return {}
  return { metadata: { ...Object.fromEntries(entries), ...(isNoData ? { verdict: 'NoData' } : {}) } }
}

const maskAll = (
  map: Readonly<Record<string, string>>,
  { mask }: ResolvedArguments,
): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(map).map(([key, value]) => [key, mask(value)]))

const cut = (text: string): string => (text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text)
