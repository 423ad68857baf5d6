/** Each invariant can fail: a sound world, and one change of ours to it that breaks exactly that one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { POD_TEMPLATE_HASH } from '../../controller/api/labels.ts'
import type { ReplicaSet, Rollout, Service } from '../../controller/api/rollout.ts'
import { type EndpointSlice, emptyWorld, type HttpRoute, SERVICE_NAME, type World } from '../../sim/cluster/world.ts'
import { invariants } from '../../sim/invariants/all.ts'
import { L1, S19, S23 } from '../../sim/invariants/ending.ts'
import { emptyHistory } from '../../sim/invariants/history.ts'
import type { WriteCause } from '../../sim/invariants/invariant.ts'
import { createRandom } from '../../sim/kernel/random.ts'
import { makeScenario, NAMESPACE, ROLLOUT, type Scenario } from '../../sim/run/scenario.ts'

const STABLE = 'aaa'
const CANARY = 'bbb'

const replicaSet = (hash: string, replicas: number, availableReplicas = replicas): ReplicaSet =>
  ({
    metadata: { name: `shop-${hash}`, namespace: NAMESPACE, labels: { [POD_TEMPLATE_HASH]: hash } },
    spec: { replicas },
    status: { availableReplicas },
  }) as unknown as ReplicaSet

const service = (name: string, hash: string): Service =>
  ({ metadata: { name, namespace: NAMESPACE }, spec: { selector: { [POD_TEMPLATE_HASH]: hash } } }) as Service

const slice = (name: string, ready: number): EndpointSlice => ({
  metadata: { name, labels: { [SERVICE_NAME]: name } },
  endpoints: Array.from({ length: ready }, () => ({ conditions: { ready: true } })),
})

const route = (stable: number, canary: number | undefined, admin = 'admin'): HttpRoute => ({
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

const rollout = (status: object = {}): Rollout =>
  ({
    metadata: { name: ROLLOUT, generation: 3 },
    spec: {
      replicas: 4,
      strategy: {
        canary: { stableService: 'stable', canaryService: 'canary', steps: [{ setWeight: 20 }, { pause: {} }] },
      },
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

const byName = <T extends { readonly metadata: { readonly name: string } }>(...objects: readonly T[]) =>
  new Map(objects.map((object) => [object.metadata.name, object]))

/** 20 % of the traffic is on one canary pod. */
const sound: World = {
  ...emptyWorld,
  atMs: 100_000,
  rollouts: byName(rollout()),
  replicaSets: byName(replicaSet(STABLE, 4), replicaSet(CANARY, 1)),
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

const write = (plural: string, name: string, change: Partial<WriteCause> = {}): WriteCause => ({
  kind: 'write',
  by: 'one',
  verb: 'patch',
  plural,
  name,
  body: { metadata: { resourceVersion: '1' } },
  sentMs: 99_000,
  ...change,
})

const scenario: Scenario = { ...makeScenario(createRandom(1)), strategy: 'canary', direct: [] }
const drained = (hash: string, stoppedMs: number) => ({
  ...sound.dataPlane,
  serving: new Set([STABLE, CANARY].filter((one) => one !== hash)),
  stoppedMs: new Map([[hash, stoppedMs]]),
})
const retired: Partial<World> = { services: byName(service('stable', STABLE), service('canary', STABLE)) }

interface Breach {
  readonly id: string
  readonly what: string
  readonly before?: Partial<World>
  readonly after: Partial<World>
  readonly cause: WriteCause
}

const httpRoute = write('httproutes', ROLLOUT)
const canaryPods = write('replicasets', `shop-${CANARY}`)
const noCanary = { replicaSets: byName(replicaSet(STABLE, 4), replicaSet(CANARY, 0)) }
const aborted = { rollouts: byName(rollout({ abort: true, phase: 'Degraded' })) }
const idle = { rollouts: byName(rollout({ abort: true, currentPodHash: STABLE })) }

const breaches: readonly Breach[] = [
  {
    id: 'S1',
    what: 'weight for a Service without endpoints',
    before: { endpointSlices: byName(slice('stable', 4), slice('canary', 0)) },
    after: { httpRoutes: byName(route(50, 50)) },
    cause: httpRoute,
  },
  { id: 'S2', what: 'weights that do not sum up', after: { httpRoutes: byName(route(80, 10)) }, cause: httpRoute },
  {
    id: 'S2',
    what: 'a weight that is left out',
    after: { httpRoutes: byName(route(100, undefined)) },
    cause: httpRoute,
  },
  {
    id: 'S2',
    what: 'a rule of somebody else',
    after: { httpRoutes: byName(route(80, 20, 'other')) },
    cause: httpRoute,
  },
  {
    id: 'S4',
    what: 'a Service with traffic that goes to too few pods',
    after: { services: byName(service('stable', CANARY), service('canary', CANARY)) },
    cause: write('services', 'stable'),
  },
  { id: 'S5', what: 'the last pod of a revision with traffic', before: retired, after: noCanary, cause: canaryPods },
  {
    id: 'S5',
    what: 'the last pod of what was aborted, within the delay',
    before: { ...retired, rollouts: byName(rollout({ abort: true })), dataPlane: drained(CANARY, 90_000) },
    after: noCanary,
    cause: canaryPods,
  },
  {
    id: 'S6',
    what: 'the last pod of a revision that a Service names',
    before: { dataPlane: drained(CANARY, 0) },
    after: noCanary,
    cause: canaryPods,
  },
  {
    id: 'S8',
    what: 'weight after an abort',
    before: aborted,
    after: { httpRoutes: byName(route(70, 30)) },
    cause: httpRoute,
  },
  {
    id: 'S8',
    what: 'pods after an abort',
    before: aborted,
    after: { replicaSets: byName(replicaSet(STABLE, 4), replicaSet(CANARY, 3)) },
    cause: canaryPods,
  },
  {
    id: 'S9',
    what: 'an abort of nothing that takes pods',
    before: idle,
    after: { replicaSets: byName(replicaSet(STABLE, 2), replicaSet(CANARY, 1)) },
    cause: write('replicasets', `shop-${STABLE}`),
  },
  {
    id: 'S10',
    what: 'a step back',
    after: { rollouts: byName(rollout({ currentStepIndex: 0 })) },
    cause: write('rollouts', ROLLOUT),
  },
  {
    id: 'S10',
    what: 'two steps at once',
    before: { rollouts: byName(rollout({ currentStepIndex: 0 })) },
    after: { rollouts: byName(rollout({ currentStepIndex: 2 })) },
    cause: write('rollouts', ROLLOUT),
  },
  {
    id: 'S17',
    what: 'a patch without a precondition',
    after: {},
    cause: write('replicasets', 'x', { body: { spec: {} } }),
  },
  { id: 'S17', what: 'a write of a former leader', after: {}, cause: write('replicasets', 'x', { by: 'two' }) },
]

function broken(before: World, after: World, cause: WriteCause): readonly string[] {
  return invariants
    .filter(
      (invariant) =>
        invariant.check(before, after, { cause, scenario, history: emptyHistory, posts: [] }) !== undefined,
    )
    .map(({ id }) => id)
}

describe('invariants', () => {
  for (const { id, what, before: former, after: change, cause } of breaches)
    test(`${id} is broken by ${what}`, () => {
      const before = { ...sound, ...former }
      const after = { ...before, ...change }
      assert.deepEqual(broken(before, before, { ...cause, by: 'one', body: httpRoute.body }), [])
      assert.deepEqual(broken(before, after, cause), [id])
    })

  test('S4 lets an abort go back to fewer pods than served, but not to none', () => {
    const before = { ...sound, ...aborted, services: byName(service('stable', CANARY), service('canary', CANARY)) }
    const back = (ready: number): World => ({
      ...before,
      replicaSets: byName(replicaSet(STABLE, ready), replicaSet(CANARY, 4)),
      services: byName(service('stable', STABLE), service('canary', CANARY)),
    })
    assert.ok(!broken(before, back(3), write('services', 'stable')).includes('S4'))
    assert.ok(broken(before, back(0), write('services', 'stable')).includes('S4'))
  })

  test('each of them is broken by something here', () => {
    assert.deepEqual([...new Set(breaches.map(({ id }) => id))].sort(), invariants.map(({ id }) => id).sort())
  })

  test('of the end can be broken', () => {
    const [healthy, paused] = [rollout({ phase: 'Healthy' }), rollout({ phase: 'Paused' })]
    assert.equal(S19.check({ writes: [], former: healthy, now: healthy }), undefined)
    assert.match(S19.check({ writes: [write('services', 'stable')], former: healthy, now: healthy }) ?? '', /services/)
    assert.match(S23.check({ writes: [], former: healthy, now: paused }) ?? '', /from Healthy to Paused/)
    assert.equal(L1.check({ writes: [], former: paused, now: paused }), undefined)
    assert.match(L1.check({ writes: [], former: undefined, now: rollout() }) ?? '', /did not converge: Progressing/)
  })
})
