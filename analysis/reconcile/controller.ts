/**
 * Wires the reconciler of AnalysisRuns to caches, a key queue and metrics. It takes part in the process's life (start, stop, health) and must not
 * decide anything about a run.
 */
import { type AnalysisRun, isCompleted } from '../../controller/api/analysis.ts'
import { type Job, readJobEnd } from '../../controller/api/job.ts'
import { ANALYSIS_RUN_UID } from '../../controller/api/labels.ts'
import type { KubeObject } from '../../controller/api/meta.ts'
import { controllerOf } from '../../controller/kube/apply.ts'
import { indexByOwnerUid } from '../../controller/kube/cache.ts'
import type { Discovery, KubeClient } from '../../controller/kube/client.ts'
import type { EventRecorder } from '../../controller/kube/events.ts'
import { createFence } from '../../controller/kube/fence.ts'
import type { Informers } from '../../controller/kube/informers.ts'
import { analysisRuns, jobs } from '../../controller/kube/kinds.ts'
import { createWorkQueue, type Result } from '../../controller/kube/work-queue.ts'
import type { Clock } from '../../controller/runtime/clock.ts'
import type { HttpTransport } from '../../controller/runtime/http.ts'
import type { Logger } from '../../controller/runtime/log.ts'
import type { MetricRegistry } from '../../controller/runtime/metrics.ts'
import type { Redactor } from '../../controller/runtime/redact.ts'
import type { LongProviderModule } from '../providers/long-provider.ts'
import { createLongProviders } from '../providers/registry.ts'
import { reconcileAnalysisRun } from './analysis-run.ts'
import { createAuthorizedTransport } from './authorize.ts'
import { type AwsCredentialSource, createAwsCredentialSource } from './aws-credentials.ts'
import { type AnalysisConfig, BY_OWNER, type RunDeps } from './deps.ts'
import { createRunMetrics } from './run-metrics.ts'

export interface AnalysisControllerOptions {
  readonly client: KubeClient
  readonly discovery: Discovery
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Logger
  readonly http: HttpTransport
  readonly metrics: MetricRegistry
  readonly events: EventRecorder
  readonly redactor: Redactor
  /** As whom requests to AWS are signed; absent: as the environment says. */
  readonly aws?: AwsCredentialSource
  readonly config: AnalysisConfig
}

export interface AnalysisController {
  /** Begins to work; the caches must be filled. */
  start(): void
  /** Gives up what is in flight and resolves when no pass runs any more. It cannot be started again. */
  stop(): Promise<void>
  /** What is wrong in one sentence; undefined while all is well. */
  health(): string | undefined
}

const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`

/** Ask for it before `informers.start()` or after; it opens the caches of AnalysisRuns and of the Jobs that measure. */
export function createAnalysisController(options: AnalysisControllerOptions): AnalysisController {
  const { clock, log, informers } = options
  const runs = informers.for<AnalysisRun>(analysisRuns)
  // One watch that says nothing while no Job measures; the end of one is known at once, and costs no request.
  const measuringJobs = informers.for<Job>(jobs, {
    labelSelector: ANALYSIS_RUN_UID,
    indexers: { [BY_OWNER]: indexByOwnerUid },
    optional: true,
  })
  const fence = createFence({ clock, log, client: options.client, caches: informers })
  const metrics = createRunMetrics(options.metrics, runs)
  const longProviders = createLongProviders()
  const nextLooks = new Map<string, ReadonlyMap<string, number>>()
  const authorized = createAuthorizedTransport({
    http: options.http,
    clock,
    aws: options.aws ?? createAwsCredentialSource(clock),
    awsRegion: options.config.providers?.aws?.region,
  })
  const deps: RunDeps = { ...options, authorized, runs, jobs: measuringJobs, fence, metrics, longProviders, nextLooks }
  const inFlight = new Map<string, AbortController>()
  let subscriptions: readonly (() => void)[] = []
  let state: 'idle' | 'running' | 'stopped' = 'idle'

  async function runPass(key: string): Promise<Result> {
    const [namespace = '', name = ''] = key.split('/')
    const cancel = new AbortController()
    inFlight.set(key, cancel)
    const startedMs = clock.monotonicMs()
    try {
      return await reconcileAnalysisRun(key, deps, cancel.signal)
    } catch (error) {
      metrics.countFailedPass(namespace, name)
      throw error
    } finally {
      inFlight.delete(key)
      if (runs.get(namespace, name)) metrics.observePass(namespace, name, (clock.monotonicMs() - startedMs) / 1000)
    }
  }

  const queue = createWorkQueue({
    name: 'analysisruns',
    clock,
    log,
    concurrency: options.config.threads,
    process: runPass,
    metrics: options.metrics,
  })

  function forget(key: string, run: AnalysisRun): void {
    inFlight.get(key)?.abort()
    queue.forget(key)
    fence.forget(key)
    metrics.forget(run.metadata.namespace ?? '', run.metadata.name)
  }

  /** What is remembered of a run that takes no more looks. */
  function forgetLooks({ metadata }: AnalysisRun): void {
    nextLooks.delete(metadata.uid ?? '')
    for (const provider of Object.values<LongProviderModule>(longProviders)) provider.forget?.(metadata.uid ?? '')
  }

  return {
    start() {
      if (state !== 'idle') return
      state = 'running'
      subscriptions = [
        runs.subscribe((change) => {
          const key = keyOf(change.object)
          if (change.type === 'deleted' || isCompleted(change.object.status?.phase)) forgetLooks(change.object)
          if (change.type === 'deleted') return forget(key, change.object)
          if (change.object.spec?.terminate === true) inFlight.get(key)?.abort()
          if (needsWork(change.object)) queue.add(key)
        }),
        measuringJobs.subscribe(({ type, object }) => {
          if (type !== 'deleted' && !readJobEnd(object)) return
          const run = runs.get(object.metadata.namespace, controllerOf(object)?.name ?? '')
          if (run && needsWork(run)) queue.add(keyOf(run))
        }),
      ]
      for (const run of runs.list()) if (needsWork(run)) queue.add(keyOf(run))
      queue.start()
    },
    async stop() {
      state = 'stopped'
      for (const unsubscribe of subscriptions) unsubscribe()
      for (const cancel of inFlight.values()) cancel.abort()
      await queue.shutdown()
    },
    health: () => (state === 'stopped' ? 'the analysis controller is stopped' : undefined),
  }
}

/** A finished run costs nothing, unless it has a time to live. */
const needsWork = (run: AnalysisRun): boolean => !isCompleted(run.status?.phase) || run.spec?.ttlStrategy !== undefined
