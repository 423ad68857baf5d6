/**
 * Metrics of rollouts: Argo's names for what Argo has, `penstock_` for ours. Series of a Rollout are removed when it is gone. It must not be read
 * by any decision.
 */

import { readAbortRequests } from '../api/abort-request.ts'
import { parseInstant } from '../api/scalars.ts'
import type { Plan } from '../domain/plan.ts'
import type { World } from '../domain/world.ts'
import {
  declareCounter,
  declareGauge,
  declareHistogram,
  type MetricRegistry,
  secondsBuckets,
} from '../runtime/metrics.ts'
import type { Outcome } from './apply.ts'

export interface RolloutMetrics {
  event(world: World, type: string, reason: string): void
  observe(world: World, plan: Plan, outcome: Outcome): void
  passed(seconds: number): void
  failed(key: string): void
  forget(key: string): void
}

export function declareRolloutMetrics(registry: MetricRegistry): RolloutMetrics {
  const info = declareGauge(registry, {
    name: 'rollout_info',
    help: 'Information about a Rollout',
    labels: ['namespace', 'name', 'strategy', 'traffic_router', 'phase'],
  })
  const sizes = (['desired', 'available', 'unavailable', 'updated'] as const).map((size) => {
    const help = `The number of ${size} replicas per rollout`
    return [
      size,
      declareGauge(registry, { name: `rollout_info_replicas_${size}`, help, labels: ['namespace', 'name'] }),
    ] as const
  })
  const events = declareCounter(registry, {
    name: 'rollout_events_total',
    help: 'Count of rollout events',
    labels: ['type', 'reason'],
  })
  const reconciles = declareHistogram(registry, {
    name: 'rollout_reconcile',
    help: 'Rollout reconciliation performance in seconds',
    buckets: [0.01, 0.15, 0.25, 0.5, 1],
  })
  const errors = declareCounter(registry, {
    name: 'rollout_reconcile_error',
    help: 'Errors while reconciling rollouts',
    labels: ['namespace', 'name'],
  })
  const reaction = declareHistogram(registry, {
    name: 'penstock_abort_to_stable_weight_seconds',
    help: 'From the receipt of an alert to the route write that gives stable all traffic',
    buckets: secondsBuckets,
  })
  const shown = new Map<
    string,
    Readonly<Record<'namespace' | 'name' | 'strategy' | 'traffic_router' | 'phase', string>>
  >()

  return {
    event: (_world, type, reason) => events.inc({ type, reason }),
    observe(world, plan, outcome) {
      const { namespace = '', name } = world.rollout.metadata
      const key = `${namespace}/${name}`
      const labels = {
        namespace,
        name,
        strategy: 'canary',
        traffic_router: world.routes[0]?.router ?? '',
        phase: plan.status.phase ?? '',
      }
      const before = shown.get(key)
      if (before && before.phase !== labels.phase) info.remove(before)
      shown.set(key, labels)
      info.set(labels, 1)
      const desired = world.rollout.spec.replicas ?? 1
      const available = plan.status.availableReplicas ?? 0
      const values = {
        desired,
        available,
        unavailable: Math.max(0, desired - available),
        updated: plan.status.updatedReplicas ?? 0,
      }
      for (const [size, gauge] of sizes) gauge.set({ namespace, name }, values[size])
      const toStable = outcome.done.some((action) => action.do === 'route' && action.canary === 0)
      const receivedAt = parseInstant(
        readAbortRequests(world.rollout.metadata.annotations).findLast(({ action }) => action === 'abort')?.receivedAt,
      )
      if (toStable && receivedAt !== undefined && plan.status.abort)
        reaction.observe({}, Math.max(0, world.now - receivedAt) / 1000)
    },
    passed: (seconds) => reconciles.observe({}, seconds),
    failed(key) {
      const [namespace = '', name = ''] = key.split('/')
      errors.inc({ namespace, name })
    },
    forget(key) {
      const labels = shown.get(key)
      if (!labels) return
      shown.delete(key)
      info.remove(labels)
      for (const [, gauge] of sizes) gauge.remove({ namespace: labels.namespace, name: labels.name })
      errors.remove({ namespace: labels.namespace, name: labels.name })
    },
  }
}
