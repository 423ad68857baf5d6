/** A sound world of the simulator, a routed canary with a fifth of the requests, and what changes of it are made of. */
import type { AnalysisRun } from '../../controller/api/analysis.ts'
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { Pod } from '../../controller/api/pod.ts'
import type { ReplicaSet, Rollout, Service } from '../../controller/api/rollout.ts'
import { type EndpointSlice, emptyWorld, type HttpRoute, SERVICE_NAME, type World } from '../../sim/cluster/world.ts'
import type { WriteCause } from '../../sim/invariants/cause.ts'
import type { Context } from '../../sim/invariants/invariant.ts'
import { createRandom } from '../../sim/kernel/random.ts'
import { makeScenario, NAMESPACE, ROLLOUT, type Scenario } from '../../sim/run/scenario.ts'

export const STABLE = 'aaa'
export const CANARY = 'bbb'

/** The image says which revision it is. */
const template = (hash: string) => ({ metadata: { labels: { app: ROLLOUT } }, spec: { containers: [{ image: hash }] } })

export const replicaSet = (hash: string, replicas: number, availableReplicas = replicas): ReplicaSet =>
  ({
    metadata: { name: `shop-${hash}`, namespace: NAMESPACE, labels: { [POD_TEMPLATE_HASH]: hash } },
    spec: { replicas, template: template(hash) },
    status: { availableReplicas },
  }) as unknown as ReplicaSet

/** Ready pods of a revision. */
export const pods = (hash: string, ready: number): readonly Pod[] =>
  Array.from({ length: ready }, (_, at) => ({
    metadata: { name: `shop-${hash}-${at}`, labels: { [POD_TEMPLATE_HASH]: hash } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  })) as readonly Pod[]

export const run = (name: string, phase: string, metric: object = {}, hash = CANARY): AnalysisRun =>
  ({
    metadata: {
      name,
      labels: { [POD_TEMPLATE_HASH]: hash, 'rollout-type': 'Step', 'step-index': '1' },
      creationTimestamp: '1970-01-01T00:01:00Z',
    },
    spec: { metrics: [] },
    status: { phase, metricResults: [{ name: 'errors', phase, ...metric }] },
  }) as unknown as AnalysisRun

export const service = (name: string, hash: string): Service =>
  ({ metadata: { name, namespace: NAMESPACE }, spec: { selector: { [POD_TEMPLATE_HASH]: hash } } }) as Service

/** Of the pods of the revision that the Service is called after. */
export const slice = (name: 'stable' | 'canary', ready: number): EndpointSlice => ({
  metadata: { name, labels: { [SERVICE_NAME]: name } },
  endpoints: pods(name === 'stable' ? STABLE : CANARY, ready).map(({ metadata }) => ({
    conditions: { ready: true },
    targetRef: { kind: 'Pod', name: metadata.name },
  })),
})

export const route = (stable: number, canary: number | undefined, admin = 'admin'): HttpRoute => ({
  metadata: { name: ROLLOUT },
  spec: {
    rules: [
      {
        backendRefs: [
          { name: 'stable', weight: stable },
          { name: 'canary', ...(canary === undefined ? {} : { weight: canary }) },
        ],
      },
      { backendRefs: [{ name: admin }] },
    ],
  },
})

interface RolloutShape {
  readonly annotations?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

export const rollout = (status: object = {}, { annotations = {}, ...spec }: RolloutShape = {}): Rollout =>
  ({
    metadata: { name: ROLLOUT, generation: 3, annotations },
    spec: {
      replicas: 4,
      template: template(CANARY),
      strategy: {
        canary: {
          stableService: 'stable',
          canaryService: 'canary',
          trafficRouting: { managedRoutes: [{ name: 'beta' }] },
          steps: [{ setWeight: 20 }, { pause: {} }],
        },
      },
      ...spec,
    },
    status: {
      observedGeneration: '3',
      phase: 'Progressing',
      stableRS: STABLE,
      currentPodHash: CANARY,
      currentStepHash: 's',
      currentStepIndex: 1,
      ...status,
    },
  }) as unknown as Rollout

export const byName = <T extends { readonly metadata: { readonly name: string } }>(...objects: readonly T[]) =>
  new Map(objects.map((object) => [object.metadata.name, object]))

/** 20 % of the traffic is on one canary pod. */
export const sound: World = {
  ...emptyWorld,
  atMs: 100_000,
  rollouts: byName(rollout()),
  replicaSets: byName(replicaSet(STABLE, 4), replicaSet(CANARY, 1)),
  pods: byName(...pods(STABLE, 4), ...pods(CANARY, 1)),
  services: byName(service('stable', STABLE), service('canary', CANARY)),
  endpointSlices: byName(slice('stable', 4), slice('canary', 1)),
  httpRoutes: byName(route(80, 20)),
  dataPlane: {
    routes: new Map([
      [
        ROLLOUT,
        {
          generation: 1,
          weights: new Map([
            ['stable', 80],
            ['canary', 20],
          ]),
        },
      ],
    ]),
    serving: new Set([STABLE, CANARY]),
    stoppedMs: new Map(),
  },
  lease: { holder: 'one', sinceMs: 0 },
}

export const write = (plural: string, name: string, change: Partial<WriteCause> = {}): WriteCause => ({
  kind: 'write',
  by: 'one',
  verb: 'patch',
  plural,
  name,
  body: { metadata: { resourceVersion: '1' } },
  sentMs: 99_000,
  ...change,
})

export const scenario: Scenario = { ...makeScenario(createRandom(1)), strategy: 'canary', direct: [] }
export const drained = (hash: string, stoppedMs: number) => ({
  ...sound.dataPlane,
  serving: new Set([STABLE, CANARY].filter((one) => one !== hash)),
  stoppedMs: new Map([[hash, stoppedMs]]),
})
export const retired: Partial<World> = { services: byName(service('stable', STABLE), service('canary', STABLE)) }

/** A change that breaks a rule, and none else. */
export interface Breach {
  readonly id: string
  readonly what: string
  readonly before?: Partial<World>
  readonly after: Partial<World>
  readonly cause: WriteCause
  /** What the judge knows besides. */
  readonly context?: Partial<Context>
  /** Other rules that say the same of it. */
  readonly also?: readonly string[]
}

export const httpRoute = write('httproutes', ROLLOUT)
export const canaryPods = write('replicasets', `shop-${CANARY}`)
export const noCanary = { replicaSets: byName(replicaSet(STABLE, 4), replicaSet(CANARY, 0)) }
export const aborted = { rollouts: byName(rollout({ abort: true, phase: 'Degraded' })) }
export const idle = { rollouts: byName(rollout({ abort: true, currentPodHash: STABLE })) }
