/** Each invariant can fail: a sound world, and one change of ours to it that breaks exactly that one. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HttpRoute, World } from '../../sim/cluster/world.ts'
import { invariants } from '../../sim/invariants/all.ts'
import type { WriteCause } from '../../sim/invariants/cause.ts'
import { L1, S19, S23 } from '../../sim/invariants/ending.ts'
import { emptyHistory, remember } from '../../sim/invariants/history.ts'
import type { Context } from '../../sim/invariants/invariant.ts'
import { S2 } from '../../sim/invariants/traffic.ts'
import { ROLLOUT } from '../../sim/run/scenario.ts'
import { breachesOfPromises } from './breaches-of-promises.ts'
import { breachesOfTraffic } from './breaches-of-traffic.ts'
import {
  aborted,
  byName,
  CANARY,
  canaryPods,
  httpRoute,
  noCanary,
  pods,
  replicaSet,
  retired,
  rollout,
  route,
  STABLE,
  scenario,
  service,
  slice,
  sound,
  write,
} from './sound-world.ts'

const breaches = [...breachesOfTraffic, ...breachesOfPromises]

function broken(before: World, after: World, cause: WriteCause, context: Partial<Context> = {}): readonly string[] {
  const whole = { cause, scenario, history: emptyHistory, posts: [], ...context }
  return invariants.filter((invariant) => invariant.check(before, after, whole) !== undefined).map(({ id }) => id)
}

describe('invariants', () => {
  for (const { id, what, before: former, after: change, cause, context, also = [] } of breaches)
    test(`${id} is broken by ${what}`, () => {
      const before = { ...sound, ...former }
      const after = { ...before, ...change }
      assert.deepEqual(broken(before, before, { ...cause, by: 'one', body: httpRoute.body }), [])
      assert.deepEqual(broken(before, after, cause, context), [id, ...also])
    })

  test('S2 is about the route that is written, and about weights that are ours', () => {
    const stranger = { name: 'legacy', weight: 30 }
    const [rule] = route(80, 20).spec?.rules ?? []
    const mixed: HttpRoute = {
      ...route(80, 20),
      spec: { rules: [{ backendRefs: [...(rule?.backendRefs ?? []), stranger] }] },
    }
    const later: HttpRoute = { ...route(1, 1), metadata: { name: 'later' } }
    const before = {
      ...sound,
      httpRoutes: new Map([
        [ROLLOUT, mixed],
        ['later', later],
      ]),
    }
    const after = {
      ...before,
      httpRoutes: new Map([
        [ROLLOUT, { ...mixed }],
        ['later', later],
      ]),
    }
    const given = [{ ...mixed, kind: 'HTTPRoute' }]
    const context = { cause: httpRoute, scenario: { ...scenario, objects: given }, history: emptyHistory, posts: [] }
    assert.equal(S2.check(before, after, context), undefined)
    assert.match(
      S2.check(before, after, { ...context, scenario: { ...scenario, objects: [] } }) ?? '',
      /80 and 20 and 30/,
    )
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

  for (const [what, sentMs, expected] of [
    ['about to leave when the abort came', 60_040, []],
    ['sent well after the abort', 60_100, ['S8']],
    ['on its way since long before the abort', 40_000, ['S8']],
  ] as const)
    test(`S8 and a weight ${what}`, () => {
      const before = { ...sound, ...aborted, httpRoutes: byName(route(90, 10)) }
      const after = { ...before, httpRoutes: byName(route(80, 20)) }
      const history = { ...emptyHistory, abortedMs: 60_000 }
      assert.deepEqual(broken(before, after, { ...httpRoute, sentMs }, { history }), expected)
    })

  test('S6 lets the last pod go without a router where it serves nobody, or where there is room for one alone', () => {
    const unrouted = (canary: object, spec: object = {}, annotations: Record<string, string> = {}) => ({
      rollouts: byName(
        rollout({}, { annotations, strategy: { canary: { stableService: 'stable', ...canary } }, ...spec }),
      ),
    })
    const single = { maxSurge: 0, maxUnavailable: 1 }
    const rows: readonly (readonly [Partial<World>, boolean])[] = [
      [unrouted({}), true],
      [unrouted(single), true],
      [unrouted({ maxSurge: 1 }, { replicas: 1 }), true],
      [unrouted(single, { replicas: 1 }), false],
      [unrouted({}, {}, { 'penstock.dev/compat': 'argo' }), false],
      [{ ...unrouted({}), pods: byName(...pods(STABLE, 4)) }, false],
    ]
    const without = { ...scenario, strategy: 'canary without a router' as const }
    for (const [change, isBroken] of rows) {
      const before = { ...sound, ...change }
      const found = broken(before, { ...before, ...noCanary }, canaryPods, { scenario: without })
      assert.equal(found.includes('S6'), isBroken)
    }
    const routed = { ...sound, pods: byName(...pods(STABLE, 4)) }
    assert.ok(broken(routed, { ...routed, ...noCanary }, canaryPods).includes('S6'), 'with a router always')
  })

  test('S1 lets a canary be taken back where no pods are asked for, and not otherwise', () => {
    const back = (replicas: number) => {
      const rollouts = byName(rollout({}, { replicas }))
      const before = { ...sound, rollouts, endpointSlices: byName(slice('stable', 0), slice('canary', 1)) }
      return broken(before, { ...before, httpRoutes: byName(route(100, 0)) }, httpRoute)
    }
    assert.deepEqual(back(0), [])
    assert.ok(back(4).includes('S1'))
  })

  for (const [what, begunMs, expected] of [
    ['as the write left', 98_600, []],
    ['before anybody looked', 98_400, ['S5']],
  ] as const)
    test(`S5 and a first request that came ${what}`, () => {
      const before = { ...sound, ...retired }
      const context = { history: { ...emptyHistory, begunMs: new Map([[CANARY, begunMs]]) } }
      assert.deepEqual(broken(before, { ...before, ...noCanary }, canaryPods, context), expected)
    })

  test('S1 counts no endpoint whose pod is gone', () => {
    const back = (alive: number) => {
      const endpointSlices = byName(slice('stable', 0), slice('canary', 1))
      const before = { ...sound, endpointSlices, pods: byName(...pods(CANARY, alive)) }
      return broken(before, { ...before, httpRoutes: byName(route(100, 0)) }, httpRoute)
    }
    assert.ok(!back(0).includes('S1'))
    assert.ok(back(1).includes('S1'))
  })

  for (const [what, known, expected] of [
    ['that it never gave away', { kept: new Set([STABLE]) }, []],
    ['that it gave away', {}, ['S3']],
  ] as const)
    test(`S3 and a stable revision that misses pods ${what}`, () => {
      const before = {
        ...sound,
        rollouts: byName(rollout({}, { replicas: 8 })),
        httpRoutes: byName(route(80, 20)),
      }
      const after = { ...before, httpRoutes: byName(route(90, 10)) }
      assert.deepEqual(broken(before, after, httpRoute, { history: { ...emptyHistory, ...known } }), expected)
    })

  test('what a revision has kept and had is remembered until it gives pods away', () => {
    const step = { kind: 'step', label: 'x' } as const
    const world = (wanted: number, asked: number, ready: number): World => ({
      ...sound,
      rollouts: byName(rollout({}, { replicas: wanted })),
      replicaSets: byName(replicaSet(STABLE, asked)),
      pods: byName(...pods(STABLE, ready)),
    })
    let history = emptyHistory
    let before = world(4, 2, 2)
    const told: string[] = []
    for (const [wanted, asked, ready] of [
      [4, 4, 2],
      [4, 4, 4],
      [4, 4, 3],
      [6, 4, 3],
      [6, 3, 3],
      [6, 6, 3],
    ] as const) {
      const after = world(wanted, asked, ready)
      history = remember(history, before, after, step)
      before = after
      told.push(`${history.kept.has(STABLE) ? 'kept' : '-'} ${history.whole.has(STABLE) ? 'whole' : '-'}`)
    }
    assert.deepEqual(told, ['kept -', 'kept whole', 'kept whole', 'kept whole', '- -', 'kept -'])
  })

  for (const [what, specMs, expected] of [
    ['while the process was stopped', 90_000, []],
    ['before it was stopped', 80_000, ['S7']],
  ] as const)
    test(`S7 and a size that changed ${what}`, () => {
      const after = { ...sound, replicaSets: byName(replicaSet(STABLE, 1), replicaSet(CANARY, 1)) }
      const context = { history: { ...emptyHistory, specMs }, blindMs: 10_000 }
      assert.deepEqual(broken(sound, after, write('replicasets', `shop-${STABLE}`), context), expected)
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
