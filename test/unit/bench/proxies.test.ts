import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ProxiesResult } from '../../bench/proxies.ts'
import { isPlausible, MOST_POINTS_OFF, pointsOff } from '../../bench/proxy-share.ts'
import { reportProxies } from '../../bench/report-proxies.ts'

describe('whether a share is what a weight says', () => {
  test('the band of the figures is in points of the share', () => {
    assert.ok(pointsOff(2150, 10_000, 0.2) <= MOST_POINTS_OFF)
    assert.ok(pointsOff(2151, 10_000, 0.2) > MOST_POINTS_OFF)
  })

  test('six standard deviations, where the normal curve holds', () => {
    const deviation = Math.sqrt(2000 * 0.5 * 0.5)
    assert.equal(isPlausible(Math.round(1000 + 5.9 * deviation), 2000, 0.5), true)
    assert.equal(isPlausible(Math.round(1000 + 6.2 * deviation), 2000, 0.5), false)
    assert.equal(isPlausible(Math.round(1000 - 6.2 * deviation), 2000, 0.5), false)
  })

  test('where it does not: 2 are expected of 2000, and none is no wonder', () => {
    assert.deepEqual(
      [0, 2, 10, 20].map((hits) => isPlausible(hits, 2000, 0.001)),
      [true, true, true, false],
    )
  })

  test('nothing and all are exact', () => {
    assert.deepEqual([isPlausible(0, 2000, 0), isPlausible(1, 2000, 0)], [true, false])
    assert.deepEqual([isPlausible(2000, 2000, 1), isPlausible(1999, 2000, 1)], [true, false])
  })
})

describe('the report of proxies', () => {
  const share = (toCanary: number, canary: number, total = 100) => ({
    proxy: 'HAProxy',
    canary,
    total,
    requests: 10_000,
    toCanary,
    toStable: 10_000 - toCanary,
  })
  const good: ProxiesResult = {
    shares: [share(0, 0), share(5_149, 50), share(2, 1, 1000), share(10_000, 100)],
    colors: [{ proxy: 'nginx', name: 'cookie', requests: 1_000, astray: 0 }],
    changes: [{ proxy: 'nginx', changes: 20, reloads: 20, requests: 500, failures: {}, repeated: 9 }],
  }

  test('a run without a miss has no failure', () => assert.equal(reportProxies(good).failure, undefined))

  const misses: readonly (readonly [string, Partial<ProxiesResult>, string])[] = [
    ['outside of the band', { shares: [share(5_151, 50)] }, 'HAProxy, weight 50 of 100: 51.51 %'],
    ['in the band, and yet no chance', { shares: [share(100, 1, 1000)] }, 'HAProxy, weight 1 of 1000: 1.00 %'],
    ['one request at weight zero', { shares: [share(1, 0)] }, 'HAProxy, weight 0 of 100: 0.01 %'],
    ['one request too few at all', { shares: [share(9_999, 100)] }, 'HAProxy, weight 100 of 100: 99.99 %'],
    [
      'one request astray',
      { colors: [{ proxy: 'nginx', name: 'cookie', requests: 1_000, astray: 1 }] },
      'nginx, cookie: 1 astray',
    ],
    [
      'requests lost',
      {
        changes: [
          {
            proxy: 'nginx',
            changes: 20,
            reloads: 20,
            requests: 500,
            failures: { '503': 2, ECONNRESET: 1 },
            repeated: 0,
          },
        ],
      },
      'nginx: 3 requests lost',
    ],
  ]
  for (const [name, part, failure] of misses)
    test(name, () => assert.equal(reportProxies({ ...good, ...part }).failure, failure))
})
