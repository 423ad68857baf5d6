/** Quantiles as PromQL shows them: values worked out by hand from the documented rules of `histogram_quantile`. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type ClassicBucket,
  classicQuantile,
  type NativeBucket,
  nativeQuantile,
} from '../../../../analysis/domain/gates/quantile.ts'

const INF = Number.POSITIVE_INFINITY
const classic = (...pairs: readonly (readonly [number, number])[]): ClassicBucket[] =>
  pairs.map(([le, count]) => ({ le, count }))
const native = (...triples: readonly (readonly [number, number, number])[]): NativeBucket[] =>
  triples.map(([lower, upper, count]) => ({ lower, upper, count }))

const assertNear = (actual: number, expected: number): void => {
  if (Number.isFinite(expected)) assert.ok(Math.abs(actual - expected) <= 1e-9, `${actual} is not ${expected}`)
  else assert.equal(actual, expected)
}

const service = classic([0.1, 50], [0.25, 90], [0.5, 99], [INF, 100])

describe('classic', () => {
  const rows: readonly (readonly [name: string, q: number, buckets: readonly ClassicBucket[], expected: number])[] = [
    ['linear within the first bucket, from 0', 0.25, service, 0.05],
    ['exactly at a bound', 0.5, service, 0.1],
    ['linear within a bucket: 20 of 40 into 0.1..0.25', 0.7, service, 0.175],
    ['the last finite bucket', 0.95, service, 0.25 + (0.25 * 5) / 9],
    ['at the last finite bound', 0.99, service, 0.5],
    ['beyond it: its bound', 0.995, service, 0.5],
    ['q 0 is the start of the first bucket', 0, service, 0],
    ['q 1', 1, service, 0.5],
    ['q below 0', -0.1, service, -INF],
    ['q above 1', 1.1, service, INF],
    ['q NaN', Number.NaN, service, Number.NaN],
    ['no +Inf bucket', 0.5, service.slice(0, 3), Number.NaN],
    ['+Inf alone', 0.5, classic([INF, 10]), Number.NaN],
    ['no buckets', 0.5, [], Number.NaN],
    ['no observations', 0.5, classic([0.1, 0], [INF, 0]), Number.NaN],
    ['counts that are no numbers', 0.5, classic([0.1, Number.NaN], [INF, Number.NaN]), Number.NaN],
    ['any order of buckets', 0.7, service.toReversed(), 0.175],
    ['equal bounds are added up', 0.7, [...classic([0.1, 20], [0.1, 30]), ...service.slice(1)], 0.175],
    ['a count that falls is raised', 0.7, classic([0.1, 50], [0.25, 90], [0.3, 80], [0.5, 99], [INF, 100]), 0.175],
    ['all in the first bucket whose bound is negative', 0.5, classic([-1, 10], [0, 10], [INF, 10]), -1],
    ['a bucket from a negative bound', 0.75, classic([-1, 5], [1, 10], [INF, 10]), 0],
    ['rates instead of counts', 0.7, classic([0.1, 0.5], [0.25, 0.9], [0.5, 0.99], [INF, 1]), 0.175],
    ['everything beyond the finite buckets', 0.5, classic([0.1, 0], [0.5, 0], [INF, 7]), 0.5],
  ]
  for (const [name, q, buckets, expected] of rows) {
    test(name, () => assertNear(classicQuantile(q, buckets), expected))
  }

  test('a fall in the last digits is none', () => {
    const sum = 0.1 + 0.2
    const buckets = classic([0.1, sum], [0.25, 0.3], [0.5, 0.3], [INF, 1])
    assert.ok(sum > 0.3)
    assertNear(classicQuantile(0.3, buckets), 0.1 * (0.3 / sum))
  })
})

describe('native', () => {
  const rows: readonly (readonly [name: string, q: number, buckets: readonly NativeBucket[], expected: number])[] = [
    ['exponential within a bucket: half of 1..4 is 2', 0.5, native([1, 4, 10]), 2],
    ['a quarter of 1..16 is 2', 0.25, native([1, 16, 8]), 2],
    ['in the second bucket', 0.75, native([1, 2, 5], [2, 8, 5]), 4],
    ['counted from the top', 0.9, native([1, 2, 80], [2, 4, 10], [4, 8, 10]), 4],
    ['empty buckets between', 0.75, native([1, 2, 5], [2, 4, 0], [4, 16, 5]), 8],
    ['the zero bucket is linear and starts at 0 when nothing is negative', 0.25, native([-1, 1, 2], [1, 2, 2]), 0.5],
    ['and ends at 0 when nothing is positive', 0.75, native([-2, -1, 2], [-1, 1, 2]), -0.5],
    ['on both sides it is as wide as it is', 0.5, native([-2, -1, 2], [-1, 1, 2], [1, 2, 2]), 0],
    ['negative buckets are exponential as well', 0.5, native([-4, -1, 10]), -2],
    ['q 0', 0, native([1, 4, 10]), 1],
    ['q 1', 1, native([1, 4, 10]), 4],
    ['no observations', 0.5, native([1, 4, 0]), Number.NaN],
    ['nothing', 0.5, [], Number.NaN],
    ['q below 0', -1, native([1, 4, 10]), -INF],
    ['q above 1', 2, native([1, 4, 10]), INF],
    ['q NaN', Number.NaN, native([1, 4, 10]), Number.NaN],
  ]
  for (const [name, q, buckets, expected] of rows) {
    test(name, () => assertNear(nativeQuantile(q, buckets), expected))
  }
})
