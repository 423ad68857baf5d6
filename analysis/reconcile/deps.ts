/** What the reconciler of AnalysisRuns is given: ports only, built once by the composition root. */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import type { Job } from '../../controller/api/job.ts'
import type { ObjectCache } from '../../controller/kube/cache.ts'
import type { Discovery, KubeClient } from '../../controller/kube/client.ts'
import type { EventRecorder } from '../../controller/kube/events.ts'
import type { Fence } from '../../controller/kube/fence.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import type { Redactor } from '../../controller/runtime/redact.ts'
import type { RunWorld } from '../domain/decide.ts'
import type { VerdictMode } from '../domain/verdict.ts'
import type { ProviderSettings } from '../providers/provider.ts'
import type { LongProviders } from '../providers/registry.ts'
import type { AuthorizedTransport } from './authorize.ts'
import type { RunMetrics } from './run-metrics.ts'

export interface AnalysisConfig {
  /** Runs worked on at the same time; Argo's `--analysis-threads`, 30. */
  readonly threads: number
  /** Only runs with this instance-id label; absent: only runs without one. */
  readonly instanceId?: string
  /** `argo` where a run carries no annotation of its own. */
  readonly compat: VerdictMode
  /** For prometheus metrics without an address. */
  readonly prometheusAddress?: string
  readonly providers?: ProviderSettings
  /** Where Secrets of providers are kept that serve all namespaces. */
  readonly controllerNamespace: string
  /** That runs of every namespace may read objects of, besides their own. */
  readonly readableNamespaces?: readonly string[]
}

export const BY_OWNER = 'ownerUid'

export interface RunDeps {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'create' | 'patch' | 'delete'>
  readonly discovery: Pick<Discovery, 'listResources'>
  readonly runs: ObjectCache<AnalysisRun>
  /** Those that measure, indexed by owner; see {@link BY_OWNER}. */
  readonly jobs: ObjectCache<Job>
  readonly fence: Fence
  readonly clock: Clock
  readonly log: Logger
  readonly authorized: AuthorizedTransport
  readonly longProviders: LongProviders
  readonly redactor: Redactor
  readonly events: EventRecorder
  readonly metrics: RunMetrics
  /** Next looks, of those that were not stored: epoch milliseconds by uid of the run and name of the metric. May be lost: then a look comes earlier. */
  readonly nextLooks: Map<string, ReadonlyMap<string, number>>
  readonly config: AnalysisConfig
}

/** What taking one measurement needs besides its metric. */
export interface Taking {
  readonly world: RunWorld
  readonly deps: RunDeps
  /** Gives up what is in flight. */
  readonly signal: AbortSignal
  /** The text with every secret of this run replaced. */
  readonly mask: (text: string) => string
}
