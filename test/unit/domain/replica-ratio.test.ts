/** Shares of pods as shares of traffic: expected numbers are computed by hand from Argo's rule, not by the code. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { approximateWeight, drainOlder, nextSplit } from '../../../controller/domain/canary/replica-ratio.ts'

describe('weight as pods', () => {
  // replicas, weight, max weight, surge → canary, stable
  const rows: readonly (readonly [number, number, number, number, number, number])[] = [
    [0, 50, 100, 1, 0, 0],
    [1, 0, 100, 0, 0, 1],
    [1, 1, 100, 0, 0, 1],
    [1, 49, 100, 0, 0, 1],
    [1, 50, 100, 0, 1, 0],
    [1, 51, 100, 0, 1, 0],
    [1, 100, 100, 0, 1, 0],
    [1, 1, 100, 1, 1, 1],
    [1, 50, 100, 1, 1, 1],
    [1, 99, 100, 1, 1, 1],
    [2, 50, 100, 0, 1, 1],
    [2, 10, 100, 0, 1, 1],
    [2, 10, 100, 1, 1, 2],
    [2, 90, 100, 0, 1, 1],
    [2, 90, 100, 1, 2, 1],
    [3, 33, 100, 0, 1, 2],
    [3, 50, 100, 0, 2, 1],
    [3, 50, 100, 1, 2, 2],
    [4, 25, 100, 1, 1, 3],
    [4, 10, 100, 0, 1, 3],
    [4, 10, 100, 1, 1, 4],
    [5, 0, 100, 1, 0, 5],
    [5, 10, 100, 0, 1, 4],
    [5, 20, 100, 1, 1, 4],
    [5, 50, 100, 0, 3, 2],
    [5, 50, 100, 1, 3, 3],
    [5, 90, 100, 0, 4, 1],
    [5, 90, 100, 1, 5, 1],
    [5, 100, 100, 1, 5, 0],
    [10, 1, 100, 0, 1, 9],
    [10, 15, 100, 0, 2, 8],
    [10, 25, 100, 0, 3, 7],
    [10, 25, 100, 1, 3, 8],
    [10, 99, 100, 0, 9, 1],
    [10, 500, 1000, 0, 5, 5],
  ]
  for (const [replicas, weight, most, surge, canary, stable] of rows)
    test(`${weight}/${most} of ${replicas} pods, surge ${surge}: ${canary} + ${stable}`, () => {
      assert.deepEqual(approximateWeight(replicas, weight, most, surge), { canary, stable })
    })
})

describe('the next move', () => {
  const side = (spec: number, available = spec) => ({ spec, available })
  const none = side(0)
  const split = (
    target: readonly [number, number],
    [canary, stable]: readonly [ReturnType<typeof side>, ReturnType<typeof side>],
    [maxSurge, maxUnavailable]: readonly [number, number],
    older = none,
  ) => {
    const next = nextSplit({
      replicas: 5,
      budget: { maxSurge, maxUnavailable },
      target: { canary: target[0], stable: target[1] },
      canary,
      stable,
      older,
    })
    return [next.canary, next.stable]
  }
  test('grows within replicas + surge, the canary only as far as there is room', () =>
    assert.deepEqual(split([3, 2], [none, side(5)], [2, 0]), [2, 5]))
  test('stable grows before the canary', () => assert.deepEqual(split([2, 4], [side(1), side(3)], [1, 0]), [2, 4]))
  test('stable takes the last room', () => assert.deepEqual(split([3, 4], [side(2), side(3)], [1, 0]), [2, 4]))
  test('without surge stable shrinks first, by what may be unavailable', () =>
    assert.deepEqual(split([2, 3], [none, side(5)], [0, 1]), [0, 4]))
  test('shrinks only while enough is available', () =>
    assert.deepEqual(split([1, 4], [side(1, 0), side(5)], [1, 0]), [1, 5]))
  test('pods that do not answer cost nothing', () =>
    assert.deepEqual(split([0, 5], [side(3, 0), side(5)], [2, 0]), [0, 5]))
  test('one side gives in a pass', () => assert.deepEqual(split([0, 4], [side(2), side(5)], [2, 1]), [0, 5]))
  test('older revisions do not keep others from growing (an update would stand still)', () =>
    assert.deepEqual(split([1, 4], [none, side(3)], [2, 1], side(1)), [1, 4]))
  test('but keep them from shrinking', () =>
    assert.deepEqual(split([1, 2], [side(1), side(5)], [0, 1], side(1)), [1, 5]))
})

/** Sides as `spec` or `spec(available)`; each row is one pass, worked out by hand: room to grow is R + surge − all pods, and what may go is what
 * is available above R − unavailable. */
type Move = readonly [
  name: string,
  limits: string,
  target: string,
  canary: string,
  stable: string,
  next: string,
  older?: string,
]
const moves: readonly Move[] = [
  // R/surge/unavailable, target canary+stable, canary, stable, next canary+stable
  ['a surge of one: the canary grows into it', '10/1/0', '1+10', '0', '10', '1+10'],
  ['no further than the surge', '10/1/0', '2+8', '0', '10', '1+10'],
  ['an available canary pod frees a stable one', '10/1/0', '2+8', '1', '10', '1+9'],
  ['one that is not available frees none', '10/1/0', '2+8', '1(0)', '10', '1+10'],
  ['the room is used again', '10/1/0', '2+8', '1', '9', '2+9'],
  ['and the last stable pod goes', '10/1/0', '2+8', '2', '9', '2+8'],
  ['no surge: stable makes room', '5/0/1', '1+4', '0', '5', '0+4'],
  ['no surge: the canary takes it', '5/0/1', '1+4', '0', '4', '1+4'],
  ['no surge: the next one', '5/0/1', '3+2', '1', '4', '1+3'],
  ['no surge: not while a pod is missing', '5/0/1', '3+2', '1(0)', '4', '1+4'],
  ['half of surge: both at once', '4/2/2', '2+2', '0', '4', '2+4'],
  ['half unavailable: stable goes before the canary answers', '4/2/2', '2+2', '2(0)', '4', '2+2'],
  ['surge only: stable goes one by one', '4/2/0', '2+2', '2(1)', '4', '2+3'],
  ['surge only: all answer', '4/2/0', '2+2', '2', '4', '2+2'],
  ['towards all: the canary first', '4/1/1', '4+0', '2', '2', '3+2'],
  ['towards all: one of stable', '4/1/1', '4+0', '3(2)', '2', '3+1'],
  ['towards all: the rest of stable', '4/1/1', '4+0', '3', '2', '3+0'],
  ['towards all: the last canary pod', '4/1/1', '4+0', '3', '0', '4+0'],
  ['back: stable grows into the surge', '5/2/1', '0+5', '3', '2', '3+4'],
  ['back: the canary gives what can be spared', '5/2/1', '0+5', '3', '4(2)', '2+4'],
  ['back: stable is whole', '5/2/1', '0+5', '2', '4', '2+5'],
  ['back: the rest goes at once', '5/2/1', '0+5', '2', '5', '0+5'],
  ['back from a broken canary: stable grows', '5/2/1', '0+5', '3(0)', '2', '3+4'],
  ['back from a broken canary: its pods cost nothing', '5/2/1', '0+5', '3(0)', '4', '0+4'],
  ['scaled up in mid-flight: stable, then the canary', '8/2/2', '2+6', '1', '4', '2+6'],
  ['scaled up with little room: stable takes it', '8/0/2', '2+6', '2', '4', '2+6'],
  ['a single pod with surge: beside it', '1/1/0', '1+0', '0', '1', '1+1'],
  ['a single pod with surge: the old one stays until the new one answers', '1/1/0', '1+0', '1(0)', '1', '1+1'],
  ['a single pod with surge: then it goes', '1/1/0', '1+0', '1', '1', '1+0'],
  ['a single pod without surge: the old one goes first', '1/0/1', '1+0', '0', '1', '0+0'],
  ['a single pod without surge: then the new one comes', '1/0/1', '1+0', '0', '0', '1+0'],
  ['a lower weight: the canary gives one back', '3/1/0', '1+2', '2', '2', '1+2'],
  ['a lower weight without surge: the canary first', '3/0/1', '1+2', '2', '1', '1+1'],
  ['a lower weight without surge: then stable', '3/0/1', '1+2', '1', '1', '1+2'],
  ['at the target nothing moves', '5/1/1', '1+4', '1', '4', '1+4'],
  ['a broken canary beside a broken stable: nothing moves', '4/1/0', '4+0', '1(0)', '4(0)', '1+4'],
  ['a good canary beside a broken stable: one for one', '4/1/0', '4+0', '1', '4(0)', '1+3'],
  ['scaled in with a broken canary: no more than the surge', '4/2/0', '4+0', '6(0)', '4', '2+4'],
  ['scaled in with half a canary: what serves stays', '4/2/0', '4+0', '6(3)', '4', '4+2'],
  ['scaled in with room for both', '4/4/1', '4+0', '8(0)', '3', '4+3'],
  ['scaled to nothing', '0/0/0', '0+0', '1', '2', '0+0'],
  ['an older revision takes the room', '5/1/1', '2+3', '0', '5', '0+5', '1'],
  ['an older revision leaves some room', '5/1/1', '2+3', '0', '4', '1+4', '1'],
]

describe('one pass without a router', () => {
  const side = (text: string) => {
    const [, spec = '0', available = spec] = /^(\d+)(?:\((\d+)\))?$/.exec(text) ?? []
    return { spec: Number(spec), available: Number(available) }
  }
  const numbers = (text: string, by: string): number[] => text.split(by).map(Number)
  for (const [name, limits, target, canary, stable, next, older = '0'] of moves)
    test(`${name}: ${canary} and ${stable} become ${next}`, () => {
      const [replicas = 0, maxSurge = 0, maxUnavailable = 0] = numbers(limits, '/')
      const [wantedCanary = 0, wantedStable = 0] = numbers(target, '+')
      const got = nextSplit({
        replicas,
        budget: { maxSurge, maxUnavailable },
        target: { canary: wantedCanary, stable: wantedStable },
        canary: side(canary),
        stable: side(stable),
        older: side(older),
      })
      assert.equal(`${got.canary}+${got.stable}`, next)
    })
})

describe('shares of pods, whatever the numbers', () => {
  const inputs = fc
    .record({
      replicas: fc.integer({ min: 0, max: 12 }),
      weight: fc.integer({ min: 0, max: 100 }),
      maxSurge: fc.integer({ min: 0, max: 4 }),
      maxUnavailable: fc.integer({ min: 0, max: 4 }),
      start: fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 12 })),
      missing: fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })),
    })
    .filter(({ maxSurge, maxUnavailable, replicas }) => maxSurge + Math.min(maxUnavailable, replicas) > 0)

  test('growth keeps to R + surge, availability to R − unavailable, and the target is reached and kept', () => {
    fc.assert(
      fc.property(inputs, ({ replicas, weight, maxSurge, start, missing, ...rest }) => {
        const budget = { maxSurge, maxUnavailable: Math.min(rest.maxUnavailable, replicas) }
        const target = approximateWeight(replicas, weight, 100, maxSurge)
        const none = { spec: 0, available: 0 }
        const lacking = (spec: number, by: number) => ({ spec, available: Math.max(0, spec - by) })
        const step = (canary: typeof none, stable: typeof none) =>
          nextSplit({ replicas, budget, target, canary, stable, older: none })
        let [canary, stable] = start
        for (let pass = 0; pass < 60; pass++) {
          const [lostCanary, lostStable] = pass < 3 ? missing : [0, 0]
          const before = [lacking(canary, lostCanary), lacking(stable, lostStable)] as const
          const next = step(...before)
          const grew = next.canary > canary || next.stable > stable
          if (grew) assert.ok(next.canary + next.stable <= replicas + maxSurge)
          const left = Math.min(before[0].available, next.canary) + Math.min(before[1].available, next.stable)
          const had = before[0].available + before[1].available
          assert.ok(left >= Math.min(had, replicas - budget.maxUnavailable))
          ;[canary, stable] = [next.canary, next.stable]
        }
        assert.deepEqual({ canary, stable }, target)
      }),
      { seed: 11, numRuns: 500 },
    )
  })
})

describe('draining older revisions', () => {
  test('unhealthy pods at once, healthy ones within what is spared, newest first', () => {
    const older = [
      { spec: 3, available: 2 },
      { spec: 2, available: 2 },
    ]
    assert.deepEqual(drainOlder(older, 0), [2, 2])
    assert.deepEqual(drainOlder(older, 3), [0, 1])
    assert.deepEqual(drainOlder(older, -4), [2, 2])
    assert.deepEqual(drainOlder(older, 9), [0, 0])
  })
})
