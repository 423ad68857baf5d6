/**
 * The registry behind /metrics. Each component declares its own metrics with these helpers; declaring a name twice yields the
 * same metric, so that several queues or reflectors share one. Labels must be bounded: no URL, message, pod or run name.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type MetricRegistry = Registry

export interface MetricSpec<Label extends string> {
  readonly name: string
  readonly help: string
  readonly labels?: readonly Label[]
}

export interface BuildInfo {
  readonly version: string
  readonly gitCommit: string
}

/** An empty registry for tests and components that run alone. */
export const createMetricRegistry = (): MetricRegistry => new Registry()

/** The controller's registry: process metrics and `build_info`. */
export function createProcessMetrics(build: BuildInfo): MetricRegistry {
  const registry = createMetricRegistry()
  collectDefaultMetrics({ register: registry })
  const labels = ['version', 'goversion', 'goarch', 'commit'] as const
  const help = 'Build of this controller; the labels are those of Argo Rollouts, goversion names the Node runtime.'
  const info = declareGauge(registry, { name: 'build_info', help, labels })
  info.set({ version: build.version, goversion: process.version, goarch: process.arch, commit: build.gitCommit }, 1)
  return registry
}

export function declareCounter<L extends string>(registry: MetricRegistry, spec: MetricSpec<L>): Counter<L> {
  const existing = registry.getSingleMetric(spec.name)
  if (existing instanceof Counter) return existing as Counter<L>
  return new Counter({ name: spec.name, help: spec.help, labelNames: [...(spec.labels ?? [])], registers: [registry] })
}

export function declareGauge<L extends string>(registry: MetricRegistry, spec: MetricSpec<L>): Gauge<L> {
  const existing = registry.getSingleMetric(spec.name)
  if (existing instanceof Gauge) return existing as Gauge<L>
  return new Gauge({ name: spec.name, help: spec.help, labelNames: [...(spec.labels ?? [])], registers: [registry] })
}

export function declareHistogram<L extends string>(
  registry: MetricRegistry,
  spec: MetricSpec<L> & { readonly buckets: readonly number[] },
): Histogram<L> {
  const existing = registry.getSingleMetric(spec.name)
  if (existing instanceof Histogram) return existing as Histogram<L>
  return new Histogram({
    name: spec.name,
    help: spec.help,
    labelNames: [...(spec.labels ?? [])],
    buckets: [...spec.buckets],
    registers: [registry],
  })
}

/** Seconds; fits API calls and short work. */
export const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

const scrapeHooks = new WeakMap<MetricRegistry, Set<() => void>>()

/** Runs `observe` before each scrape, for values that are ages of something. Returns the unsubscriber. */
export function beforeScrape(registry: MetricRegistry, observe: () => void): () => void {
  const hooks = scrapeHooks.get(registry) ?? new Set()
  scrapeHooks.set(registry, hooks.add(observe))
  return () => void hooks.delete(observe)
}

/** The exposition text of everything in the registry. */
export function renderMetrics(registry: MetricRegistry): Promise<string> {
  for (const observe of scrapeHooks.get(registry) ?? []) observe()
  return registry.metrics()
}
