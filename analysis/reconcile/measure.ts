/**
 * Takes the measurements that are due: renders each request, sends it, reads and judges the answer. Every failure becomes a measurement; only a
 * cancelled one leaves nothing, so that it is taken again.
 */
import type { Measurement, Metric } from '../../controller/api/analysis.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import { chooseProvider } from '../../controller/metric-language/analysis-metric.ts'
import { TransportError } from '../../controller/runtime/http.ts'
import { substituteArguments } from '../domain/args.ts'
import type { RunWorld } from '../domain/decide.ts'
import { judgeReading } from '../domain/verdict.ts'
import type { ProviderModule, ProviderOutcome } from '../providers/provider.ts'
import { providers } from '../providers/registry.ts'
import type { RunDeps } from './deps.ts'
import { type ResolvedArguments, resolveArguments } from './secrets.ts'

export interface Measured {
  readonly measurements: ReadonlyMap<string, Measurement>
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, string>>>
}

const PARALLEL_REQUESTS = 8
const LONGEST_MESSAGE = 1000

/** By metric name. `due` names metrics of the run's own (unsubstituted) spec. */
export async function measure(
  world: RunWorld,
  due: readonly string[],
  deps: RunDeps,
  signal: AbortSignal,
): Promise<Measured> {
  const measurements = new Map<string, Measurement>()
  const metadata = new Map<string, Readonly<Record<string, string>>>()
  if (due.length === 0) return { measurements, metadata }
  const args = await resolveArguments(world.run, deps)
  const waiting = world.run.spec.metrics.filter((metric) => due.includes(metric.name))
  const work = async (): Promise<void> => {
    for (let metric = waiting.shift(); metric; metric = waiting.shift()) {
      const exchange = await exchangeOne(metric, args, world, deps, signal)
      if (!exchange) continue
      measurements.set(metric.name, exchange.measurement)
      metadata.set(metric.name, exchange.metadata)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, work))
  return { measurements, metadata }
}

interface Exchange {
  readonly measurement: Measurement
  readonly metadata: Readonly<Record<string, string>>
}

async function exchangeOne(
  metric: Metric,
  args: Awaited<ReturnType<typeof resolveArguments>>,
  world: RunWorld,
  deps: RunDeps,
  signal: AbortSignal,
): Promise<Exchange | undefined> {
  const startedAt = formatInstant(deps.clock.now())
  const fail = (message: string): Exchange => ({
    measurement: { phase: 'Error', message, startedAt, finishedAt: formatInstant(deps.clock.now()) },
    metadata: {},
  })
  if ('problem' in args) return fail(args.problem)
  const substituted = substituteArguments(metric, args.values, world.mode)
  if ('problem' in substituted) return fail(args.mask(substituted.problem))
  const choice = chooseProvider(substituted.metric)
  if ('problem' in choice) return fail(args.mask(choice.problem))
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
