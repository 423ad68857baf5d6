/** Builds the World of an update in flight: stable revision `old`, new revision `new`, one route, both Services. Plain data, nothing decided. */
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { CanaryStep, CanaryStrategy, ReplicaSet, RolloutStatus } from '../../controller/api/rollout.ts'
import type { PresentRoute } from '../../controller/api/traffic.ts'
import { podTemplateHash, stepHash } from '../../controller/argo/pod-hash.ts'
import { type CanaryView, viewCanary } from '../../controller/domain/canary/view.ts'
import { decideLifecycle } from '../../controller/domain/lifecycle.ts'
import { identifyRevisions } from '../../controller/domain/revisions.ts'
import { viewRollout } from '../../controller/domain/view.ts'
import type { Compat, World } from '../../controller/domain/world.ts'
import { rollout } from './rollout.ts'

export const OLD_HASH = 'old'
const NEW_TEMPLATE = { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image: 'shop:1' }] } }
export const NEW_HASH = podTemplateHash(NEW_TEMPLATE)

export interface Situation {
  readonly replicas?: number
  readonly steps?: readonly CanaryStep[]
  readonly stepIndex?: number
  /** Pods asked for and available. */
  readonly fresh?: readonly [spec: number, available: number]
  readonly stable?: readonly [spec: number, available: number] | 'deleted'
  /** A third revision, called `middle`: neither stable nor new. */
  readonly former?: readonly [spec: number, available: number]
  /** The revision that each Service names: `old`, `new`, `middle` or '' for none. */
  readonly stableNames?: Named
  readonly canaryNames?: Named
  /** Ready endpoints behind each Service, of the revision that it names; as many as are available when absent. */
  readonly answering?: number
  readonly weight?: number | undefined
  readonly confirmation?: 'confirmed' | 'pending' | 'unknown'
  /** Managed routes that the route has. */
  readonly managed?: readonly PresentRoute[]
  /** The route is not there. */
  readonly gone?: boolean
  readonly strategy?: Partial<CanaryStrategy>
  /** No router, but both Services. */
  readonly unrouted?: boolean
  readonly compat?: Compat
  readonly status?: RolloutStatus
}
type Named = 'old' | 'new' | 'middle' | ''

const hashOf = (name: Named): string => (name === 'new' ? NEW_HASH : name)

function replicaSet(hash: string, image: string, [spec, available]: readonly [number, number]): ReplicaSet {
  const labels = { app: 'shop', [POD_TEMPLATE_HASH]: hash }
  return {
    metadata: {
      name: `shop-${hash}`,
      namespace: 'web',
      labels,
      annotations: { 'rollout.argoproj.io/revision': hash === OLD_HASH ? '1' : '2' },
    },
    spec: {
      replicas: spec,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image }] } },
    },
    status: { replicas: spec, availableReplicas: available, readyReplicas: available },
  }
}

export function world(situation: Situation = {}): World {
  const {
    replicas = 4,
    steps = [{ setWeight: 25 }, { pause: {} }],
    stepIndex = 0,
    fresh = [1, 1],
    stable = [4, 4],
  } = situation
  const { stableNames = 'old', canaryNames = 'new', confirmation = 'confirmed' } = situation
  const available = (name: Named): number => {
    if (name === 'middle') return situation.former?.[1] ?? 0
    if (name === 'new') return fresh[1]
    return stable === 'deleted' ? 0 : stable[1]
  }
  const service = (name: string, names: Named) => ({
    service: {
      metadata: { name, namespace: 'web' },
      spec: { selector: { app: 'shop', ...(names === '' ? {} : { [POD_TEMPLATE_HASH]: hashOf(names) }) } },
    },
    readyEndpoints: names === '' ? {} : { [`shop-${hashOf(names)}`]: situation.answering ?? available(names) },
  })
  const status = {
    currentPodHash: NEW_HASH,
    stableRS: OLD_HASH,
    currentStepHash: stepHash(steps),
    currentStepIndex: stepIndex,
    ...situation.status,
  }
  const named = situation.unrouted ? { stableService: 'stable', canaryService: 'canary' } : {}
  const base = rollout({
    replicas,
    steps,
    routed: situation.unrouted !== true,
    canary: { ...named, ...situation.strategy },
  })
  return {
    now: 0,
    rollout: { ...base, status },
    replicaSets: [
      replicaSet(NEW_HASH, 'shop:1', fresh),
      ...(stable === 'deleted' ? [] : [replicaSet(OLD_HASH, 'shop:0', stable)]),
      ...(situation.former ? [replicaSet('middle', 'shop:m', situation.former)] : []),
    ],
    services: { stable: service('stable', stableNames), canary: service('canary', canaryNames) },
    routes: situation.unrouted
      ? []
      : [
          {
            router: 'r',
            programmedCanary: 'weight' in situation ? situation.weight : 0,
            confirmation,
            drivable: situation.gone !== true,
            ...(situation.managed ? { managedRoutes: situation.managed } : {}),
            ...(situation.gone ? { isGone: true, problem: 'HTTPRoute "web/shop" not found' } : {}),
          },
        ],
    analysisRuns: [],
    templates: {},
    compat: situation.compat ?? 'strict',
    notices: false,
  }
}

export function view(situation: Situation = {}): CanaryView {
  const seen = world(situation)
  const revisions = identifyRevisions(seen)
  return viewCanary(
    viewRollout(seen, revisions, decideLifecycle(seen, revisions)),
    seen.rollout.spec.strategy?.canary ?? {},
  )
}
