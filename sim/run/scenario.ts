/**
 * What is rolled out: a Rollout, the objects that it names, and how its world behaves when nothing goes wrong. Made from a seed here; a scenario can
 * just as well be written by hand or come from a user's manifest.
 */
import type { KubeObject } from '../../controller/api/meta.ts'
import type { CanaryStep, CanaryStrategy, Rollout, RolloutSpec } from '../../controller/api/rollout.ts'
import type { SeededRandom } from '../kernel/random.ts'
import { PROMETHEUS_URL } from '../models/outbound.ts'

/** What is made from a seed is called so; a Rollout of another origin has names of its own. */
export const ROLLOUT = 'shop'
export const NAMESPACE = 'web'
/** Pods of an image with this tag never become ready. */
export const BROKEN_TAG = 'broken'
/** Requests that such an image answers fail often enough for `gate` to say so. */
export const BAD_TAG = 'bad'

export interface Scenario {
  readonly strategy: 'canary' | 'canary without a router' | 'blue-green'
  /** With its namespace, in which everything lives. */
  readonly rollout: Rollout
  readonly objects: readonly KubeObject[]
  /** Services that users reach without a route. */
  readonly direct: readonly string[]
  readonly podReadyMs: readonly [number, number]
  readonly gatewayLagMs: readonly [number, number]
}

/** The Service `admin` has nothing to do with the rollout. */
export const service = (name: string): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: NAMESPACE },
    spec: { selector: { app: name === 'admin' ? name : ROLLOUT }, ports: [{ port: 80 }] },
  }) as KubeObject

/** The second rule is the user's own: it has to stay as it is. */
const route = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: ROLLOUT, namespace: NAMESPACE },
  spec: {
    parentRefs: [{ name: 'front' }],
    rules: [
      { backendRefs: ['stable', 'canary'].map((name) => ({ name, port: 80 })) },
      { matches: [{ path: { type: 'PathPrefix', value: '/admin' } }], backendRefs: [{ name: 'admin', port: 80 }] },
    ],
  },
} as KubeObject

const gate = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name: 'gate', namespace: NAMESPACE },
  spec: {
    metrics: [
      {
        name: 'errors',
        interval: '5s',
        count: 2,
        successCondition: 'result[0] < 0.05',
        provider: { prometheus: { address: PROMETHEUS_URL, query: 'sum(rate(errors_total[1m]))' } },
      },
    ],
  },
}

const PROMETHEUS_TOKEN = 'reader-of-the-simulator-9b27'

const tokenArgument = { name: 'token', valueFrom: { secretKeyRef: { name: 'prometheus', key: 'token' } } }
const headers = [{ key: 'Authorization', value: 'Bearer {{args.token}}' }]

/** The same, asked with a token that nobody may read anywhere. */
const guardedGate: KubeObject = {
  ...gate,
  spec: {
    args: [tokenArgument],
    metrics: gate.spec.metrics.map(({ provider, ...metric }) => ({
      ...metric,
      provider: { prometheus: { ...provider.prometheus, headers } },
    })),
  },
} as KubeObject
const tokenSecret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'prometheus', namespace: NAMESPACE },
  data: { token: btoa(PROMETHEUS_TOKEN) },
} as KubeObject

/** What a canary behind a route, and a blue-green Rollout, name. */
export const canaryObjects = [service('stable'), service('canary'), service('admin'), route, gate]
export const blueGreenObjects = [service('active'), service('preview'), gate]

const analysis = { templates: [{ templateName: 'gate' }] }
const BETA = 'beta'

/** Those who ask for it see the new revision first. */
const beginWithBeta = (random: SeededRandom): CanaryStep[] => [
  { setCanaryScale: { replicas: 1 } },
  { setHeaderRoute: { name: BETA, match: [{ headerName: 'x-beta', headerValue: { exact: 'yes' } }] } },
  random.chance(0.3) ? { pause: {} } : { pause: { duration: `${random.between(2, 12)}s` } },
  ...(random.chance(0.5) ? [{ setHeaderRoute: { name: BETA } }] : []),
  ...(random.chance(0.7) ? [{ setCanaryScale: { matchTrafficWeight: true } }] : []),
]

/** Both revisions side by side, without requests of users or with a few. */
const tryBoth = (random: SeededRandom, isRouted: boolean): CanaryStep => ({
  experiment: {
    duration: `${random.between(4, 20)}s`,
    templates: [
      { name: 'baseline', specRef: 'stable' },
      { name: 'candidate', specRef: 'canary', ...(random.chance(0.5) ? { replicas: random.between(1, 2) } : {}) },
    ].map((template) => ({ ...template, ...shareOf(random.fork(template.name), isRouted) })),
    ...(random.chance(0.5)
      ? { analyses: [{ name: 'errors', templateName: 'gate', requiredForCompletion: random.chance(0.5) }] }
      : {}),
  },
})

const shareOf = (random: SeededRandom, isRouted: boolean): { readonly weight?: number } =>
  isRouted && random.chance(0.6) ? { weight: random.between(1, 10) } : {}

function makeSteps(random: SeededRandom, isRouted: boolean, hasBeta: boolean): CanaryStep[] {
  const count = random.between(1, 4)
  const weights = Array.from({ length: count }, () => random.between(0, 20) * 5).sort((a, b) => a - b)
  const beta = isRouted && hasBeta ? beginWithBeta(random) : []
  const staged = weights.flatMap((setWeight): CanaryStep[] => {
    const steps: CanaryStep[] = [{ setWeight }]
    if (isRouted && random.chance(0.15)) steps.unshift({ setCanaryScale: { weight: random.between(1, 10) * 10 } })
    if (random.chance(0.5)) steps.push({ pause: { duration: `${random.between(2, 20)}s` } })
    else if (random.chance(0.3)) steps.push({ pause: {} })
    if (random.chance(0.25)) steps.push({ analysis })
    if (random.chance(0.07)) steps.push(tryBoth(random, isRouted))
    return steps
  })
  return [...beta, ...staged]
}

const BOTH_SERVICES = { stableService: 'stable', canaryService: 'canary' }

/** Without a router, for those who ask each revision by itself; some of them have no room for a pod more. */
const nameServices = (random: SeededRandom): Partial<CanaryStrategy> =>
  random.chance(0.5) ? { ...BOTH_SERVICES, ...(random.chance(0.3) ? { maxSurge: 0, maxUnavailable: 1 } : {}) } : {}

function makeCanary(random: SeededRandom, isRouted: boolean): RolloutSpec['strategy'] {
  const plugins = { 'argoproj-labs/gatewayAPI': { httpRoute: ROLLOUT, namespace: NAMESPACE } }
  const hasBeta = isRouted && random.chance(0.2)
  const isDynamic = isRouted && random.chance(0.4)
  const trafficRouting = { ...(hasBeta ? { managedRoutes: [{ name: BETA }] } : {}), plugins }
  const isPingPong = random.fork('ping-pong').chance(0.15)
  const services = isPingPong ? { pingPong: { pingService: 'canary', pongService: 'stable' } } : BOTH_SERVICES
  return {
    canary: {
      ...(isRouted
        ? { ...services, trafficRouting }
        : { maxSurge: random.pick([1, '25%', '50%']), maxUnavailable: random.pick([0, 1]) }),
      ...(isRouted ? {} : nameServices(random.fork('services'))),
      steps: makeSteps(random, isRouted, hasBeta),
      ...(isDynamic ? { dynamicStableScale: true } : {}),
      ...(isRouted && !isDynamic && random.chance(0.4) ? { scaleDownDelaySeconds: random.between(10, 40) } : {}),
      ...(isRouted && random.chance(0.3) ? { abortScaleDownDelaySeconds: random.between(10, 40) } : {}),
      ...(random.chance(0.2) ? { analysis: { ...analysis, startingStep: 1 } } : {}),
    },
  }
}

function makeBlueGreen(random: SeededRandom): RolloutSpec['strategy'] {
  return {
    blueGreen: {
      activeService: 'active',
      ...(random.chance(0.8) ? { previewService: 'preview' } : {}),
      ...(random.chance(0.3) ? { previewReplicaCount: random.between(1, 2) } : {}),
      ...(random.chance(0.4)
        ? {
            autoPromotionEnabled: false,
            ...(random.chance(0.5) ? { autoPromotionSeconds: random.between(2, 20) } : {}),
          }
        : {}),
      ...(random.chance(0.3) ? { scaleDownDelaySeconds: random.between(10, 40) } : {}),
      ...(random.chance(0.3) ? { abortScaleDownDelaySeconds: random.between(10, 40) } : {}),
      ...(random.chance(0.25) ? { prePromotionAnalysis: analysis } : {}),
      ...(random.chance(0.25) ? { postPromotionAnalysis: analysis } : {}),
    },
  }
}

/** One of everything that a Rollout can ask for, as the seed has it. */
export function makeScenario(random: SeededRandom): Scenario {
  const strategy = random.pick([
    'canary',
    'canary',
    'canary',
    'canary without a router',
    'blue-green',
    'blue-green',
  ] as const)
  const isBlueGreen = strategy === 'blue-green'
  const isRouted = strategy === 'canary'
  const rollout: Rollout = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: ROLLOUT, namespace: NAMESPACE },
    spec: {
      replicas: random.between(1, 6),
      selector: { matchLabels: { app: ROLLOUT } },
      template: {
        metadata: { labels: { app: ROLLOUT } },
        spec: { containers: [{ name: 'app', image: `${ROLLOUT}:1`, ports: [{ containerPort: 8080 }] }] },
      },
      progressDeadlineSeconds: random.between(30, 90),
      ...(random.chance(0.5) ? { progressDeadlineAbort: true } : {}),
      ...(random.chance(0.2) ? { minReadySeconds: random.between(1, 4) } : {}),
      ...(random.fork('window').chance(0.25)
        ? { rollbackWindow: { revisions: random.fork('window').between(1, 2) } }
        : {}),
      strategy: isBlueGreen ? makeBlueGreen(random) : makeCanary(random, isRouted),
    },
  } as Rollout
  const isNamed = rollout.spec.strategy?.canary?.stableService !== undefined
  const both = isRouted || isNamed ? ['stable', 'canary'] : []
  const names = isBlueGreen ? ['active', 'preview'] : [...both, ...(isRouted ? ['admin'] : [])]
  const slowest = random.between(500, 6_000)
  return {
    strategy,
    rollout,
    objects: [
      ...names.map(service),
      ...(isRouted ? [route] : []),
      ...(random.fork('token').chance(0.4) ? [guardedGate, tokenSecret] : [gate]),
    ],
    direct: isBlueGreen ? ['active'] : isNamed && !isRouted ? ['stable'] : [],
    podReadyMs: [Math.min(400, slowest), slowest],
    gatewayLagMs: [10, random.between(50, 3_000)],
  }
}
