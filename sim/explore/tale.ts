/**
 * A tale is a release told without chance: what is there, and who does what once something has come true. However it is disturbed on the way, it has
 * to end the same. Tales are data; `tell.ts` plays them.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type { CanaryStep, Rollout, RolloutSpec, RolloutStatus } from '../../controller/api/rollout.ts'
import { NAMESPACE, ROLLOUT } from '../run/scenario.ts'
import type { Deed } from './deed.ts'

export interface Stage {
  readonly when: (status: RolloutStatus) => boolean
  /** One after the other, at the same moment. */
  readonly acts: readonly Deed[]
  /** In the middle of things; otherwise once the controller has nothing more to do. */
  readonly atOnce?: boolean
  /** From when it is time until it is done; 300 when absent. */
  readonly afterMs?: number
  /** Once it is time: just before the next such call of the controller takes effect, in place of `afterMs`. */
  readonly before?: CallMatch
}

/** Calls of a controller to the API server. */
export interface CallMatch {
  readonly verb: 'get' | 'list' | 'create' | 'patch' | 'delete' | 'evict'
  readonly plural: string
  /** Of those the so many-th, from 1; the first when absent. */
  readonly nth?: number
}

export interface Tale {
  readonly name: string
  readonly rollout: Rollout
  readonly objects: readonly KubeObject[]
  readonly stages: readonly Stage[]
  readonly isOver: (status: RolloutStatus) => boolean
  /** Of two replicas of the controller one leads; one that is alone needs no Lease. */
  readonly replicas?: 2
  /** From the write of a route until the gateway obeys it; 100 when absent. */
  readonly gatewayLagMs?: number
  /** From the creation of a pod until it is ready; 300 when absent. */
  readonly podReadyMs?: readonly [number, number]
  /** The exploration tells it without trouble: what happens in it is enough, or is disturbed in another tale. */
  readonly once?: true
  /** It is also told with somebody else at every write. */
  readonly rivals?: true
}

type When = Stage['when']
export const isHealthy: When = ({ phase }) => phase === 'Healthy'
export const isPaused: When = ({ phase }) => phase === 'Paused'
export const isDegraded: When = ({ phase }) => phase === 'Degraded'
export const isPausedAt =
  (step: number): When =>
  ({ phase, currentStepIndex }) =>
    phase === 'Paused' && currentStepIndex === step
/** Phases alone do not tell a finished release from the one before it. */
export const isHealthyAfter =
  (revisions: number): When =>
  ({ phase, observedGeneration, stableRS, currentPodHash }) =>
    phase === 'Healthy' && stableRS === currentPodHash && Number(observedGeneration) > revisions

export const always: When = () => true

export const at = (when: When, ...acts: readonly Deed[]): Stage => ({ when, acts })
export const atOnce = (when: When, ...acts: readonly Deed[]): Stage => ({ when, acts, atOnce: true })
/** So long after what was done before. */
export const later = (afterMs: number, ...acts: readonly Deed[]): Stage => ({
  when: always,
  acts,
  atOnce: true,
  afterMs,
})
/** In the middle of things, between what the controller has seen and what it does next. */
export const before = (verb: CallMatch['verb'], plural: string, ...acts: readonly Deed[]): Stage =>
  beforeThe(1, verb, plural, ...acts)
export const beforeThe = (nth: number, verb: CallMatch['verb'], plural: string, ...acts: readonly Deed[]): Stage => ({
  when: always,
  acts,
  atOnce: true,
  before: { verb, plural, nth },
})
export const commit = (image: string, when: When = isHealthy): Stage => at(when, { kind: 'setImage', image })

const DELAYS = { scaleDownDelaySeconds: 2, abortScaleDownDelaySeconds: 2 }

interface Shape {
  readonly replicas?: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Partial<RolloutSpec>
}

function rolloutOf(strategy: RolloutSpec['strategy'], { replicas = 2, spec = {}, annotations = {} }: Shape): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: ROLLOUT, namespace: NAMESPACE, annotations: { ...annotations } },
    spec: {
      replicas,
      selector: { matchLabels: { app: ROLLOUT } },
      template: {
        metadata: { labels: { app: ROLLOUT } },
        spec: { containers: [{ name: 'app', image: `${ROLLOUT}:1`, ports: [{ containerPort: 8080 }] }] },
      },
      progressDeadlineSeconds: 60,
      strategy,
      ...spec,
    },
  } as Rollout
}

type Canary = NonNullable<NonNullable<RolloutSpec['strategy']>['canary']>
type BlueGreen = NonNullable<NonNullable<RolloutSpec['strategy']>['blueGreen']>

/** With an HTTPRoute between the Services `stable` and `canary`. */
export const routed = (steps: readonly CanaryStep[], canary: Partial<Canary> = {}, shape: Shape = {}): Rollout =>
  rolloutOf(
    {
      canary: {
        ...DELAYS,
        stableService: 'stable',
        canaryService: 'canary',
        trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: ROLLOUT, namespace: NAMESPACE } } },
        steps: [...steps],
        ...canary,
      },
    },
    shape,
  )

/** Weights by the number of pods. */
export const unrouted = (steps: readonly CanaryStep[], canary: Partial<Canary> = {}, shape: Shape = {}): Rollout =>
  rolloutOf({ canary: { maxSurge: 1, maxUnavailable: 0, steps: [...steps], ...canary } }, shape)

export const blueGreen = (strategy: Partial<BlueGreen> = {}, shape: Shape = {}): Rollout =>
  rolloutOf({ blueGreen: { ...DELAYS, activeService: 'active', previewService: 'preview', ...strategy } }, shape)
