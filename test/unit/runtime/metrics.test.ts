import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createHealth } from '../../../controller/runtime/health.ts'
import {
  beforeScrape,
  createMetricRegistry,
  createProcessMetrics,
  declareCounter,
  declareGauge,
  renderMetrics,
} from '../../../controller/runtime/metrics.ts'

describe('metrics', () => {
  test('declaring a name twice shares the metric', async () => {
    const registry = createMetricRegistry()
    const spec = { name: 'x_total', help: 'x', labels: ['a'] as const }
    declareCounter(registry, spec).inc({ a: '1' })
    declareCounter(registry, spec).inc({ a: '1' })
    assert.match(await renderMetrics(registry), /x_total\{a="1"\} 2/)
  })

  test('ages are set at each scrape', async () => {
    const registry = createMetricRegistry()
    const gauge = declareGauge(registry, { name: 'age', help: 'age' })
    let scrapes = 0
    const stop = beforeScrape(registry, () => {
      scrapes += 1
      gauge.set(scrapes)
    })
    await renderMetrics(registry)
    assert.match(await renderMetrics(registry), /^age 2$/m)
    stop()
    assert.match(await renderMetrics(registry), /^age 2$/m)
  })

  test('the process registry says which build it is', async () => {
    const registry = createProcessMetrics({ version: '1.2.3', gitCommit: 'abc' })
    assert.match(await renderMetrics(registry), /build_info\{version="1\.2\.3",.*commit="abc"\} 1/)
    registry.clear()
  })
})

describe('health', () => {
  test('ready means alive and ready; a check that throws fails instead of breaking the probe', () => {
    const health = createHealth()
    let silent: string | undefined
    health.addReadiness('watches', () => silent)
    assert.deepEqual(health.judgeReadiness(), { ok: true, failures: [] })
    silent = 'pods silent for 400 s'
    assert.deepEqual(health.judgeReadiness(), { ok: false, failures: ['watches: pods silent for 400 s'] })
    assert.equal(health.judgeLiveness().ok, true)
    health.addLiveness('loop', () => {
      throw new Error('broken')
    })
    assert.equal(health.judgeLiveness().ok, false)
    assert.equal(health.judgeReadiness().failures.length, 2)
  })
})
