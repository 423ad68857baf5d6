/** Samples that a store brings late are taken when they come, and a window grows only while none come. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { unpackSeries } from '../../../../../analysis/domain/gates/sample-log.ts'
import type { SampleWindow } from '../../../../../analysis/providers/gate/ask-prometheus.ts'
import { createGateSamples } from '../../../../../analysis/providers/gate/samples-of-run.ts'

const START = 1_700_000_000_000
const SCRAPE_MS = 15_000
const labels = { pod: 'a' }

/** One series, scraped every 15 s, of which the store shows nothing newer than `shown`. */
function createStore() {
  const windows: SampleWindow[] = []
  const store = { windows, shown: Number.POSITIVE_INFINITY }
  const ask = async (window: SampleWindow) => {
    windows.push(window)
    const { at, windowMs } = window
    const times: number[] = []
    for (let time = START; time <= Math.min(at, store.shown); time += SCRAPE_MS)
      if (time > at - windowMs) times.push(time)
    return { series: times.length === 0 ? [] : [{ labels, times, values: times.map(() => 1), histograms: [] }] }
  }
  const samples = createGateSamples('a', () => ({
    arm: 'canary',
    pod: 'a',
    role: 'requests',
    detail: '',
    fullDetail: '',
  }))
  const read = async (now: number) => {
    const fetched = await samples.read(START, now, ask)
    assert.ok('log' in fetched)
    return unpackSeries(fetched.log)[0]?.times.length ?? 0
  }
  return { store, read }
}

describe('samples that come late', () => {
  test('are all there once they are shown', async () => {
    const { store, read } = createStore()
    await read(START + 60_000)
    store.shown = START + 60_000
    for (let now = START + 75_000; now <= START + 600_000; now += SCRAPE_MS) assert.equal(await read(now), 5)
    store.shown = Number.POSITIVE_INFINITY
    assert.equal(await read(START + 615_000), 42)
  })

  test('also when the first ones are late', async () => {
    const { store, read } = createStore()
    store.shown = 0
    for (let now = START; now <= START + 300_000; now += SCRAPE_MS) assert.equal(await read(now), 0)
    store.shown = Number.POSITIVE_INFINITY
    assert.equal(await read(START + 315_000), 22)
  })

  test('and while they come in time, only the end is asked for', async () => {
    const { store, read } = createStore()
    for (let now = START; now <= START + 600_000; now += SCRAPE_MS) await read(now)
    assert.deepEqual([...new Set(store.windows.slice(1).map(({ windowMs }) => windowMs))], [60_000])
  })
})
