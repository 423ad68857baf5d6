/** Builds Rollouts for tests: a canary with named steps, with or without a router, or blue-green. Plain data, nothing decided. */
import type { BlueGreenStrategy, CanaryStep, CanaryStrategy, Rollout } from '../../controller/api/rollout.ts'

export interface RolloutShape {
  readonly replicas?: number
  readonly steps?: readonly CanaryStep[]
  readonly routed?: boolean
  readonly image?: string
  readonly canary?: Partial<CanaryStrategy>
  readonly spec?: Partial<Rollout['spec']>
}

export function rollout(shape: RolloutShape = {}): Rollout {
  const { replicas = 5, steps = [], routed = true, image = 'shop:1' } = shape
  const routing = {
    stableService: 'stable',
    canaryService: 'canary',
    trafficRouting: { plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'shop' } } },
  }
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'shop', namespace: 'web', uid: 'uid-shop', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'shop' } },
      template: { metadata: { labels: { app: 'shop' } }, spec: { containers: [{ name: 'app', image }] } },
      strategy: { canary: { ...(routed ? routing : {}), steps: [...steps], ...shape.canary } },
      ...shape.spec,
    },
  }
}

/** The same Rollout as blue-green, with an active and a preview Service. */
export function blueGreenRollout(
  strategy: Partial<BlueGreenStrategy> = {},
  shape: Omit<RolloutShape, 'steps' | 'routed' | 'canary'> = {},
): Rollout {
  const { spec, ...rest } = rollout(shape)
  const blueGreen = { activeService: 'active', previewService: 'preview', ...strategy }
  return { ...rest, spec: { ...spec, strategy: { blueGreen } } }
}
