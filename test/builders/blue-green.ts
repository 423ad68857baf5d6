/** Builds the World of a blue-green update in flight: stable revision `old`, new revision `new`, perhaps one between, both Services. Plain data. */
import type { AnalysisPhase, AnalysisRun, AnalysisTemplate } from '../../controller/api/analysis.ts'
import {
  MANAGED_BY,
  POD_TEMPLATE_HASH,
  REVISION,
  ROLLOUT_TYPE,
  SCALE_DOWN_DEADLINE,
} from '../../controller/api/labels.ts'
import type { BlueGreenStrategy, ReplicaSet, Rollout, RolloutStatus } from '../../controller/api/rollout.ts'
import { formatInstant } from '../../controller/api/scalars.ts'
import { podTemplateHash } from '../../controller/argo/pod-hash.ts'
import { ATTEMPT } from '../../controller/domain/analysis/analyses.ts'
import { type BlueGreenView, viewBlueGreen } from '../../controller/domain/blue-green/view.ts'
import { decideLifecycle } from '../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../controller/domain/revisions.ts'
import { PROMOTED_REVISION } from '../../controller/domain/rollback-window.ts'
import { viewRollout } from '../../controller/domain/view.ts'
import type { Compat, World } from '../../controller/domain/world.ts'
import { blueGreenRollout } from './rollout.ts'

export const NOW = Date.UTC(2026, 0, 1)
export const OLD = 'old'
export const BETWEEN = 'between'
export const NEW = podTemplateHash({
  metadata: { labels: { app: 'shop' } },
  spec: { containers: [{ name: 'app', image: 'shop:1' }] },
})

export type Names = 'old' | 'new' | 'between' | ''
type Pods = readonly [spec: number, available: number]

export interface Situation {
  readonly replicas?: number
  /** Pods asked for and available. */
  readonly fresh?: Pods
  readonly stable?: Pods | 'deleted'
  readonly between?: Pods
  readonly active?: Names
  readonly preview?: Names
  /** Revisions with endpoints behind the active Service; what it names when absent. */
  readonly reached?: readonly Names[]
  readonly strategy?: Partial<BlueGreenStrategy>
  readonly spec?: Partial<Rollout['spec']>
  readonly status?: RolloutStatus
  readonly compat?: Compat
  /** Seconds from now until the deadline of a revision. */
  readonly deadlines?: Partial<Record<'old' | 'new' | 'between', number>>
  /** The new revision is an earlier one; `promoted` when it was stable once. */
  readonly isOlder?: 'promoted' | 'never promoted'
  readonly before?: AnalysisPhase
  readonly after?: AnalysisPhase
}

export const analysis = { templates: [{ templateName: 'gate' }] }
const gate: AnalysisTemplate = {
  metadata: { name: 'gate', namespace: 'web' },
  spec: {
    metrics: [
      {
        name: 'errors',
        successCondition: 'result < 0.05',
        provider: { prometheus: { address: 'http://prometheus', query: 'vector(0)' } },
      },
    ],
  },
}

export const hashOf = (name: Names): string => (name === 'new' ? NEW : name)

function replicaSet(situation: Situation, name: 'old' | 'new' | 'between', [spec, available]: Pods): ReplicaSet {
  const labels = { app: 'shop', [POD_TEMPLATE_HASH]: hashOf(name) }
  const deadline = situation.deadlines?.[name]
  const isEarlier = name === 'new' && situation.isOlder !== undefined
  const age = isEarlier ? 4 : { old: 3, between: 2, new: 1 }[name]
  return {
    metadata: {
      name: `shop-${hashOf(name)}`,
      namespace: 'web',
      labels,
      creationTimestamp: formatInstant(NOW - age * 3_600_000),
      annotations: {
        [REVISION]: { old: '1', between: '2', new: '3' }[name],
        ...(deadline === undefined ? {} : { [SCALE_DOWN_DEADLINE]: formatInstant(NOW + deadline * 1000) }),
        ...(isEarlier && situation.isOlder === 'promoted' ? { [PROMOTED_REVISION]: '1' } : {}),
      },
    },
    spec: {
      replicas: spec,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'app', image: name === 'new' ? 'shop:1' : `shop:${name}` }] },
      },
    },
    status: { replicas: spec, availableReplicas: available, readyReplicas: available },
  }
}

function run(type: 'PrePromotion' | 'PostPromotion', phase: AnalysisPhase, attempt: string): AnalysisRun {
  return {
    metadata: {
      name: `shop-${NEW}-3-${type === 'PrePromotion' ? 'pre' : 'post'}`,
      namespace: 'web',
      labels: { [ROLLOUT_TYPE]: type, [POD_TEMPLATE_HASH]: NEW },
      annotations: { [REVISION]: '3', [ATTEMPT]: attempt },
    },
    spec: { metrics: [] },
    status: { phase },
  }
}

export function world(situation: Situation = {}): World {
  const { replicas = 4, fresh = [4, 4], stable = [4, 4], between, active = 'old', preview = 'new' } = situation
  const pods: Record<Names, number> = {
    new: fresh[1],
    old: stable === 'deleted' ? 0 : stable[1],
    between: between?.[1] ?? 0,
    '': 0,
  }
  const service = (name: string, names: Names, reached: readonly Names[]) => ({
    service: {
      metadata: { name, namespace: 'web', annotations: { [MANAGED_BY]: 'shop' } },
      spec: { selector: { app: 'shop', ...(names === '' ? {} : { [POD_TEMPLATE_HASH]: hashOf(names) }) } },
    },
    readyEndpoints: Object.fromEntries(reached.map((one) => [`shop-${hashOf(one)}`, pods[one]])),
  })
  const behind = active === '' ? (['old', 'new', 'between'] as const) : [active]
  const status = { currentPodHash: NEW, stableRS: OLD, currentStepHash: '', ...situation.status }
  const base = blueGreenRollout(situation.strategy, { replicas, ...(situation.spec ? { spec: situation.spec } : {}) })
  const attempt = ['', status.abortedAt ?? ''].join('/')
  return {
    now: NOW,
    rollout: { ...base, status },
    replicaSets: [
      replicaSet(situation, 'new', fresh),
      ...(stable === 'deleted' ? [] : [replicaSet(situation, 'old', stable)]),
      ...(between ? [replicaSet(situation, 'between', between)] : []),
    ],
    services: {
      active: service('active', active, situation.reached ?? behind),
      preview: service('preview', preview, preview === '' ? [] : [preview]),
    },
    routes: [],
    analysisRuns: [
      ...(situation.before ? [run('PrePromotion', situation.before, attempt)] : []),
      ...(situation.after ? [run('PostPromotion', situation.after, attempt)] : []),
    ],
    templates: { gate },
    compat: situation.compat ?? 'strict',
    notices: false,
  }
}

export function view(situation: Situation = {}): BlueGreenView {
  const seen = world(situation)
  const revisions = identifyRevisions(seen)
  const { blueGreen } = seen.rollout.spec.strategy ?? {}
  if (!blueGreen) throw new Error('the rollout is not blue-green')
  return viewBlueGreen(viewRollout(seen, revisions, decideLifecycle(seen, revisions)), blueGreen)
}
