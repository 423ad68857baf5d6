/**
 * The queue behind step plugins: which Rollouts wait for a call, a few at a time, apart from the queue that rolls out, so that a slow approval
 * delays nothing but its own step. It calls only between `start` (we lead) and `stop`. A call is made from what is live, and its answer is kept
 * until it is stored; a crash in between makes the call again with the same id.
 */
import { INSTANCE_ID } from '../api/labels.ts'
import type { Rollout } from '../api/rollout.ts'
import { formatInstant } from '../api/scalars.ts'
import type { StepResult } from '../api/step-result.ts'
import type { ObjectCache } from '../kube/cache.ts'
import type { KubeClient } from '../kube/client.ts'
import { refOf, rollouts } from '../kube/kinds.ts'
import { createWorkQueue } from '../kube/work-queue.ts'
import type { Logger } from '../runtime/log.ts'
import { declareCounter, type MetricRegistry } from '../runtime/metrics.ts'
import { type CallDeps, makeCall } from './call.ts'
import { type AwaitingEntry, findUnanswered, storeResult } from './result-mark.ts'

export interface StepRunnerDeps extends CallDeps {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'patch' | 'delete'>
  readonly cache: Pick<ObjectCache<Rollout>, 'get' | 'list' | 'subscribe'>
  readonly log: Logger
  readonly metrics: MetricRegistry
  /** Only Rollouts with this label are ours; absent: only those without one. */
  readonly instanceId?: string
}

export interface StepRunner {
  /** Begins to call, what already waits first. May be called again after `stop`. */
  start(): void
  /** Cancels the calls under way; resolves when none is left. */
  stop(): Promise<void>
}

const PARALLEL_CALLS = 8
const FIRST_RETRY_MS = 250

const keyOf = ({ metadata }: Rollout): string => `${metadata.namespace ?? ''}/${metadata.name}`

export function createStepRunner(deps: StepRunnerDeps): StepRunner {
  const { cache, clock, log } = deps
  const calls = declareCounter(deps.metrics, {
    name: 'penstock_step_plugin_calls_total',
    help: 'Calls of step plugins, by what came of them.',
    labels: ['plugin', 'operation', 'phase'],
  })
  let running: { readonly stop: () => Promise<void> } | undefined
  const isOurs = ({ metadata }: Rollout): boolean => metadata.labels?.[INSTANCE_ID] === deps.instanceId

  /** The answer, made or remembered; undefined when the call was cancelled. */
  async function answerOf(live: Rollout, entry: AwaitingEntry, work: Work): Promise<StepResult | undefined> {
    const known = work.answers.get(keyOf(live))
    if (known?.call === entry.status.call) return known
    const { name, namespace = '' } = live.metadata
    const fields = {
      rollout: name,
      namespace,
      step: entry.index,
      call: entry.status.call,
      plugin: entry.status.task.plugin,
    }
    const cancelled = new AbortController()
    work.underWay.set(keyOf(live), { call: entry.status.call, cancel: () => cancelled.abort() })
    const signal = AbortSignal.any([work.signal, cancelled.signal])
    const answer = await makeCall(live, entry, deps, signal).finally(() => work.underWay.delete(keyOf(live)))
    if (!answer) return undefined
    const result = { call: entry.status.call, at: formatInstant(clock.now()), ...answer }
    work.answers.set(keyOf(live), result)
    calls.inc({ plugin: entry.status.task.plugin, operation: entry.operation, phase: answer.phase })
    log.info('Step plugin answered', { ...fields, reason: answer.phase, message: answer.message })
    return result
  }

  /** One call at most; a change of the Rollout brings the key back. */
  async function pass(key: string, work: Work): Promise<void> {
    const [namespace = '', name = ''] = key.split('/')
    const cached = cache.get(namespace, name)
    if (!cached || !isOurs(cached) || !findUnanswered(cached)) return void work.answers.delete(key)
    const live = await deps.client.get<Rollout>(refOf(rollouts, cached))
    const entry = live && live.metadata.uid === cached.metadata.uid && isOurs(live) ? findUnanswered(live) : undefined
    if (!live || !entry || live.metadata.deletionTimestamp) return
    const result = await answerOf(live, entry, work)
    if (result) await storeResult(live, result, deps.client)
  }

  function run(): { readonly stop: () => Promise<void> } {
    const stopping = new AbortController()
    const work: Work = { signal: stopping.signal, answers: new Map(), underWay: new Map() }
    const queue = createWorkQueue({
      name: 'step-plugins',
      clock,
      log,
      metrics: deps.metrics,
      concurrency: PARALLEL_CALLS,
      firstRetryMs: FIRST_RETRY_MS,
      process: (key) => pass(key, work).then(() => ({})),
    })
    const unsubscribe = cache.subscribe(({ object }) => {
      cancelForgotten(object, work)
      if (findUnanswered(object)) queue.add(keyOf(object))
    })
    for (const rollout of cache.list()) if (findUnanswered(rollout)) queue.add(keyOf(rollout))
    queue.start()
    return {
      async stop() {
        unsubscribe()
        stopping.abort()
        await queue.shutdown()
      },
    }
  }

  return {
    start() {
      running ??= run()
    },
    async stop() {
      const stopped = running
      running = undefined
      await stopped?.stop()
    },
  }
}

interface Work {
  readonly signal: AbortSignal
  /** The last answer of each Rollout until it is stored. */
  readonly answers: Map<string, StepResult>
  readonly underWay: Map<string, { readonly call: string; readonly cancel: () => void }>
}

/** An abort must not wait for the answer of a call that it has made pointless. */
function cancelForgotten(rollout: Rollout, { underWay }: Work): void {
  const call = underWay.get(keyOf(rollout))
  if (call && findUnanswered(rollout)?.status.call !== call.call) call.cancel()
}
