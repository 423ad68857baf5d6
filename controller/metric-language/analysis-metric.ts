/**
 * What a metric's definition says once its numbers are read: limits with their defaults, delays in milliseconds, and which provider it
 * names. Shared by validation and by the judge, so that both read a definition alike.
 */
import type { Metric } from '../api/analysis.ts'
import { type IntOrString, parseGoDuration } from '../api/scalars.ts'

/** Providers that answer one request; `analysis/providers/registry.ts` must have exactly these. Names with a slash are keys of `provider.plugin`. */
export const requestProviderIds = [
  'prometheus',
  'web',
  'datadog',
  'newRelic',
  'wavefront',
  'graphite',
  'influxdb',
  'cloudWatch',
  'skywalking',
] as const
export type RequestProviderId = (typeof requestProviderIds)[number]

/** Providers that are asked several times until they have an answer, or ask somebody who is no HTTP service; `registry.ts` must have these too. */
export const longProviderIds = [
  'kayenta',
  'penstock/gate',
  'penstock/kubernetes',
  'penstock/alertmanager',
  'penstock/mann-whitney',
] as const
export type LongProviderId = (typeof longProviderIds)[number]

/** Providers this build measures with; `job` asks nobody, but runs a Job. */
export const providerIds = [...requestProviderIds, ...longProviderIds, 'job'] as const
export type ProviderId = (typeof providerIds)[number]

export interface MetricLimits {
  /** Measurements until the metric is decided; undefined when it goes on until it is ended. */
  readonly count: number | undefined
  /** Negative: failures are not limited. */
  readonly failureLimit: number
  readonly inconclusiveLimit: number
  readonly consecutiveErrorLimit: number
  /** 0: not used. */
  readonly consecutiveSuccessLimit: number
  readonly intervalMs: number | undefined
  readonly initialDelayMs: number
}

const DEFAULT_CONSECUTIVE_ERROR_LIMIT = 4

/** An int, or a string that holds one; undefined when absent or something else. */
export function readInt(value: IntOrString | undefined): number | undefined {
  if (typeof value === 'number') return value
  return value !== undefined && /^\s*-?\d{1,9}\s*$/.test(value) ? Number(value) : undefined
}

/** The metric must have been validated; what cannot be read counts as absent. */
export function readLimits(metric: Metric): MetricLimits {
  const intervalMs = metric.interval ? parseGoDuration(metric.interval) : undefined
  const count = readInt(metric.count) || undefined
  return {
    count: count ?? (intervalMs === undefined ? 1 : undefined),
    failureLimit: readInt(metric.failureLimit) ?? 0,
    inconclusiveLimit: readInt(metric.inconclusiveLimit) ?? 0,
    consecutiveErrorLimit: readInt(metric.consecutiveErrorLimit) ?? DEFAULT_CONSECUTIVE_ERROR_LIMIT,
    consecutiveSuccessLimit: readInt(metric.consecutiveSuccessLimit) ?? 0,
    intervalMs,
    initialDelayMs: (metric.initialDelay ? parseGoDuration(metric.initialDelay) : undefined) ?? 0,
  }
}

export type ProviderChoice = { readonly id: ProviderId; readonly config: unknown } | { readonly problem: string }

/** Whether the provider is asked until it knows. */
export const isLongProvider = (id: ProviderId): id is LongProviderId => longProviderIds.some((known) => known === id)

const isProviderId = (id: string): id is ProviderId => providerIds.some((known) => known === id)

/** A measurement that goes on in the cluster between two looks at it, and has to be ended there. */
export const runsJob = (metric: Metric): boolean => {
  const choice = chooseProvider(metric)
  return 'id' in choice && choice.id === 'job'
}

const JUDGES: ReadonlySet<string> = new Set([
  'job',
  'kayenta',
  'penstock/gate',
  'penstock/alertmanager',
  'penstock/mann-whitney',
])

/** A metric whose provider gives a verdict of its own: it needs no condition. */
export function judgesItself(metric: Metric): boolean {
  const choice = chooseProvider(metric)
  if ('problem' in choice) return false
  if (choice.id === 'penstock/kubernetes') return Object.hasOwn((choice.config as object | null) ?? {}, 'exists')
  return JUDGES.has(choice.id)
}

/** Which one provider the metric names. */
export function chooseProvider(metric: Metric): ProviderChoice {
  const named = Object.entries(metric.provider).filter(([, config]) => config !== undefined && config !== null)
  const [first, ...others] = named
  if (!first) return { problem: 'no provider specified' }
  if (others.length > 0) return { problem: 'multiple providers specified' }
  const [key, value] = first
  const plugins = key === 'plugin' ? Object.entries((value as object | null) ?? {}) : undefined
  if (plugins && plugins.length > 1) return { problem: 'multiple metric plugins specified' }
  const [id, config] = plugins ? (plugins[0] ?? ['', undefined]) : [key, value]
  if (isProviderId(id) && id.includes('/') === (plugins !== undefined)) return { id, config }
  const known = `known providers: ${providerIds.join(', ')}`
  if (plugins) return { problem: `unknown metric plugin "${id}"; ${known}` }
  return { problem: `provider "${id}" is unknown; ${known}` }
}
