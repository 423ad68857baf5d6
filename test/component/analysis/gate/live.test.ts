/**
 * The gate on errors as it is used: a real Prometheus scrapes pods of two versions while the release is judged, by the real clock and without history.
 * What is assumed of noise then grows with the events of a tick, so the ticks are short; it takes about a minute all the same.
 */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isCompleted, type Metric } from '../../../../controller/api/analysis.ts'
import { readGateVerdict } from '../../../../controller/api/verdict.ts'
import { systemClock } from '../../../../controller/runtime/clock.ts'
import { createHttpTransport } from '../../../../controller/runtime/http-transport.ts'
import { createMetricRegistry } from '../../../../controller/runtime/metrics.ts'
import { createOutboundPolicy } from '../../../../controller/runtime/outbound-policy.ts'
import { createRedactor } from '../../../../controller/runtime/redact.ts'
import { seededRandom } from '../../../fakes/fake-random.ts'
import { type AnalysisCluster, createAnalysisCluster } from '../../../unit/analysis/analysis-cluster.ts'
import { type PrometheusProcess, startPrometheus } from '../prometheus-process.ts'

/** Failing requests of a hundred on the canary; stable has half of one. */
const services = { bad: 5, good: 0.5 } as const
const STABLE_PODS = 4
const REQUESTS_PER_SECOND = 40

const startedMs = performance.now()

function renderPods(): string {
  const seconds = (performance.now() - startedMs) / 1000
  const lines = Object.entries(services).flatMap(([service, percent]) =>
    Array.from({ length: STABLE_PODS + 1 }, (_, pod) => {
      const version = pod === STABLE_PODS ? 'canary' : 'stable'
      const labels = `service="${service}",pod="${service}-${pod}",rollouts_pod_template_hash="${version}"`
      const requests = Math.floor(REQUESTS_PER_SECOND * seconds)
      const failed = Math.floor((requests * (version === 'canary' ? percent : 0.5)) / 100)
      return `http_requests_total{${labels},code="200"} ${requests - failed}\nhttp_requests_total{${labels},code="503"} ${failed}`
    }),
  )
  return `${lines.join('\n')}\n`
}

const metricOf = (service: string, address: string): Metric => ({
  name: 'gate',
  interval: '1s',
  count: 1,
  provider: {
    plugin: {
      'penstock/gate': {
        gate: 'errorRate',
        address,
        service,
        canary: 'canary',
        stable: 'stable',
        warmup: '0s',
        tick: '5s',
        history: '0s',
        duration: '75s',
        maxHold: '0s',
      },
    },
  },
})

describe('penstock/gate beside a scraping Prometheus', () => {
  let prometheus: PrometheusProcess
  let cluster: AnalysisCluster
  const pods = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4').end(renderPods())
  })
  const http = createHttpTransport({
    clock: systemClock,
    random: seededRandom(1),
    policy: createOutboundPolicy({ allow: ['127.0.0.1'] }),
    redactor: createRedactor(),
    metrics: createMetricRegistry(),
  })

  before(async () => {
    await new Promise<void>((resolve) => pods.listen(0, '127.0.0.1', resolve))
    prometheus = await startPrometheus(`127.0.0.1:${(pods.address() as AddressInfo).port}`)
    cluster = await createAnalysisCluster({ clock: systemClock, http })
    cluster.startController()
  })
  after(async () => {
    await cluster?.close()
    await prometheus?.close()
    http.close()
    pods.closeAllConnections()
    await new Promise((resolve) => pods.close(resolve))
  })

  test('ten times as many errors abort while the same as stable does not', async () => {
    for (const service of Object.keys(services))
      await cluster.createRun(service, { metrics: [metricOf(service, prometheus.url)] })
    const read = async (service: string) => (await cluster.getRun(service))?.status
    const deadline = performance.now() + 110_000
    while (performance.now() < deadline) {
      const [bad, good] = await Promise.all([read('bad'), read('good')])
      if (isCompleted(bad?.phase) && isCompleted(good?.phase)) break
      await delay(250)
    }
    const [bad, good] = await Promise.all([read('bad'), read('good')])
    const verdict = readGateVerdict(bad?.metricResults?.[0]?.measurements?.at(-1))
    assert.equal(bad?.phase, 'Failed', JSON.stringify(bad).slice(0, 2000))
    assert.equal(verdict?.reason, 'Regression')
    assert.ok((verdict?.ratio ?? 0) > 5 && (verdict?.ticks ?? 0) >= 3, verdict?.text)
    assert.ok(good?.phase === 'Successful' || good?.phase === 'Inconclusive', JSON.stringify(good).slice(0, 2000))
  })
})
