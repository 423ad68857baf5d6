/**
 * `selfTest` of a gate on a real Prometheus: it says once what the gate would have done to healthy releases and keeps it over a restart; where one of
 * stable's pods is unlike the others, `hold` asks a person instead of going on.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { AnalysisRun, Measurement, Metric } from '../../../../controller/api/analysis.ts'
import { type PrometheusProcess, startPrometheus } from '../prometheus-process.ts'
import { backfill, healthy } from './backfill.ts'
import { createRelease, type Release } from './release.ts'

const SELF_TEST = 'penstock.dev/self-test'

const canary = { ...healthy, pods: 1, requestsPerSecond: 10 }
const scenarios = {
  healthy: { stable: healthy, canary },
  sick: { stable: { ...healthy, pods: 6, sickPodErrorShare: 0.5 }, canary },
}

describe('the self-test of a gate', () => {
  let prometheus: PrometheusProcess
  let data: Awaited<ReturnType<typeof backfill>>
  let release: Release

  before(async () => {
    data = await backfill(scenarios)
    prometheus = await startPrometheus(undefined, data.directory)
  })
  after(async () => {
    await release?.close()
    await prometheus?.close()
    await data?.close()
  })

  const metricOf = (config: object): Metric => ({
    name: 'gate',
    interval: '15s',
    count: 1,
    provider: {
      plugin: {
        'penstock/gate': {
          gate: 'errorRate',
          address: prometheus.url,
          service: 'healthy',
          canary: 'canary',
          stable: 'stable',
          duration: '2m',
          history: '20m',
          selfTest: '1h',
          ...config,
        },
      },
    },
  })
  const lastOf = (run: AnalysisRun): Measurement => {
    const measurement = run.status?.metricResults?.[0]?.measurements?.at(-1)
    assert.ok(measurement, JSON.stringify(run.status))
    return measurement
  }

  for (const gate of ['errorRate', 'latency'] as const) {
    test(`${gate}: healthy pods are never aborted, and what can be caught is told once`, async () => {
      release = await createRelease()
      const name = gate.toLowerCase()
      await release.judge(name, [metricOf({ gate })])
      const first = lastOf(await release.pass(name, 20))
      assert.match(
        first.metadata?.[SELF_TEST] ?? '',
        /^self-test \(plan 5, 10, 25, 50 % × 2 min on stable's pods\): would have falsely aborted 0 of 7; smallest (error|P99) ratio caught within stage 1 \(5 %, played at 25 %\): \d[^:]*, up to stage 2 \(10 %, played at 25 %\): \d[^:]*, up to stage 3 \(25 %\): \d[^:]*, within the plan \(50 %\): \d/,
      )
      const asked = release.queries.length
      await release.restart()
      const later = lastOf(await release.pass(name, 40))
      assert.equal(later.metadata?.[SELF_TEST], first.metadata?.[SELF_TEST])
      assert.ok(release.queries.length - asked < 12, `asked ${release.queries.length - asked} times after the restart`)
      await release.close()
    })
  }

  test('a release that is told its stages is told what can be caught in each of them', async () => {
    release = await createRelease()
    const lengths = [{ seconds: 60 }, { analyses: 1, seconds: 30 }, {}]
    await release.judge('told', [metricOf({})], { number: 1, weights: [25, 75, 100], lengths })
    const { metadata } = lastOf(await release.pass('told', 20))
    assert.match(
      metadata?.[SELF_TEST] ?? '',
      /^self-test \(plan 25 % 1 min, 75 % 2 min 30 s on stable's pods\): .* caught within stage 1 \(25 %\): \d[^:]*, within the plan \(75 %\): \d/,
    )
    await release.close()
  })

  for (const [onSelfTest, phase] of [
    ['hold', 'Inconclusive'],
    ['warn', 'Running'],
  ] as const)
    test(`pods that are unlike each other, and no history to know it from: with ${onSelfTest} the run is ${phase}`, async () => {
      release = await createRelease()
      await release.judge('sick', [metricOf({ service: 'sick', history: '0s', onSelfTest })])
      const run = await release.pass('sick', 20)
      const { metadata, message } = lastOf(run)
      assert.equal(run.status?.phase, phase, JSON.stringify(run.status))
      const [, aborted = 0] = /would have falsely aborted (\d+) of 7/.exec(metadata?.[SELF_TEST] ?? '') ?? []
      assert.ok(Number(aborted) > 1, metadata?.[SELF_TEST])
      if (phase === 'Inconclusive') assert.equal(message, metadata?.[SELF_TEST])
      await release.close()
    })

  test('without it nothing is said', async () => {
    release = await createRelease()
    await release.judge('plain', [metricOf({ selfTest: '' })])
    assert.equal(lastOf(await release.pass('plain', 20)).metadata?.[SELF_TEST], undefined)
    await release.close()
  })
})
