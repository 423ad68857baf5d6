/** Shares of pods as shares of traffic: expected numbers are computed by hand from Argo's rule, not by the code. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
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
  test('what is spared is spent once', () => assert.deepEqual(split([0, 4], [side(2), side(5)], [2, 1]), [0, 4]))
  test('older revisions do not keep others from growing (an update would stand still)', () =>
    assert.deepEqual(split([1, 4], [none, side(3)], [2, 1], side(1)), [1, 4]))
  test('but keep them from shrinking', () =>
    assert.deepEqual(split([1, 2], [side(1), side(5)], [0, 1], side(1)), [1, 5]))
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
