/** From raw counters to ticks: what counts, from which base, in which tick, and which problems are named. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readStableHistory, readTicks, type TickOptions } from '../../../../analysis/domain/gates/read-ticks.ts'
import type { GateSeries } from '../../../../analysis/domain/gates/samples.ts'
import type { Tick } from '../../../../analysis/domain/stats/ticks.ts'
import { atScrape, buildSeries, growing, SCRAPE_MS, START } from './series.ts'

const options: TickOptions = { from: START, now: atScrape(100), warmupMs: 0 }
const read = (series: readonly GateSeries[], given: Partial<TickOptions> = {}) =>
  readTicks(series, { ...options, ...given })
const countsOf = (ticks: readonly Tick[], arm: 'canary' | 'stable'): (readonly [number, number])[] =>
  ticks.map((tick) => {
    const sum = (field: 'bad' | 'total') => tick[arm].reduce((total, pod) => total + pod[field], 0)
    return [sum('bad'), sum('total')]
  })
const stable = buildSeries(growing(20, 100, 5000), { arm: 'stable' })
const stableFailed = buildSeries(growing(20, 1, 70), { arm: 'stable', role: 'failed' })

/** What Prometheus held at that time. */
const cut = (series: readonly GateSeries[], now: number): GateSeries[] =>
  series.map((one) => {
    const length = one.times.filter((time) => time <= now).length
    return { ...one, times: one.times.slice(0, length), values: one.values.slice(0, length) }
  })

describe('increments', () => {
  const rows: readonly {
    readonly name: string
    readonly canary: readonly GateSeries[]
    readonly given?: Partial<TickOptions>
    readonly expected: readonly (readonly [number, number])[]
  }[] = [
    {
      name: 'a failed request is a request as well',
      canary: [buildSeries([100, 110, 120]), buildSeries([10, 11, 13], { role: 'failed' })],
      expected: [
        [1, 11],
        [2, 12],
      ],
    },
    {
      name: 'there at the first scrape of the rollout: its first sample is a base',
      canary: [buildSeries([100, 110])],
      expected: [[0, 10]],
    },
    {
      name: 'absent at the first scrapes: a new pod, everything is new',
      canary: [buildSeries([7, 9], { first: 3 }), buildSeries([2, 2], { first: 3, role: 'failed' })],
      expected: [
        [2, 9],
        [0, 2],
      ],
    },
    {
      name: 'ready after the rollout began: everything is new',
      canary: [buildSeries([7, 9], { first: 1.2 })],
      given: { readyAt: new Map([['canary', START + 1000]]) },
      expected: [
        [0, 7],
        [0, 2],
      ],
    },
    {
      name: 'ready before the rollout began: its first sample is a base',
      canary: [buildSeries([7, 9], { first: 3 })],
      given: { readyAt: new Map([['canary', START - 1000]]) },
      expected: [[0, 2]],
    },
    {
      name: 'a label combination that appears later counts from 0',
      canary: [buildSeries([100, 110, 120, 130]), buildSeries([3, 4], { role: 'failed', first: 2 })],
      expected: [
        [0, 10],
        [3, 13],
        [1, 11],
      ],
    },
    {
      name: 'even at the second scrape, being one of the same target',
      canary: [buildSeries([100, 110, 120]), buildSeries([3, 4], { role: 'failed', first: 1 })],
      expected: [
        [3, 13],
        [1, 11],
      ],
    },
    {
      name: 'a counter of another target of the pod is not new because it is scraped later',
      canary: [buildSeries([100, 110, 120]), buildSeries([9000, 9001, 9003], { role: 'failed', first: 0.3 })],
      expected: [
        [1, 11],
        [2, 12],
      ],
    },
    {
      name: 'restart: the value is new',
      canary: [buildSeries([100, 110, 4, 6])],
      expected: [
        [0, 10],
        [0, 4],
        [0, 2],
      ],
    },
    {
      name: 'restart: counters that already passed their old value started anew with the others',
      canary: [buildSeries([100, 110, 30, 40]), buildSeries([1, 1, 5, 5], { role: 'failed' })],
      expected: [
        [0, 10],
        [5, 35],
        [0, 10],
      ],
    },
    {
      name: 'one label combination alone that was deleted and came again does not restart the others',
      canary: [buildSeries([1000, 1100, 1200]), buildSeries([8, 9, 2], { role: 'failed' })],
      expected: [
        [1, 101],
        [2, 102],
      ],
    },
    {
      name: 'a busy counter that is missing at a scrape: what it added comes with the next whole one',
      canary: [buildSeries([100, 110, undefined, 130]), buildSeries([1, 2, 4, 4], { role: 'failed' })],
      expected: [
        [1, 11],
        [2, 22],
      ],
    },
    {
      name: 'an idle counter that its exporter dropped is not waited for',
      canary: [buildSeries([100, 110, 120, 130, 140, 150]), buildSeries([3, 3, 3, 3], { role: 'failed' })],
      expected: [
        [0, 10],
        [0, 10],
        [0, 10],
        [0, 10],
        [0, 10],
      ],
    },
    {
      name: 'NaN (a staleness marker) is no sample, the increment spans it',
      canary: [buildSeries([100, Number.NaN, 130, 140])],
      expected: [
        [0, 30],
        [0, 10],
      ],
    },
    {
      name: 'negative and infinite values are no samples',
      canary: [buildSeries([100, -5, 130, Number.POSITIVE_INFINITY, 150])],
      expected: [
        [0, 30],
        [0, 20],
      ],
    },
  ]
  for (const { name, canary, given, expected } of rows) {
    test(name, () => {
      const { ticks } = read([...canary, stable, stableFailed], given)
      assert.deepEqual(countsOf(ticks, 'canary'), expected)
    })
  }

  test('events are counted against requests, failed ones included', () => {
    const { ticks } = read([
      buildSeries([100, 110]),
      buildSeries([10, 15], { role: 'failed' }),
      buildSeries([40, 44], { role: 'events' }),
      stable,
    ])
    assert.deepEqual(countsOf(ticks, 'canary'), [[4, 15]])
  })

  test('what was added before the rollout does not count', () => {
    const before = buildSeries(growing(10, 100, 100), { first: -4 })
    const { ticks } = read([before, buildSeries(growing(14, 10), { arm: 'stable', first: -4 })])
    assert.deepEqual(
      ticks.map(({ at }) => at),
      [1, 2, 3, 4, 5].map(atScrape),
    )
    assert.deepEqual(countsOf(ticks, 'stable')[0], [0, 10])
  })
})

describe('warm-up', () => {
  test('increments that begin within a minute of the first sample are left out', () => {
    const { ticks } = read([buildSeries(growing(10, 10), { first: 3 }), stable], { warmupMs: 60_000 })
    assert.deepEqual(ticks.map(({ at }) => at)[0], atScrape(3 + 4 + 1))
  })

  test('the ready time counts where it is known', () => {
    const readyAt = new Map([['canary', atScrape(1)]])
    const { ticks } = read([buildSeries(growing(10, 10), { first: 3 }), stable], { warmupMs: 60_000, readyAt })
    assert.deepEqual(ticks.map(({ at }) => at)[0], atScrape(1 + 4 + 1))
  })

  test('stable pods of the first scrape are warm; those that an autoscaler adds later warm up as the canary does', () => {
    const added = buildSeries(growing(10, 50), { arm: 'stable', pod: 'added', first: 5 })
    const { ticks } = read([buildSeries(growing(20, 10, 3)), stable, added], {
      warmupMs: 60_000,
      readyAt: new Map([['canary', START - 60_000]]),
    })
    const seen = (pod: string) => ticks.filter((tick) => tick.stable.some((one) => one.pod === pod)).map(({ at }) => at)
    assert.equal(seen('stable')[0], atScrape(1))
    assert.equal(seen('added')[0], atScrape(5 + 4 + 1))
  })
})

describe('ticks', () => {
  test('pods keep their own phase of the interval: one scrape of each in every tick', () => {
    const jitter = [0, 40, -35, 20, -60, 90, 10, -80, 5, 70]
    const shift = (series: GateSeries): GateSeries => ({
      ...series,
      times: series.times.map((time, index) => time + (jitter[index % jitter.length] ?? 0)),
    })
    // The first one is scraped right at the border of ticks.
    const phases = [0.002, 0.3, 0.61, 0.994]
    const pods = phases.map((first, index) =>
      shift(buildSeries(growing(19, 1 + index, 50), { arm: 'stable', pod: `stable-${index}`, first })),
    )
    const { ticks, scrapeIntervalMs, problems } = read([shift(buildSeries(growing(19, 10), { first: 0.5 })), ...pods])
    assert.equal(scrapeIntervalMs, SCRAPE_MS)
    assert.deepEqual(problems, [])
    assert.equal(ticks.length, 18)
    for (const tick of ticks) {
      assert.deepEqual(
        tick.stable.map(({ total }) => total),
        [1, 2, 3, 4],
      )
    }
  })

  test('the canary misses scrapes: both arms wait, and one tick covers the gap of both', () => {
    const { ticks, problems } = read([buildSeries([0, 10, 20, undefined, undefined, 50, 60]), stable])
    assert.deepEqual(countsOf(ticks, 'canary'), [
      [0, 10],
      [0, 10],
      [0, 30],
      [0, 10],
    ])
    assert.deepEqual(countsOf(ticks, 'stable'), [
      [0, 100],
      [0, 100],
      [0, 300],
      [0, 100],
    ])
    assert.deepEqual(
      problems.map(({ reason, severity }) => [reason, severity]),
      [['ScrapeGaps', 'note']],
    )
  })

  test('Prometheus misses scrapes of all pods: one tick, both arms', () => {
    const gap = (values: readonly number[]) =>
      values.map((value, index) => (index === 4 || index === 5 ? undefined : value))
    const { ticks } = read([buildSeries(gap(growing(8, 10))), buildSeries(gap(growing(8, 100)), { arm: 'stable' })])
    assert.deepEqual(
      ticks.map(({ at }) => at),
      [1, 2, 3, 6, 7].map(atScrape),
    )
    assert.deepEqual(countsOf(ticks, 'canary')[3], [0, 30])
    assert.deepEqual(countsOf(ticks, 'stable')[3], [0, 300])
  })

  test('one of several pods misses a scrape: the others go on, its increment comes with its next scrape', () => {
    const { ticks } = read([
      buildSeries([0, 10, undefined, 30, 40], { pod: 'a' }),
      buildSeries([0, 10, 20, 30, 40], { pod: 'b' }),
      stable,
    ])
    assert.deepEqual(countsOf(ticks, 'canary'), [
      [0, 20],
      [0, 10],
      [0, 30],
      [0, 20],
    ])
    assert.ok(countsOf(ticks, 'stable').every(([, total]) => total === 100))
  })

  test('before the canary came, stable is compared with nothing', () => {
    const { ticks } = read([buildSeries(growing(5, 10), { first: 8 }), stable])
    assert.deepEqual(countsOf(ticks, 'stable')[0], [0, 100])
  })

  test('canary pods that are replaced do not cover the time between', () => {
    const { ticks } = read([
      buildSeries(growing(4, 10), { pod: 'old' }),
      buildSeries(growing(4, 10), { pod: 'new', first: 8 }),
      stable,
    ])
    assert.deepEqual(
      ticks.map(({ at }) => at),
      [1, 2, 3, 8, 9, 10, 11].map(atScrape),
    )
    assert.ok(countsOf(ticks, 'stable').every(([, total]) => total === 100))
  })

  test('a tick is emitted a moment after its end', () => {
    const series = [buildSeries(growing(20, 10), { first: 0.1 }), stable]
    const until = (now: number) => read(cut(series, now), { now }).ticks.length
    assert.equal(until(atScrape(6) + 1400), 4)
    assert.equal(until(atScrape(6) + 1500), 5, 'ticks 1 to 5')
  })

  test('short scrapes are put together, slow ones are ticks of their own', () => {
    const every = (intervalMs: number, arm: 'canary' | 'stable'): GateSeries => ({
      arm,
      pod: arm,
      role: 'requests',
      times: growing(120, intervalMs, START),
      values: growing(120, 10),
    })
    const tickMs = (intervalMs: number) => read([every(intervalMs, 'canary'), every(intervalMs, 'stable')]).tickMs
    assert.deepEqual(
      [1000, 5000, 10_000, 15_000, 30_000, 60_000].map(tickMs),
      [15_000, 15_000, 10_000, 15_000, 30_000, 60_000],
    )
    assert.equal(read([every(5000, 'canary'), every(15_000, 'stable')]).tickMs, 15_000)
    const told = (intervalMs: number, leastTickMs: number) =>
      read([every(intervalMs, 'canary'), every(intervalMs, 'stable')], { leastTickMs }).tickMs
    assert.deepEqual(
      [told(1000, 2000), told(1000, 2500), told(15_000, 2000), told(10_000, 60_000)],
      [2000, 3000, 15_000, 60_000],
    )
  })

  test('later samples change no tick that was there', () => {
    const series = [
      buildSeries([0, 10, 20, undefined, 50, 60, 5, 15, 25, 30], { first: 2.2 }),
      buildSeries([0, 10, 20, 31, undefined, 60, 70, 80, 95, 99], { pod: 'other', first: 3.8 }),
      buildSeries([1, 1, 2, 2], { role: 'failed', first: 5.2 }),
      stable,
      stableFailed,
      buildSeries(growing(9, 7), { arm: 'stable', pod: 'added', first: 6.6 }),
    ]
    const all = read(series).ticks
    for (let quarter = 4; quarter < 80; quarter += 1) {
      const now = atScrape(quarter / 4)
      const { ticks } = read(cut(series, now), { now })
      assert.deepEqual(ticks, all.slice(0, ticks.length), `at ${quarter / 4}`)
    }
  })

  test('the order of series does not matter', () => {
    const series = [buildSeries([0, 10, 20], { pod: 'b' }), buildSeries([0, 1, 2], { pod: 'a' }), stable]
    assert.deepEqual(read(series), read([...series].reverse()))
    assert.deepEqual(
      read(series).ticks[0]?.canary.map(({ pod }) => pod),
      ['a', 'b'],
    )
  })
})

test('history is stable alone', () => {
  const { ticks } = readStableHistory([stable, stableFailed, buildSeries([1, 2, 3])], options)
  assert.equal(ticks.length, 19)
  assert.deepEqual(ticks[0], { at: atScrape(1), canary: [], stable: [{ pod: 'stable', bad: 1, total: 101 }] })
})

describe('problems', () => {
  const rows: readonly { readonly name: string; readonly series: readonly GateSeries[]; readonly expected: string }[] =
    [
      {
        name: 'the same pod in both arms',
        series: [buildSeries(growing(9, 10), { pod: 'stable' }), stable],
        expected: 'error PodInBothArms: the selectors of canary and stable match the same pods: stable',
      },
      {
        name: 'two series of one counter',
        series: [buildSeries(growing(9, 10)), buildSeries(growing(9, 10)), stable],
        expected: 'error DuplicateSeries: several series where one is expected: requests of canary',
      },
      {
        name: 'a gauge',
        series: [buildSeries([5, 3, 8, 2, 9, 1, 4, 3, 6, 2, 8]), stable],
        expected: 'error NotACounter: values that go down all the time, so they count nothing: canary',
      },
      {
        name: 'a clock that is ahead',
        series: [buildSeries(growing(9, 10), { first: 96 }), stable],
        expected: 'error ClockSkew: samples from the future: canary',
      },
      {
        name: 'times out of order',
        series: [{ ...buildSeries([0, 10, 20]), times: [atScrape(1), atScrape(0), atScrape(2)] }, stable],
        expected: 'note SamplesInvalid: samples that are no counts, or out of order, were left out: canary',
      },
      {
        name: 'NaN among the samples',
        series: [buildSeries([0, Number.NaN, 10, 20]), stable],
        expected: 'note SamplesInvalid: samples that are no counts, or out of order, were left out: canary',
      },
    ]
  for (const { name, series, expected } of rows) {
    test(name, () => {
      const { problems, ticks } = read(series)
      const [first] = problems
      assert.equal(first && `${first.severity} ${first.reason}: ${first.what}`, expected)
      assert.notEqual(first?.fix, '')
      assert.equal(ticks.length === 0, first?.severity === 'error')
    })
  }

  test('duplicated times count once, and the first one counts', () => {
    const twice = { ...buildSeries([0, 10, 500, 20]), times: [0, 1, 1, 2].map(atScrape) }
    assert.deepEqual(countsOf(read([twice, stable]).ticks, 'canary'), [
      [0, 10],
      [0, 10],
    ])
  })

  test('no series at all', () => {
    assert.deepEqual(read([]), { ticks: [], problems: [], scrapeIntervalMs: 15_000, tickMs: 15_000 })
  })
})
